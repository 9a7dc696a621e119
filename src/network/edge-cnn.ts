/**
 * @file A small convolutional network for small images: few layers, sparse from the start, about 50 000 parameters.
 *
 * Channels are cheap where kernels are few, so it is wide and sparse in place of narrow and dense: space-to-depth keeps
 * every pixel on the way down and multiplies the channels, and one kernel in sixteen mixes them (SAO-Delta,
 * docs/theory.md, section 7). The head sees where things are: it takes means over 2 × 2 pixels in place of whole
 * images, over which an odd activation such as tanh leaves little of edges, as they come with either sign.
 */

import { ArgumentError } from "../errors.ts";
import { assemble } from "./assemble.ts";
import type { Blueprint } from "./blueprint.ts";
import {
  checkImageNetwork,
  checkLeastSide,
  type ImageNetworkOptions,
  nextMultiple,
} from "./image-options.ts";
import type { KernelInitSpec } from "./kernel-init-spec.ts";
import type { Activation, AnyNetwork } from "./network.ts";

export interface EdgeCnnOptions extends ImageNetworkOptions {
  /** Weights are `"delta"` (default), `"shift"` or `"kaiming"`. Default: sparsity 15/16. */
  readonly init?: KernelInitSpec;
  /** Of all layers but the last, which is linear. Default `"tanh"`. */
  readonly activation?: Activation;
}

/** Convolutions and channels of each stage; between stages the sides are halved. */
export const edgeStages: readonly { readonly channels: number; readonly convolutions: number }[] = [
  { channels: 16, convolutions: 1 },
  { channels: 64, convolutions: 5 },
  { channels: 128, convolutions: 3 },
];

/**
 * Stages s = 0, 1, 2 of 3 × 3 convolutions `stages.s.i` with 16, 64 and 128 channels, space-to-depth `stages.s.down`
 * before the second and third; then `pool` (2 × 2), `flatten`, `head`. Images whose sides 4 does not divide are padded
 * with zeros first (`pad`). With ten outputs 51 306 parameters for 3 × 32 × 32 images, 50 410 for 1 × 28 × 28.
 *
 * Sparsity counts kernels; all but the first convolution and the head meet the request or the call fails. Starts and
 * errors as for `cnn`.
 */
export function edgeCnn(options: EdgeCnnOptions): AnyNetwork {
  checkImageNetwork("edgeCnn", options, ["activation"]);
  const { input, outputs, init = { sparsity: 15 / 16 }, activation = "tanh", seed = 0 } = options;
  if (init.weights === "eco") {
    throw new ArgumentError(
      "bad-eco",
      "eco weights need circular borders: use cnnEco (cnn-eco), or weights delta",
    );
  }
  checkLeastSide(input, 4, "stages.2.0");
  const [height, width] = [nextMultiple(input.height, 4), nextMultiple(input.width, 4)];
  const pads = height !== input.height || width !== input.width;
  const recipe = {
    input,
    activation,
    init: { ...init, weights: init.weights ?? "delta" },
    kernelSize: 3,
    borders: "zeros" as const,
    seed,
    onProgress: options.onProgress,
  };
  const window = { height: Math.min(2, height / 4), width: Math.min(2, width / 4) };
  return assemble(recipe, [
    ...(pads ? [{ kind: "pad" as const, name: "pad", height, width }] : []),
    ...edgeStages.flatMap((_, stage) => stageLayers(stage, activation)),
    { kind: "averagePool", name: "pool", window },
    { kind: "flatten", name: "flatten" },
    { kind: "head", name: "head", outputs },
  ]);
}

function stageLayers(stage: number, activation: Activation): Blueprint[] {
  const { channels, convolutions } = edgeStages[stage];
  return [
    ...(stage === 0 ? [] : [{ kind: "spaceToDepth" as const, name: `stages.${stage}.down`, side: 2 }]),
    ...Array.from({ length: convolutions }, (_, i) => ({
      kind: "convolution" as const,
      name: `stages.${stage}.${i}`,
      channels,
      activation,
      atEnd: stage === 0 && i === 0,
    })),
  ];
}
