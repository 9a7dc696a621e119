/**
 * @file One run as reports tell it: what its cell came to, and what follows from that and from its key alone.
 */

import type { Dataset } from "../../data/dataset.ts";
import { denseBytes, layerCounts } from "../../sparsify/index.ts";
import { type CellPlan, planCell } from "./cell-plan.ts";
import type { NetworkSpec } from "./grid.ts";
import type { Job, TrainKey } from "./job.ts";
import type { TestPoint, TrainResult, Wall } from "./results.ts";
import type { JobOutcome } from "./run-job.ts";

/** Iterations and FLOPs to an accuracy; null: not reached. */
export interface Reached {
  readonly target: number;
  readonly iterations: number | null;
  readonly flops: number | null;
}

/** One run: a cell. */
export interface RunRecord extends NetworkSpec, TrainResult {
  readonly seed: number;
  readonly learningRate: number;
  readonly steps: number;
  /**
   * False: it ended while it was denser than asked. Then it is as good as guessing, whatever the denser network could
   * do: `accuracy` and the last of `points` say so.
   */
  readonly reachedSparsity: boolean;
  /** First tests of each target, of a network as sparse as planned for the end. */
  readonly reached: readonly Reached[];
  /** Tests; of a run that had no network to train, one before its first step. */
  readonly points: readonly TestPoint[];
  /** Most memory of the engine at one time: `engineBytes`, and the dense network where connections are scored. */
  readonly peakBytes: number;
  readonly wall: Wall;
}

/** What reports say of a finished cell. */
export function runRecord(
  { key }: Job<TrainKey>,
  { result, wall }: JobOutcome,
  dataset: Dataset,
  targets: readonly number[],
): RunRecord {
  const plan = planCell(key, dataset, 1);
  const { network, seed, learningRate, steps } = key;
  const { points, ...rest } = result as TrainResult;
  const final = finalConnections(plan);
  const last = points.at(-1);
  const reachedSparsity = last === undefined || last.nonZeros <= final;
  return {
    ...network,
    seed,
    learningRate,
    steps,
    ...rest,
    ...(reachedSparsity ? {} : asGuessing(rest.status, plan.guessing)),
    reachedSparsity,
    reached: targets.map((target) => firstReached(points, target, final)),
    points: shownPoints(points, reachedSparsity, plan.guessing),
    peakBytes: peakBytes(plan, rest.engineBytes),
    wall,
  };
}

/** The first test at which a network of at most `final` connections was at least this accurate. */
export function firstReached(points: readonly TestPoint[], target: number, final: number): Reached {
  const first = points.find(({ accuracy, nonZeros }) => accuracy >= target && nonZeros <= final);
  return { target, iterations: first?.step ?? null, flops: first?.flops ?? null };
}

/** Connections by which rankings of all layers may miss where they have twins. */
const missedByTwins = 3;

/** Connections that the method plans to end with, at most; without limit where it plans no fewer than it begins with. */
function finalConnections({ method, task }: CellPlan): number {
  if (method.when !== "after") return Number.POSITIVE_INFINITY;
  return layerCounts(task).reduce((sum, count) => sum + count, missedByTwins);
}

function asGuessing(status: TrainResult["status"], guessing: number) {
  return { status: status === "trained" ? "guessing" : status, accuracy: guessing, loss: null } as const;
}

function shownPoints(points: readonly TestPoint[], reachedSparsity: boolean, guessing: number): TestPoint[] {
  const last = points.at(-1) ?? { step: 0, flops: 0, nonZeros: 0 };
  const scored = { ...last, accuracy: guessing, loss: null };
  if (points.length === 0) return [scored];
  return reachedSparsity ? [...points] : [...points.slice(0, -1), scored];
}

/** Scores are found before training begins, or beside the network in training. */
function peakBytes({ method, task, trainerOptions, dataset }: CellPlan, engineBytes: number): number {
  const before = method.densePasses > 0;
  const beside = (method.updater?.densePasses ?? 0) > 0;
  if (!before && !beside) return engineBytes;
  const batchSize = Math.min(trainerOptions.batchSize, dataset.train.count);
  const dense = denseBytes(task, trainerOptions.loss, batchSize);
  return Math.max(before ? dense : 0, engineBytes + (beside ? dense : 0));
}
