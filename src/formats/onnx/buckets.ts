/**
 * @file The groups of a layer as few batches of equal blocks, each of which a runtime multiplies at once.
 *
 * Groups of one size are one batch, [groups, rows, columns]. Groups of nearly one size are too, the smaller ones
 * filled up: a missing row gets zero weights and nobody reads it, a missing column gets zero weights and reads the
 * group's last unit again. That costs a few wasted multiply-adds, and saves a Gather, a MatMul (or a Conv) and a
 * Concat, which cost more. Where filling up would waste more than that, as between one large and many small groups,
 * the sizes become batches of their own.
 */

import type { WeightedLayer } from "../../network/network.ts";
import type { BlockTopology } from "../../topology/topology.ts";
import { tapsOf } from "./placed-weights.ts";

/** Groups multiplied together: blocks [groups, rows, columns], filled up to one size. */
export interface Bucket {
  readonly groups: Int32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Filling up is fine while it makes a batch at most this much larger … */
const MOST_GROWTH = 1.125;
/** … or adds at most this many weights, a kilobyte. */
const FEW_WEIGHTS = 256;

/** The batches of a topology, large blocks first. Every group is in one. `taps`: weights a connection. */
export function bucketsOf({ rowOffsets, columnOffsets }: BlockTopology, taps = 1): Bucket[] {
  const rows = sizes(rowOffsets);
  const columns = sizes(columnOffsets);
  const order = rows
    .map((_, q) => q)
    .sort((a, b) => rows[b] * columns[b] - rows[a] * columns[a] || rows[b] - rows[a] || a - b);
  const buckets: { groups: number[]; rows: number; columns: number; weights: number }[] = [];
  for (const q of order) {
    const last = buckets.at(-1);
    if (last !== undefined) {
      const height = Math.max(last.rows, rows[q]);
      const width = Math.max(last.columns, columns[q]);
      const weights = last.weights + rows[q] * columns[q];
      const filled = (last.groups.length + 1) * height * width;
      if (filled <= Math.max(MOST_GROWTH * weights, weights + FEW_WEIGHTS / taps)) {
        last.groups.push(q);
        Object.assign(last, { rows: height, columns: width, weights });
        continue;
      }
    }
    buckets.push({ groups: [q], rows: rows[q], columns: columns[q], weights: rows[q] * columns[q] });
  }
  return buckets.map((bucket) => ({ ...bucket, groups: Int32Array.from(bucket.groups).sort() }));
}

/** [groups × columns] the input unit of each column of a batch. */
export function bucketInputs({ columnOrder, columnOffsets }: BlockTopology, bucket: Bucket): Int32Array {
  const units = new Int32Array(bucket.groups.length * bucket.columns);
  for (const [k, q] of bucket.groups.entries()) {
    const last = columnOffsets[q + 1] - 1;
    for (let j = 0; j < bucket.columns; j++) {
      units[k * bucket.columns + j] = columnOrder[Math.min(columnOffsets[q] + j, last)];
    }
  }
  return units;
}

/** [groups × rows] the output unit of each row of a batch; −1 where it is filled up. */
export function bucketOutputs({ rowOrder, rowOffsets }: BlockTopology, bucket: Bucket): Int32Array {
  const units = new Int32Array(bucket.groups.length * bucket.rows).fill(-1);
  for (const [k, q] of bucket.groups.entries()) {
    units.set(rowOrder.subarray(rowOffsets[q], rowOffsets[q + 1]), k * bucket.rows);
  }
  return units;
}

/** [units] where each unit is among the outputs of batches. */
export function unitPositions(outputs: Int32Array, units: number): Int32Array {
  const positions = new Int32Array(units);
  for (const [position, unit] of outputs.entries()) if (unit >= 0) positions[unit] = position;
  return positions;
}

/** [groups, rows, columns] the weights of a batch; of a convolution [groups, rows, columns, k, k]. */
export function bucketWeights(layer: WeightedLayer, topology: BlockTopology, bucket: Bucket): Float32Array {
  const taps = tapsOf(layer);
  const starts = weightOffsets(topology);
  const { rowOffsets, columnOffsets } = topology;
  const { groups, rows, columns } = bucket;
  const weights = new Float32Array(groups.length * rows * columns * taps);
  for (const [k, q] of groups.entries()) {
    const width = columnOffsets[q + 1] - columnOffsets[q];
    for (let i = 0; i < rowOffsets[q + 1] - rowOffsets[q]; i++) {
      const from = (starts[q] + i * width) * taps;
      weights.set(layer.weights.subarray(from, from + width * taps), (k * rows + i) * columns * taps);
    }
  }
  return weights;
}

/** [groups] where each group's block begins among the layer's weights. */
function weightOffsets({ rowOffsets, columnOffsets }: BlockTopology): number[] {
  const starts = [0];
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const size = (rowOffsets[q + 1] - rowOffsets[q]) * (columnOffsets[q + 1] - columnOffsets[q]);
    starts.push(starts[q] + size);
  }
  return starts;
}

function sizes(offsets: Int32Array): number[] {
  return Array.from(offsets.subarray(1), (end, q) => end - offsets[q]);
}
