/**
 * @file What each kind of layer is to small changes of its inputs, as matrices that are only known by their products.
 * Activations and MaxMin depend on where they are looked at; all else is the same at every sample.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import { type LinearOperator, transposed } from "../math/lanczos.ts";
import { outputShape, sizeOf } from "../network/layer-shape.ts";
import type { AveragePoolLayer, BatchNormLayer, MaxMinLayer, WeightedLayer } from "../network/network.ts";
import { type RearrangingLayer, rearrangement } from "../network/rearrangement.ts";
import { nonZeros } from "../topology/topology.ts";
import { diagonalOperator, selectionOperator } from "./chain-operator.ts";
import { groupOperator, wholeGroup } from "./convolution/operator.ts";
import { placeTaps, productCost } from "./convolution/placed-taps.ts";

/** A matrix, and the multiply-adds of a product with it. */
export interface CostedOperator {
  readonly operator: LinearOperator;
  readonly cost: number;
}

/** W of a layer; a linear one is a convolution of one tap on one pixel. */
export function weightOperator(layer: WeightedLayer): CostedOperator {
  const onePixel = { kernelSize: 1, stride: 1, dilation: 1, padding: "zeros" } as const;
  const placed =
    layer.kind === "convolution"
      ? placeTaps(layer, layer.input)
      : placeTaps({ ...layer, ...onePixel }, { height: 1, width: 1 });
  return {
    operator: groupOperator(wholeGroup(layer.topology), placed),
    cost: productCost(placed, nonZeros(layer.topology)),
  };
}

/** Sums over windows, to be divided by how many pixels they have. */
export function windowSums(layer: AveragePoolLayer): LinearOperator {
  const { input, window } = layer;
  const output = outputShape(layer);
  const windowOf = pixels(input, (channel, i, j) => {
    const [p, q] = [Math.floor(i / window.height), Math.floor(j / window.width)];
    return p < output.height && q < output.width ? place(output, channel, p, q) : -1;
  });
  return transposed(selectionOperator(windowOf, sizeOf(output)));
}

/** Padding, space-to-depth and flattening: each output is one input, or nothing. */
export function rearrangementOperator(layer: RearrangingLayer): LinearOperator {
  return selectionOperator(rearrangement(layer), sizeOf(layer.input));
}

/** What an addition takes from an earlier image of shape `from`. */
export function shortcutOperator(input: ImageShape, from: ImageShape): LinearOperator {
  const step = from.height / input.height;
  const index = pixels(input, (channel, p, q) =>
    channel < from.channels ? place(from, channel, step * p, step * q) : -1,
  );
  return selectionOperator(index, sizeOf(from));
}

export function batchNormOperator({ input, weights, statistics, epsilon }: BatchNormLayer): LinearOperator {
  const factors = Array.from(weights, (weight, channel) => {
    return weight / Math.sqrt(statistics[input.channels + channel] + epsilon);
  });
  return diagonalOperator(
    Float64Array.from(
      pixels(input, (channel) => channel),
      (c) => factors[c],
    ),
  );
}

/** At inputs x: each pair the larger first. */
export function maxMinOperator({ input }: MaxMinLayer, x: Float64Array): LinearOperator {
  const half = sizeOf(input) / 2;
  const from = Int32Array.from(x, (_, i) => {
    const [first, second] = [i % half, (i % half) + half];
    return x[first] >= x[second] === i < half ? first : second;
  });
  return selectionOperator(from, sizeOf(input));
}

/** A number for each pixel of an image. */
function pixels(
  { channels, height, width }: ImageShape,
  value: (channel: number, row: number, column: number) => number,
): Int32Array {
  const result = new Int32Array(channels * height * width);
  let next = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let p = 0; p < height; p++) for (let q = 0; q < width; q++) result[next++] = value(channel, p, q);
  }
  return result;
}

/** Where a pixel is in its image. */
function place({ height, width }: ImageShape, channel: number, row: number, column: number): number {
  return (channel * height + row) * width + column;
}
