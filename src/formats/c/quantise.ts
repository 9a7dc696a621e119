/**
 * @file A network in 8-bit whole numbers, for C files.
 *
 * Weights: w ≈ unit · u_r · q with q in −127 … 127, one 16-bit u_r a row, so that a row of small weights keeps its
 * precision. Activations: x ≈ (q − shift) / factor with q in −128 … 127, one pair a layer, chosen on given samples.
 * A row's sum is then Σ w x ≈ (unit · u_r / factor) (Σ q_w q_x − shift Σ q_w); the last term does not depend on the
 * sample and goes into the bias, so that ranges that are not centred (ReLU, images) cost nothing. Biases have 16
 * bits. This is the usual affine scheme (Jacob et al., CVPR 2018, section 2), but for the multipliers: sums become
 * float32 once a row, instead of a fixed-point multiplication.
 */

import type { Samples } from "../../certificate/index.ts";
import { ArgumentError } from "../../errors.ts";
import { forward } from "../../network/evaluate.ts";
import type { Network, WeightedLayer } from "../../network/network.ts";
import { type ActivationScale, chooseScale } from "./activation-scale.ts";
import { rowsInOrder } from "./c-rows.ts";

/** A layer in whole numbers; arrays in the order of `rowsInOrder`. */
export interface QuantisedLayer {
  /** [non-zeros] as the layer's weights lie: row-major in blocks; a convolution's [non-zeros, k, k]. */
  readonly weights: Int8Array;
  /** [rows] u_r, from 1. */
  readonly scales: Uint16Array;
  /** [rows] in units of `biasUnit`. */
  readonly biases: Int16Array;
  /** float32: a row's sum is worth scaleUnit · u_r. */
  readonly scaleUnit: number;
  /** float32 */
  readonly biasUnit: number;
  /** How this layer's inputs are written as whole numbers. */
  readonly input: ActivationScale;
}

/** Products of 7 and 8 bits that are sure to fit a sum of 31. */
const MOST_COLUMNS = Math.floor((2 ** 31 - 1) / (127 * 128));

/**
 * Quantises `network` for inputs like `samples` (standardised, [count, inputs]). Throws ArgumentError
 * (`"bad-input-size"`) for samples that do not fit and (`"too-wide"`) for rows of more than 132,104 weights.
 */
export function quantise(network: Network, { inputs, count }: Samples): QuantisedLayer[] {
  const scales = [chooseScale(inputs)];
  forward(network, inputs, count, (_, __, activations) => scales.push(chooseScale(activations)));
  return network.layers.map((layer, i) => quantiseLayer(layer, scales[i]));
}

/** One layer for inputs of that scale; a row of a convolution is an output channel, with all its taps. */
export function quantiseLayer(layer: WeightedLayer, input: ActivationScale): QuantisedLayer {
  const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
  const { rows, weightStarts: pairStarts } = rowsInOrder(layer.topology);
  const weightStarts = pairStarts.map((start) => start * taps);
  const weights = new Int8Array(layer.weights.length);
  const scales = new Uint16Array(rows.length);
  const wanted = new Float64Array(rows.length);
  const unit = largest(layer.weights) / 127 / 65535 || 1;
  for (let i = 0; i < rows.length; i++) {
    const row = layer.weights.subarray(weightStarts[i], weightStarts[i + 1]);
    if (row.length > MOST_COLUMNS) {
      throw new ArgumentError(
        "too-wide",
        `${layer.name}: a row of ${row.length} weights may overflow 32 bits in int8; at most ${MOST_COLUMNS}, or float32`,
      );
    }
    scales[i] = Math.max(1, Math.min(65535, Math.ceil(largest(row) / 127 / unit)));
    const step = unit * scales[i];
    let sum = 0;
    for (let k = 0; k < row.length; k++) {
      const q = Math.max(-127, Math.min(127, Math.round(row[k] / step)));
      weights[weightStarts[i] + k] = q;
      sum += q;
    }
    wanted[i] = layer.bias[rows[i]] - ((step * input.shift) / input.factor) * sum;
  }
  const biasUnit = Math.fround(largest(wanted) / 32767) || 1;
  const biases = Int16Array.from(wanted, (bias) =>
    Math.max(-32767, Math.min(32767, Math.round(bias / biasUnit))),
  );
  return { weights, scales, biases, scaleUnit: Math.fround(unit / input.factor), biasUnit, input };
}

function largest(values: Float32Array | Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}
