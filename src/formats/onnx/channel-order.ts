/**
 * @file In which order channels pass from one convolution to the next.
 *
 * A grouped Conv takes its channels group by group and gives them group by group; putting them in order between two
 * layers is a Gather. But the groups may come in any order, and so may the channels within a group, as long as weights
 * and biases move along. Here this freedom is used so that as few Gathers as possible are left: a full convolution, one
 * group, gives its channels in whatever order suits the next layer.
 */

import { outputShape } from "../../network/layer-shape.ts";
import type { ConvolutionLayer, Layer } from "../../network/network.ts";
import { forEachConnection } from "../../topology/connections.ts";
import type { BlockTopology } from "../../topology/topology.ts";
import { type Bucket, bucketInputs, bucketsOf } from "./buckets.ts";
import { isContiguous } from "./digits.ts";
import { inPlace, tapsOf } from "./placed-weights.ts";
import type { Samples } from "./standing.ts";

/** The convolution whose kernels are those of `layer`, on its groups in the order that `blocks` has them in. */
export interface OrderedBlocks {
  readonly layer: ConvolutionLayer;
  readonly blocks: BlockTopology;
  readonly buckets: readonly Bucket[];
}

/**
 * [layers] The order of each layer's output channels that suits what follows; undefined where any does. `blocksOf`
 * says which layers are written as groups.
 */
export function wantedOrders(
  layers: readonly Layer[],
  blocksOf: (layer: Layer) => BlockTopology | undefined,
): (Int32Array | undefined)[] {
  const wanted: (Int32Array | undefined)[] = new Array(layers.length);
  for (let i = layers.length - 1; i >= 0; i--) {
    const next = layers[i + 1];
    const { channels } = outputShape(layers[i]);
    if (next === undefined || next.kind === "maxMin") wanted[i] = inPlace(channels);
    else if (next.kind === "convolution") {
      const blocks = blocksOf(next);
      if (blocks === undefined) continue;
      const ordered = sortBlocks(blocks, placesOf(wanted[i + 1], blocks.rows), inPlace(channels), "rows");
      wanted[i] = Int32Array.from(
        bucketsOf(ordered, tapsOf(next))
          .flatMap(({ groups }) => Array.from(groups, (q) => [...columnsOf(ordered, q)]))
          .flat(),
      );
    } else if (passesChannels(next)) wanted[i] = wanted[i + 1];
  }
  return wanted;
}

/** Whether what a layer gives for a channel depends on nothing but that channel of what it takes, its shortcut aside. */
function passesChannels({ kind }: Layer): boolean {
  return kind === "pad" || kind === "averagePool" || kind === "batchNorm" || kind === "add";
}

/** A grouped convolution in the order that costs least, from channels that lie as in `from`, `wanted` as above. */
export function orderBlocks(
  layer: ConvolutionLayer,
  blocks: BlockTopology,
  { positions, width }: Pick<Samples, "positions" | "width">,
  wanted: Int32Array | undefined,
): OrderedBlocks {
  const rowPlaces = placesOf(wanted, blocks.rows);
  const byInputs = sortBlocks(blocks, rowPlaces, positions, "columns");
  const taps = tapsOf(layer);
  const buckets = bucketsOf(byInputs, taps);
  const lie = buckets.every((bucket) => {
    const index = bucketInputs(byInputs, bucket).map((unit) => positions[unit]);
    return isContiguous(index) && (buckets.length > 1 || index.length === width);
  });
  if (lie) return { layer: withBlocks(layer, byInputs), blocks: byInputs, buckets };
  const byOutputs = sortBlocks(blocks, rowPlaces, positions, "rows");
  return { layer: withBlocks(layer, byOutputs), blocks: byOutputs, buckets: bucketsOf(byOutputs, taps) };
}

/** [units] where each unit is in an order; without one, each in its place. */
export function placesOf(order: Int32Array | undefined, units: number): Int32Array {
  const places = inPlace(units);
  if (order !== undefined) for (const [place, unit] of order.entries()) places[unit] = place;
  return places;
}

/** The same blocks: rows and columns of each sorted by their places, and blocks by that of their first on one side. */
function sortBlocks(
  topology: BlockTopology,
  rowPlaces: Int32Array,
  columnPlaces: Int32Array,
  by: "rows" | "columns",
): BlockTopology {
  const count = topology.rowOffsets.length - 1;
  const groups = Array.from({ length: count }, (_, q) => ({
    rows: topology.rowOrder
      .slice(topology.rowOffsets[q], topology.rowOffsets[q + 1])
      .sort((a, b) => rowPlaces[a] - rowPlaces[b]),
    columns: columnsOf(topology, q)
      .slice()
      .sort((a, b) => columnPlaces[a] - columnPlaces[b]),
  }));
  const places = by === "rows" ? rowPlaces : columnPlaces;
  groups.sort((a, b) => places[a[by][0]] - places[b[by][0]]);
  const offsets = (side: "rows" | "columns") => {
    const ends = new Int32Array(count + 1);
    for (const [q, group] of groups.entries()) ends[q + 1] = ends[q] + group[side].length;
    return ends;
  };
  return {
    ...topology,
    rowOrder: Int32Array.from(groups.flatMap(({ rows }) => [...rows])),
    columnOrder: Int32Array.from(groups.flatMap(({ columns }) => [...columns])),
    rowOffsets: offsets("rows"),
    columnOffsets: offsets("columns"),
  };
}

function columnsOf({ columnOrder, columnOffsets }: BlockTopology, q: number): Int32Array {
  return columnOrder.subarray(columnOffsets[q], columnOffsets[q + 1]);
}

/** A layer with its kernels moved to where the same blocks in another order have them. */
function withBlocks(layer: ConvolutionLayer, blocks: BlockTopology): ConvolutionLayer {
  const taps = tapsOf(layer);
  const weights = new Float32Array(layer.weights.length);
  const places = kernelPlaces(blocks);
  let next = 0;
  forEachConnection(layer.topology, (row, column) => {
    const to = places(row, column) * taps;
    for (let tap = 0; tap < taps; tap++) weights[to + tap] = layer.weights[next++];
  });
  return { ...layer, topology: blocks, weights };
}

/** Which kernel a connection of a block topology is. */
function kernelPlaces(blocks: BlockTopology): (row: number, column: number) => number {
  const { rowOrder, columnOrder, rowOffsets, columnOffsets } = blocks;
  const rowStarts = new Int32Array(blocks.rows);
  const columnPlaces = new Int32Array(blocks.columns);
  let start = 0;
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const width = columnOffsets[q + 1] - columnOffsets[q];
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++, start += width) rowStarts[rowOrder[i]] = start;
    for (let j = 0; j < width; j++) columnPlaces[columnOrder[columnOffsets[q] + j]] = j;
  }
  return (row, column) => rowStarts[row] + columnPlaces[column];
}
