/**
 * @file The training loop: a generator of steps and epoch ends, so that whoever runs it decides when to draw
 * a progress bar, save, or stop. All that a later continuation needs is the `Position` of the last event: the
 * order of samples in epoch e depends on the seed and e alone, so that any step can be the last one.
 */

import type { Dataset, Split } from "../data/dataset.ts";
import { learningRateAt, type Schedule } from "../engine/schedule.ts";
import type { Evaluation, Trainer } from "../engine/trainer.ts";
import { randomStream } from "../math/random.ts";
import type { Layer } from "../network/network.ts";
import { type BatchPlan, batchOf, lossUnit, scaledSplit, trainingBatches } from "./batches.ts";

export { batchOf };

/** What the loop does with a trainer. */
export interface Plan extends BatchPlan {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Epochs from one test to the next; the last epoch is always tested. */
  readonly evalEvery: number;
}

/** Sums over the steps of an epoch so far. */
export interface EpochSums {
  readonly samples: number;
  /** Loss × samples. */
  readonly loss: number;
  readonly correct: number;
  /** Gradient norm, summed over steps. */
  readonly gradientNorm: number;
}

/** The best test of a run: the highest accuracy, or the lowest loss for regression. */
export interface BestTest {
  readonly epoch: number;
  readonly loss: number;
  /** Null for regression. */
  readonly accuracy: number | null;
}

/** Where a run stands between two steps. */
export interface Position {
  /** Steps made. */
  readonly step: number;
  readonly sums: EpochSums;
  /** Absent before the first test. */
  readonly best?: BestTest;
}

/** What one epoch came to. Accuracies are fractions; null for regression and where nothing was tested. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  readonly step: number;
  readonly learningRate: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number | null;
  /** Mean over the epoch's steps, before clipping. */
  readonly gradientNorm: number;
  readonly testLoss: number | null;
  readonly testAccuracy: number | null;
}

export interface StepEvent {
  readonly kind: "step";
  readonly position: Position;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly samples: number;
  /** The epoch's event comes next: nothing should be saved in between. */
  readonly endsEpoch: boolean;
}

export interface EpochEvent {
  readonly kind: "epoch";
  readonly position: Position;
  readonly record: EpochRecord;
  /** The test just made is the best so far. */
  readonly isBest: boolean;
}

const noSums: EpochSums = { samples: 0, loss: 0, correct: 0, gradientNorm: 0 };

/** Before the first step. */
export const start: Position = { step: 0, sums: noSums };

/** Steps in an epoch: the last one may hold fewer samples. */
export function stepsPerEpoch(dataset: Dataset, batchSize: number): number {
  return Math.ceil(dataset.train.count / batchSize);
}

/** Trains from `position` to the end of the plan. Throws what `trainer.step` throws. */
export function* trainingEvents(
  trainer: Trainer<Layer>,
  dataset: Dataset,
  plan: Plan,
  position: Position = start,
): Generator<StepEvent | EpochEvent, void> {
  const perEpoch = stepsPerEpoch(dataset, plan.batchSize);
  const total = perEpoch * plan.epochs;
  const batches = trainingBatches(dataset, plan);
  const unit = lossUnit(dataset, plan.scaleTargets);
  let { step, sums, best } = position;
  let order: Int32Array | undefined;
  while (step < total) {
    const epoch = Math.floor(step / perEpoch);
    order ??= randomStream(plan.seed).split("shuffle", epoch).permutation(dataset.train.count);
    const first = (step % perEpoch) * plan.batchSize;
    const batch = batches(epoch, order.subarray(first, first + plan.batchSize));
    const learningRate = learningRateAt(plan.schedule, plan.learningRate, step, total);
    const { gradientNorm, correct, ...result } = trainer.step(batch, learningRate);
    const loss = result.loss * unit;
    step++;
    sums = {
      samples: sums.samples + batch.count,
      loss: sums.loss + loss * batch.count,
      correct: sums.correct + correct,
      gradientNorm: sums.gradientNorm + gradientNorm,
    };
    const endsEpoch = step % perEpoch === 0;
    yield {
      kind: "step",
      position: { step, sums, best },
      loss,
      gradientNorm,
      learningRate,
      samples: batch.count,
      endsEpoch,
    };
    if (!endsEpoch) continue;
    const tested = (epoch + 1) % plan.evalEvery === 0 || step === total;
    const test = tested ? evaluateSplit(trainer, dataset, dataset.test, plan.scaleTargets) : undefined;
    const record = recordOf(epoch + 1, step, learningRate, sums, perEpoch, test, dataset);
    const isBest = isBetter(record, best);
    if (isBest) best = { epoch: epoch + 1, loss: record.testLoss!, accuracy: record.testAccuracy };
    sums = noSums;
    order = undefined;
    yield { kind: "epoch", position: { step, sums, best }, record, isBest };
  }
}

/**
 * Loss and accuracy of a whole split, some samples at a time. The loss is in the targets' own units, whether the
 * network was trained on standardised ones (`scaleTargets`) or not.
 */
export function evaluateSplit(
  trainer: Trainer<Layer>,
  dataset: Dataset,
  split: Split,
  scaleTargets = false,
): Evaluation {
  const chunk = 1024;
  const scaled = scaledSplit(dataset, split, scaleTargets);
  let [loss, correct] = [0, 0];
  for (let first = 0; first < split.count; first += chunk) {
    const count = Math.min(chunk, split.count - first);
    const indices = Int32Array.from({ length: count }, (_, i) => first + i);
    const part = trainer.evaluate(batchOf(dataset, scaled, indices));
    loss += part.loss * count;
    correct += part.accuracy * count;
  }
  return { loss: (loss / split.count) * lossUnit(dataset, scaleTargets), accuracy: correct / split.count };
}

function isBetter({ testLoss, testAccuracy }: EpochRecord, best: BestTest | undefined): boolean {
  if (testLoss === null || best === undefined) return testLoss !== null;
  if (testAccuracy === null || best.accuracy === null) return testLoss < best.loss;
  return testAccuracy > best.accuracy;
}

function recordOf(
  epoch: number,
  step: number,
  learningRate: number,
  sums: EpochSums,
  steps: number,
  test: Evaluation | undefined,
  dataset: Dataset,
): EpochRecord {
  const classes = dataset.train.labels !== undefined;
  return {
    epoch,
    step,
    learningRate,
    trainLoss: sums.loss / sums.samples,
    trainAccuracy: classes ? sums.correct / sums.samples : null,
    gradientNorm: sums.gradientNorm / steps,
    testLoss: test?.loss ?? null,
    testAccuracy: classes ? (test?.accuracy ?? null) : null,
  };
}
