/**
 * @file The order of a block layer's float32 weights in the C file: panels of 8 rows, then of 4, then single rows, each
 * column by column.
 *
 * So a compiler turns the rows of a panel into vector lanes, or registers, without reordering any sum; sums of floats
 * it may not reorder, which is why plain dot products stay slow.
 */

import { type BlockTopology, groupCount } from "../../topology/topology.ts";

/**
 * The weights [non-zeros, taps] of blocks, each row-major, in panels. With more than one tap, a column is a tap of a
 * channel: tap after tap, as the code looks at pixels.
 */
export function toCPanels(topology: BlockTopology, weights: Float32Array, taps = 1): Float32Array {
  const { rowOffsets, columnOffsets } = topology;
  const panels = new Float32Array(weights.length);
  let base = 0;
  for (let q = 0; q < groupCount(topology); q++) {
    const m = rowOffsets[q + 1] - rowOffsets[q];
    const n = columnOffsets[q + 1] - columnOffsets[q];
    for (let first = 0; first < m; ) {
      const height = panelHeight(m - first);
      for (let c = 0; c < n * taps; c++) {
        const [tap, channel] = [Math.floor(c / n), c % n];
        for (let r = 0; r < height; r++) {
          panels[base + first * n * taps + c * height + r] =
            weights[base + ((first + r) * n + channel) * taps + tap];
        }
      }
      first += height;
    }
    base += m * n * taps;
  }
  return panels;
}

function panelHeight(rowsLeft: number): number {
  if (rowsLeft >= 8) return 8;
  return rowsLeft >= 4 ? 4 : 1;
}
