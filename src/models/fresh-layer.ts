/**
 * @file A layer made anew: its SAO topology and orthogonal weights, and the lines of the dense tensor that they stand
 * for. Convolutions are SAO-Delta (docs/theory.md, section 7): the matrix over channels in the centre tap, zeros in
 * the others, and the mask keeps or drops whole kernels. `delta` (src/init/convolution) gives the same to layers of
 * networks; here kernels may have any number of dimensions, and lines are written one by one, so the zeros are never held.
 */

import { centreTap } from "../init/convolution/convolution.ts";
import { looksLinear } from "../init/looks-linear.ts";
import { orthogonal } from "../init/orthogonal.ts";
import type { RandomStream } from "../math/random.ts";
import type { Arrangement } from "../topology/arrangement.ts";
import { mirror } from "../topology/mirror.ts";
import { sao } from "../topology/sao.ts";
import { type BlockTopology, nonZeros } from "../topology/topology.ts";
import { lineLayout } from "./model.ts";
import { groupShape, type PlannedLayer } from "./plan.ts";

/** The numbers of a fresh layer's tensor, line by line. */
export interface FreshLayer {
  /** Weights that may be other than 0. */
  readonly weights: number;
  /** Fills [width × taps] with line `index` of the weights. */
  weightLine(index: number, line: Float32Array): void;
  /** Fills [width × taps] with line `index` of the mask, 1 where a weight may be other than 0. */
  maskLine(index: number, line: Uint8Array): void;
}

/** One group of a layer: block topology, weights, and where each unit stands in its block. */
interface Part {
  readonly topology: BlockTopology;
  readonly weights: Float32Array;
  /** [groups of the topology] where each block's weights start. */
  readonly starts: Int32Array;
  /** [lines of the part] place of a line's unit in the order of its side. */
  readonly places: Int32Array;
  /** [lines of the part] block of a line. */
  readonly blocks: Int32Array;
}

/** Makes a layer; `random` is the layer's own stream. */
export function freshLayer(
  planned: PlannedLayer,
  arrangement: Arrangement,
  random: RandomStream,
): FreshLayer {
  const { layer } = planned;
  const { lines, taps } = lineLayout(layer);
  const parts = Array.from({ length: layer.groups }, (_, q) =>
    makePart(planned, arrangement, random.split("group", q)),
  );
  const linesPerPart = lines / layer.groups;
  const centre = layer.kernel.reduce((at, side) => at * side + centreTap(side), 0);
  const each = (index: number, visit: (column: number, weight: number) => void): void => {
    const part = parts[Math.floor(index / linesPerPart)];
    forEachInLine(part, layer.transposed, index % linesPerPart, visit);
  };
  return {
    weights: taps * parts.reduce((sum, { topology }) => sum + nonZeros(topology), 0),
    weightLine(index, line) {
      line.fill(0);
      each(index, (column, weight) => {
        line[column * taps + centre] = weight;
      });
    },
    maskLine(index, line) {
      line.fill(0);
      each(index, (column) => line.fill(1, column * taps, (column + 1) * taps));
    },
  };
}

function makePart(planned: PlannedLayer, arrangement: Arrangement, random: RandomStream): Part {
  const { layer, mirrored, gain, size, weights: target } = planned;
  const options = { random: random.split("topology"), arrangement, minimumDegree: 2 };
  const base = sao(groupShape(layer, mirrored), { sparsity: 1 - target / size }, options);
  const baseWeights = orthogonal(base, { random: random.split("weights"), gain });
  const twins = mirrored.rows || mirrored.columns;
  const topology = twins ? mirror(base, mirrored) : base;
  const weights = twins ? looksLinear(base, baseWeights, topology, mirrored) : baseWeights;
  const { rowOffsets, columnOffsets } = topology;
  const starts = new Int32Array(rowOffsets.length);
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    starts[q + 1] =
      starts[q] + (rowOffsets[q + 1] - rowOffsets[q]) * (columnOffsets[q + 1] - columnOffsets[q]);
  }
  const [order, offsets] = layer.transposed
    ? [topology.columnOrder, columnOffsets]
    : [topology.rowOrder, rowOffsets];
  const places = new Int32Array(order.length);
  const blocks = new Int32Array(order.length);
  for (let q = 0; q + 1 < offsets.length; q++) {
    for (let i = offsets[q]; i < offsets[q + 1]; i++) {
      places[order[i]] = i - offsets[q];
      blocks[order[i]] = q;
    }
  }
  return { topology, weights, starts, places, blocks };
}

/** Visits the units that a line's unit is connected to: a row of a block, or a column where the tensor is transposed. */
function forEachInLine(
  { topology, weights, starts, places, blocks }: Part,
  transposed: boolean,
  line: number,
  visit: (unit: number, weight: number) => void,
): void {
  const q = blocks[line];
  const { rowOrder, columnOrder, rowOffsets, columnOffsets } = topology;
  const width = columnOffsets[q + 1] - columnOffsets[q];
  if (transposed) {
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++) {
      visit(rowOrder[i], weights[starts[q] + (i - rowOffsets[q]) * width + places[line]]);
    }
    return;
  }
  for (let j = columnOffsets[q]; j < columnOffsets[q + 1]; j++) {
    visit(columnOrder[j], weights[starts[q] + places[line] * width + (j - columnOffsets[q])]);
  }
}
