/**
 * @file What a run does where nobody says otherwise.
 */

import { DEFAULT_LANES, DEFAULT_SHARD_SIZE } from "../engine/index.ts";
import type { Start } from "../network/network.ts";
import type { SettingName, Settings } from "./settings.ts";

/**
 * Values that depend on nothing else, or on the model alone: those are of mlp here, and of the others in models.ts.
 * What depends on more is the functions below.
 */
export const defaults = {
  dataset: "digits",
  model: "mlp",
  depth: 32,
  width: 128,
  kernelSize: 3,
  downsample: "stride",
  activation: "tanh",
  topology: "sao",
  arrangement: "debruijn",
  sparsity: 0.875,
  augment: ["none"],
  epochs: 5,
  batchSize: 128,
  optimizer: "sgd",
  momentum: 0.9,
  nesterov: false,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  labelSmoothing: 0,
  schedule: "cosine",
  warmup: 0.25,
  floor: 0,
  milestones: [0.5, 0.75],
  decay: 0.1,
  testFraction: 0.2,
  dataSeed: 0,
  seed: 0,
  shardSize: DEFAULT_SHARD_SIZE,
  lanes: DEFAULT_LANES,
  reproducible: false,
  evalEvery: 1,
  checkpointEvery: 60,
} as const satisfies Settings;

/** In words, the defaults that depend on other settings, the dataset or the machine. */
export const defaultWords: Readonly<Partial<Record<SettingName, string>>> = {
  depth: "32, of lip-conv-net 10",
  width: "128, of convolutions 32, of resnets 16",
  kernelSize: "3, with eco on lip-conv-net 4",
  sparsity: "0.875, of convolutions 0.75, of edge-cnn 0.9375, of resnets 0",
  weights: "by model and topology",
  start: "by activation and weights",
  meanSquare: "by depth",
  scaleTargets: "yes",
  learningRate: "by model, depth and optimizer",
  weightDecay: "0.01 with adamw, else 0",
  loss: "by dataset",
  optimizer: "adam for plain convolutions, else sgd",
  clipNorm: "10 with sgd, else none",
  threads: "all of the machine's",
  memoryBudget: "4096",
};

/** What learning rates depend on besides the depth: `"normalized"` has batch normalization. */
export type LayerKinds = "linear" | "convolutions" | "normalized";

/**
 * The learning rate for a depth of weight layers.
 *
 * Of linear layers, as found on MNIST at width 128 from the critical start (docs/results/headline.md): SGD with
 * momentum 0.9 trains best near 0.1 at depth 10, 0.02 at 100 and 0.001 at 1000, Adam near 0.004, 0.001 and 0.00015.
 * Plain convolutions with SGD take about 0.4 of that and at most half, as every weight is used at many pixels: on a few
 * thousand images of CIFAR-10 at width 32, SGD trained best near 0.1 at depth 12, from 0.01 to 0.03 at 36 and near 0.006
 * at 104, of rates a factor of 3 apart, for three or four epochs; on MNIST 0.1 was too much at depth 9. Adam is their
 * default: delta kernels begin with every tap but one at 0, and it moves those as fast as the others. In 150 steps on
 * MNIST its best rates were 0.01 to 0.03 at depth 12 and 0.01 at 36, to 93.7 % where SGD's best gave 83.5 %. Batch
 * normalization makes the depth matter less: 0.1 is the rate of He et al., CVPR 2016, at depths 20 to 110.
 */
export function defaultLearningRate(
  depth: number,
  optimizer: "sgd" | "adam" | "adamw",
  kinds: LayerKinds = "linear",
): number {
  if (kinds === "normalized") return optimizer === "sgd" ? 0.1 : 1e-3;
  const images = kinds === "convolutions";
  const rate =
    optimizer === "sgd"
      ? Math.min(images ? 0.05 : 0.1, (images ? 4e-4 : 1e-3) * (1000 / depth) ** 1.2)
      : images
        ? 0.012 * Math.min(1, Math.sqrt(12 / depth))
        : Math.min(4e-3, 1.5e-4 * (1000 / depth) ** 0.8);
  return Number(rate.toPrecision(2));
}

/** Adam for plain convolutions, as `defaultLearningRate` says why. */
export function defaultOptimizer(kinds: LayerKinds): "sgd" | "adam" {
  return kinds === "convolutions" ? "adam" : defaults.optimizer;
}

/** Without it a few large gradients throw SGD off at great depth; shallow networks never reach it. */
export function defaultClipNorm(optimizer: "sgd" | "adam" | "adamw"): number | undefined {
  return optimizer === "sgd" ? 10 : undefined;
}

/** Decoupled decay is adamw's point; elsewhere there is none unless asked for. */
export function defaultWeightDecay(optimizer: "sgd" | "adam" | "adamw"): number {
  return optimizer === "adamw" ? 0.01 : 0;
}

/** Orthogonal where a closed form is known, nearly so on Ramanujan graphs; the random controls get theirs. */
export function defaultWeights(topology: string, activation: string): NonNullable<Settings["weights"]> {
  if (topology === "ramanujan") return "approximateIsometry";
  if (topology === "random" || topology === "fixed-fan-in")
    return activation === "relu" ? "kaiming" : "xavier";
  return "orthogonal";
}

/** What a model of convolutions usually has, where the topology has orthogonal weights over the channels. */
export function defaultKernelWeights(
  topology: string,
  usual: Settings["weights"],
): NonNullable<Settings["weights"]> {
  const closed = !["ramanujan", "random", "fixed-fan-in"].includes(topology);
  return closed && usual !== undefined ? usual : "kaiming";
}

/** 3 × 3 taps are the usual; sides that are powers of two, as LipConvNets have, suit eco's at 4 × 4 only. */
export function defaultKernelSize(model: string | undefined, weights: string): number {
  return model === "lip-conv-net" && weights === "eco" ? 4 : defaults.kernelSize;
}

/** Weights with which signals keep their size, so that a start has something to begin with. */
const isometric: readonly string[] = ["orthogonal", "approximateIsometry", "delta", "shift", "eco"];

/** How the activation's signals are kept from fading: docs/theory.md, sections 6 and 8. */
export function defaultStart(activation: string, weights: string): Start {
  if (!isometric.includes(weights)) return "none";
  if (activation === "tanh") return "critical";
  return activation === "relu" ? "looks-linear" : "none";
}
