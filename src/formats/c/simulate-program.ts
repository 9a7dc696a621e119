/**
 * @file What the int8 C file of a network with images computes, operation for operation. Sums of whole numbers are
 * exact in float64 in any order, so the reference layers take them; what C rounds is rounded here.
 */

import { transpose } from "../../math/transpose.ts";
import { sizeOf } from "../../network/layer-shape.ts";
import type { WeightedLayer } from "../../network/network.ts";
import { convolve } from "../../network/reference/convolution.ts";
import { averagePool, maxMin, pad, shortcut, spaceToDepth } from "../../network/reference/images.ts";
import { linear } from "../../network/reference/linear.ts";
import type { ActivationScale } from "./activation-scale.ts";
import { rowsInOrder } from "./c-rows.ts";
import { scaleFactors } from "./image-parts.ts";
import { OUTPUT, type Program, type Step } from "./program.ts";
import type { QuantisedLayer } from "./quantise.ts";
import type { QuantisedProgram } from "./quantise-program.ts";
import { activated, toInt8 } from "./simulate.ts";

const { fround } = Math;

/**
 * Outputs [count, outputs] for standardised inputs [count, inputs] in float32: the bits of the C code where its
 * compiler does not fuse multiply and add (gcc: -std=c99).
 */
export function simulateProgram(
  program: Program,
  { layers, scales }: QuantisedProgram,
  inputs: Float32Array,
): Float32Array {
  const { steps, input, output, outputAt } = program;
  const width = sizeOf(input);
  const count = inputs.length / width;
  const start = transpose(Float64Array.from(inputs), count, width);
  /** Whole numbers, [numbers, count], images channel by channel. */
  const values: Float64Array[] = [start.map((x) => toInt8(x, scales[0]))];
  let weighted = 0;
  let outputs: Float64Array = start;
  for (const [i, step] of steps.entries()) {
    const x = { numbers: values[step.value], scale: scales[step.value] };
    const moved = move(step, x, count);
    if (moved) {
      values.push(moved);
      continue;
    }
    const earlier = { numbers: values[step.other], scale: scales[step.other] };
    const sums =
      step.operation === "CONVOLVE"
        ? weigh(step, layers[weighted++], x, count)
        : mix(step, x, earlier, count);
    outputs = sums.map((z) => activated(step.activation, fround(z)));
    values.push(outputs.map((y) => toInt8(y, scales[i + 1])));
  }
  const last = { numbers: values[steps.length], scale: scales[steps.length] };
  return Float32Array.from(transpose(outputAt === OUTPUT ? outputs : realOf(last), sizeOf(output), count));
}

/** Whole numbers and what they stand for. */
interface Value {
  readonly numbers: Float64Array;
  readonly scale: ActivationScale;
}

function realOf({ numbers, scale }: Value): Float64Array {
  const step = fround(1 / scale.factor);
  return numbers.map((q) => fround((q - scale.shift) * step));
}

/** What a step gives that moves whole numbers alone; undefined for one that does more. */
function move({ layer }: Step, { numbers, scale }: Value, count: number): Float64Array | undefined {
  switch (layer.kind) {
    case "flatten":
      return numbers;
    case "spaceToDepth":
      return spaceToDepth(layer, numbers, count);
    case "maxMin":
      return maxMin(layer, numbers, count);
    case "pad": {
      const centred = numbers.map((q) => q - scale.shift);
      return pad(layer, centred, count).map((q) => q + scale.shift);
    }
    default:
      return undefined;
  }
}

/** Pre-activations of a layer with weights. What is beyond a border is written as 0 is, so that it sums to the shift. */
function weigh({ layer }: Step, quantised: QuantisedLayer, { numbers, scale }: Value, count: number) {
  const whole = {
    ...(layer as WeightedLayer),
    weights: Float32Array.from(quantised.weights),
    bias: new Float32Array((layer as WeightedLayer).bias.length),
  };
  const centred = numbers.map((q) => q - scale.shift);
  const sums = whole.kind === "linear" ? linear(whole, centred, count) : convolve(whole, centred, count);
  const { rows, weightStarts } = rowsInOrder(whole.topology);
  const perRow = sums.length / rows.length;
  const taps = whole.weights.length / weightStarts[rows.length] || 1;
  const { scales, biases, scaleUnit, biasUnit } = quantised;
  for (const [place, row] of rows.entries()) {
    const own = whole.weights.subarray(weightStarts[place] * taps, weightStarts[place + 1] * taps);
    const shifted = scale.shift * own.reduce((sum, weight) => sum + weight, 0);
    const factor = fround(scaleUnit * scales[place]);
    const bias = fround(biasUnit * biases[place]);
    for (let k = row * perRow; k < (row + 1) * perRow; k++) {
      sums[k] = fround(fround(fround(sums[k] + shifted) * factor) + bias);
    }
  }
  return sums;
}

/** Pre-activations of the other steps. */
function mix({ layer, taken }: Step, x: Value, earlier: Value, count: number): Float64Array {
  switch (layer.kind) {
    case "averagePool": {
      const pixels = layer.window.height * layer.window.width;
      const means = averagePool(layer, x.numbers, count).map((mean) =>
        fround(fround(Math.round(mean * pixels)) / pixels),
      );
      const step = fround(1 / x.scale.factor);
      return means.map((mean) => fround(fround(mean - x.scale.shift) * step));
    }
    case "batchNorm": {
      const factors = scaleFactors([layer]).map(fround);
      const perChannel = x.numbers.length / layer.input.channels;
      return realOf(x).map((value, k) => {
        const channel = Math.floor(k / perChannel);
        return fround(fround(value * factors[2 * channel]) + factors[2 * channel + 1]);
      });
    }
    case "add": {
      const added = shortcut(layer.input, taken, realOf(earlier), count);
      return realOf(x).map((value, k) => fround(value + added[k]));
    }
    default:
      throw new Error(`no whole numbers for ${layer.kind}`);
  }
}
