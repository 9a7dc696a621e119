/**
 * @file Values whose units lie along axis 1, vectors [batch, units] and images [batch, channels, height, width]
 * alike: picking units, and turning one into the other.
 */

import { isContiguous } from "./digits.ts";
import { leaveAsTheyLie } from "./features.ts";
import { BATCH, type GraphBuilder } from "./graph-builder.ts";
import type { Images, Samples, Standing, UnitStanding } from "./standing.ts";

/** The units at places `index` of a value: the value itself, a Slice or a Gather, whichever is the least. */
export function pickUnits(
  graph: GraphBuilder,
  { name, width }: Pick<Samples, "name" | "width">,
  index: Int32Array,
  label: string,
): string {
  if (!isContiguous(index)) {
    return graph.add("Gather", [name, graph.indices(index, [index.length])], `${label}.gathered`, {
      axis: 1,
    });
  }
  if (index.length === width) return name;
  return graph.slice(name, 1, [index[0], index[0] + index.length], `${label}.cut`);
}

/** The units in order, and nothing besides. */
export function inOrder<T extends Samples>(graph: GraphBuilder, from: T, label: string): T {
  const { positions } = from;
  const name = pickUnits(graph, from, positions, label);
  if (name === from.name) return from;
  return { ...from, name, width: positions.length, positions: positions.map((_, unit) => unit) };
}

/** A value with its units along axis 1. */
export function alongUnits(graph: GraphBuilder, from: Standing, label: string): UnitStanding {
  return from.layout === "features"
    ? { layout: "samples", ...leaveAsTheyLie(graph, from.features, label) }
    : from;
}

/** Vectors, or images of one pixel, as vectors. */
export function asVectors(graph: GraphBuilder, from: Standing, label: string): Samples {
  const units = alongUnits(graph, from, label);
  if (units.layout === "samples") return units;
  const { width, positions } = units;
  return { name: graph.reshape(units.name, [BATCH, width], `${label}.vectors`), width, positions };
}

/** Images, or vectors as images of one pixel. */
export function asImages(graph: GraphBuilder, from: Standing, label: string): Images {
  const units = alongUnits(graph, from, label);
  if (units.layout === "images") return units;
  const { width, positions } = units;
  const name = graph.reshape(units.name, [BATCH, width, 1, 1], `${label}.images`);
  return { name, width, positions, size: { height: 1, width: 1 } };
}
