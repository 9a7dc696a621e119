/**
 * @file From scores to masks: which connections of a network that is still dense are kept.
 */

import type { Frame } from "./frame.ts";
import { bareCounts } from "./layer-counts.ts";
import type { Scoring } from "./method.ts";
import { highest, highestOfAll } from "./top-k.ts";

/** A dense network about to be pruned, without twins. */
export interface Candidates {
  readonly frame: Frame;
  /** A layer each: [rows, columns, taps] row-major. */
  readonly weights: readonly Float32Array[];
}

/** Chooses, for each layer, the places that stay. */
export type Selection = (candidates: Candidates, scoring: Scoring) => Promise<readonly Int32Array[]>;

/** A layer each: [rows, columns] row-major; connections with higher scores stay. */
export type ScoringFunction = (
  candidates: Candidates,
  scoring: Scoring,
) => Promise<readonly Float64Array[]> | readonly Float64Array[];

/** Whether each layer keeps its own best connections, or the whole network the best of all. */
export type Scope = "layerwise" | "global";

/** Keeps the connections with the highest scores, as many as `layerCounts` says in each layer or in all. */
export function byScore(score: ScoringFunction, scope: Scope): Selection {
  return async (candidates, scoring) =>
    select(await score(candidates, scoring), bareCounts(candidates.frame), scope, copiesOf(candidates.frame));
}

/**
 * Indices of the best scores: `counts[i]` in each layer, or as many in total.
 *
 * @param copies how many connections each score stands for (twins); default 1
 */
export function select(
  scores: readonly Float64Array[],
  counts: readonly number[],
  scope: Scope,
  copies: readonly number[] = counts.map(() => 1),
): Int32Array[] {
  if (scope === "layerwise") return scores.map((layer, i) => highest(layer, counts[i]));
  const unit = Math.min(...copies);
  const costs = copies.map((copy) => copy / unit);
  const total = counts.reduce((sum, count, i) => sum + count * costs[i], 0);
  return highestOfAll(scores, total, costs);
}

/** Connections of the finished network for each one of the frame. */
export function copiesOf(frame: Frame): number[] {
  return frame.layers.map(({ copies }) => copies);
}
