/**
 * @file What builders of convolutional networks check of their options.
 */

import { ArgumentError } from "../errors.ts";
import { checkFields } from "../init/convolution/build-convolution.ts";
import { checkGeometry, checkImage, type ImageShape } from "../init/convolution/convolution.ts";
import { kernelInitializerNamed } from "../init/convolution/registry.ts";
import { type KernelInitSpec, kernelInitFields } from "./kernel-init-spec.ts";
import type { MakingProgress } from "./making-progress.ts";

/** What all of them take. */
export interface ImageNetworkOptions {
  /** Of the images: channels, height and width, at least 1 each. */
  readonly input: ImageShape;
  /** Classes or values, at least 1. */
  readonly outputs: number;
  /** Integer in [0, 2⁵³). Default 0. */
  readonly seed?: number;
  /** Told how far the weights are, after each layer and, of wide orthogonal blocks, each row. */
  readonly onProgress?: (progress: MakingProgress) => void;
}

/**
 * Throws ArgumentError (`"bad-options"`, `"unknown-field"`, `"bad-image"`, `"bad-channels"`, `"bad-outputs"`,
 * `"unknown-initializer"`).
 */
export function checkImageNetwork(
  builder: string,
  options: ImageNetworkOptions & { readonly init?: KernelInitSpec },
  fields: readonly string[],
): void {
  checkFields(builder, options, ["input", "outputs", "seed", "init", "onProgress", ...fields]);
  const { input, outputs, init } = options;
  checkImage(input);
  checkWhole("channels", input.channels);
  checkWhole("outputs", outputs);
  if (init === undefined) return;
  checkFields("init", init, kernelInitFields);
  if (init.weights !== undefined) kernelInitializerNamed(init.weights);
}

/** Throws ArgumentError (`"bad-…"`) unless `value` is a whole number from `least`. */
export function checkWhole(what: string, value: number, least = 1): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ArgumentError(`bad-${what}`, `${what} must be a whole number from ${least}, not ${value}`);
}

/** Throws ArgumentError (`"bad-kernel-size"`). */
export function checkKernelSize(kernelSize: number): void {
  checkGeometry({ kernelSize, stride: 1, dilation: 1, padding: "zeros" });
}

/** Throws ArgumentError (`"image-too-small"`) naming the layer that makes images smaller than there are pixels. */
export function checkLeastSide({ height, width }: ImageShape, least: number, layer: string): void {
  if (Math.min(height, width) >= least) return;
  throw new ArgumentError(
    "image-too-small",
    `${layer}: images of ${height} x ${width} are too small for the downsampling that ends here; ` +
      `their sides must be at least ${least}`,
  );
}

/** The next multiple of `step` from `side` on. */
export function nextMultiple(side: number, step: number): number {
  return Math.ceil(side / step) * step;
}
