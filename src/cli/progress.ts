/**
 * @file Progress of a run on stderr: a live line when it is a terminal, as much of it as fits, and one line per
 * epoch either way.
 */

import { Presets, SingleBar } from "cli-progress";
import type { StepEvent } from "../experiment/loop.ts";
import type { RunStart } from "../experiment/run.ts";
import type { TimedEpoch } from "../experiment/run-log.ts";
import { networkName } from "../experiment/run-records.ts";
import { count, decimal, duration, percent, plural } from "../experiment/words.ts";
import { colors } from "./colors.ts";
import { note } from "./output.ts";

/** Takes away what a terminal's line has, and goes back to its beginning. */
export const CLEAR_LINE = "\r\u001b[2K";

/** Draws the progress of one run. */
export interface Progress {
  /** What is being done before the start. */
  stage(text: string): void;
  start(start: RunStart): void;
  step(event: StepEvent): void;
  epoch(record: TimedEpoch): void;
  notice(text: string): void;
  stop(): void;
}

/** A progress display for stderr as it is. */
export function createProgress(): Progress {
  return process.stderr.isTTY ? liveProgress() : lineProgress();
}

function lineProgress(): Progress {
  let epochs = 0;
  return {
    stage: () => {},
    start(run) {
      epochs = run.config.epochs;
      note(heading(run));
    },
    step: () => {},
    epoch: (record) => note(epochParts(record, epochs).join("  ")),
    notice: (text) => note(`note: ${text}`),
    stop: () => {},
  };
}

function liveProgress(): Progress {
  let line: LiveLine = { step: 0, firstStep: 0, steps: 1, epochs: 0, classes: true, samples: 0, since: 0 };
  const width = () => (process.stderr.columns || 80) - 1;
  const bar = new SingleBar(
    {
      format: () => fitWidth(parts(line), width()),
      stream: process.stderr,
      fps: 5,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      emptyOnZero: true,
    },
    Presets.legacy,
  );
  // Lines that stay are written where the bar was, and the bar goes on below.
  const above = (text: string) => {
    const active = bar.isActive;
    if (active) bar.stop();
    else process.stderr.write(CLEAR_LINE);
    note(text);
    if (active) bar.start(line.steps, line.step);
  };
  return {
    stage: (text) => process.stderr.write(`${CLEAR_LINE}${colors.dim(`${text} ...`)}`),
    start(run) {
      process.stderr.write(CLEAR_LINE);
      note(heading(run));
      const { step, steps, config } = run;
      const classes = config.loss === "cross-entropy";
      line = {
        ...line,
        step,
        steps,
        firstStep: step,
        epochs: config.epochs,
        classes,
        since: performance.now(),
      };
      bar.start(run.steps, run.step);
    },
    step(event) {
      const samples = line.samples + event.samples;
      line = { ...line, samples, step: event.position.step, event };
      bar.update(line.step);
    },
    epoch: (record) => above(fitWidth(epochParts(record, line.epochs), width())),
    notice: (text) => above(`${colors.yellow("note:")} ${text}`),
    stop() {
      bar.stop();
      process.stderr.write(CLEAR_LINE);
    },
  };
}

/** What the live line knows. */
export interface LiveLine {
  readonly step: number;
  /** The step this session began at, at time `since`. */
  readonly firstStep: number;
  readonly steps: number;
  readonly epochs: number;
  /** Whether there are accuracies to show. */
  readonly classes: boolean;
  /** Since `since`. */
  readonly samples: number;
  readonly since: number;
  readonly event?: StepEvent;
}

/** The parts of the live line, the most important first. */
export function parts(line: LiveLine, now = performance.now()): string[] {
  const { step, firstStep, steps, epochs, samples, since, event } = line;
  const epoch = Math.min(epochs, Math.floor((step * epochs) / steps) + 1);
  const share = `epoch ${epoch}/${epochs} ${((100 * step) / steps).toFixed(0).padStart(3)} %`;
  if (event === undefined) return [share];
  const { sums } = event.position;
  const seconds = (now - since) / 1000;
  const left = ((steps - step) * seconds) / Math.max(1, step - firstStep);
  return [
    share,
    `loss ${decimal(sums.loss / sums.samples)}`,
    ...(line.classes ? [`accuracy ${percent(sums.correct / sums.samples)}`] : []),
    `${duration(left)} left`,
    `${count(samples / seconds)} samples/s`,
    barOf(step / steps, 24),
  ];
}

/** As many whole parts as fit `width` columns, in their order. */
export function fitWidth(texts: readonly string[], width: number): string {
  let line = "";
  for (const text of texts) {
    const longer = line === "" ? text : `${line}  ${text}`;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}

function barOf(share: number, width: number): string {
  const full = Math.round(share * width);
  return `[${"=".repeat(full)}${" ".repeat(width - full)}]`;
}

function heading({
  config,
  layers,
  parameters,
  denseParameters,
  sparsity,
  kernels,
  ...run
}: RunStart): string {
  const fewer = (denseParameters / parameters).toFixed(1);
  const size =
    parameters === denseParameters ? "dense" : `sparsity ${sparsity.toFixed(3)}, ${fewer} x fewer than dense`;
  const resumed = run.step === 0 ? "" : `, from step ${count(run.step)} of ${count(run.steps)}`;
  return (
    `${config.dataset}: ${count(run.trainSamples)} training and ${count(run.testSamples)} test samples\n` +
    `${networkName({ config, layers })}, ${count(parameters)} parameters (${size})\n` +
    `learning rate ${config.learningRate}, ${plural(config.threads, "thread")}, ${kernels} kernels, in ${run.folder}${resumed}`
  );
}

/** One epoch in parts, the most important first. */
export function epochParts(record: TimedEpoch, epochs: number): string[] {
  const { epoch, trainLoss, trainAccuracy, testLoss, testAccuracy, samplesPerSecond } = record;
  const accuracy = (name: string, value: number | null) =>
    value === null ? [] : [`${name} ${percent(value)}`];
  return [
    `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`,
    `loss ${decimal(trainLoss)}`,
    ...(testAccuracy === null && testLoss !== null ? [`test loss ${decimal(testLoss)}`] : []),
    ...accuracy("test", testAccuracy),
    ...accuracy("train", trainAccuracy),
    `${count(samplesPerSecond)} samples/s`,
  ];
}
