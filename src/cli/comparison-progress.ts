/**
 * @file Progress of a comparison on stderr: a live line for each job under way and one for the whole when it is a
 * terminal, and one line per finished run either way.
 */

import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { CompareStart } from "../experiment/compare/compare.ts";
import { describeSpec } from "../experiment/compare/grid.ts";
import type { Job } from "../experiment/compare/job.ts";
import type { JobOutcome } from "../experiment/compare/run-job.ts";
import type { Counted } from "../experiment/compare/schedule.ts";
import type { TrainingProgress } from "../experiment/compare/train-network.ts";
import { count, decimal, duration, percent, plural } from "../experiment/words.ts";
import { colors } from "./colors.ts";
import { note } from "./output.ts";
import { CLEAR_LINE, fitWidth } from "./progress.ts";
import { wrapWidth } from "./wrap-width.ts";

/** Draws the progress of one comparison. */
export interface ComparisonProgress {
  /** What is being done before the start. */
  stage(text: string): void;
  start(start: CompareStart): void;
  jobStart(slot: number, job: Job, threads: number): void;
  jobProgress(slot: number, progress: TrainingProgress): void;
  /** `outcome` is undefined for jobs that were stopped. */
  jobEnd(slot: number, job: Job, outcome: JobOutcome | undefined, counted: Counted): void;
  notice(text: string): void;
  stop(): void;
}

/** A progress display for stderr as it is. */
export function createComparisonProgress(): ComparisonProgress {
  return process.stderr.isTTY ? liveProgress() : lineProgress();
}

function lineProgress(): ComparisonProgress {
  return {
    stage: () => {},
    start: (start) => note(heading(start)),
    jobStart: () => {},
    jobProgress: () => {},
    jobEnd(_, job, outcome, counted) {
      if (outcome !== undefined && job.key.kind === "train")
        note(finishedParts(job, outcome, counted).join("  "));
    },
    notice: (text) => note(`note: ${text}`),
    stop: () => {},
  };
}

function liveProgress(): ComparisonProgress {
  const width = () => (process.stderr.columns || 80) - 1;
  const bars = new MultiBar(
    {
      format: (_, __, { line }: { line: () => readonly string[] }) =>
        fitWidth(cutFirst(line(), width()), width()),
      stream: process.stderr,
      fps: 5,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      emptyOnZero: true,
    },
    Presets.legacy,
  );
  let since = performance.now();
  const nothing: Counted = { jobs: 0, jobsDone: 0, cells: 0, cellsDone: 0, share: 0 };
  let [first, now] = [nothing, nothing];
  const slots: { bar: SingleBar; parts: readonly string[] }[] = [];
  const staysAbove = (text: string) => bars.log(`${text}\n`);
  return {
    stage: (text) => process.stderr.write(`${CLEAR_LINE}${colors.dim(`${text} ...`)}`),
    start(start) {
      process.stderr.write(CLEAR_LINE);
      note(heading(start));
      [since, first, now] = [performance.now(), start, start];
      for (let slot = 0; slot < start.slots; slot++) {
        const line = () => slots[slot].parts;
        slots.push({ bar: bars.create(1, 0, { line }), parts: [] });
      }
      bars.create(1, 0, { line: () => totalParts(now, first, (performance.now() - since) / 1000) });
    },
    jobStart(slot, job, threads) {
      slots[slot].parts = jobParts(job, threads);
    },
    jobProgress(slot, progress) {
      const [what] = slots[slot].parts;
      slots[slot].parts = [what, ...progressParts(progress)];
    },
    jobEnd(slot, job, outcome, counted) {
      now = counted;
      slots[slot].parts = [colors.dim("-")];
      if (outcome === undefined || job.key.kind !== "train") return;
      staysAbove(wrapWidth(finishedParts(job, outcome, counted), width()));
    },
    notice: (text) => staysAbove(`${colors.yellow("note:")} ${text}`),
    stop() {
      bars.stop();
      process.stderr.write(CLEAR_LINE);
    },
  };
}

/** The first part is shown even where it does not fit whole. */
function cutFirst([first = "", ...rest]: readonly string[], width: number): readonly string[] {
  return [first.length > width ? `${first.slice(0, width - 3)}...` : first, ...rest];
}

function heading(start: CompareStart): string {
  const left = start.infeasible === 0 ? "" : `, and ${count(start.infeasible)} that cannot be made`;
  const done = start.cellsDone === 0 ? "" : `, ${count(start.cellsDone)} of them done already`;
  return (
    `${start.dataset}: ${count(start.trainSamples)} training and ${count(start.testSamples)} test samples\n` +
    `${plural(start.cells, "run")}${left}${done}; ${plural(start.jobs - start.jobsDone, "job")} to do with searches, ` +
    `${count(start.slots)} at once, in ${start.folder}`
  );
}

const kinds = { train: "", trial: "rate of ", probe: "look at " } as const;

function jobParts({ key }: Job, threads: number): string[] {
  const seed = key.kind === "train" ? `, seed ${key.seed}` : "";
  return [
    `${kinds[key.kind]}${describeSpec(key.network)}${seed}`,
    threads > 1 ? plural(threads, "thread") : "",
  ];
}

function progressParts({ step, steps, loss, accuracy }: TrainingProgress): string[] {
  return [
    `${((100 * step) / steps).toFixed(0).padStart(3)} %`,
    ...(loss === null ? [] : [`loss ${decimal(loss)}`]),
    ...(accuracy === null ? [] : [`test ${percent(accuracy)}`]),
    `step ${count(step)}/${count(steps)}`,
  ];
}

function totalParts(
  { jobs, jobsDone, cells, cellsDone, share }: Counted,
  first: Counted,
  seconds: number,
): string[] {
  const made = share - first.share;
  return [
    `${count(cellsDone)}/${plural(cells, "run")}`,
    `${count(jobsDone)}/${plural(jobs, "job")}`,
    ...(made > 0 ? [`about ${duration(((1 - share) * seconds) / made)} left`] : []),
  ];
}

function finishedParts({ key }: Job, { result, wall }: JobOutcome, counted: Counted): string[] {
  if (result === null || !("points" in result)) return [];
  const { status, accuracy } = result;
  return [
    `[${counted.cellsDone}/${counted.cells}]`,
    `${describeSpec(key.network)}, ${key.kind === "train" ? `rate ${key.learningRate}, ` : ""}seed ${key.seed}`,
    `test ${percent(accuracy)}${status === "trained" ? "" : ` (${status})`}`,
    duration(wall.seconds),
  ];
}
