/**
 * @file A network with images in 8-bit whole numbers: the scheme of quantise.ts, a scale for each value that steps pass
 * on. What only moves numbers gives them as it takes them; 0 is always one of the numbers, so that the zeros beyond a
 * border are exact.
 */

import type { Samples } from "../../certificate/index.ts";
import { forward } from "../../network/evaluate.ts";
import { outputShape, sizeOf } from "../../network/layer-shape.ts";
import { type AnyNetwork, isWeighted } from "../../network/network.ts";
import { type ActivationScale, chooseScale } from "./activation-scale.ts";
import { multiplyAdds } from "./multiply-adds.ts";
import type { Operation, Program } from "./program.ts";
import { type QuantisedLayer, quantiseLayer } from "./quantise.ts";

/** A program in whole numbers. */
export interface QuantisedProgram {
  /** Of the steps with weights, in order. */
  readonly layers: readonly QuantisedLayer[];
  /** [steps + 1] How each value is written. */
  readonly scales: readonly ActivationScale[];
}

/** Operations that give numbers as they take them. */
const MOVES: readonly Operation[] = ["SEPARATE", "TO_DEPTH", "PAD", "MAX_MIN"];

/** Most numbers of one layer, and most multiply-adds, that the samples of one fit may take together. */
const MOST_NUMBERS = 2 ** 25;
const MOST_MULTIPLY_ADDS = 2 ** 30;

/** As many of the samples, from the first on, as are evaluated in ten seconds or so; at least 8. */
export function fewSamples(network: AnyNetwork, { inputs, count }: Samples): Samples {
  const largest = Math.max(...network.layers.map((layer) => sizeOf(outputShape(layer))));
  const most = Math.min(MOST_NUMBERS / largest, MOST_MULTIPLY_ADDS / multiplyAdds(network).sparse);
  const kept = Math.min(count, Math.max(8, Math.floor(most)));
  return { count: kept, inputs: inputs.subarray(0, (inputs.length / count) * kept) };
}

/**
 * Quantises `program`, which is that of `network`, for inputs like `samples` (standardised, [count, inputs]). Throws as
 * `quantise` does.
 */
export function quantiseProgram(program: Program, network: AnyNetwork, samples: Samples): QuantisedProgram {
  const { inputs, count } = samples;
  const chosen = new Map<string, ActivationScale>();
  forward(network, inputs, count, (i, _, activations) => {
    chosen.set(network.layers[i].name, chooseScale(activations, true));
  });
  const scales = [chooseScale(inputs, true)];
  const layers: QuantisedLayer[] = [];
  for (const { operation, layer, value } of program.steps) {
    if (isWeighted(layer)) layers.push(quantiseLayer(layer, scales[value]));
    scales.push(MOVES.includes(operation) ? scales[value] : chosen.get(layer.name)!);
  }
  return { layers, scales };
}
