/**
 * @file Layers that only move numbers, as a table: which number of the input each number of the output is.
 */

import { inputShape, outputShape, sizeOf } from "./layer-shape.ts";
import type { FlattenLayer, PadLayer, SpaceToDepthLayer } from "./network.ts";

/** A layer that computes nothing. */
export type RearrangingLayer = FlattenLayer | SpaceToDepthLayer | PadLayer;

/** [numbers of the output] place in the input of each, both [channels, height, width]; −1: 0, from nowhere. */
export function rearrangement(layer: RearrangingLayer): Int32Array {
  const input = inputShape(layer);
  const output = outputShape(layer);
  const sources = new Int32Array(sizeOf(output));
  if (layer.kind === "flatten") return sources.map((_, i) => i);
  const place = (c: number, y: number, x: number) => {
    if (y < 0 || x < 0 || y >= input.height || x >= input.width) return -1;
    return (c * input.height + y) * input.width + x;
  };
  const top = Math.floor((output.height - input.height) / 2);
  const left = Math.floor((output.width - input.width) / 2);
  let next = 0;
  for (let c = 0; c < output.channels; c++) {
    for (let p = 0; p < output.height; p++) {
      for (let q = 0; q < output.width; q++) {
        if (layer.kind === "pad") {
          sources[next++] = place(c, p - top, q - left);
        } else {
          const { side } = layer;
          const within = c % side ** 2;
          const y = p * side + Math.floor(within / side);
          sources[next++] = place(Math.floor(c / side ** 2), y, q * side + (within % side));
        }
      }
    }
  }
  return sources;
}
