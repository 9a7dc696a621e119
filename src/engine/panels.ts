/**
 * @file Between a block's row-major weights and the kernels' panels: [panel][column][row in panel], four rows a
 * panel, the last one 1 to 4 rows high (kernels/assembly/block-forward.ts says why). A convolution's taps, which are
 * together for each kernel of the network, come between: [panel][tap][column][row in panel].
 */

import { type BlockTopology, groupCount } from "../topology/topology.ts";

/** Calls `visit(rowMajorIndex, panelIndex)` for every weight of a block topology, `taps` to a connection. */
function eachWeight(
  topology: BlockTopology,
  taps: number,
  visit: (rowMajor: number, panel: number) => void,
): void {
  const { rowOffsets, columnOffsets } = topology;
  let base = 0;
  for (let q = 0; q < groupCount(topology); q++) {
    const m = rowOffsets[q + 1] - rowOffsets[q];
    const n = columnOffsets[q + 1] - columnOffsets[q];
    for (let first = 0; first < m; first += 4) {
      const height = Math.min(4, m - first);
      for (let c = 0; c < n; c++) {
        for (let r = 0; r < height; r++) {
          const connection = (base + (first + r) * n + c) * taps;
          const place = (base + first * n) * taps + c * height + r;
          for (let tap = 0; tap < taps; tap++) visit(connection + tap, place + tap * n * height);
        }
      }
    }
    base += m * n;
  }
}

/** Copies row-major weights into `panels` (both [non-zeros, taps]). */
export function toPanels(
  topology: BlockTopology,
  weights: Float32Array,
  panels: Float32Array,
  taps = 1,
): void {
  eachWeight(topology, taps, (from, to) => {
    panels[to] = weights[from];
  });
}

/** Copies panels back into row-major `weights` (both [non-zeros, taps]). */
export function fromPanels(
  topology: BlockTopology,
  panels: Float32Array,
  weights: Float32Array,
  taps = 1,
): void {
  eachWeight(topology, taps, (to, from) => {
    weights[to] = panels[from];
  });
}
