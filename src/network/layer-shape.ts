/**
 * @file What a layer takes and what it gives, as images; vectors are images of one pixel.
 */

import { type ImageShape, outputImage } from "../init/convolution/convolution.ts";
import type { AnyNetwork, Layer } from "./network.ts";

/** The image of one pixel that a vector of `width` is. */
export function vectorShape(width: number): ImageShape {
  return { channels: width, height: 1, width: 1 };
}

/** Numbers in an image. */
export function sizeOf({ channels, height, width }: ImageShape): number {
  return channels * height * width;
}

/** What a layer takes. */
export function inputShape(layer: Layer): ImageShape {
  return layer.kind === "linear" ? vectorShape(layer.topology.columns) : layer.input;
}

/** What a layer gives. */
export function outputShape(layer: Layer): ImageShape {
  switch (layer.kind) {
    case "linear":
      return vectorShape(layer.topology.rows);
    case "convolution":
      return { channels: layer.topology.rows, ...outputImage(layer, layer.input) };
    case "averagePool": {
      const { input, window } = layer;
      return {
        channels: input.channels,
        height: Math.floor(input.height / window.height),
        width: Math.floor(input.width / window.width),
      };
    }
    case "flatten":
      return vectorShape(sizeOf(layer.input));
    case "spaceToDepth": {
      const { input, side } = layer;
      return { channels: input.channels * side ** 2, height: input.height / side, width: input.width / side };
    }
    case "pad":
      return { channels: layer.input.channels, height: layer.height, width: layer.width };
    default:
      return layer.input;
  }
}

/** What a network takes. */
export function networkInput(network: AnyNetwork): ImageShape {
  return inputShape(network.layers[0]);
}

/** What a network gives. */
export function networkOutput(network: AnyNetwork): ImageShape {
  return outputShape(network.layers[network.layers.length - 1]);
}
