/**
 * @file Standardising the inputs in C, as the network's training did: (x − mean) / deviation, in float32 as
 * (x − mean) · (1 / deviation).
 */

import type { ImageShape } from "../../init/convolution/convolution.ts";
import type { InputScaling } from "../export/exporter.ts";
import { arrayText, floatText } from "./c-text.ts";

/** Standardisation as text. */
export interface ScalingText {
  /** The arrays that it needs, or nothing. */
  readonly arrays: string;
  /** The standardised input `i` as a C expression of `input` and `i`. */
  readonly input: string;
  /** Bytes of the arrays. */
  readonly bytes: number;
}

/**
 * The text for a scaling, which may be absent: inputs then come standardised. Numbers that are the same all over each
 * channel of `image` are kept once a channel.
 */
export function scalingText(scaling: InputScaling | undefined, image?: ImageShape): ScalingText {
  if (scaling === undefined) return { arrays: "", input: "input[i]", bytes: 0 };
  const pixels = image === undefined ? 1 : image.height * image.width;
  const mean = numbersText("input_mean", scaling.mean, pixels);
  const factor = numbersText("input_factor", factorsOf(scaling), pixels);
  return {
    arrays: mean.array + factor.array,
    input: `(input[i] - ${mean.value}) * ${factor.value}`,
    bytes: mean.bytes + factor.bytes,
  };
}

/** A constant, or an array of one number an input or a channel of `pixels`. */
function numbersText(name: string, values: Float32Array, pixels: number) {
  if (values.length === 1) return { array: "", value: bracketed(floatText(values[0])), bytes: 0 };
  const each = isByChannel(values, pixels) ? pixels : 1;
  const kept = values.filter((_, i) => i % each === 0);
  return {
    array: `${arrayText("float", name, kept, floatText)}\n`,
    value: `${name}[${each === 1 ? "i" : `i / ${each}u`}]`,
    bytes: 4 * kept.length,
  };
}

function isByChannel(values: Float32Array, pixels: number): boolean {
  return values.every((value, i) => value === values[i - (i % pixels)]);
}

/** What the C code makes of raw inputs [count, width], in float32. */
export function standardised(
  raw: Float32Array,
  width: number,
  scaling: InputScaling | undefined,
): Float32Array {
  if (scaling === undefined) return raw;
  const factors = factorsOf(scaling);
  const { mean } = scaling;
  const at = (values: Float32Array, i: number) => values[values.length === 1 ? 0 : i % width];
  return raw.map((value, i) => Math.fround(value - at(mean, i)) * at(factors, i));
}

/** Raw inputs, in float32, of standardised ones. */
export function unstandardised(
  inputs: ArrayLike<number>,
  width: number,
  scaling: InputScaling | undefined,
): Float32Array {
  if (scaling === undefined) return Float32Array.from(inputs);
  const { mean, deviation } = scaling;
  const at = (values: Float32Array, i: number) => values[values.length === 1 ? 0 : i % width];
  return Float32Array.from(inputs, (value, i) => value * at(deviation, i) + at(mean, i));
}

function factorsOf({ deviation }: InputScaling): Float32Array {
  return deviation.map((value) => 1 / value);
}

function bracketed(constant: string): string {
  return constant.startsWith("-") ? `(${constant})` : constant;
}
