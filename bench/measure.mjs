/**
 * @file Fair timing on a machine that is never quite quiet: contestants take turns, A B C A B C …, so that
 * whatever disturbs one disturbs all, and ratios are taken within a round before their median is.
 */

import { setTimeout as sleep } from "node:timers/promises";

/** Rounds that are never cut, and those of contestants whose turn takes longer than `SLOW` milliseconds. */
const FEWEST_ROUNDS = 5;
const SLOW_ROUNDS = 3;
const SLOW = 2000;
/** Milliseconds in which the threads of a process that had its turn go to sleep: OpenBLAS's spin for up to 120. */
const REST = 150;
/** Of a turn, so much again goes before it and is not counted. */
const UNCOUNTED = 1 / 3;
/** Milliseconds that go uncounted at least where another process had the turn before. */
const WAKING = 50;

/**
 * Milliseconds per repetition of each contestant, by name, one value a round; a slow contestant has fewer.
 *
 * A contestant is `(count) => …`, which does its work `count` times; it may be async, and may return the milliseconds
 * it took if it knows better. If it works in another process, its property `process` names that. Counts are chosen so
 * that a turn takes `least` milliseconds. Before a turn is counted there are repetitions that are not, one at least:
 * after a rest, or beside a thread of someone else's that still spins, a machine may take a good while to give
 * a second thread a core of its own. After another process's turn there is a rest, and more that is not counted. Once
 * `seconds` have passed no new round begins, but for the first few.
 */
export async function interleave(contestants, { rounds, least = 20, seconds = 60 }) {
  const entries = Object.entries(contestants);
  const turns = new Map();
  let last;
  const enter = async (contestant) => {
    const other = last !== undefined && last !== contestant.process;
    last = contestant.process;
    if (other) await sleep(REST);
    return other;
  };
  // Twice, because what runs first runs in the engine's quick compiler; what takes long has left it after once.
  for (let warmUp = 0; warmUp < 2; warmUp++) {
    for (const [name, run] of entries) {
      if (turns.get(name)?.took > SLOW) continue;
      await enter(run);
      turns.set(name, await calibrate(run, least));
    }
  }
  const end = performance.now() + 1000 * seconds;
  const times = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    if (round >= FEWEST_ROUNDS && performance.now() > end) break;
    for (const [name, run] of entries) {
      const { count, took } = turns.get(name);
      const slow = took > SLOW;
      if (slow && round >= SLOW_ROUNDS) continue;
      const uncounted = Math.max(UNCOUNTED * took, (await enter(run)) ? WAKING : 0);
      if (!slow) await run(Math.ceil((count * uncounted) / took));
      times[name].push((await timed(run, count)) / count);
    }
  }
  return times;
}

/** `run` as a contestant that works in the process of this name. */
export function inProcess(process, run) {
  return Object.assign((count) => run(count), { process });
}

async function timed(run, count) {
  const start = performance.now();
  const told = await run(count);
  return told ?? performance.now() - start;
}

/** How many repetitions take `least` milliseconds, and how many milliseconds a turn of so many then takes. */
async function calibrate(run, least) {
  for (let tried = 1; ; tried *= 4) {
    const took = await timed(run, tried);
    if (took < least / 4) continue;
    const count = Math.max(1, Math.round((tried * least) / took));
    return { count, took: (took / tried) * count };
  }
}

/** Median and quartiles. */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction) => {
    const place = fraction * (sorted.length - 1);
    const low = Math.floor(place);
    return sorted[low] + (place - low) * (sorted[Math.ceil(place)] - sorted[low]);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), rounds: sorted.length };
}

/** Spread of a ÷ b, round by round, over the rounds that both took part in. */
export function ratio(a, b) {
  const rounds = Math.min(a.length, b.length);
  return spread(a.slice(0, rounds).map((value, round) => value / b[round]));
}

/** The name of the contestant with the least median. */
export function fastest(times, names = Object.keys(times)) {
  return names.reduce((a, b) => (spread(times[a]).median <= spread(times[b]).median ? a : b));
}

/** Least squares y = intercept + slope·x: with R² and the largest residual relative to y. */
export function linearFit(xs, ys) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const slope =
    xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i] - my), 0) /
    xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  const intercept = my - slope * mx;
  const residuals = xs.map((x, i) => ys[i] - intercept - slope * x);
  const rSquared =
    1 - residuals.reduce((sum, r) => sum + r * r, 0) / ys.reduce((sum, y) => sum + (y - my) ** 2, 0);
  const worst = Math.max(...residuals.map((r, i) => Math.abs(r / ys[i])));
  return { slope, intercept, rSquared, worstRelativeResidual: worst };
}
