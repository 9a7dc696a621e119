/**
 * @file Which job comes next: a line's network is looked at, its rates are tried, more of them where the best is at an
 * edge, and as soon as they all are, its cells are trained with the best. Nothing here depends on when jobs end, but their order.
 */

import { methodNamed } from "../../sparsify/index.ts";
import { denseWork } from "./compared-models.ts";
import type { Line } from "./grid.ts";
import type { Beyond, Job, JobMaker, ProbeKey, TrainKey, TrialKey } from "./job.ts";
import type { TrainResult } from "./results.ts";
import type { JobOutcome } from "./run-job.ts";
import { type Choice, chooseRate } from "./search.ts";

/** What is known so far, by the jobs' names. */
export type Known = ReadonlyMap<string, JobOutcome>;

/** A line's jobs as far as they are determined. */
export interface LineJobs {
  readonly line: Line;
  readonly probe: Job<ProbeKey>;
  /** By ascending rate; those beyond an edge are there once they are wanted. */
  readonly trials: readonly Job<TrialKey>[];
  /** How many of them are beyond the first ones. */
  readonly beyond: Beyond;
  /** Null until all trials are done; a fixed rate is chosen from the start. */
  readonly choice: Choice | null;
  /** One for each seed, in their order; none without a choice. */
  readonly cells: readonly Job<TrainKey>[];
}

/**
 * Plans lines; what does not change is made once.
 *
 * @param widen rates tried beyond an edge that is best, at most
 */
export function linePlanner(make: JobMaker, widen: number): (line: Line, known: Known) => LineJobs {
  const plans = new Map<Line, LineJobs>();
  return (line, known) => {
    let plan = plans.get(line) ?? firstPlan(line, make);
    while (plan.choice === null && plan.trials.every(({ id }) => known.has(id))) {
      plan = afterTrials(plan, known, make, widen);
    }
    plans.set(line, plan);
    return plan;
  };
}

/** With all trials done: one rate more beyond the edge, or the choice and its cells. */
function afterTrials(plan: LineJobs, known: Known, make: JobMaker, widen: number): LineJobs {
  const { line, beyond } = plan;
  const choice = chooseRate(
    plan.trials.map((job) => ({ job, result: known.get(job.id)!.result as TrainResult })),
  );
  if (choice.edge !== null && beyond.smallest + beyond.largest < widen) {
    const wider = { ...beyond, [choice.edge]: beyond[choice.edge] + 1 };
    return { ...plan, beyond: wider, trials: make.trials(line, wider) };
  }
  return { ...plan, choice, cells: cellsOf(line, choice.learningRate, make) };
}

function firstPlan(line: Line, make: JobMaker): LineJobs {
  const { learningRate } = line;
  const plan = { line, probe: make.probe(line), beyond: { smallest: 0, largest: 0 } };
  if (learningRate === null) return { ...plan, trials: make.trials(line), choice: null, cells: [] };
  const choice = { learningRate, edge: null };
  return { ...plan, trials: [], choice, cells: cellsOf(line, learningRate, make) };
}

function cellsOf(line: Line, rate: number, make: JobMaker): Job<TrainKey>[] {
  return line.seeds.map((seed) => make.cell(line, seed, rate));
}

/** All jobs of a line that are determined, in the order in which they are done. */
export function jobsOf({ probe, trials, cells }: LineJobs): Job[] {
  return [probe, ...trials, ...cells];
}

/** How many jobs there are and how many of them are done, cells apart. */
export interface Counted {
  readonly jobs: number;
  readonly jobsDone: number;
  readonly cells: number;
  readonly cellsDone: number;
  /** How much of the work is done, from 0 to 1: jobs by their steps and connections. */
  readonly share: number;
}

/** Counts each job once, also those that are not determined yet, but for rates beyond an edge that may be wanted. */
export function countJobs(plans: readonly LineJobs[], known: Known): Counted {
  const jobs = new Map<string, number>();
  const cells = new Set<string>();
  for (const { line, probe, trials, cells: determined, choice } of plans) {
    const perStep = workOfStep(line);
    const { askedStart, seeds, ...rest } = line;
    const ids =
      choice === null ? seeds.map((seed) => JSON.stringify([rest, seed])) : determined.map(({ id }) => id);
    jobs.set(probe.id, probeSteps * perStep);
    for (const { id, key } of trials) jobs.set(id, key.steps * perStep);
    for (const id of ids) {
      jobs.set(id, line.steps * perStep);
      cells.add(id);
    }
  }
  const done = [...jobs].filter(([id]) => known.has(id));
  const sum = (list: Iterable<[string, number]>) => [...list].reduce((total, [, work]) => total + work, 0);
  return {
    jobs: jobs.size,
    jobsDone: done.length,
    cells: cells.size,
    cellsDone: [...cells].filter((id) => known.has(id)).length,
    share: sum(done) / Math.max(1, sum(jobs)),
  };
}

/** About as many training steps as looking at a network takes. */
const probeSteps = 10;

/** About, in the unit of one connection. */
function workOfStep(line: Line): number {
  const densest = methodNamed(line.method).when === "after" ? 1 : 1 - line.sparsity;
  return denseWork(line) * densest;
}
