/**
 * @file Plain convolutional networks: three convolutions that bring images to a quarter of their sides, any number of
 * convolutions of one width, the mean of every channel, a linear layer. No normalization, no shortcuts.
 *
 * The plain CNNs of Xiao et al., ICML 2018, and of Esguerra et al. 2023, which prunes their kernels before training.
 */

import { ArgumentError } from "../errors.ts";
import { assemble } from "./assemble.ts";
import { averagingHead, type Blueprint } from "./blueprint.ts";
import {
  checkImageNetwork,
  checkKernelSize,
  checkLeastSide,
  checkWhole,
  type ImageNetworkOptions,
  nextMultiple,
} from "./image-options.ts";
import type { KernelInitSpec } from "./kernel-init-spec.ts";
import type { Activation, AnyNetwork, Start } from "./network.ts";

/** How images become half as high and wide. */
export type Downsample = "stride" | "spaceToDepth";

export interface CnnOptions extends ImageNetworkOptions {
  /** Hidden convolutions after the stem, at least 1. */
  readonly depth: number;
  /** Channels of every convolution, at least 1. */
  readonly width: number;
  /** Taps a side. Default 3. */
  readonly kernelSize?: number;
  /** Of all layers but the last, which is linear. Default `"tanh"`. */
  readonly activation?: Activation;
  /** Weights are `"delta"` (default), `"shift"`, which learns faster, or `"kaiming"`. */
  readonly init: KernelInitSpec;
  /** `"stride"` (default) reads every second pixel; `"spaceToDepth"` makes channels of all. */
  readonly downsample?: Downsample;
  /** As for `mlp`: default `"critical"` for tanh and `"looks-linear"` for ReLU with delta weights and no gain. */
  readonly start?: Start;
  /** q of the critical start, in (0, 1]. Default by the number of layers with weights. */
  readonly meanSquare?: number;
}

export const cnnFields = ["depth", "width", "kernelSize", "activation", "start", "meanSquare"] as const;

/**
 * Layers `stem.0`, `stem.1`, `stem.2` (the last two halve the sides; `stem.1.down`, `stem.2.down` before them with
 * space-to-depth, and a layer `pad` in front where 4 does not divide the sides), `layers.0`, `layers.1`, …, `pool`,
 * `flatten`, `head`, with zero padding.
 *
 * Sparsity counts kernels. Every convolution with as many input as output channels meets the request or the call
 * fails; the others, and the head, give way: where the topology cannot have the request on them, they are `sao` with
 * the nearest that it can have. With start `"looks-linear"` the width must be even.
 *
 * The starts are those of `mlp` of as many layers (docs/theory.md, section 8), at every pixel; `foldInputScale`
 * is still to measure the inputs, and the outputs after pooling.
 *
 * At a stride, delta kernels pass on one pixel in four: the mean square of the signals is kept, of the image a quarter
 * of the energy. Every tap is trained, so that is the start only.
 *
 * Throws ArgumentError for values out of range, fields that do not exist, contradictions and images too small
 * (`"image-too-small"`), InfeasibleError for a request that a layer cannot meet; the message names the layer and the
 * nearest request that all can.
 */
export function cnn(options: CnnOptions): AnyNetwork {
  checkImageNetwork("cnn", options, [...cnnFields, "downsample"]);
  const { input, outputs, kernelSize = 3, activation = "tanh", init, downsample = "stride" } = options;
  if (downsample !== "stride" && downsample !== "spaceToDepth") {
    throw new ArgumentError("bad-downsample", `downsample must be stride or spaceToDepth, not ${downsample}`);
  }
  if (init?.weights === "eco") {
    throw new ArgumentError(
      "bad-eco",
      "eco weights need circular borders and no strides: use cnnEco (cnn-eco), or weights delta",
    );
  }
  checkCnn(options);
  checkLeastSide(input, 4, "stem.2");
  const recipe = {
    input,
    activation,
    init: { ...init, weights: init.weights ?? "delta" },
    kernelSize,
    borders: "zeros" as const,
    start: options.start,
    meanSquare: options.meanSquare,
    seed: options.seed ?? 0,
    onProgress: options.onProgress,
  };
  const { height, width } = input;
  const padded = { height: nextMultiple(height, 4), width: nextMultiple(width, 4) };
  const pads = downsample === "spaceToDepth" && (padded.height !== height || padded.width !== width);
  return assemble(recipe, [
    ...(pads ? [{ kind: "pad" as const, name: "pad", ...padded }] : []),
    ...plainLayers(options, activation, downsample),
    ...averagingHead(outputs),
  ]);
}

/** Throws ArgumentError for what plain networks of both kinds need. */
export function checkCnn(options: Pick<CnnOptions, "init" | "depth" | "width" | "kernelSize">): void {
  if (options.init === undefined) {
    throw new ArgumentError("bad-init", "a network needs init, e.g. init: sao({ sparsity: 0.75 })");
  }
  checkWhole("depth", options.depth);
  checkWhole("width", options.width);
  checkKernelSize(options.kernelSize ?? 3);
}

/** The stem and the hidden convolutions. */
export function plainLayers(
  { depth, width }: Pick<CnnOptions, "depth" | "width">,
  activation: Activation,
  downsample: Downsample,
): Blueprint[] {
  const convolution = { kind: "convolution" as const, channels: width, activation };
  const halving = (name: string): Blueprint[] =>
    downsample === "stride"
      ? [{ ...convolution, name, stride: 2, atEnd: true }]
      : [
          { kind: "spaceToDepth", name: `${name}.down`, side: 2 },
          { ...convolution, name, atEnd: true },
        ];
  return [
    { ...convolution, name: "stem.0", atEnd: true },
    ...halving("stem.1"),
    ...halving("stem.2"),
    ...Array.from({ length: depth }, (_, i) => ({ ...convolution, name: `layers.${i}` })),
  ];
}
