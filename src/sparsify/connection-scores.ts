/**
 * @file Shared by the methods that score connections by what training data say of the dense network.
 */

import type { AnyNetwork } from "../network/network.ts";
import { assemble, type Frame, scaledToInputs } from "./frame.ts";
import type { Scoring } from "./method.ts";
import { completeTopology } from "./places.ts";
import type { Candidates } from "./selection.ts";

/** Batches over which gradients are averaged; with 128 samples each, 100 for every class of MNIST. */
export const SCORING_BATCHES = 8;

/** The dense network that is to be pruned, twins and input scale included. */
export function denseNetwork({ frame, weights }: Candidates, scoring: Scoring): AnyNetwork {
  const layers = frame.layers.map(({ shape }, i) => ({
    topology: completeTopology("dense", shape),
    weights: weights[i],
  }));
  return scaledToInputs(assemble(frame, layers, "orthogonal"), scoring);
}

/**
 * Scores of a dense network's connections, [rows, columns] row-major, as scores of the frame's: the mean over those
 * that one of the frame's stands for.
 */
export function withoutTwins(frame: Frame, scores: readonly Float64Array[]): Float64Array[] {
  return frame.layers.map(({ shape, sides, copies }, i) => {
    if (copies === 1) return scores[i];
    const { rows, columns } = shape;
    const width = sides.columns ? 2 * columns : columns;
    const means = new Float64Array(rows * columns);
    for (let k = 0; k < scores[i].length; k++) {
      const row = Math.floor(k / width) % rows;
      means[row * columns + ((k % width) % columns)] += scores[i][k] / copies;
    }
    return means;
  });
}
