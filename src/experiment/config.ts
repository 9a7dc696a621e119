/**
 * @file A run's settings made complete: every default that matters to the run is written out, so that the
 * config in a run folder says all and gives the same run again.
 */

import type { AugmentationName } from "../data/augmentation/augmenter.ts";
import type { Dataset } from "../data/dataset.ts";
import { adam, adamw, type Optimizer, sgd } from "../engine/optimizer.ts";
import type { Schedule } from "../engine/schedule.ts";
import type { Loss, TrainerOptions } from "../engine/trainer.ts";
import { ArgumentError } from "../errors.ts";
import {
  defaultClipNorm,
  defaultKernelSize,
  defaultKernelWeights,
  defaultLearningRate,
  defaultOptimizer,
  defaultStart,
  defaults,
  defaultWeightDecay,
  defaultWeights,
  type LayerKinds,
} from "./defaults.ts";
import { type Plan, stepsPerEpoch } from "./loop.ts";
import { modelOf } from "./models.ts";
import { applies } from "./rules.ts";
import { type SettingName, type Settings, settingHelp } from "./settings.ts";

/** The settings that every complete config has. */
const always = [
  "dataset",
  "epochs",
  "batchSize",
  "optimizer",
  "learningRate",
  "weightDecay",
  "loss",
  "schedule",
  "warmup",
  "seed",
  "threads",
  "shardSize",
  "lanes",
  "reproducible",
  "evalEvery",
  "checkpointEvery",
] as const;

/** Settings with every default that applies. */
export type RunConfig = Settings & Required<Pick<Settings, (typeof always)[number]>>;

/** Whether settings are such a config. */
export function isComplete(settings: Settings): settings is RunConfig {
  return always.every((name) => settings[name] !== undefined);
}

/** The sparsity request among settings, as `mlp` takes it. */
export const sparsityNames = ["sparsity", "degree", "groups", "compression"] as const;

/** Fills in the network's settings: all that make one, unless it comes from a file. */
export function completeNetworkSettings(given: Settings): Settings {
  if (given.from !== undefined) return given;
  const settings: Settings = { ...given };
  const fill = (name: SettingName, value: unknown) => {
    if (applies(name, settings)) settings[name] ??= value as never;
  };
  settings.model ??= defaults.model;
  const model = modelOf(settings);
  const usual = { ...defaults, ...model.defaults };
  fill("topology", usual.topology);
  fill("activation", usual.activation);
  const { topology = usual.topology, activation = usual.activation } = settings;
  fill(
    "weights",
    model.takes === "vectors"
      ? defaultWeights(topology, activation)
      : defaultKernelWeights(topology, model.defaults.weights),
  );
  const { weights = "" } = settings;
  fill("start", settings.gain === undefined ? defaultStart(activation, weights) : "none");
  if (settings.layers === undefined) {
    fill("depth", usual.depth);
    fill("width", usual.width);
  }
  fill("kernelSize", defaultKernelSize(settings.model, weights));
  fill("downsample", usual.downsample);
  fill("arrangement", usual.arrangement);
  if (sparsityNames.every((name) => settings[name] === undefined)) fill("sparsity", usual.sparsity);
  return settings;
}

/**
 * Fills in everything else.
 *
 * @param depth weight layers of the network, on which the learning rate depends
 * @param kinds of the network's layers, likewise
 * @throws {ArgumentError} `contradiction`: the loss or the augmentation does not fit the dataset, or the warm-up the
 *   epochs.
 */
export function completeSettings(
  given: Settings,
  dataset: Dataset,
  depth: number,
  threads: number,
  kinds: LayerKinds = "linear",
): RunConfig {
  const settings: Settings = { ...given };
  settings.dataset ??= defaults.dataset;
  if (dataset.train.values !== undefined) settings.scaleTargets ??= true;
  settings.loss ??= dataset.train.labels === undefined ? "mean-squared-error" : "cross-entropy";
  settings.optimizer ??= defaultOptimizer(kinds);
  settings.learningRate ??= defaultLearningRate(depth, settings.optimizer, kinds);
  settings.clipNorm ??= defaultClipNorm(settings.optimizer);
  settings.weightDecay ??= defaultWeightDecay(settings.optimizer);
  settings.threads ??= threads;
  for (const [name, value] of Object.entries(defaults) as [SettingName, never][]) {
    if (settingHelp(name).group === "Network") continue;
    settings.schedule ??= defaults.schedule;
    if (applies(name, settings)) settings[name] ??= value;
  }
  settings.epochs ??= defaults.epochs;
  if (given.warmup === undefined) settings.warmup = Math.min(defaults.warmup, settings.epochs / 10);
  checkAgainstDataset(settings as RunConfig, given, dataset);
  return settings as RunConfig;
}

function checkAgainstDataset(config: RunConfig, given: Settings, dataset: Dataset): void {
  if (config.loss === "cross-entropy" && dataset.train.labels === undefined) {
    throw new ArgumentError(
      "contradiction",
      `loss cross-entropy needs classes, and ${dataset.name} has values to predict; use mean-squared-error`,
    );
  }
  if (config.loss === "mean-squared-error" && dataset.train.labels !== undefined) {
    throw new ArgumentError(
      "contradiction",
      `loss mean-squared-error needs values to predict, and ${dataset.name} has classes; use cross-entropy`,
    );
  }
  if (given.labelSmoothing && config.loss !== "cross-entropy") {
    throw new ArgumentError(
      "contradiction",
      `label smoothing goes with loss cross-entropy, not ${config.loss}`,
    );
  }
  if (given.scaleTargets === true && dataset.train.values === undefined) {
    throw new ArgumentError(
      "contradiction",
      `standardised values go with a regression, and ${dataset.name} has classes; leave scale targets out`,
    );
  }
  if (augmentationsOf(config).length > 0 && dataset.image === undefined) {
    throw new ArgumentError(
      "contradiction",
      `augment ${config.augment} goes with images, and ${dataset.name} has none; use none`,
    );
  }
  if (config.warmup > config.epochs) {
    throw new ArgumentError(
      "contradiction",
      `warmup is ${config.warmup} epochs of ${config.epochs}: it must end before the run does`,
    );
  }
}

/** What the engine needs to know of a config. */
export function trainerOptions(config: RunConfig): TrainerOptions {
  const { batchSize, threads, shardSize, lanes, reproducible, clipNorm, memoryBudget } = config;
  return {
    batchSize,
    threads,
    shardSize,
    lanes,
    reproducible,
    clipNorm,
    memoryBudget: memoryBudget && memoryBudget * 2 ** 20,
    loss: lossOf(config),
    optimizer: optimizerOf(config),
  };
}

/** What the training loop needs to know of a config. */
export function planOf(config: RunConfig, dataset: Dataset): Plan {
  const { epochs, batchSize, learningRate, seed, evalEvery, scaleTargets } = config;
  const warmupSteps = Math.round(config.warmup * stepsPerEpoch(dataset, batchSize));
  const schedule = scheduleOf(config, warmupSteps);
  const augment = augmentationsOf(config);
  return { epochs, batchSize, learningRate, seed, evalEvery, schedule, augment, scaleTargets };
}

function augmentationsOf({ augment = [] }: RunConfig): AugmentationName[] {
  return augment.filter((name) => name !== "none");
}

function lossOf({ loss, labelSmoothing = 0 }: RunConfig): Loss {
  return loss === "cross-entropy" ? { kind: "crossEntropy", labelSmoothing } : { kind: "meanSquaredError" };
}

function optimizerOf({
  optimizer,
  momentum,
  nesterov,
  beta1,
  beta2,
  epsilon,
  weightDecay,
}: RunConfig): Optimizer {
  if (optimizer === "sgd") return sgd({ momentum, nesterov, weightDecay });
  return (optimizer === "adam" ? adam : adamw)({ beta1, beta2, epsilon, weightDecay });
}

function scheduleOf({ schedule, floor, milestones, decay }: RunConfig, warmupSteps: number): Schedule {
  if (schedule === "cosine") return { kind: "cosine", warmupSteps, floor };
  if (schedule === "constant") return { kind: "constant", warmupSteps };
  return {
    kind: "multistep",
    warmupSteps,
    milestones: milestones ?? defaults.milestones,
    factor: decay ?? defaults.decay,
  };
}
