/**
 * @file Layers and images in words, for messages.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import type { Layer } from "./network.ts";

/** E.g. `layers.3 (128 x 784)`, `stem.0 (16 x 3 channels)` (outputs x inputs), or `pool (averagePool of 16 x 8 x 8)`. */
export function describeLayer(layer: Layer): string {
  if (layer.kind === "linear") return `${layer.name} (${layer.topology.rows} x ${layer.topology.columns})`;
  if (layer.kind === "convolution") {
    return `${layer.name} (${layer.topology.rows} x ${layer.topology.columns} channels)`;
  }
  return `${layer.name} (${layer.kind} of ${describeImage(layer.input)})`;
}

/** Channels x height x width. */
export function describeImage({ channels, height, width }: ImageShape): string {
  return `${channels} x ${height} x ${width}`;
}
