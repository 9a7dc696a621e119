/**
 * @file The starts for tanh: gain, bias variance and sizes at which a network of given depth passes signals and
 * gradients on (docs/theory.md, section 8).
 *
 * Pre-activations with mean square q keep it, and gradients keep their norm, on the critical line of the
 * mean-field theory of Pennington, Schoenholz & Ganguli ("Resurrecting the sigmoid", NeurIPS 2017):
 * σ_w² = 1 / E[φ'(√q z)²], σ_b² = q − σ_w² E[φ(√q z)²]. Which q is a choice. The squared singular values of the
 * whole network spread by a relative variance of about 8 q² · depth: a small q keeps it near an isometry, but
 * nearly linear, which learns slowly. So there are two starts: `critical`, for training, and `isometric`.
 */

import { ArgumentError } from "../errors.ts";

/** The largest q: shallow networks gain nothing from working deeper into saturation. */
const LARGEST_MEAN_SQUARE = 0.05;
/** 8 q² · depth of the critical start, found by training (docs/results/headline.md): q = 0.03 at depth 1000. */
const SPREAD = 7.2;
/** Root mean square of the outputs at the start, for which the last layer is scaled up. */
export const OUTPUT_SIZE = 0.4;

/** A point of the critical line. */
export interface CriticalPoint {
  /** q, the mean square of the pre-activations that every layer keeps. */
  readonly meanSquare: number;
  /** σ_w, the factor on orthogonal weights. */
  readonly gain: number;
  /** σ_b², the variance of the biases. */
  readonly biasVariance: number;
}

/** What a start chooses from a network's depth. */
export interface CriticalStart extends CriticalPoint {
  /**
   * Factor on the last layer's weights beyond `gain`. Signals of size √q would make outputs too small to tell
   * classes apart, and the layers below would first have to grow far beyond their start.
   */
  readonly outputGain: number;
}

/**
 * The critical start of a tanh network of `depth` layers (an integer ≥ 1), which trains best: q is `meanSquare`
 * if given, in (0, 1]; else √(7.2 / (8 · depth)), at most 0.05. Throws ArgumentError ("bad-depth",
 * "bad-mean-square").
 */
export function criticalStart(depth: number, meanSquare?: number): CriticalStart {
  checkDepth(depth);
  return startAt(meanSquare ?? Math.min(LARGEST_MEAN_SQUARE, Math.sqrt(SPREAD / (8 * depth))));
}

/**
 * The isometric start of a tanh network of `depth` layers (an integer ≥ 1): q = 1 / (2 depth), at most 0.05, so
 * that the relative variance of the squared singular values is 2 / depth or less. Throws ArgumentError
 * ("bad-depth").
 */
export function isometricStart(depth: number): CriticalStart {
  checkDepth(depth);
  return startAt(Math.min(LARGEST_MEAN_SQUARE, 1 / (2 * depth)));
}

function checkDepth(depth: number): void {
  if (!Number.isSafeInteger(depth) || depth < 1) {
    throw new ArgumentError("bad-depth", `depth must be an integer of at least 1, not ${depth}`);
  }
}

function startAt(meanSquare: number): CriticalStart {
  const point = criticalPoint(meanSquare);
  return { ...point, outputGain: OUTPUT_SIZE / Math.sqrt(meanSquare) };
}

/** The gain and bias variance of tanh's critical line at q = `meanSquare`, in (0, 1]. */
export function criticalPoint(meanSquare: number): CriticalPoint {
  if (!(meanSquare > 0 && meanSquare <= 1)) {
    throw new ArgumentError("bad-mean-square", `the mean square must be in (0, 1], not ${meanSquare}`);
  }
  const deviation = Math.sqrt(meanSquare);
  const slope = gaussianMean((z) => (1 - Math.tanh(deviation * z) ** 2) ** 2);
  const energy = gaussianMean((z) => Math.tanh(deviation * z) ** 2);
  return {
    meanSquare,
    gain: 1 / Math.sqrt(slope),
    // About 4/3 q³, a difference of two numbers near q: below q = 1e-8 rounding is all that is left of it.
    biasVariance: Math.max(0, meanSquare - energy / slope),
  };
}

/**
 * E[f(z)], z standard normal, by the trapezoid rule, whose error falls exponentially for analytic f: at step
 * 1/16 on [−10, 10] it is below 1e-16 for the functions here.
 */
function gaussianMean(f: (z: number) => number): number {
  let sum = 0;
  for (let i = -160; i <= 160; i++) {
    const z = i / 16;
    sum += f(z) * Math.exp((-z * z) / 2);
  }
  return sum / (16 * Math.sqrt(2 * Math.PI));
}
