/**
 * @file Which of the engine's representations a layer's mask runs as: dense, blocks or edges. The same connections,
 * none more and none fewer, so the choice is about speed; files keep the layer as it was made. Edges take 12 bytes of
 * indices a weight in training, where blocks take none; where blocks run as edges a network is as large as one of edges.
 *
 * The rule is structural, with two measured numbers in it. A mask that can be both runs as blocks from sides of 4 on.
 * Linear layers of smaller blocks, none of them long, run as edges: as blocks a training step takes 1.1 to 1.2 times
 * the time and a prediction of the runtime for one sample 1.4 to 1.9 times. Between the two, where one side is short
 * and the other long, training is faster as edges and the runtime as blocks, and a layer stays as it was made. So do
 * convolutions of small groups, which train faster as edges and predict faster as blocks (docs/performance.md, "Small
 * blocks").
 *
 * Edges that are blocks unknown to whoever made them are groups of rows with the same columns, no column in two groups;
 * one group is a dense layer.
 *
 * An irregular mask that is nearly full stays edges too. A weight of edges takes 1.4 to 1.8 times the time of one of
 * blocks, so dense would be faster above a density of 0.55 to 0.7; but the weights that are not there would then have
 * to be kept at zero in gradient, optimizer state and norm at every step, for less than those 1.8 times, and only where
 * there is little sparsity left (docs/performance.md).
 */

import {
  type BlockTopology,
  type EdgeTopology,
  groupCount,
  nonZeros,
  type Topology,
} from "../topology/topology.ts";
import type { WeightedLayer } from "./network.ts";

/**
 * The smallest side of a block from which blocks are faster than the same connections as edges, by
 * `npm run bench -- --only kernels`.
 */
const LEAST_BLOCK_SIDE = 4;

/** The other side from which even such small blocks predict faster than edges, one sample at a time. */
const LEAST_LONG_SIDE = 16;

/** What a layer runs as, and why, in words that follow "runs as blocks: ". */
export interface Representation {
  readonly kind: "dense" | "blocks" | "edges";
  /** What the engine multiplies by: the layer's own topology, or the same connections as blocks or edges. */
  readonly topology: Topology;
  /**
   * Given where the topology is not the layer's own: weight k of the former is weight `order[k]` of the latter.
   * [non-zeros]
   */
  readonly order?: Int32Array;
  readonly reason: string;
}

/** What a layer runs as. A function of its kind and connections alone, so the same on every machine. */
export function representationOf({
  kind,
  topology,
}: Pick<WeightedLayer, "kind" | "topology">): Representation {
  return topology.kind === "blocks" ? ofBlocks(topology, kind) : ofEdges(topology);
}

function ofBlocks(topology: BlockTopology, layer: WeightedLayer["kind"]): Representation {
  if (groupCount(topology) === 1) return { kind: "dense", topology, reason: "one full block" };
  const { shortest, longest } = sides(topology);
  if (layer === "convolution" || shortest >= LEAST_BLOCK_SIDE || longest >= LEAST_LONG_SIDE) {
    return { kind: "blocks", topology, reason: "made of blocks" };
  }
  const range = shortest === longest ? `side ${shortest}` : `sides ${shortest} to ${longest}`;
  return { kind: "edges", ...asEdges(topology), reason: `blocks of ${range}, where edges are faster` };
}

function ofEdges(topology: EdgeTopology): Representation {
  const blocks = completeBlocks(topology);
  if (blocks === undefined) {
    return { kind: "edges", topology, reason: "no set of full blocks" };
  }
  const { shortest: side } = sides(blocks);
  if (side < LEAST_BLOCK_SIDE) {
    return {
      kind: "edges",
      topology,
      reason: `full blocks, but of side ${side}, where blocks are no faster`,
    };
  }
  const groups = groupCount(blocks);
  return {
    kind: groups === 1 ? "dense" : "blocks",
    topology: blocks,
    order: blockOrder(topology, blocks),
    reason:
      groups === 1
        ? "every output is connected to every input"
        : `${groups} full blocks of side ${side} and more`,
  };
}

/**
 * The same connections as blocks, columns ascending within a group and groups by their first row; undefined where
 * they are none, or leave a unit unconnected.
 */
function completeBlocks(topology: EdgeTopology): BlockTopology | undefined {
  const { rows, columns, rowPointers, columnIndices } = topology;
  const columnsOf = (row: number) => columnIndices.subarray(rowPointers[row], rowPointers[row + 1]);
  const groupOf = new Int32Array(columns).fill(-1);
  const groups: number[][] = [];
  for (let row = 0; row < rows; row++) {
    const own = columnsOf(row);
    if (own.length === 0) return undefined;
    const known = groupOf[own[0]];
    if (known < 0) {
      if (own.some((column) => groupOf[column] >= 0)) return undefined;
      for (const column of own) groupOf[column] = groups.length;
      groups.push([row]);
    } else {
      const first = columnsOf(groups[known][0]);
      if (first.length !== own.length || first.some((column, i) => column !== own[i])) return undefined;
      groups[known].push(row);
    }
  }
  if (groupOf.includes(-1)) return undefined;
  return {
    kind: "blocks",
    name: topology.name,
    rows,
    columns,
    rowOrder: Int32Array.from(groups.flat()),
    columnOrder: Int32Array.from(groups.flatMap(([row]) => [...columnsOf(row)])),
    rowOffsets: offsets(groups.map((members) => members.length)),
    columnOffsets: offsets(groups.map(([row]) => columnsOf(row).length)),
  };
}

function offsets(sizes: readonly number[]): Int32Array {
  const result = new Int32Array(sizes.length + 1);
  for (const [q, size] of sizes.entries()) result[q + 1] = result[q] + size;
  return result;
}

/** Of all blocks, rows and columns alike. */
function sides({ rowOffsets, columnOffsets }: BlockTopology): { shortest: number; longest: number } {
  let [shortest, longest] = [Number.POSITIVE_INFINITY, 0];
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const [height, width] = [rowOffsets[q + 1] - rowOffsets[q], columnOffsets[q + 1] - columnOffsets[q]];
    shortest = Math.min(shortest, height, width);
    longest = Math.max(longest, height, width);
  }
  return { shortest, longest };
}

/** The same connections as edges, and where each of the edges' weights is among the blocks'. */
function asEdges(blocks: BlockTopology): { topology: EdgeTopology; order: Int32Array } {
  const { name, rows, columns, rowOrder, columnOrder, rowOffsets, columnOffsets } = blocks;
  const rowPointers = new Int32Array(rows + 1);
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const width = columnOffsets[q + 1] - columnOffsets[q];
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++) rowPointers[rowOrder[i] + 1] = width;
  }
  for (let row = 0; row < rows; row++) rowPointers[row + 1] += rowPointers[row];
  const columnIndices = new Int32Array(nonZeros(blocks));
  const order = new Int32Array(columnIndices.length);
  let next = 0;
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const [first, width] = [columnOffsets[q], columnOffsets[q + 1] - columnOffsets[q]];
    // Edges have a row's columns in ascending order.
    const ascending = new Int32Array(width);
    for (let j = 0; j < width; j++) ascending[j] = j;
    if (width > 1) ascending.sort((a, b) => columnOrder[first + a] - columnOrder[first + b]);
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++) {
      const from = rowPointers[rowOrder[i]];
      for (let k = 0; k < width; k++) {
        columnIndices[from + k] = columnOrder[first + ascending[k]];
        order[from + k] = next + ascending[k];
      }
      next += width;
    }
  }
  return { topology: { kind: "edges", name, rows, columns, rowPointers, columnIndices }, order };
}

/** Where each of the blocks' weights is among the edges'. */
function blockOrder({ rowPointers, columnIndices }: EdgeTopology, blocks: BlockTopology): Int32Array {
  const { rowOrder, rowOffsets, columnOffsets } = blocks;
  const order = new Int32Array(columnIndices.length);
  let next = 0;
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const width = columnOffsets[q + 1] - columnOffsets[q];
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++) {
      for (let j = 0; j < width; j++) order[next++] = rowPointers[rowOrder[i]] + j;
    }
  }
  return order;
}
