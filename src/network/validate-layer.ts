/**
 * @file Whether one layer is what its type says, whatever surrounds it. Errors leave its name to `validateNetwork`.
 */

import { ArgumentError } from "../errors.ts";
import { checkGeometry, type ImageShape } from "../init/convolution/convolution.ts";
import { nonZeros } from "../topology/topology.ts";
import {
  type AveragePoolLayer,
  type BatchNormLayer,
  isWeighted,
  type Layer,
  type PadLayer,
  type WeightedLayer,
} from "./network.ts";

/** Throws ArgumentError unless the layer's sizes are whole numbers that can be what its kind needs. */
export function validateGeometry(layer: Layer): void {
  if (layer.kind === "linear") return;
  const { input } = layer;
  validateImage(input);
  if (layer.kind === "convolution") {
    checkGeometry(layer);
    const { columns } = layer.topology;
    demand(input.channels === columns, `its images have ${input.channels} channels, its kernels ${columns}`);
  }
  if (layer.kind === "averagePool") validateWindow(layer);
  if (layer.kind === "pad") validatePadding(layer);
  if (layer.kind === "spaceToDepth") {
    const { side } = layer;
    demand(
      isWhole(side) && input.height % side === 0 && input.width % side === 0,
      `its side must divide those of its ${input.height} x ${input.width} images, and ${side} does not`,
    );
  }
  if (layer.kind === "maxMin") {
    demand(input.channels % 2 === 0, `channels come in pairs, so they must be even, not ${input.channels}`);
  }
}

/** Throws ArgumentError unless parameters are as many as the layer needs, and finite. */
export function validateParameters(layer: Layer): void {
  if (isWeighted(layer)) validateWeights(layer);
  if (layer.kind === "batchNorm") validateBatchNorm(layer);
}

function validateWeights(layer: WeightedLayer): void {
  const { topology, weights, bias } = layer;
  const linear = layer.kind === "linear";
  const pairs = nonZeros(topology);
  const expected = linear ? pairs : pairs * layer.kernelSize ** 2;
  const has = linear ? `${pairs} non-zeros` : `${pairs} kernels of ${layer.kernelSize ** 2} taps`;
  demand(weights.length === expected, `its topology has ${has}, but it has ${weights.length} weights`);
  const outputs = `${topology.rows} ${linear ? "outputs" : "output channels"}`;
  demand(bias.length === topology.rows, `it has ${outputs}, but ${bias.length} biases`);
  demandFinite("weight", weights);
  demandFinite("bias", bias);
}

function validateImage(image: ImageShape): void {
  for (const side of ["channels", "height", "width"] as const) {
    demand(isWhole(image[side]), `its input's ${side} must be a whole number from 1, not ${image[side]}`);
  }
}

function validateWindow({ input, window }: AveragePoolLayer): void {
  for (const side of ["height", "width"] as const) {
    demand(
      isWhole(window[side]) && window[side] <= input[side],
      `its window's ${side} must be a whole number from 1 to the image's, ${input[side]}, not ${window[side]}`,
    );
  }
}

function validatePadding(layer: PadLayer): void {
  for (const side of ["height", "width"] as const) {
    demand(
      isWhole(layer[side]) && layer[side] >= layer.input[side],
      `its padded ${side} must be a whole number from the image's, ${layer.input[side]}, not ${layer[side]}`,
    );
  }
}

function validateBatchNorm(layer: BatchNormLayer): void {
  const { input, weights, bias, statistics, epsilon, momentum } = layer;
  const { channels } = input;
  for (const [what, values, expected] of [
    ["weights", weights, channels],
    ["biases", bias, channels],
    ["statistics", statistics, 2 * channels],
  ] as const) {
    demand(
      values.length === expected,
      `${channels} channels need ${expected} ${what}, but it has ${values.length}`,
    );
  }
  demandFinite("weight", weights);
  demandFinite("bias", bias);
  demandFinite("statistic", statistics);
  const bad = statistics.subarray(channels).findIndex((variance) => variance < 0);
  demand(bad < 0, `the variance of channel ${bad} is ${statistics[channels + bad]}; it must not be negative`);
  demand(epsilon > 0 && Number.isFinite(epsilon), `its epsilon must be above 0 and finite, not ${epsilon}`);
  demand(momentum > 0 && momentum <= 1, `its momentum must be above 0 and at most 1, not ${momentum}`);
}

function demandFinite(what: string, values: Float32Array): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  demand(bad < 0, `${what} ${bad} is ${values[bad]}; it must be finite`);
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function demand(holds: boolean, problem: string): void {
  if (!holds) throw new ArgumentError("bad-layer", problem);
}
