/**
 * @file The singular values of a convolution as a linear map of images, by the cheapest method that is honest about
 * itself: from the channels alone, from the frequencies, or by Lanczos on the layer itself.
 */

import type { Convolution, ImageSize } from "../../init/convolution/convolution.ts";
import type { Topology } from "../../topology/topology.ts";
import { krylovRange, type SpectrumOptions } from "../krylov.ts";
import { orthogonality, orthogonalityWork } from "../orthogonality.ts";
import {
  computedRange,
  computedRangeWork,
  enclosedRange,
  type SingularValueRange,
} from "../weight-spectrum.ts";
import type { BaseWeights } from "../weights.ts";
import { groupOperator, independentGroups } from "./operator.ts";
import { type PlacedTaps, places, placeTaps, productCost, sumOfSquares } from "./placed-taps.ts";
import { channelWeights, distinctFrequencies, transferWeights } from "./transfer.ts";

/**
 * How singular values were found. `"channels"`: one tap alone has weights and reads a pixel of the image everywhere, so
 * they are those of its matrix over the channels. `"frequencies"`: circular padding at stride 1, those of the transfer
 * matrices. `"Lanczos"`: on the layer's matrix, never formed.
 */
export type SpectrumMethod = "channels" | "frequencies" | "Lanczos";

/** Of the layer's matrix [output channels × output pixels, input channels × pixels]. */
export interface OperatorSpectrum {
  /** Root mean square of the min(rows, columns) singular values; null for weights that are not finite. */
  readonly gain: number | null;
  /**
   * Null where left out or not finite. Kind `"enclosure"`: each end is known to 0.1 %; `"inner"`: the ends are at least
   * as far apart.
   */
  readonly singularValues: SingularValueRange | null;
  readonly method: SpectrumMethod | null;
}

/** Measures a layer on images of size `image`. */
export function operatorSpectrum(
  convolution: Convolution,
  image: ImageSize,
  options: SpectrumOptions,
): OperatorSpectrum {
  const { topology } = convolution;
  const placed = placeTaps(convolution, image);
  const [rows, columns] = [topology.rows * places(placed.output), topology.columns * places(placed.input)];
  const gain = Math.sqrt(sumOfSquares(placed) / Math.min(rows, columns));
  if (!Number.isFinite(gain)) return { gain: null, singularValues: null, method: null };
  if (gain === 0)
    return { gain, singularValues: { smallest: 0, largest: 0, kind: "exact" }, method: "channels" };
  const attempts: [SpectrumMethod, () => SingularValueRange | null][] = [];
  if (placed.taps.length === 1 && placed.taps[0].pairs === places(placed.output)) {
    attempts.push(["channels", () => channelRange(topology, placed, options)]);
  } else if (convolution.padding === "circular" && convolution.stride === 1) {
    attempts.push(["frequencies", () => frequencyRange(convolution, placed, options)]);
  }
  attempts.push(["Lanczos", () => lanczosRange(topology, placed, options)]);
  for (const [method, attempt] of attempts) {
    const singularValues = attempt();
    if (singularValues !== null) return { gain, singularValues, method };
  }
  return { gain, singularValues: null, method: null };
}

/**
 * The matrix is W ⊗ S, where S picks a pixel for each output: its rows are orthonormal. So the values are those of W,
 * and zeros where there are fewer of these than the matrix's shorter side.
 */
function channelRange(
  topology: Topology,
  placed: PlacedTaps,
  options: SpectrumOptions,
): SingularValueRange | null {
  const found = unionOf([() => channelWeights(topology, placed.weights)], options);
  const shrinks = places(placed.output) < places(placed.input);
  return found !== null && shrinks && topology.rows > topology.columns ? { ...found, smallest: 0 } : found;
}

function frequencyRange(
  convolution: Convolution,
  placed: PlacedTaps,
  options: SpectrumOptions,
): SingularValueRange | null {
  const frequencies = distinctFrequencies(placed, convolution.dilation);
  return unionOf(
    frequencies.map((frequency) => () => transferWeights(convolution.topology, placed, frequency)),
    options,
  );
}

/**
 * The range over matrices on one mask, the last of them as large as any: an enclosure where all are nearly orthogonal,
 * else every one's own. Null where that takes more work than there is.
 */
function unionOf(
  matrices: readonly (() => BaseWeights)[],
  { random, work }: SpectrumOptions,
): SingularValueRange | null {
  const last = matrices[matrices.length - 1]();
  const compare = matrices.length * orthogonalityWork(last);
  const affordable = compare + matrices.length * computedRangeWork(last) <= work;
  if (compare > work) return null;
  const ranges: SingularValueRange[] = [];
  for (const matrix of matrices) {
    const weights = matrix();
    const found = orthogonality(weights);
    const range = (found && enclosedRange(found)) ?? (affordable ? computedRange(weights, random) : null);
    if (range === null) return null;
    ranges.push(range);
  }
  return union(ranges);
}

/** Group by group: all values of groups that are small enough, the ends of a Krylov space of the others. */
function lanczosRange(
  topology: Topology,
  placed: PlacedTaps,
  { random, work }: SpectrumOptions,
): SingularValueRange | null {
  const byRows = topology.rows * places(placed.output) <= topology.columns * places(placed.input);
  const groups = independentGroups(topology);
  const found: SingularValueRange[] = [];
  for (const [q, group] of groups.entries()) {
    const operator = groupOperator(group, placed);
    // More vectors than dimensions: some combination of them vanishes.
    const [shorter, longer] = byRows ? [operator.rows, operator.columns] : [operator.columns, operator.rows];
    if (shorter > longer) found.push({ smallest: 0, largest: 0, kind: "exact" });
    if (group.kernelRows.length === 0) continue;
    const cost = productCost(placed, group.kernelRows.length);
    const range = krylovRange(operator, cost, {
      random: random.split("group", q),
      work: work / groups.length,
    });
    if (range === null) return null;
    found.push(range);
  }
  return union(found);
}

/** Of all parts together: as sure as the least sure of them. */
function union(ranges: readonly SingularValueRange[]): SingularValueRange {
  const kinds = new Set(ranges.map(({ kind }) => kind));
  return {
    smallest: Math.min(...ranges.map(({ smallest }) => smallest)),
    largest: Math.max(...ranges.map(({ largest }) => largest)),
    kind: kinds.has("inner") ? "inner" : kinds.has("enclosure") ? "enclosure" : "exact",
  };
}
