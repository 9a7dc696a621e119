/**
 * @file What the int8 C file computes, operation for operation, so that its answers are known before it is compiled.
 */

import { activationFunction } from "../../network/evaluate.ts";
import type { Activation, Network } from "../../network/network.ts";
import type { ActivationScale } from "./activation-scale.ts";
import { rowsInOrder } from "./c-rows.ts";
import { tanhOf } from "./c-tanh.ts";
import type { QuantisedLayer } from "./quantise.ts";

/**
 * Outputs [count, outputs] for standardised inputs [count, inputs] in float32: the bits of the C code where its
 * compiler does not fuse multiply and add (gcc: -std=c99).
 */
export function simulate(
  { layers }: Network,
  quantised: readonly QuantisedLayer[],
  inputs: Float32Array,
): Float32Array {
  const width = layers[0].topology.columns;
  const outputs = layers[layers.length - 1].topology.rows;
  const count = inputs.length / width;
  const orders = layers.map((layer) => rowsInOrder(layer.topology));
  const result = new Float32Array(count * outputs);
  for (let s = 0; s < count; s++) {
    let values = inputs.subarray(s * width, (s + 1) * width);
    for (const [i, { activation, topology }] of layers.entries()) {
      const { rows, weightStarts, columnStarts, columns } = orders[i];
      const { weights, scales, biases, scaleUnit, biasUnit, input } = quantised[i];
      const x = Int8Array.from(values, (value) => toInt8(value, input));
      const y = new Float32Array(topology.rows);
      for (let r = 0; r < rows.length; r++) {
        let sum = 0;
        const shift = columnStarts[r] - weightStarts[r];
        for (let k = weightStarts[r]; k < weightStarts[r + 1]; k++) sum += weights[k] * x[columns[k + shift]];
        const product = Math.fround(Math.fround(sum) * Math.fround(scaleUnit * scales[r]));
        const z = Math.fround(product + Math.fround(biasUnit * biases[r]));
        y[rows[r]] = activated(activation, z);
      }
      values = y;
    }
    result.set(values, s * outputs);
  }
  return result;
}

/** An activation of a float32. */
export function activated(activation: Activation, z: number): number {
  return activation === "tanh" ? tanhOf(z) : activationFunction(activation)(z);
}

/** The whole number that stands for a float32. */
export function toInt8(value: number, { factor, shift }: ActivationScale): number {
  const v = Math.max(-128, Math.min(127, Math.fround(Math.fround(value * factor) + shift)));
  return Math.trunc(Math.fround(v + (v < 0 ? -0.5 : 0.5)));
}
