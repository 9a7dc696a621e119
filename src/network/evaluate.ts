/**
 * @file The reference forward pass: float64, one thread, written to be read. The engine is checked against it,
 * and certificates measure with it.
 */

import { ArgumentError } from "../errors.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import { transpose } from "../math/transpose.ts";
import { networkInput, networkOutput, outputShape, sizeOf } from "./layer-shape.ts";
import { type Activation, type AnyNetwork, activationOf, type Layer } from "./network.ts";
import { batchNorm, momentsOf, runningMoments } from "./reference/batch-norm.ts";
import { convolve } from "./reference/convolution.ts";
import { averagePool, maxMin, pad, shortcut, spaceToDepth } from "./reference/images.ts";
import { linear } from "./reference/linear.ts";

/**
 * Called after each layer with its index and its pre-activations and activations, both [outputs, count], where images
 * are [channels, height, width, count]. They do not change afterwards, so they may be kept.
 */
export type LayerVisitor = (layer: number, preActivations: Float64Array, activations: Float64Array) => void;

export interface ForwardOptions {
  /** Batch normalization by means and variances of these samples, as in training one shard of them. Default false. */
  readonly training?: boolean;
}

/** Outputs of earlier layers that additions read, by name. */
type Kept = ReadonlyMap<string, { readonly shape: ImageShape; readonly values: Float64Array }>;

/**
 * Outputs [count, outputs] of `network` on `inputs` [count, inputs], both row-major; images are [channels, height,
 * width] each. Throws ArgumentError ("bad-input-size") if `inputs` are not as many numbers.
 */
export function forward(
  network: AnyNetwork,
  inputs: Float64Array,
  count: number,
  visit?: LayerVisitor,
  { training = false }: ForwardOptions = {},
): Float64Array {
  const width = sizeOf(networkInput(network));
  if (inputs.length !== count * width) {
    throw new ArgumentError(
      "bad-input-size",
      `${count} inputs of width ${width} are ${count * width} numbers, not ${inputs.length}`,
    );
  }
  const needed = new Set(network.layers.flatMap((layer) => (layer.kind === "add" ? [layer.from] : [])));
  const kept = new Map<string, { shape: ImageShape; values: Float64Array }>();
  let values = transpose(inputs, count, width);
  for (const [index, layer] of network.layers.entries()) {
    const preActivations = apply(layer, values, count, training, kept);
    values = preActivations.map(activationFunction(activationOf(layer)));
    if (needed.has(layer.name)) kept.set(layer.name, { shape: outputShape(layer), values });
    visit?.(index, preActivations, values);
  }
  return transpose(values, sizeOf(networkOutput(network)), count);
}

/** The function an activation names. */
export function activationFunction(activation: Activation): (value: number) => number {
  return activationFunctions[activation];
}

const activationFunctions: Record<Activation, (value: number) => number> = {
  linear: (value) => value,
  tanh: Math.tanh,
  relu: (value) => Math.max(0, value),
  hardtanh: (value) => Math.max(-1, Math.min(1, value)),
};

/** A layer's pre-activations for x [inputs, count]. */
function apply(layer: Layer, x: Float64Array, count: number, training: boolean, kept: Kept): Float64Array {
  switch (layer.kind) {
    case "linear":
      return linear(layer, x, count);
    case "convolution":
      return convolve(layer, x, count);
    case "averagePool":
      return averagePool(layer, x, count);
    case "flatten":
      return x;
    case "spaceToDepth":
      return spaceToDepth(layer, x, count);
    case "pad":
      return pad(layer, x, count);
    case "maxMin":
      return maxMin(layer, x, count);
    case "batchNorm":
      return batchNorm(layer, training ? momentsOf(layer.input.channels, x) : runningMoments(layer), x);
    case "add": {
      const from = kept.get(layer.from)!;
      const added = shortcut(layer.input, from.shape, from.values, count);
      return x.map((value, k) => value + added[k]);
    }
  }
}
