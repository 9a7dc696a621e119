/**
 * @file Where what passes between two layers lies in memory: each number's samples are one row, and a layer has its
 * input in the order that suits it.
 *
 * Convolutions over blocks of channels have a group's channels together, pixel by pixel, so that what a tap reads is
 * neighbours; all other layers on images have channel after channel, each an image of its own. Linear layers have
 * their units group after group (unit-order.ts).
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import { inputShape, outputShape, sizeOf } from "../network/layer-shape.ts";
import type { Layer } from "../network/network.ts";
import { groupCount } from "../topology/topology.ts";
import { inputOrder } from "./unit-order.ts";

/** Channel c's pixel p is row `base[c] + p · step[c]`. Both [channels]. */
export interface Layout {
  readonly base: Int32Array;
  readonly step: Int32Array;
}

/** How a layer has its input. */
export function inputLayout(layer: Layer): Layout {
  const shape = inputShape(layer);
  if (layer.kind === "linear") return unitByUnit(shape.channels, inputOrder(layer.topology));
  if (layer.kind !== "convolution" || layer.topology.kind === "edges") return channelByChannel(shape);
  const pixels = shape.height * shape.width;
  const { columnOrder, columnOffsets } = layer.topology;
  const base = new Int32Array(shape.channels);
  const step = new Int32Array(shape.channels);
  for (let q = 0; q < groupCount(layer.topology); q++) {
    const [first, end] = [columnOffsets[q], columnOffsets[q + 1]];
    for (let j = first; j < end; j++) {
      base[columnOrder[j]] = first * pixels + (j - first);
      step[columnOrder[j]] = end - first;
    }
  }
  return { base, step };
}

/** How a layer leaves its output: as the `next` one has its input. */
export function outputLayout(layer: Layer, next: Layer | undefined): Layout {
  return next === undefined ? channelByChannel(outputShape(layer)) : inputLayout(next);
}

/** Number of a sample, [channels, height, width], that each row of a layer's input is; undefined: row i is number i. */
export function rowSources(layer: Layer): Int32Array | undefined {
  const shape = inputShape(layer);
  const { base, step } = inputLayout(layer);
  const pixels = shape.height * shape.width;
  const sources = new Int32Array(sizeOf(shape));
  for (let c = 0; c < shape.channels; c++) {
    for (let p = 0; p < pixels; p++) sources[base[c] + p * step[c]] = c * pixels + p;
  }
  return sources.every((source, row) => source === row) ? undefined : sources;
}

function unitByUnit(units: number, order: Int32Array | undefined): Layout {
  const base = new Int32Array(units);
  for (let place = 0; place < units; place++) base[order ? order[place] : place] = place;
  return { base, step: new Int32Array(units) };
}

function channelByChannel({ channels, height, width }: ImageShape): Layout {
  const pixels = height * width;
  return {
    base: Int32Array.from({ length: channels }, (_, c) => c * pixels),
    step: new Int32Array(channels).fill(1),
  };
}
