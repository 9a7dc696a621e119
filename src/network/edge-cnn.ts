/**
 * @file A small convolutional network for small images: few layers, sparse from the start, about 50 000 parameters.
 *
 * Channels are cheap where kernels are few, so it is wide and sparse in place of narrow and dense: space-to-depth keeps
 * every pixel on the way down and multiplies the channels, and one kernel in sixteen mixes them (SAO-Delta,
 * docs/theory.md, section 7).
 */

import { ArgumentError } from "../errors.ts";
import { assemble } from "./assemble.ts";
import { averagingHead, type Blueprint } from "./blueprint.ts";
import {
  checkImageNetwork,
  checkLeastSide,
  type ImageNetworkOptions,
  nextMultiple,
} from "./image-options.ts";
import type { KernelInitSpec } from "./kernel-init-spec.ts";
import type { Activation, AnyNetwork } from "./network.ts";

export interface EdgeCnnOptions extends ImageNetworkOptions {
  /** Weights are `"delta"` (default) or `"kaiming"`. Default: sparsity 15/16, 50 000 parameters. */
  readonly init?: KernelInitSpec;
  /** `"tanh"` (default) or any other, as for `cnn`. */
  readonly activation?: Activation;
}

/** Channels of the stages, and convolutions of each but the first, which has one. */
export const edgeStages = [
  { channels: 32, convolutions: 1 },
  { channels: 64, convolutions: 4 },
  { channels: 128, convolutions: 3 },
];

/** Layers; builds. */
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
  };
  return assemble(recipe, [
    ...(pads ? [{ kind: "pad" as const, name: "pad", height, width }] : []),
    ...edgeStages.flatMap((_, stage) => stageLayers(stage, activation)),
    ...averagingHead(outputs),
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
