/**
 * @file Batch normalization as inference needs it: one factor and one shift a channel, and none of its own where a
 * layer of weights comes right before it, whose rows can take both.
 */

import { ArgumentError } from "../errors.ts";
import { forEachConnection } from "../topology/connections.ts";
import { nonZeros, type Topology } from "../topology/topology.ts";
import { describeLayer } from "./describe-layer.ts";
import type { AnyNetwork, BatchNormLayer, Layer, WeightedLayer } from "./network.ts";

/** y = factor · x + shift of each channel: what a layer does with its running statistics. [channels] each. */
export interface ChannelScales {
  readonly factors: Float64Array;
  readonly shifts: Float64Array;
}

/** The scales of a layer. Throws ArgumentError (`"bad-network"`) for one whose scales are no float32. */
export function channelScales(layer: BatchNormLayer): ChannelScales {
  const { input, weights, bias, statistics, epsilon } = layer;
  const factors = Float64Array.from(
    weights,
    (weight, c) => weight / Math.sqrt(statistics[input.channels + c] + epsilon),
  );
  const shifts = Float64Array.from(bias, (shift, c) => shift - factors[c] * statistics[c]);
  const bad = factors.findIndex((_, c) => !isFloat32(factors[c]) || !isFloat32(shifts[c]));
  if (bad >= 0) {
    throw new ArgumentError(
      "bad-network",
      `${describeLayer(layer)}: the variance of channel ${bad} is too small to divide by: ${statistics[input.channels + bad]}`,
    );
  }
  return { factors, shifts };
}

/**
 * The same function without the batch normalizations that can be left out: those right after a linear layer or
 * convolution without activation whose output nothing else reads. The layer before takes the activation, and its name
 * the place of the normalization's. Throws as `channelScales` does.
 */
export function foldBatchNorm({ layers, provenance }: AnyNetwork): AnyNetwork {
  const read = new Set(layers.flatMap((layer) => (layer.kind === "add" ? [layer.from] : [])));
  const renamed = new Map<string, string>();
  const folded: Layer[] = [];
  for (const [i, layer] of layers.entries()) {
    const previous = folded[folded.length - 1];
    if (layer.kind === "batchNorm" && i > 0 && takes(previous) && !read.has(layers[i - 1].name)) {
      folded[folded.length - 1] = scaled(previous, layer);
      renamed.set(layer.name, previous.name);
    } else if (layer.kind === "add") {
      folded.push({ ...layer, from: renamed.get(layer.from) ?? layer.from });
    } else {
      folded.push(layer);
    }
  }
  return { layers: folded, provenance };
}

function takes(layer: Layer): layer is WeightedLayer {
  return (layer.kind === "linear" || layer.kind === "convolution") && layer.activation === "linear";
}

function scaled<L extends WeightedLayer>(layer: L, norm: BatchNormLayer): L {
  const { factors, shifts } = channelScales(norm);
  const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
  const rows = rowsOf(layer.topology);
  return {
    ...layer,
    weights: layer.weights.map((weight, k) => weight * factors[rows[Math.floor(k / taps)]]),
    bias: layer.bias.map((bias, row) => bias * factors[row] + shifts[row]),
    activation: norm.activation,
  };
}

/** [non-zeros] the row of each weight. */
function rowsOf(topology: Topology): Int32Array {
  const rows = new Int32Array(nonZeros(topology));
  let next = 0;
  forEachConnection(topology, (row) => {
    rows[next++] = row;
  });
  return rows;
}

function isFloat32(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}
