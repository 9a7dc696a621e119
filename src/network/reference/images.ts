/**
 * @file Layers without parameters that move or mix pixels, for the reference forward pass. Each says, for one output
 * pixel, which input pixels make it. Images are [channels, height, width, count].
 */

import type { ImageShape } from "../../init/convolution/convolution.ts";
import { outputShape, sizeOf } from "../layer-shape.ts";
import type { AveragePoolLayer, MaxMinLayer, PadLayer, SpaceToDepthLayer } from "../network.ts";

/** The mean of each window. */
export function averagePool(layer: AveragePoolLayer, x: Float64Array, count: number): Float64Array {
  const { input, window } = layer;
  return eachPixel(outputShape(layer), count, (channel, p, q, s) => {
    let sum = 0;
    for (let i = 0; i < window.height; i++) {
      for (let j = 0; j < window.width; j++) {
        sum += x[at(input, channel, p * window.height + i, q * window.width + j, count) + s];
      }
    }
    return sum / (window.height * window.width);
  });
}

/** Squares of pixels as channels. */
export function spaceToDepth(layer: SpaceToDepthLayer, x: Float64Array, count: number): Float64Array {
  const { input, side } = layer;
  return eachPixel(outputShape(layer), count, (channel, p, q, s) => {
    const from = Math.floor(channel / side ** 2);
    const i = Math.floor(channel / side) % side;
    const j = channel % side;
    return x[at(input, from, side * p + i, side * q + j, count) + s];
  });
}

/** Zeros around. */
export function pad(layer: PadLayer, x: Float64Array, count: number): Float64Array {
  const { input, height, width } = layer;
  const above = Math.floor((height - input.height) / 2);
  const left = Math.floor((width - input.width) / 2);
  return eachPixel(outputShape(layer), count, (channel, p, q, s) => {
    const [i, j] = [p - above, q - left];
    const inside = i >= 0 && i < input.height && j >= 0 && j < input.width;
    return inside ? x[at(input, channel, i, j, count) + s] : 0;
  });
}

/** The larger of each pair of channels, then the smaller. */
export function maxMin({ input }: MaxMinLayer, x: Float64Array, count: number): Float64Array {
  const half = input.channels / 2;
  return eachPixel(input, count, (channel, p, q, s) => {
    const first = x[at(input, channel % half, p, q, count) + s];
    const second = x[at(input, (channel % half) + half, p, q, count) + s];
    return channel < half ? Math.max(first, second) : Math.min(first, second);
  });
}

/**
 * What an addition adds to its input of shape `input`: of the shortcut's image of shape `from` every s-th pixel of every
 * s-th row, and zeros for channels that it does not have.
 */
export function shortcut(input: ImageShape, from: ImageShape, x: Float64Array, count: number): Float64Array {
  const step = from.height / input.height;
  return eachPixel(input, count, (channel, p, q, s) =>
    channel < from.channels ? x[at(from, channel, step * p, step * q, count) + s] : 0,
  );
}

/** An image [channels, height, width, count] from its values. */
function eachPixel(
  shape: ImageShape,
  count: number,
  value: (channel: number, row: number, column: number, sample: number) => number,
): Float64Array {
  const y = new Float64Array(sizeOf(shape) * count);
  let next = 0;
  for (let channel = 0; channel < shape.channels; channel++) {
    for (let p = 0; p < shape.height; p++) {
      for (let q = 0; q < shape.width; q++) {
        for (let s = 0; s < count; s++) y[next++] = value(channel, p, q, s);
      }
    }
  }
  return y;
}

/** Where a pixel's samples begin. */
function at(shape: ImageShape, channel: number, row: number, column: number, count: number): number {
  return ((channel * shape.height + row) * shape.width + column) * count;
}
