/**
 * @file A network's parameters in memory, and what else does not depend on how many samples go together.
 */

import { toPanels } from "../engine/panels.ts";
import { rowOrder } from "../engine/unit-order.ts";
import { outputShape } from "../network/layer-shape.ts";
import {
  type AnyNetwork,
  type BatchNormLayer,
  type ConvolutionLayer,
  isWeighted,
  type Layer,
  type WeightedLayer,
} from "../network/network.ts";
import { groupCount } from "../topology/topology.ts";
import type { GrowingMemory } from "./memory.ts";
import { type Reach, reachOf } from "./reach.ts";

/** Addresses of a layer's arrays; 0 for what it does not have. */
export interface PlacedLayer {
  readonly weights: number;
  readonly bias: number;
  readonly groups: number;
  /** Offsets of the groups' rows, or pointers to the rows' edges, a tap being one. */
  readonly rowPointers: number;
  readonly columnOffsets: number;
  /** Of a convolution, down and across. */
  readonly reaches?: readonly [down: Reach, across: Reach];
}

const none: PlacedLayer = { weights: 0, bias: 0, groups: 0, rowPointers: 0, columnOffsets: 0 };

/** Copies the parameters and what else is the same for all shards. */
export function placeLayers({ layers }: AnyNetwork, memory: GrowingMemory): PlacedLayer[] {
  return layers.map((layer) => placeLayer(layer, memory));
}

function placeLayer(layer: Layer, memory: GrowingMemory): PlacedLayer {
  if (layer.kind === "batchNorm") return { ...none, weights: memory.floats(channelScales(layer)) };
  if (!isWeighted(layer)) return none;
  const reaches = layer.kind === "convolution" ? reachesOf(layer) : undefined;
  const taps = reaches?.reduce((product, { taps: kept }) => product * kept.length, 1) ?? 1;
  const weights = reaches ? keptTaps(layer as ConvolutionLayer, reaches) : layer.weights;
  const { topology } = layer;
  if (topology.kind === "edges") {
    return {
      weights: memory.floats(tapsFirst(weights, topology.rowPointers, taps)),
      bias: memory.floats(layer.bias),
      groups: 0,
      rowPointers: memory.words(topology.rowPointers.map((pointer) => pointer * taps)),
      columnOffsets: 0,
      reaches,
    };
  }
  const panels = new Float32Array(weights.length);
  toPanels(topology, weights, panels, taps);
  return {
    weights: memory.floats(panels),
    bias: memory.floats(biasInOrder(layer)),
    groups: groupCount(topology),
    rowPointers: memory.words(topology.rowOffsets),
    columnOffsets: memory.words(topology.columnOffsets),
    reaches,
  };
}

function biasInOrder({ topology, bias }: WeightedLayer): Float32Array {
  const order = rowOrder(topology);
  return order ? Float32Array.from(order, (unit) => bias[unit]) : bias;
}

function reachesOf(layer: ConvolutionLayer): [Reach, Reach] {
  const { input } = layer;
  const output = outputShape(layer);
  return [reachOf(layer, input.height, output.height), reachOf(layer, input.width, output.width)];
}

/** The weights [kernels, taps] of the taps that read anything. */
function keptTaps({ weights, kernelSize }: ConvolutionLayer, [down, across]: readonly [Reach, Reach]) {
  const all = kernelSize ** 2;
  const kept = down.taps.flatMap(({ tap: a }) => across.taps.map(({ tap: b }) => a * kernelSize + b));
  if (kept.length === all) return weights;
  const kernels = weights.length / all;
  const result = new Float32Array(kernels * kept.length);
  for (let kernel = 0; kernel < kernels; kernel++) {
    for (const [k, tap] of kept.entries()) result[kernel * kept.length + k] = weights[kernel * all + tap];
  }
  return result;
}

/** The weights [edges, taps] of each row tap by tap: the order in which the engine adds them. */
function tapsFirst(weights: Float32Array, rowPointers: Int32Array, taps: number): Float32Array {
  if (taps === 1) return weights;
  const result = new Float32Array(weights.length);
  let next = 0;
  for (let row = 0; row + 1 < rowPointers.length; row++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let edge = rowPointers[row]; edge < rowPointers[row + 1]; edge++) {
        result[next++] = weights[edge * taps + tap];
      }
    }
  }
  return result;
}

/** [channels, 3] mean, scale and shift, rounded as the engine's kernels round them. */
function channelScales({ input, weights, bias, statistics, epsilon }: BatchNormLayer): Float32Array {
  const { channels } = input;
  const result = new Float32Array(3 * channels);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(statistics[channels + c] + Math.fround(epsilon));
    result.set([statistics[c], weights[c] * Math.fround(inverse), bias[c]], 3 * c);
  }
  return result;
}
