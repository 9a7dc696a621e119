/** @file The machine's peak: which of the shapes of multiply+add that were timed is the best. */

import { spread } from "./measure.mjs";

/** Milliseconds of a turn of a shape, or of a kernel beside it. */
export const LEAST = 8;

/**
 * GFLOP/s of each shape, a value a round, by name, and the best of them by its median. `times`: milliseconds by name;
 * `flops`: of one repetition, by name, as shapes do not all make as many operations.
 */
export function peakOf(times, flops) {
  const rates = Object.fromEntries(
    Object.entries(flops).map(([name, count]) => [name, times[name].map((ms) => count / ms / 1e6)]),
  );
  const peak = Object.values(rates).reduce((a, b) => (spread(a).median >= spread(b).median ? a : b));
  return { rates, peak };
}
