/**
 * @file Derivatives of activations, at one sample of a forward pass.
 */

import type { Activation } from "../network/network.ts";

/** By the pre-activation; where there is none, the value that gradients are trained with. */
const derivatives: Record<Activation, (value: number) => number> = {
  linear: () => 1,
  tanh: (value) => 1 - Math.tanh(value) ** 2,
  relu: (value) => (value > 0 ? 1 : 0),
  hardtanh: (value) => (Math.abs(value) < 1 ? 1 : 0),
};

/** [units] those of sample `sample`, of pre-activations [units, count]. */
export function slopesAt(
  activation: Activation,
  preActivations: Float64Array,
  count: number,
  sample: number,
): Float64Array {
  return sampleOf(preActivations, count, sample).map(derivatives[activation]);
}

/** [units] of values [units, count]. */
export function sampleOf(values: Float64Array, count: number, sample: number): Float64Array {
  const result = new Float64Array(values.length / count);
  for (let i = 0; i < result.length; i++) result[i] = values[i * count + sample];
  return result;
}
