/**
 * @file The layers of a network whose connections can be chosen.
 */

import { type AnyNetwork, isWeighted, type WeightedLayer } from "../network/network.ts";

/** Those with a mask, in their order: all of a multilayer perceptron. */
export function weightedLayers({ layers }: AnyNetwork): WeightedLayer[] {
  return layers.filter(isWeighted);
}

/** Weights of one of its connections: the taps of a kernel, or 1. */
export function tapsOf(layer: WeightedLayer): number {
  return layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
}
