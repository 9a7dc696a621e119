/**
 * @file How the weights' scale suits the activation: what builders of networks share. Sections 6 and 8 of
 * docs/theory.md.
 */

import { ArgumentError } from "../errors.ts";
import { type CriticalStart, criticalStart, isometricStart } from "../init/critical-start.ts";
import type { RandomStream } from "../math/random.ts";
import type { Activation, Start } from "./network.ts";

const activations: readonly Activation[] = ["linear", "tanh", "relu", "hardtanh"];

/** Throws ArgumentError (`"bad-activation"`). */
export function checkActivation(activation: Activation): void {
  if (activations.includes(activation)) return;
  throw new ArgumentError(
    "bad-activation",
    `activation must be one of ${activations.join(", ")}, not ${activation}`,
  );
}

/** What a start depends on besides the activation. */
export interface StartOptions {
  /** The start asked for, if any. */
  readonly asked?: Start;
  /** Whether the weights are orthogonal or approximately so. */
  readonly isometric: boolean;
  /** The gain asked for, if any. */
  readonly gain?: number;
  /** q of the critical start asked for, if any. */
  readonly meanSquare?: number;
}

/**
 * The start asked for, checked against the activation, gain and mean square; or the default. Throws ArgumentError
 * (`"bad-start"`, `"bad-gain"`, `"bad-mean-square"`).
 */
export function startFor(activation: Activation, options: StartOptions): Start {
  const { asked, gain, meanSquare } = options;
  const start = asked ?? defaultStart(activation, options);
  const needs = { none: activation, critical: "tanh", isometric: "tanh", "looks-linear": "relu" }[start];
  if (needs === undefined) {
    throw new ArgumentError(
      "bad-start",
      `start must be critical, isometric, looks-linear or none, not ${start}`,
    );
  }
  if (needs !== activation) {
    throw new ArgumentError(
      "bad-start",
      `start "${start}" is for ${needs} networks; for ${activation} use "none"`,
    );
  }
  if (needs === "tanh" && start !== "none" && gain !== undefined) {
    throw new ArgumentError(
      "bad-gain",
      `start "${start}" chooses the gain; leave gain out or use start "none"`,
    );
  }
  if (gain !== undefined && !Number.isFinite(gain)) {
    throw new ArgumentError("bad-gain", `gain must be a finite number, not ${gain}`);
  }
  if (start !== "critical" && meanSquare !== undefined) {
    throw new ArgumentError("bad-mean-square", `a mean square is for start "critical"; this is "${start}"`);
  }
  return start;
}

function defaultStart(activation: Activation, { isometric, gain }: StartOptions): Start {
  if (!isometric || gain !== undefined) return "none";
  return activation === "tanh" ? "critical" : activation === "relu" ? "looks-linear" : "none";
}

/** The scales of a start of tanh networks with `depth` layers of weights; undefined for other starts. */
export function scalesFor(start: Start, depth: number, meanSquare?: number): CriticalStart | undefined {
  if (start === "critical") return criticalStart(depth, meanSquare);
  return start === "isometric" ? isometricStart(depth) : undefined;
}

/** [rows] normal with the variance, of which 0 draws nothing. */
export function drawBiases(rows: number, variance: number, random: RandomStream): Float32Array {
  const deviation = Math.sqrt(variance);
  return Float32Array.from({ length: rows }, () => (deviation === 0 ? 0 : deviation * random.normal()));
}

/** The message of looks-linear layers with an odd number of units. Throws ArgumentError (`"odd-width"`). */
export function requirePairs(layer: string, units: "units" | "channels", width: number): void {
  if (width % 2 === 0) return;
  const nearest = width === 1 ? "2" : `${width - 1} or ${width + 1}`;
  const which = units === "units" ? "hidden widths" : "their numbers";
  throw new ArgumentError(
    "odd-width",
    `${layer}: looks-linear pairs ${units}, so ${which} must be even: use ${nearest}, or start "none"`,
  );
}
