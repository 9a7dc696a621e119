/**
 * @file Values that lie features first, [features, batch], and getting them in and out of that layout and into the
 * order that the next layer wants.
 *
 * Between a reorder at the end of one layer and one at the start of the next nothing happens, so the two are merged
 * into one, and that one is nothing at all, a Reshape with a Transpose, a Slice or a Gather, whichever is the least.
 * A feature's values for all samples lie together, so that each moves whole runs of memory.
 */

import { digitOrder, isContiguous } from "./digits.ts";
import { BATCH, type GraphBuilder } from "./graph-builder.ts";
import type { Samples } from "./standing.ts";

/** A value of shape [...sizes, batch]. */
export interface Features {
  readonly name: string;
  /** Their product is how many features there are, some of which may be nobody's. */
  readonly sizes: readonly number[];
  /** [units] which feature each unit is. */
  readonly positions: Int32Array;
}

/** The units at `positions` of a value of `count` features that `units` are: Gather's indices. */
function wanted(units: Int32Array, positions: Int32Array): Int32Array {
  return units.map((unit) => positions[unit]);
}

/** A value [batch, width] as [...sizes, batch], holding `units` in this order. */
export function enterFeatures(
  graph: GraphBuilder,
  { name: input, width, positions }: Samples,
  units: Int32Array,
  sizes: readonly number[],
  layer: string,
): string {
  const index = wanted(units, positions);
  const order = index.length === width ? digitOrder(index) : undefined;
  if (order === undefined) {
    const turned = graph.add("Transpose", [input], `${layer}.features`, { perm: [1, 0] });
    return gather(graph, turned, index, sizes, layer);
  }
  const { sizes: axes } = order;
  const cut = axes.length === 1 ? input : graph.reshape(input, [BATCH, ...axes], `${layer}.cut`);
  const perm = [...order.axes.map((axis) => axis + 1), 0];
  const turned = graph.add("Transpose", [cut], `${layer}.features`, { perm });
  return resize(graph, turned, permuted(order.sizes, order.axes), sizes, `${layer}.groups`);
}

/** `units` of a value in this order, as [...sizes, batch]. */
export function reorderFeatures(
  graph: GraphBuilder,
  from: Features,
  units: Int32Array,
  sizes: readonly number[],
  layer: string,
): string {
  const index = wanted(units, from.positions);
  const count = product(from.sizes);
  const order = index.length === count ? digitOrder(index) : undefined;
  if (order !== undefined && order.axes.length === 1) {
    return resize(graph, from.name, from.sizes, sizes, `${layer}.groups`);
  }
  if (order !== undefined) {
    const cut = resize(graph, from.name, from.sizes, order.sizes, `${layer}.cut`);
    const perm = [...order.axes, order.axes.length];
    const turned = graph.add("Transpose", [cut], `${layer}.shuffled`, { perm });
    return resize(graph, turned, permuted(order.sizes, order.axes), sizes, `${layer}.groups`);
  }
  const flat = flatFeatures(graph, from, layer);
  if (isContiguous(index)) {
    const cut = graph.slice(flat, 0, [index[0], index[0] + index.length], `${layer}.cut`);
    return resize(graph, cut, [index.length], sizes, `${layer}.groups`);
  }
  return gather(graph, flat, index, sizes, layer);
}

/** All units in order as [batch, units]. */
export function leaveFeatures(graph: GraphBuilder, from: Features, layer: string): string {
  const index = from.positions;
  const count = product(from.sizes);
  const order = index.length === count ? digitOrder(index) : undefined;
  if (order === undefined) {
    const flat = flatFeatures(graph, from, layer);
    const picked = gather(graph, flat, index, [index.length], layer);
    return graph.add("Transpose", [picked], `${layer}.samples`, { perm: [1, 0] });
  }
  const cut = resize(graph, from.name, from.sizes, order.sizes, `${layer}.cut`);
  const perm = [order.sizes.length, ...order.axes];
  const turned = graph.add("Transpose", [cut], `${layer}.samples`, { perm });
  return order.sizes.length === 1 ? turned : graph.reshape(turned, [BATCH, count], `${layer}.joined`);
}

/** All features as they lie as [batch, features]. */
export function leaveAsTheyLie(graph: GraphBuilder, from: Features, layer: string): Samples {
  const flat = flatFeatures(graph, from, layer);
  const name = graph.add("Transpose", [flat], `${layer}.samples`, { perm: [1, 0] });
  return { name, width: product(from.sizes), positions: from.positions };
}

/** All features as they lie as [features, batch]. */
export function flatFeatures(graph: GraphBuilder, from: Features, layer: string): string {
  return resize(graph, from.name, from.sizes, [product(from.sizes)], `${layer}.flat`);
}

/** How many features sizes make. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

/** Gather with indices of the shape that is wanted, which does the Reshape too. */
function gather(
  graph: GraphBuilder,
  flat: string,
  index: Int32Array,
  sizes: readonly number[],
  layer: string,
): string {
  return graph.add("Gather", [flat, graph.indices(index, sizes)], `${layer}.gathered`, { axis: 0 });
}

function resize(
  graph: GraphBuilder,
  value: string,
  from: readonly number[],
  to: readonly number[],
  name: string,
): string {
  const same = from.length === to.length && from.every((size, i) => size === to[i]);
  return same ? value : graph.reshape(value, [...to, BATCH], name);
}

function permuted(sizes: readonly number[], axes: readonly number[]): number[] {
  return axes.map((axis) => sizes[axis]);
}
