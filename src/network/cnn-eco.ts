/**
 * @file Plain convolutional networks of ECO convolutions: `cnn` where every convolution has all singular values 1: the
 * hidden ones are isometries of whole images, and each that follows a halving keeps a quarter of the dimensions.
 *
 * ECO needs circular borders, no strides, and sides that fit its taps (docs/theory.md, section 7). So images are
 * padded with zeros to a square whose side the kernel still divides after two halvings, and space-to-depth halves.
 */

import { assemble } from "./assemble.ts";
import { averagingHead } from "./blueprint.ts";
import { type CnnOptions, checkCnn, cnnFields, plainLayers } from "./cnn.ts";
import { checkImageNetwork, checkLeastSide, nextMultiple } from "./image-options.ts";
import type { AnyNetwork } from "./network.ts";

/** As `cnn`'s; weights are `"eco"` (default), or `"delta"`, `"shift"` or `"kaiming"` on the same layers for comparison. */
export type CnnEcoOptions = Omit<CnnOptions, "downsample">;

/**
 * Layers `pad`, `stem.0`, `stem.1.down`, `stem.1`, `stem.2.down`, `stem.2`, `layers.0`, …, `pool`, `flatten`, `head`.
 * The padded side is the next multiple of 4·k from the longer side on: 36 for 28 and 32 at k = 3. (No `pad` where it
 * would add nothing.) Dilations are those at which ECO is an isometry: a k-th of the side.
 *
 * Sparsity, starts and errors as for `cnn`.
 */
export function cnnEco(options: CnnEcoOptions): AnyNetwork {
  checkImageNetwork("cnnEco", options, cnnFields);
  checkCnn(options);
  const { input, outputs, kernelSize = 3, activation = "tanh", init } = options;
  checkLeastSide(input, 4, "stem.2");
  const side = nextMultiple(Math.max(input.height, input.width), 4 * kernelSize);
  const recipe = {
    input,
    activation,
    init: { ...init, weights: init.weights ?? "eco" },
    kernelSize,
    borders: "eco" as const,
    start: options.start,
    meanSquare: options.meanSquare,
    seed: options.seed ?? 0,
    onProgress: options.onProgress,
  };
  const pads = side !== input.height || side !== input.width;
  return assemble(recipe, [
    ...(pads ? [{ kind: "pad" as const, name: "pad", height: side, width: side }] : []),
    ...plainLayers(options, activation, "spaceToDepth"),
    ...averagingHead(outputs),
  ]);
}
