/**
 * @file How trained weights, of kernels their L1 norms, are ranked when a network is pruned: within their layer, or across
 * all.
 */

import type { AnyNetwork } from "../network/network.ts";
import type { Topology } from "../topology/topology.ts";
import { magnitudesOf, placesOf, topologyAt } from "./places.ts";
import { highest, highestOfAll } from "./top-k.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

/**
 * - `layerwise`: the largest of each layer.
 * - `global`: the largest of the network. Layers whose weights are small by their start lose most.
 * - `lamp`: the network's highest LAMP scores, w² ÷ Σ v² over the layer's weights v at least as large: magnitudes by
 *   the scale of their layer, and never a whole layer. Lee, Park, Mo, Ahn & Shin, "Layer-adaptive sparsity for the
 *   magnitude-based pruning", ICLR 2021, eq. 5.
 */
export type Ranking = "layerwise" | "global" | "lamp";

/** The topologies that are left when layer i keeps `counts[i]` of its connections, or all layers as many in total. */
export function prunedTopologies(
  name: string,
  network: AnyNetwork,
  counts: readonly number[],
  ranking: Ranking,
): Topology[] {
  const layers = weightedLayers(network);
  const magnitudes = layers.map((layer) => magnitudesOf(layer.weights, tapsOf(layer)));
  const scores = ranking === "lamp" ? magnitudes.map(lampScores) : magnitudes;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const kept =
    ranking === "layerwise"
      ? scores.map((layer, i) => highest(layer, counts[i]))
      : highestOfAll(scores, total);
  return layers.map(({ topology }, i) => {
    if (kept[i].length === scores[i].length) return topology;
    const places = placesOf(topology);
    return topologyAt(
      name,
      topology,
      kept[i].map((k) => places[k]),
    );
  });
}

/** Equal magnitudes have equal scores. */
export function lampScores(weights: Float32Array | Float64Array): Float64Array {
  const magnitudes = magnitudesOf(weights).sort();
  const sums = new Float64Array(magnitudes.length);
  let sum = 0;
  for (let k = magnitudes.length - 1; k >= 0; k--) {
    sum += magnitudes[k] ** 2;
    sums[k] = sum;
  }
  return Float64Array.from(weights, (weight) => {
    const magnitude = Math.abs(weight);
    return magnitude === 0 ? 0 : magnitude ** 2 / sums[firstOf(magnitudes, magnitude)];
  });
}

/** Index of the first of ascending values that is not below `value`. */
function firstOf(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
