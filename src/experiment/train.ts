/**
 * @file Training as a library call: a network and a dataset in, a trained network out, no files.
 */

import type { Dataset } from "../data/dataset.ts";
import { inputWidth } from "../data/dataset.ts";
import { createTrainer } from "../engine/index.ts";
import type { Optimizer } from "../engine/optimizer.ts";
import type { Trainer } from "../engine/trainer.ts";
import { DataError } from "../errors.ts";
import { describeImage } from "../network/describe-layer.ts";
import { foldInputScale } from "../network/fold-input-scale.ts";
import { networkInput, networkOutput, sizeOf } from "../network/layer-shape.ts";
import {
  type AnyNetwork,
  isMlp,
  isWeighted,
  type Layer,
  type Network,
  parametersOf,
} from "../network/network.ts";
import { completeSettings, planOf, type RunConfig, trainerOptions } from "./config.ts";
import { defaults } from "./defaults.ts";
import { type EpochRecord, type StepEvent, trainingEvents } from "./loop.ts";
import { combine } from "./rules.ts";
import type { Settings } from "./settings.ts";
import { availableThreads, breather } from "./system.ts";
import { validateSettings } from "./validate.ts";

/** The settings of `sao train` that concern training, under the same names; all have defaults. */
export interface TrainOptions
  extends Pick<
    Settings,
    | "augment"
    | "scaleTargets"
    | "epochs"
    | "batchSize"
    | "learningRate"
    | "loss"
    | "labelSmoothing"
    | "clipNorm"
    | "schedule"
    | "warmup"
    | "floor"
    | "milestones"
    | "decay"
    | "seed"
    | "threads"
    | "shardSize"
    | "lanes"
    | "memoryBudget"
    | "reproducible"
    | "evalEvery"
  > {
  /** `sgd({…})`, `adam({…})` or `adamw({…})`, which may carry the learning rate. Default SGD with momentum 0.9. */
  readonly optimizer?: Optimizer;
  /** Stops after the step under way. */
  readonly signal?: AbortSignal;
  readonly onStep?: (event: StepEvent) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
}

/** What training came to. */
export interface TrainResult {
  readonly network: AnyNetwork;
  readonly history: readonly EpochRecord[];
  /** Of the last test; null before the first. */
  readonly testLoss: number | null;
  /** Fraction; null for regression and before the first test. */
  readonly testAccuracy: number | null;
  /** Whether `signal` ended it early. */
  readonly stopped: boolean;
}

/**
 * Trains `network` on `dataset`. The network given is updated in place too: its weights, its biases, its running
 * statistics, and its record of the input scale, which the critical start measures here on training samples if it has none yet. For a
 * regression with `scaleTargets` (the default) the network's outputs are standardised as `dataset.valueScale` says.
 *
 * @throws {ArgumentError} an option is out of range or contradicts another; {DataError} `shape-mismatch`;
 *   {RunError} `not-finite`: the loss stopped being finite, and the network is as it was after the last good step.
 */
export async function train(
  network: AnyNetwork,
  dataset: Dataset,
  options: TrainOptions = {},
): Promise<TrainResult> {
  const { optimizer, signal, onStep, onEpoch, ...rest } = options;
  const { kind, ...tuning } = optimizer ?? {};
  const says = (name: string) => name;
  const given = combine(
    {},
    validateSettings({ ...rest, optimizer: kind, ...tuning, ...rate(options) }, says),
    defaults,
    says,
  );
  checkShapes(network, dataset);
  const config = completeFor(network, given, dataset);
  const trainer = await createTrainer(withInputScale(network, dataset), trainerOptions(config));
  try {
    const history: EpochRecord[] = [];
    const breathe = breather();
    for (const event of trainingEvents(trainer, dataset, planOf(config, dataset))) {
      if (event.kind === "step") onStep?.(event);
      else {
        history.push(event.record);
        onEpoch?.(event.record);
      }
      await breathe();
      if (signal?.aborted) break;
    }
    const last = history.findLast((record) => record.testLoss !== null);
    return {
      network: trainer.network(),
      history,
      testLoss: last?.testLoss ?? null,
      testAccuracy: last?.testAccuracy ?? null,
      stopped: signal?.aborted ?? false,
    };
  } finally {
    copyBack(trainer, network);
    trainer.dispose();
  }
}

/**
 * The network with its critical or isometric start completed: the input scale measured on up to 2000 training
 * samples. As it is when it has another start, or was measured already.
 */
export function withInputScale<L extends Layer>(network: Network<L>, dataset: Dataset): Network<L> {
  const { critical } = network.provenance;
  if (critical === undefined || critical.inputScale !== undefined) return network;
  return foldInputScale(network, standardisedSamples(dataset, 2000));
}

/** The first training samples, at most `most`, standardised: [count, width]. */
export function standardisedSamples(dataset: Dataset, most: number): Float64Array {
  const width = inputWidth(dataset);
  const { mean, deviation, train } = dataset;
  const samples = new Float64Array(Math.min(most, train.count) * width);
  for (let i = 0; i < samples.length; i++) {
    const column = i % width;
    samples[i] = (train.inputs[i] - mean[column % mean.length]) / deviation[column % deviation.length];
  }
  return samples;
}

/** Throws DataError unless the network takes the dataset's inputs and gives its outputs. */
export function checkShapes(network: AnyNetwork, dataset: Dataset): void {
  const [taken, given] = [networkInput(network), sizeOf(networkOutput(network))];
  const { image, outputs, name } = dataset;
  const inputs = inputWidth(dataset);
  const images = network.layers[0].kind !== "linear";
  const same = images
    ? image !== undefined && describeImage(image) === describeImage(taken)
    : inputs === sizeOf(taken);
  if (same && given === outputs) return;
  const takes = images ? `images of ${describeImage(taken)}` : `${taken.channels} inputs`;
  const has = !images
    ? `${inputs} inputs`
    : image === undefined
      ? "no images"
      : `images of ${describeImage(image)}`;
  throw new DataError(
    "shape-mismatch",
    `the network takes ${takes} and gives ${given} outputs, but ${name} has ${has} and ${outputs} outputs`,
  );
}

/** `completeSettings` for what is trained here: the learning rate depends on the network. */
export function completeFor(network: AnyNetwork, settings: Settings, dataset: Dataset): RunConfig {
  const { layers } = network;
  const depth = layers.filter(isWeighted).length;
  const kinds = layers.some(({ kind }) => kind === "batchNorm")
    ? "normalized"
    : isMlp(network)
      ? "linear"
      : "convolutions";
  return completeSettings(settings, dataset, depth, availableThreads(), kinds);
}

function rate({ learningRate, optimizer }: TrainOptions): Settings {
  const chosen = learningRate ?? optimizer?.learningRate;
  return chosen === undefined ? {} : { learningRate: chosen };
}

function copyBack(trainer: Trainer<Layer>, network: AnyNetwork): void {
  const trained = trainer.network();
  for (const [i, layer] of network.layers.entries()) {
    const [own, learned] = [parametersOf(layer), parametersOf(trained.layers[i])];
    own.weights.set(learned.weights);
    own.bias.set(learned.bias);
    if (learned.statistics !== undefined) own.statistics?.set(learned.statistics);
  }
  Object.assign(network.provenance, trained.provenance);
}
