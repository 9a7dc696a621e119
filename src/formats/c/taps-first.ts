/**
 * @file Kernels as the int8 code looks at pixels: tap after tap, channel after channel.
 */

import type { WeightedLayer } from "../../network/network.ts";
import { groupCount } from "../../topology/topology.ts";

/**
 * The weights [non-zeros, k, k] of blocks of kernels with a row's taps before its columns: [row][tap][column]. Edges, and
 * linear layers, stay as they are.
 */
export function tapsFirst(layer: WeightedLayer, weights: Int8Array): Int8Array {
  const { topology } = layer;
  if (layer.kind === "linear" || topology.kind === "edges") return weights;
  const taps = layer.kernelSize ** 2;
  const { rowOffsets, columnOffsets } = topology;
  const ordered = new Int8Array(weights.length);
  let base = 0;
  for (let q = 0; q < groupCount(topology); q++) {
    const n = columnOffsets[q + 1] - columnOffsets[q];
    for (let row = rowOffsets[q]; row < rowOffsets[q + 1]; row++, base += n * taps) {
      for (let c = 0; c < n; c++) {
        for (let tap = 0; tap < taps; tap++) ordered[base + tap * n + c] = weights[base + c * taps + tap];
      }
    }
  }
  return ordered;
}
