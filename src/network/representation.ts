/**
 * @file Which of the engine's representations a layer's mask runs as: dense, blocks or edges. The same connections,
 * none more and none fewer, so the choice is about speed alone; files keep the layer as it was made.
 *
 * The rule is structural, with one measured number in it. Blocks stay blocks: where a mask can be both, edges are slower
 * from degree 4 on, and by about a quarter faster at degree 2 (docs/benchmarks, "Blocks or edges"), which is left to
 * those who ask for it. So the one thing to find is edges that are blocks unknown to whoever made them: groups of rows
 * with the same columns, no column in two groups; one group is a dense layer.
 *
 * An irregular mask that is nearly full stays edges too. A weight of edges takes 1.4 to 1.8 times the time of one of
 * blocks, so dense would be faster above a density of 0.55 to 0.7; but the weights that are not there would then have
 * to be kept at zero in gradient, optimizer state and norm at every step, for less than those 1.8 times, and only where
 * there is little sparsity left (docs/performance.md).
 */

import { type BlockTopology, type EdgeTopology, groupCount, type Topology } from "../topology/topology.ts";

/**
 * The smallest side of a block from which blocks are faster than the same connections as edges, by
 * `npm run bench -- --only kernels`.
 */
const LEAST_BLOCK_SIDE = 4;

/** What a layer runs as, and why, in words that follow "runs as blocks: ". */
export interface Representation {
  readonly kind: "dense" | "blocks" | "edges";
  /** What the engine multiplies by: the layer's own topology, or the same connections as blocks. */
  readonly topology: Topology;
  /**
   * Given where the topology is not the layer's own: weight k of the former is weight `order[k]` of the latter.
   * [non-zeros]
   */
  readonly order?: Int32Array;
  readonly reason: string;
}

/** What a layer of this topology runs as. A function of the connections alone, so the same on every machine. */
export function representationOf(topology: Topology): Representation {
  if (topology.kind === "blocks") {
    const dense = groupCount(topology) === 1;
    return {
      kind: dense ? "dense" : "blocks",
      topology,
      reason: dense ? "one full block" : "made of blocks",
    };
  }
  const blocks = completeBlocks(topology);
  if (blocks === undefined) {
    return { kind: "edges", topology, reason: "no set of full blocks" };
  }
  const side = smallestSide(blocks);
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

function smallestSide({ rowOffsets, columnOffsets }: BlockTopology): number {
  let side = Number.POSITIVE_INFINITY;
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    side = Math.min(side, rowOffsets[q + 1] - rowOffsets[q], columnOffsets[q + 1] - columnOffsets[q]);
  }
  return side;
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
