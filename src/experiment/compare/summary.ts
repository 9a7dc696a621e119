/**
 * @file What a comparison came to: each run, each line of runs with means and intervals, each search and each network
 * before training. The report, the tables and results.json all show this, and nothing else.
 */

import { basename } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import { methodNamed } from "../../sparsify/index.ts";
import { type Comparison, settingsOf } from "./complete.ts";
import { type Flops, totalFlops } from "./flops.ts";
import { type Infeasible, type Line, type NetworkSpec, specOf } from "./grid.ts";
import type { ProbeResult } from "./probe.ts";
import type { RunStatus, TrainResult, Wall } from "./results.ts";
import { type Reached, type RunRecord, runRecord } from "./run-record.ts";
import { guessing } from "./samples.ts";
import { type Counted, countJobs, type Known, type LineJobs } from "./schedule.ts";
import type { CompareSettings } from "./settings.ts";
import { type Estimate, estimate } from "./statistics.ts";

/** How many of a line's runs reached a target, and how soon. */
export interface LineReached {
  readonly target: number;
  readonly runs: number;
  readonly iterations: Estimate | null;
  readonly flops: Estimate | null;
}

/** Runs that differ in nothing but the seed. */
export interface LineSummary extends NetworkSpec {
  readonly askedStart: Line["askedStart"];
  readonly steps: number;
  /** Null while it is being searched. */
  readonly learningRate: number | null;
  readonly searched: boolean;
  /** The best rate was the smallest or the largest tried. */
  readonly rateAtEdge: boolean;
  /** Runs asked for, and how those that are finished ended. */
  readonly seeds: number;
  readonly ended: Readonly<Record<RunStatus, number>>;
  /** Runs that ended while they were denser than asked, and count as guessing. */
  readonly tooDense: number;
  /** Of all finished runs, diverged ones with what they had. */
  readonly accuracy: Estimate | null;
  readonly iterations: Estimate | null;
  readonly flops: Estimate | null;
  /** Means of what `flops` is made of. */
  readonly flopsOf: Flops | null;
  /** Of the search for its learning rate, which is not in `flops`. */
  readonly searchFlops: number;
  readonly parameters: { readonly start: number; readonly end: number } | null;
  readonly sparsityReached: number | null;
  /** Largest of all runs, of training, and with the dense network that connections are scored through. */
  readonly engineBytes: number | null;
  readonly peakBytes: number | null;
  readonly fileBytes: number | null;
  readonly reached: readonly LineReached[];
  readonly wall: { readonly seconds: Estimate | null; readonly processBytes: number | null };
}

/** A search for a learning rate. */
export interface SearchRecord extends NetworkSpec {
  readonly steps: number;
  readonly trials: readonly {
    readonly learningRate: number;
    readonly status: RunStatus;
    /** On the samples held out. */
    readonly accuracy: number;
    readonly loss: number | null;
    readonly flops: number;
    readonly wall: Wall;
  }[];
  readonly chosen: number | null;
  readonly atEdge: boolean;
}

/** A network before training; `result` null where there is none of finite numbers. */
export interface ProbeRecord extends NetworkSpec {
  readonly seed: number;
  readonly result: ProbeResult | null;
}

/** A method, for legends. */
export interface MethodRecord {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly source: string;
  readonly when: string;
}

export interface ComparisonResults {
  readonly format: 1;
  readonly dataset: {
    readonly name: string;
    readonly trainSamples: number;
    readonly testSamples: number;
    readonly classes: number;
    /** Accuracy of always naming the commonest class. */
    readonly guessing: number;
  };
  readonly settings: CompareSettings;
  readonly counted: Counted;
  readonly methods: readonly MethodRecord[];
  readonly lines: readonly LineSummary[];
  readonly runs: readonly RunRecord[];
  readonly searches: readonly SearchRecord[];
  readonly probes: readonly ProbeRecord[];
  readonly infeasible: readonly Infeasible[];
}

/** Sums up what is known so far. */
export function summarize(
  comparison: Comparison,
  dataset: Dataset,
  plans: readonly LineJobs[],
  infeasible: readonly Infeasible[],
  known: Known,
): ComparisonResults {
  const { targets } = comparison.shared;
  const runs = new Map(
    plans
      .flatMap(({ cells }) => cells)
      .flatMap((job) => {
        const outcome = known.get(job.id);
        return outcome === undefined ? [] : [[job.id, runRecord(job, outcome, dataset, targets)] as const];
      }),
  );
  const names = new Set([
    ...plans.map(({ line }) => line.method),
    ...infeasible.map(({ spec }) => spec.method),
  ]);
  return {
    format: 1,
    dataset: {
      name: basename(dataset.name),
      trainSamples: dataset.train.count,
      testSamples: dataset.test.count,
      classes: dataset.outputs,
      guessing: guessing(dataset.test, dataset.outputs),
    },
    settings: withoutPlaces(settingsOf(comparison)),
    counted: countJobs(plans, known),
    methods: [...names].map((name) => {
      const { title, summary, source, when } = methodNamed(name);
      return { name, title, summary, source, when };
    }),
    lines: plans.map((plan) => summarizeLine(plan, known, runs, targets)),
    runs: [...runs.values()],
    searches: distinctSearches(plans).flatMap((plan) => searchRecord(plan, known)),
    probes: distinct(plans.map(({ probe }) => probe)).flatMap(({ id, key }) => {
      const found = known.get(id);
      return found === undefined
        ? []
        : [{ ...key.network, seed: key.seed, result: found.result as ProbeResult | null }];
    }),
    infeasible,
  };
}

/** Settings without where the data lie, which is nobody's business. */
function withoutPlaces({ data, ...settings }: CompareSettings): CompareSettings {
  const { dataset = "" } = settings;
  return { ...settings, dataset: basename(dataset) };
}

function distinct<T extends { readonly id: string }>(jobs: readonly T[]): T[] {
  return [...new Map(jobs.map((job) => [job.id, job])).values()];
}

/** One plan for each search. */
function distinctSearches(plans: readonly LineJobs[]): LineJobs[] {
  const searched = plans.filter(({ trials }) => trials.length > 0);
  return [...new Map(searched.map((plan) => [plan.trials[plan.beyond.smallest].id, plan])).values()];
}

function summarizeLine(
  plan: LineJobs,
  known: Known,
  records: ReadonlyMap<string, RunRecord>,
  targets: readonly number[],
): LineSummary {
  const { line, choice, trials } = plan;
  const { askedStart, steps, seeds } = line;
  const runs = plan.cells.flatMap(({ id }) => records.get(id) ?? []);
  const [first] = runs;
  const ended: Record<RunStatus, number> = { trained: 0, guessing: 0, diverged: 0 };
  for (const { status } of runs) ended[status]++;
  return {
    ...specOf(line),
    askedStart,
    steps,
    learningRate: choice?.learningRate ?? null,
    searched: trials.length > 0,
    rateAtEdge: (choice?.edge ?? null) !== null,
    seeds: seeds.length,
    ended,
    tooDense: runs.filter(({ reachedSparsity }) => !reachedSparsity).length,
    accuracy: estimate(runs.map(({ accuracy }) => accuracy)),
    iterations: estimate(runs.map(({ iterations }) => iterations)),
    flops: estimate(runs.map(({ flops }) => totalFlops(flops))),
    flopsOf: meanFlops(runs),
    searchFlops: trials.reduce((sum, { id }) => sum + flopsOf(known, id), 0),
    parameters: first?.parameters ?? null,
    sparsityReached: first?.sparsityReached.end ?? null,
    engineBytes: largest(runs.map(({ engineBytes }) => engineBytes)),
    peakBytes: largest(runs.map(({ peakBytes }) => peakBytes)),
    fileBytes: largest(runs.map(({ fileBytes }) => fileBytes)),
    reached: targets.map((target, i) =>
      lineReached(
        target,
        runs.map((run) => run.reached[i]),
      ),
    ),
    wall: {
      seconds: estimate(runs.map(({ wall }) => wall.seconds)),
      processBytes: largest(runs.map(({ wall }) => wall.processBytes)),
    },
  };
}

function meanFlops(runs: readonly RunRecord[]): Flops | null {
  if (runs.length === 0) return null;
  const mean = (kind: keyof Flops) => runs.reduce((sum, { flops }) => sum + flops[kind], 0) / runs.length;
  return { forward: mean("forward"), backward: mean("backward"), scoring: mean("scoring") };
}

function lineReached(target: number, found: readonly Reached[]): LineReached {
  const numbers = (values: (number | null)[]) => values.filter((value) => value !== null);
  const iterations = numbers(found.map((run) => run.iterations));
  return {
    target,
    runs: iterations.length,
    iterations: estimate(iterations),
    flops: estimate(numbers(found.map((run) => run.flops))),
  };
}

function searchRecord({ line, trials, choice }: LineJobs, known: Known): SearchRecord[] {
  const done = trials.filter(({ id }) => known.has(id));
  if (done.length === 0) return [];
  return [
    {
      ...specOf(line),
      steps: line.searchSteps,
      trials: done.map(({ id, key }) => {
        const { result, wall } = known.get(id)!;
        const { status, accuracy, loss } = result as TrainResult;
        return { learningRate: key.learningRate, status, accuracy, loss, flops: flopsOf(known, id), wall };
      }),
      chosen: choice?.learningRate ?? null,
      atEdge: (choice?.edge ?? null) !== null,
    },
  ];
}

function flopsOf(known: Known, id: string): number {
  const result = known.get(id)?.result as TrainResult | undefined;
  return result === undefined ? 0 : totalFlops(result.flops);
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
