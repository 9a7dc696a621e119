/**
 * @file Residual networks for small images: He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR
 * 2016, section 4.2. Every convolution is followed by batch normalization; pairs of them are bridged by shortcuts
 * without parameters (option A).
 */

import { ArgumentError } from "../errors.ts";
import { assemble } from "./assemble.ts";
import { averagingHead, type Blueprint } from "./blueprint.ts";
import {
  checkImageNetwork,
  checkLeastSide,
  checkWhole,
  type ImageNetworkOptions,
  nextMultiple,
} from "./image-options.ts";
import type { KernelInitSpec } from "./kernel-init-spec.ts";
import type { AnyNetwork } from "./network.ts";

export interface ResnetOptions extends ImageNetworkOptions {
  /** 6n + 2, n from 1: 20, 32, 44, 56, 110, …; layers with weights. */
  readonly depth: number;
  /** Channels of the first stage; the second has twice, the third four times as many. Default 16. */
  readonly width?: number;
  /** Weights are `"kaiming"` (default), `"delta"` or `"shift"`. Default: dense. */
  readonly init?: KernelInitSpec;
}

/**
 * Layers `stem.conv`, `stem.norm`, then in stages s = 0, 1, 2 blocks b = 0 … n − 1 of `stages.s.b.conv.0`, `norm.0`
 * (ReLU), `conv.1`, `norm.1`, `add` (ReLU), then `pool`, `flatten`, `head`. The first convolutions of stages 1 and 2
 * halve the sides. Images whose sides 4 does not divide are padded with zeros first (`pad`).
 *
 * All convolutions are 3 × 3. They have biases, as every convolution here; normalization cancels them, so they stay
 * 0, and resnet20 has 688 parameters more than the paper's 269 722 for 3 × 32 × 32 images and ten classes.
 *
 * Sparsity counts kernels; all but the first convolution and the head meet the request or the call fails.
 *
 * Throws as `cnn`, and ArgumentError (`"bad-depth"`) naming the nearest depths.
 */
export function resnet(options: ResnetOptions): AnyNetwork {
  checkImageNetwork("resnet", options, ["depth", "width"]);
  const { input, outputs, depth, width = 16, init = {}, seed = 0 } = options;
  checkDepth(depth);
  checkWhole("width", width);
  if (init.weights === "eco") {
    throw new ArgumentError(
      "bad-eco",
      "eco weights need circular borders and no strides, which a resnet has not: use weights kaiming or delta",
    );
  }
  checkLeastSide(input, 4, "stages.2.0.conv.0");
  const [height, width4] = [nextMultiple(input.height, 4), nextMultiple(input.width, 4)];
  const pads = height !== input.height || width4 !== input.width;
  const recipe = {
    input,
    activation: "relu" as const,
    init: { ...init, weights: init.weights ?? "kaiming" },
    kernelSize: 3,
    borders: "zeros" as const,
    start: "none" as const,
    seed,
    onProgress: options.onProgress,
  };
  const blocks = (depth - 2) / 6;
  return assemble(recipe, [
    ...(pads ? [{ kind: "pad" as const, name: "pad", height, width: width4 }] : []),
    { kind: "convolution", name: "stem.conv", channels: width, activation: "linear", atEnd: true },
    { kind: "batchNorm", name: "stem.norm", activation: "relu" },
    ...[0, 1, 2].flatMap((stage) => stageLayers(stage, blocks, width * 2 ** stage)),
    ...averagingHead(outputs),
  ]);
}

function checkDepth(depth: number): void {
  if (Number.isSafeInteger(depth) && depth >= 8 && depth % 6 === 2) return;
  const below = 6 * Math.floor((depth - 2) / 6) + 2;
  const nearest = !Number.isFinite(depth) ? "20, 32 or 56" : below < 8 ? "8" : `${below} or ${below + 6}`;
  throw new ArgumentError("bad-depth", `a resnet's depth is 6n + 2, n from 1, not ${depth}: use ${nearest}`);
}

function stageLayers(stage: number, blocks: number, channels: number): Blueprint[] {
  return Array.from({ length: blocks }, (_, b) => {
    const name = `stages.${stage}.${b}`;
    const stride = stage > 0 && b === 0 ? 2 : 1;
    const before = b > 0 ? `stages.${stage}.${b - 1}.add` : beforeStage(stage, blocks);
    const convolution = { kind: "convolution" as const, channels, activation: "linear" as const };
    const layers: Blueprint[] = [
      { ...convolution, name: `${name}.conv.0`, stride },
      { kind: "batchNorm", name: `${name}.norm.0`, activation: "relu" },
      { ...convolution, name: `${name}.conv.1` },
      { kind: "batchNorm", name: `${name}.norm.1`, activation: "linear" },
      { kind: "add", name: `${name}.add`, from: before, activation: "relu" },
    ];
    return layers;
  }).flat();
}

function beforeStage(stage: number, blocks: number): string {
  return stage === 0 ? "stem.norm" : `stages.${stage - 1}.${blocks - 1}.add`;
}
