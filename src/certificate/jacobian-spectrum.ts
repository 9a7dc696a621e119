/**
 * @file Singular values of the Jacobian of a layer's activations by the network's inputs, put together from samples.
 */

import type { RandomStream } from "../math/random.ts";
import type { LayerVisitor } from "../network/evaluate.ts";
import type { Budget } from "./budget.ts";
import type { SingularValueRange } from "./weight-spectrum.ts";

/** Singular values of the Jacobian of one layer's activations by the network's (scaled) inputs. */
export interface JacobianSpectrum {
  /** How many values there can be other than 0: the narrowest width so far (half of it where units are mirrored). */
  readonly dimension: number;
  /** Mean over values and samples of the squared value; 1 when signals keep their size. */
  readonly meanSquare: number;
  /** Smallest over all samples. */
  readonly smallest: number;
  /** Largest over all samples. */
  readonly largest: number;
  /**
   * `"exact"`: all values were computed. `"inner"`: the ends are at least as far apart as these (Lanczos), and the mean
   * square is an estimate from random vectors.
   */
  readonly kind: "exact" | "inner";
  /** Values at 0, 10, … 100 % of the sorted values, mean over samples; null where not all were computed. */
  readonly deciles: readonly number[] | null;
}

/** Follows the Jacobians of the first samples through a forward pass. */
export interface JacobianTracker {
  /** How many samples. */
  readonly samples: number;
  /** To be called after each layer. */
  readonly visit: LayerVisitor;
  /** After the pass: by index of layer; null where left out or not finite. */
  spectra(): ReadonlyMap<number, JacobianSpectrum | null>;
}

export interface JacobianOptions {
  /** Samples wanted. */
  readonly samples: number;
  /** Indices of the layers after which Jacobians are measured, ascending. */
  readonly after: readonly number[];
  /** By layer: how many singular values can be other than 0. */
  readonly dimensions: ReadonlyMap<number, number>;
  /** What the Jacobian after a layer is divided by: factors that are folded into inputs and outputs. */
  readonly factor: (layer: number) => number;
  readonly budget: Budget;
  readonly random: RandomStream;
}

/** Of one sample: all values, descending, or their ends and mean square. */
export type SampleSpectrum =
  | { readonly values: Float64Array }
  | { readonly range: SingularValueRange; readonly meanSquare: number };

/** Of all samples together; null unless each was measured. */
export function combineSpectra(
  spectra: readonly (SampleSpectrum | null)[],
  dimension: number,
): JacobianSpectrum | null {
  if (spectra.length === 0) return null;
  const deciles = new Float64Array(11);
  let [smallest, largest, square, all] = [Number.POSITIVE_INFINITY, 0, 0, true];
  for (const spectrum of spectra) {
    if (spectrum === null) return null;
    if ("range" in spectrum) {
      smallest = Math.min(smallest, spectrum.range.smallest);
      largest = Math.max(largest, spectrum.range.largest);
      square += spectrum.meanSquare / spectra.length;
      all = false;
      continue;
    }
    const { values } = spectrum;
    smallest = Math.min(smallest, values[values.length - 1]);
    largest = Math.max(largest, values[0]);
    square += meanSquare(values) / spectra.length;
    for (let d = 0; d <= 10; d++) {
      const place = Math.round(((10 - d) / 10) * (values.length - 1));
      deciles[d] += values[place] / spectra.length;
    }
  }
  return {
    dimension,
    meanSquare: square,
    smallest,
    largest,
    kind: all ? "exact" : "inner",
    deciles: all ? Array.from(deciles) : null,
  };
}

export function meanSquare(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum / values.length;
}
