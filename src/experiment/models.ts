/**
 * @file The networks that settings can ask for, each with the settings that mean something for it, where its defaults
 * are its own, and how it is built. Adding one is a name in settings.ts and an entry here.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import { initializerNames } from "../init/registry.ts";
import { cnn } from "../network/cnn.ts";
import { cnnEco } from "../network/cnn-eco.ts";
import { edgeCnn, edgeStages } from "../network/edge-cnn.ts";
import type { KernelInitSpec } from "../network/kernel-init-spec.ts";
import { lipConvNet } from "../network/lip-conv-net.ts";
import type { MakingProgress } from "../network/making-progress.ts";
import type { AnyNetwork } from "../network/network.ts";
import { resnet } from "../network/resnet.ts";
import { defaults } from "./defaults.ts";
import type { ModelName, SettingName, Settings } from "./settings.ts";

/** Settings of a network that not every model has; the others are those of topology and sparsity, and the gain. */
type OwnSetting = Extract<
  SettingName,
  "depth" | "width" | "layers" | "kernelSize" | "downsample" | "activation" | "start" | "meanSquare"
>;

/** Convolutions that are alike, for what a network of them takes. */
export interface Stage {
  readonly convolutions: number;
  /** That each gives. */
  readonly channels: number;
  /** Channels that each takes; default as many as it gives. */
  readonly inputs?: number;
  /** Taps a side. */
  readonly kernelSize: number;
  /** The image's sides are divided by it. */
  readonly shrink: number;
}

/** What a builder is told besides the settings. */
export interface ImageBuild {
  readonly input: ImageShape;
  readonly outputs: number;
  readonly init: KernelInitSpec;
  readonly seed: number;
  readonly onProgress?: (progress: MakingProgress) => void;
}

/** Complete settings: those of these that the model has are there. */
export type CompleteSettings = Settings & Required<Pick<Settings, "depth" | "width" | "kernelSize">>;

interface Common {
  readonly settings: readonly OwnSetting[];
  /** Weights that it can begin with. */
  readonly weights: readonly NonNullable<Settings["weights"]>[];
  /** Where they differ from those of mlp. */
  readonly defaults: Settings;
}

/** Layers of units; `build-network.ts` builds them, as their widths may be given one by one. */
export interface VectorModel extends Common {
  readonly takes: "vectors";
}

/** Convolutions on images. */
export interface ImageModel extends Common {
  readonly takes: "images";
  /** About what it is made of. */
  stages(settings: CompleteSettings): readonly Stage[];
  /** Throws what its builder throws. */
  build(settings: CompleteSettings, options: ImageBuild): AnyNetwork;
}

export type Model = VectorModel | ImageModel;

/** The sparsest that still has 8 kernels a channel at the usual width. */
const plainDefaults: Settings = { width: 32, sparsity: 0.75 };

/** The stem and the hidden convolutions of both plain networks. */
function plainStages({ depth, width: channels, kernelSize, downsample }: CompleteSettings): Stage[] {
  const inputs = downsample === "stride" ? channels : 4 * channels;
  return [
    { convolutions: 1, channels, kernelSize, shrink: 1 },
    { convolutions: 1, channels, inputs, kernelSize, shrink: 2 },
    { convolutions: 1, channels, inputs, kernelSize, shrink: 4 },
    { convolutions: depth, channels, kernelSize, shrink: 4 },
  ];
}

/** As published, unless told otherwise. */
function residual(depth: 20 | 32 | 56): ImageModel {
  return {
    takes: "images",
    settings: ["width"],
    weights: ["kaiming", "delta", "shift"],
    defaults: { weights: "kaiming", width: 16, sparsity: 0 },
    stages: ({ width }) =>
      [1, 2, 4].map((shrink) => ({
        convolutions: (depth - 2) / 3,
        channels: width * shrink,
        kernelSize: 3,
        shrink,
      })),
    build: ({ width }, options) => resnet({ ...options, depth, width }),
  };
}

/** All models, by name. */
export const models: Readonly<Record<ModelName, Model>> = {
  mlp: {
    takes: "vectors",
    settings: ["depth", "width", "layers", "activation", "start", "meanSquare"],
    weights: initializerNames,
    defaults: {},
  },
  cnn: {
    takes: "images",
    settings: ["depth", "width", "kernelSize", "downsample", "activation", "start", "meanSquare"],
    weights: ["delta", "shift", "kaiming"],
    defaults: { ...plainDefaults, weights: "delta" },
    stages: plainStages,
    build: ({ depth, width, kernelSize, downsample, activation, start, meanSquare }, options) =>
      cnn({ ...options, depth, width, kernelSize, downsample, activation, start, meanSquare }),
  },
  "cnn-eco": {
    takes: "images",
    settings: ["depth", "width", "kernelSize", "activation", "start", "meanSquare"],
    weights: ["eco", "delta", "shift", "kaiming"],
    defaults: { ...plainDefaults, weights: "eco" },
    stages: plainStages,
    build: ({ depth, width, kernelSize, activation, start, meanSquare }, options) =>
      cnnEco({ ...options, depth, width, kernelSize, activation, start, meanSquare }),
  },
  resnet20: residual(20),
  resnet32: residual(32),
  resnet56: residual(56),
  "lip-conv-net": {
    takes: "images",
    settings: ["depth", "width", "kernelSize"],
    weights: ["delta", "shift", "eco", "kaiming"],
    defaults: { ...plainDefaults, weights: "delta", depth: 10 },
    stages: ({ depth, width, kernelSize }) =>
      [1, 2, 4, 8, 16].flatMap((shrink) => {
        const channels = width * shrink;
        const taps = shrink === 16 ? 1 : kernelSize;
        return [
          { convolutions: depth / 5 - 1, channels, kernelSize, shrink },
          {
            convolutions: 1,
            channels: 2 * channels,
            inputs: 4 * channels,
            kernelSize: taps,
            shrink: 2 * shrink,
          },
        ];
      }),
    build: ({ depth, width, kernelSize }, options) => lipConvNet({ ...options, depth, width, kernelSize }),
  },
  "edge-cnn": {
    takes: "images",
    settings: ["activation"],
    weights: ["delta", "shift", "kaiming"],
    defaults: { weights: "delta", sparsity: 15 / 16 },
    stages: () => edgeStages.map((stage, i) => ({ ...stage, kernelSize: 3, shrink: 2 ** i })),
    build: ({ activation }, options) => edgeCnn({ ...options, activation }),
  },
};

/** The model of settings. */
export function modelOf({ model = defaults.model }: Settings): Model {
  return models[model];
}
