/**
 * @file A run under way: drives the training loop, writes logs and checkpoints, and says how it went.
 */

import type { Dataset } from "../data/dataset.ts";
import type { Trainer } from "../engine/trainer.ts";
import { RunError } from "../errors.ts";
import { saveNetwork } from "../formats/index.ts";
import type { Layer } from "../network/network.ts";
import { identityMetadata, saveRunState } from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import { type Counts, countsOf } from "./counts.ts";
import { type LayerRepresentations, layerRepresentations } from "./layer-representations.ts";
import {
  type BestTest,
  type EpochEvent,
  type Plan,
  type Position,
  type StepEvent,
  trainingEvents,
} from "./loop.ts";
import { runFiles } from "./run-folder.ts";
import { openRunLog, type RunLog, readHistory, type TimedEpoch } from "./run-log.ts";
import { writeRunReport } from "./run-records.ts";
import { breather } from "./system.ts";

/** What is known when training begins. */
export interface RunStart extends Counts {
  readonly folder: string;
  readonly config: RunConfig;
  readonly kernels: string;
  /** Steps made already. */
  readonly step: number;
  readonly steps: number;
  readonly trainSamples: number;
  readonly testSamples: number;
  /** What the engine runs the layers as. */
  readonly representations: readonly LayerRepresentations[];
}

/** Who listens to a run. */
export interface RunHandlers {
  /** Stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onStart?: (start: RunStart) => void;
  readonly onStep?: (event: StepEvent) => void;
  readonly onEpoch?: (record: TimedEpoch) => void;
  /** Something the user should know. */
  readonly onNotice?: (text: string) => void;
}

/** How a run ended. */
export interface RunOutcome extends Counts {
  readonly status: "finished" | "interrupted";
  readonly folder: string;
  readonly config: RunConfig;
  readonly kernels: string;
  readonly step: number;
  /** Whole epochs made. */
  readonly epochs: number;
  /** Of the last test; null before the first. */
  readonly testLoss: number | null;
  /** Fraction; null for regression and before the first test. */
  readonly testAccuracy: number | null;
  readonly best: BestTest | null;
  /** Training time of the whole run, tests left out. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** Everything a run under way is made of. */
export interface Run {
  readonly folder: string;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly trainer: Trainer<Layer>;
  readonly plan: Plan;
}

/** Trains from `position` to the end of the plan, or to the signal, or to a loss that is not finite. */
export async function proceed(run: Run, position: Position, handlers: RunHandlers): Promise<RunOutcome> {
  const log = await openRunLog(run.folder, position.step);
  try {
    const steps = stepsOf(run);
    const network = run.trainer.network();
    handlers.onStart?.({
      ...countsOf(network),
      representations: layerRepresentations(network),
      folder: run.folder,
      config: run.config,
      kernels: run.trainer.kernels,
      step: position.step,
      steps,
      trainSamples: run.dataset.train.count,
      testSamples: run.dataset.test.count,
    });
    if (position.step >= steps)
      handlers.onNotice?.("this run is finished already: there is nothing left to train");
    const last = await trainAndSave(run, position, log, handlers);
    const outcome = await outcomeOf(run, last, last.step >= steps ? "finished" : "interrupted");
    await writeRunReport(outcome);
    return outcome;
  } finally {
    log.close();
  }
}

function stepsOf({ dataset, plan }: Run): number {
  return Math.ceil(dataset.train.count / plan.batchSize) * plan.epochs;
}

/** Returns the position reached, which is that of the checkpoint too. */
async function trainAndSave(run: Run, from: Position, log: RunLog, handlers: RunHandlers): Promise<Position> {
  const { trainer, dataset, plan, config, folder } = run;
  const files = runFiles(folder);
  const clock = trainingClock((await readHistory(folder)).at(-1)?.seconds ?? 0);
  const breathe = breather();
  const steps = stepsOf(run);
  let [position, saved, savedAt, cost] = [from, from, performance.now(), 0];
  const save = async () => {
    const began = performance.now();
    await saveRunState(files.checkpoint, trainer, position, dataset.train.count, config);
    [saved, savedAt, cost] = [position, performance.now(), performance.now() - began];
  };
  try {
    for (const event of trainingEvents(trainer, dataset, plan, from)) {
      position = event.position;
      if (event.kind === "step") {
        clock.step(event);
        log.step(event);
        handlers.onStep?.(event);
      } else await endEpoch(run, event, clock, log, handlers);
      await breathe();
      // Between an epoch's last step and its test there is nothing worth saving yet. Short epochs of a large
      // network are not all saved, or a run would spend its time on that.
      if (event.kind === "epoch" || !event.endsEpoch) {
        const patience = event.kind === "epoch" ? 10 * cost : 1000 * config.checkpointEvery;
        const due = performance.now() - savedAt > patience || position.step === steps;
        if (due || handlers.signal?.aborted) await save();
      }
      if (handlers.signal?.aborted && saved === position) return position;
      clock.resume();
    }
  } catch (error) {
    throw error instanceof RunError && error.code === "not-finite"
      ? diverged(error, run, position, saved)
      : error;
  }
  return position;
}

async function endEpoch(
  { trainer, folder, config }: Run,
  { record, isBest }: EpochEvent,
  clock: Clock,
  log: RunLog,
  handlers: RunHandlers,
): Promise<void> {
  const timed = { ...record, ...clock.epoch() };
  if (isBest) {
    const { epoch, testLoss, testAccuracy } = record;
    const metadata = new Map([
      ["best", JSON.stringify({ epoch, testLoss, testAccuracy })],
      identityMetadata(config),
    ]);
    await saveNetwork(trainer.network(), runFiles(folder).best, { metadata });
  }
  log.epoch(timed);
  handlers.onEpoch?.(timed);
}

function diverged(error: RunError, { config, folder }: Run, position: Position, saved: Position): RunError {
  const rate = config.learningRate / 3;
  return new RunError(
    "not-finite",
    `training diverged at step ${position.step + 1} (${error.message}); try --learning-rate ${rate.toPrecision(1)}, ` +
      `--clip-norm 1 or a longer --warmup; the checkpoint of step ${saved.step} is in ${folder}`,
    { cause: error },
  );
}

async function outcomeOf(run: Run, position: Position, status: RunOutcome["status"]): Promise<RunOutcome> {
  const history = await readHistory(run.folder);
  const tested = history.findLast((record) => record.testLoss !== null);
  const samples = run.dataset.train.count;
  const seconds = history.at(-1)?.seconds ?? 0;
  return {
    ...countsOf(run.trainer.network()),
    status,
    folder: run.folder,
    config: run.config,
    kernels: run.trainer.kernels,
    step: position.step,
    epochs: history.length,
    testLoss: tested?.testLoss ?? null,
    testAccuracy: tested?.testAccuracy ?? null,
    best: position.best ?? null,
    seconds,
    samplesPerSecond: seconds > 0 ? (samples * history.length) / seconds : 0,
  };
}

/** Measures training alone: tests, saving and drawing are left out. */
interface Clock {
  step(event: StepEvent): void;
  resume(): void;
  /** Totals at the end of an epoch. */
  epoch(): { seconds: number; samplesPerSecond: number };
}

function trainingClock(before: number): Clock {
  let [seconds, epochSeconds, epochSamples] = [before, 0, 0];
  let since = performance.now();
  return {
    step({ samples }) {
      const elapsed = (performance.now() - since) / 1000;
      seconds += elapsed;
      epochSeconds += elapsed;
      epochSamples += samples;
    },
    resume() {
      since = performance.now();
    },
    epoch() {
      const samplesPerSecond = epochSamples / epochSeconds;
      [epochSeconds, epochSamples] = [0, 0];
      return { seconds, samplesPerSecond };
    },
  };
}
