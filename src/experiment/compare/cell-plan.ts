/**
 * @file What follows from a cell's key and the dataset alone: the task of its method, the trainer's options, and after
 * which steps there is a test or a change of connections.
 */

import { type Dataset, inputWidth } from "../../data/dataset.ts";
import { learningRateAt, type TrainerOptions } from "../../engine/index.ts";
import {
  type Method,
  methodNamed,
  type Phase,
  phaseEnds,
  type Scoring,
  type Task,
} from "../../sparsify/index.ts";
import { planOf, trainerOptions } from "../config.ts";
import { stepsPerEpoch } from "../loop.ts";
import { imageTask } from "./compared-models.ts";
import { runConfig } from "./complete.ts";
import type { JobKey, TrainKey, TrialKey } from "./job.ts";
import { guessing, scoringOf } from "./samples.ts";

export interface CellPlan {
  readonly method: Method;
  readonly task: Task;
  readonly scoring: Scoring;
  readonly dataset: Dataset;
  readonly trainerOptions: TrainerOptions;
  /** Training steps, and how many of them pass over the samples once. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: (step: number) => number;
  /** Steps after which there is a test; the last one is `steps`. */
  readonly testAfter: ReadonlySet<number>;
  /** Test samples of all tests but the last. */
  readonly testSamples: number;
  /** Steps after which connections change. */
  readonly updateAfter: ReadonlySet<number>;
  /** Accuracy of always naming the commonest class. */
  readonly guessing: number;
}

/** Throws what the method's `phases` and `updater` throw. */
export function planCell(key: TrainKey | TrialKey, dataset: Dataset, threads: number): CellPlan {
  const { network, learningRate, steps } = key;
  const settings = { ...key.training, dataset: dataset.name };
  const config = runConfig(settings, dataset, network.depth, learningRate, threads);
  const method = methodNamed(network.method);
  const task = taskOf(key, dataset);
  const tests = key.kind === "train" ? key.evaluations : 1;
  return {
    method,
    task,
    scoring: scoringFor(key, dataset, threads),
    dataset,
    trainerOptions: trainerOptions(config),
    steps,
    stepsPerEpoch: stepsPerEpoch(dataset, config.batchSize),
    learningRate: rateInPhases(method.phases(task), steps, learningRate, planOf(config, dataset).schedule),
    testAfter: new Set(Array.from({ length: tests }, (_, i) => Math.ceil(((i + 1) * steps) / tests))),
    testSamples: key.kind === "train" ? key.evaluationSamples : dataset.test.count,
    updateAfter: new Set(method.updater?.steps(task, steps)),
    guessing: guessing(dataset.test, dataset.outputs),
  };
}

/** What a method is asked for. */
export function taskOf({ network, seed }: Pick<JobKey, "network" | "seed">, dataset: Dataset): Task {
  const { model, depth, width, sparsity, activation, start } = network;
  if (model !== undefined) return imageTask({ ...network, model }, seed, dataset);
  const hidden = new Array<number>(depth - 1).fill(width);
  const widths = [inputWidth(dataset), ...hidden, dataset.outputs];
  return { widths, activation, sparsity: { sparsity }, seed, start };
}

/** What the method of a job may see of the data. */
export function scoringFor(key: JobKey, dataset: Dataset, threads: number): Scoring {
  const config = runConfig(
    { ...key.training, dataset: dataset.name },
    dataset,
    key.network.depth,
    1,
    threads,
  );
  const { batchSize, reproducible } = config;
  return scoringOf(dataset, {
    seed: key.seed,
    batchSize,
    reproducible,
    threads,
    loss: trainerOptions(config).loss,
  });
}

/** The learning rate by step: the schedule begins anew in each phase, and warms up for a tenth of it at most. */
function rateInPhases(
  phases: readonly Phase[],
  steps: number,
  base: number,
  schedule: Parameters<typeof learningRateAt>[0],
): (step: number) => number {
  const ends = phaseEnds(phases, steps);
  return (step) => {
    const phase = ends.findIndex((end) => step < end);
    const from = phase === 0 ? 0 : ends[phase - 1];
    const length = ends[phase] - from;
    const warmupSteps = Math.min(schedule.warmupSteps ?? 0, Math.floor(length / 10));
    return learningRateAt(
      { ...schedule, warmupSteps },
      base * phases[phase].learningRate,
      step - from,
      length,
    );
  };
}
