/**
 * @file A layer as one dense tensor whose columns follow the order in which its inputs happen to lie, so that no
 * operation is spent on putting them in order.
 */

import type { WeightedLayer } from "../../network/network.ts";
import { forEachConnection } from "../../topology/connections.ts";

/**
 * [rows, width], of a convolution [rows, width, k, k], row-major: column positions[j] belongs to input unit j, other
 * columns are 0; row rowPlaces[i] to output unit i (default: i). Takes as many floats as a dense layer has.
 */
export function placedWeights(
  layer: WeightedLayer,
  positions: Int32Array,
  width: number,
  rowPlaces?: Int32Array,
): Float32Array {
  const { topology, weights } = layer;
  const taps = tapsOf(layer);
  const tensor = new Float32Array(topology.rows * width * taps);
  let next = 0;
  forEachConnection(topology, (row, column) => {
    const to = ((rowPlaces === undefined ? row : rowPlaces[row]) * width + positions[column]) * taps;
    for (let tap = 0; tap < taps; tap++) tensor[to + tap] = weights[next++];
  });
  return tensor;
}

/** Weights of one connection: 1, or k² of a convolution. */
export function tapsOf(layer: WeightedLayer): number {
  return layer.kind === "linear" ? 1 : layer.kernelSize ** 2;
}

/** 0, 1, …, count − 1: every unit in its place. */
export function inPlace(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, unit) => unit);
}
