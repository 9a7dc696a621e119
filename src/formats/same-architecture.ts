/**
 * @file Whether two networks differ in nothing but their numbers.
 */

import { FormatError } from "../errors.ts";
import { type AnyNetwork, isWeighted, type Layer } from "../network/network.ts";
import type { Topology } from "../topology/topology.ts";
import { describeLayer } from "./network-layer-schema.ts";
import { quote } from "./quote.ts";

/**
 * Checks that `other`, read from `path`, has the layers, activations and connections of `network`; weights,
 * biases and provenance may differ. Throws FormatError ("another-network") naming the first difference.
 */
export function assertSameArchitecture(network: AnyNetwork, other: AnyNetwork, path: string): void {
  const difference = firstDifference(network, other);
  if (difference === undefined) return;
  throw new FormatError(
    "another-network",
    `${path} holds another network: ${difference}; use the settings and seed that it was made with`,
  );
}

function firstDifference(expected: AnyNetwork, found: AnyNetwork): string | undefined {
  const [wanted, got] = [expected.layers.length, found.layers.length];
  if (wanted !== got) return `it has ${got} layers where ${wanted} are expected`;
  for (let i = 0; i < wanted; i++) {
    const difference = layerDifference(expected.layers[i], found.layers[i]);
    if (difference !== undefined) return `layer ${i} (${quote(found.layers[i].name)}) ${difference}`;
  }
  return undefined;
}

function layerDifference(expected: Layer, found: Layer): string | undefined {
  const named =
    valueDifference("is called", quote(expected.name), quote(found.name)) ??
    valueDifference("is of kind", expected.kind, found.kind);
  if (named !== undefined) return named;
  if (!isWeighted(expected) || !isWeighted(found)) return fieldDifference(expected, found);
  return (
    valueDifference("has inputs", expected.topology.columns, found.topology.columns) ??
    valueDifference("has outputs", expected.topology.rows, found.topology.rows) ??
    fieldDifference(expected, found) ??
    topologyDifference(expected.topology, found.topology)
  );
}

/** How a layer was made says nothing about what it is. */
const made: readonly string[] = ["name", "kind", "topology", "asked", "initializer"];

/** The first of the fields that are of its kind and no arrays: its activation, how kernels lie, images, and so on. */
function fieldDifference(expected: Layer, found: Layer): string | undefined {
  const [wanted, got] = [describeLayer(expected), describeLayer(found)] as Readonly<
    Record<string, unknown>
  >[];
  for (const field of Object.keys(wanted)) {
    if (made.includes(field)) continue;
    const difference = valueDifference(`has ${wordsOf(field)}`, shown(wanted[field]), shown(got[field]));
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** `kernelSize` as `kernel size`. */
function wordsOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Images and windows as `3 x 32 x 32`. */
function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? Object.values(value).join(" x ") : String(value);
}

function valueDifference<T extends string | number>(what: string, expected: T, found: T): string | undefined {
  return expected === found ? undefined : `${what} ${found} where ${expected} is expected`;
}

function topologyDifference(expected: Topology, found: Topology): string | undefined {
  const difference = valueDifference("has topology", expected.name, found.name);
  if (difference !== undefined) return difference;
  if (expected.kind === "blocks" && found.kind === "blocks") {
    return (
      arrayDifference("groups of rows", expected.rowOffsets, found.rowOffsets) ??
      arrayDifference("groups of columns", expected.columnOffsets, found.columnOffsets) ??
      arrayDifference("order of rows", expected.rowOrder, found.rowOrder) ??
      arrayDifference("order of columns", expected.columnOrder, found.columnOrder)
    );
  }
  if (expected.kind === "edges" && found.kind === "edges") {
    return (
      arrayDifference("row pointers", expected.rowPointers, found.rowPointers) ??
      arrayDifference("connections", expected.columnIndices, found.columnIndices)
    );
  }
  return valueDifference("is stored as", expected.kind, found.kind);
}

function arrayDifference(what: string, expected: Int32Array, found: Int32Array): string | undefined {
  const same = expected.length === found.length && expected.every((value, i) => value === found[i]);
  return same ? undefined : `has other ${what}`;
}
