/**
 * @file Whether two networks differ in nothing but their numbers.
 */

import { FormatError } from "../errors.ts";
import type { LinearLayer, Network } from "../network/network.ts";
import type { Topology } from "../topology/topology.ts";
import { quote } from "./quote.ts";

/**
 * Checks that `other`, read from `path`, has the layers, activations and connections of `network`; weights,
 * biases and provenance may differ. Throws FormatError ("another-network") naming the first difference.
 */
export function assertSameArchitecture(network: Network, other: Network, path: string): void {
  const difference = firstDifference(network, other);
  if (difference === undefined) return;
  throw new FormatError(
    "another-network",
    `${path} holds another network: ${difference}; use the settings and seed that it was made with`,
  );
}

function firstDifference(expected: Network, found: Network): string | undefined {
  const [wanted, got] = [expected.layers.length, found.layers.length];
  if (wanted !== got) return `it has ${got} layers where ${wanted} are expected`;
  for (let i = 0; i < wanted; i++) {
    const difference = layerDifference(expected.layers[i], found.layers[i]);
    if (difference !== undefined) return `layer ${i} (${quote(found.layers[i].name)}) ${difference}`;
  }
  return undefined;
}

function layerDifference(expected: LinearLayer, found: LinearLayer): string | undefined {
  return (
    valueDifference("is called", quote(expected.name), quote(found.name)) ??
    valueDifference("is of kind", expected.kind, found.kind) ??
    valueDifference("has inputs", expected.topology.columns, found.topology.columns) ??
    valueDifference("has outputs", expected.topology.rows, found.topology.rows) ??
    valueDifference("has activation", expected.activation, found.activation) ??
    topologyDifference(expected.topology, found.topology)
  );
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
