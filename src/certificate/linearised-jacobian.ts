/**
 * @file Jacobians of networks of any kind, from products with their linearisations (linearisation.ts): all singular
 * values where the shorter side and the work allow the matrix to be written out, as that of few outputs; else both ends
 * from a Krylov space and the mean square from random vectors.
 */

import type { LinearOperator } from "../math/lanczos.ts";
import type { RandomStream } from "../math/random.ts";
import { singularValues } from "../math/singular-values.ts";
import type { AnyNetwork } from "../network/network.ts";
import {
  combineSpectra,
  type JacobianOptions,
  type JacobianSpectrum,
  type JacobianTracker,
  meanSquare,
  type SampleSpectrum,
} from "./jacobian-spectrum.ts";
import { krylovRange, leastKrylovWork, probedSquares, probesWithin } from "./krylov.ts";
import { Linearisation } from "./linearisation.ts";

/** Bytes that the derivatives of all samples may take, and that a Jacobian written out may. */
const mostBytes = 256e6;

/** Singular values below this fraction of the largest are rounding, and told as 0. */
const negligible = 1e-13;

/** Follows the samples of `inputs` [samples, inputs], the wanted ones of them. */
export function linearisedJacobians(
  network: AnyNetwork,
  inputs: Float64Array,
  width: number,
  options: JacobianOptions,
): JacobianTracker {
  const fit = Math.floor(mostBytes / Math.max(1, Linearisation.sampleBytes(network)));
  const samples = Math.min(options.samples, fit);
  if (samples < options.samples)
    options.budget.skip(`sample ${samples}`, "its derivatives take too much memory");
  const rows = Array.from({ length: samples }, (_, s) => inputs.subarray(s * width, (s + 1) * width));
  const linearisation = new Linearisation(network, rows);
  return {
    samples,
    visit: (index, preActivations, activations) => linearisation.visit(index, preActivations, activations),
    spectra: () => measureAll(network, linearisation, samples, options),
  };
}

/**
 * The last depth first, as it says most and, with few outputs, costs least. What is left of the work is shared out by
 * what products cost.
 */
function measureAll(
  { layers }: AnyNetwork,
  linearisation: Linearisation,
  samples: number,
  { after, dimensions, factor, budget, random }: JacobianOptions,
): Map<number, JacobianSpectrum | null> {
  const spectra = new Map<number, JacobianSpectrum | null>();
  const order = [...after.slice(-1), ...after.slice(0, -1)];
  let open = samples * order.reduce((sum, last) => sum + linearisation.cost(last), 0);
  for (const last of order) {
    const dimension = dimensions.get(last)!;
    const cost = linearisation.cost(last);
    const found = Array.from({ length: samples }, (_, sample): SampleSpectrum | null => {
      const operator = linearisation.jacobian(sample, last);
      const plan = planFor(operator, cost, (budget.left * cost) / open);
      open -= cost;
      const label = `${layers[last].name}, sample ${sample}`;
      if (!budget.spend(plan.work, label)) return null;
      const spectrum = measure(operator, cost, plan, dimension, random.split("jacobian", last, sample));
      if (spectrum === undefined) budget.skip(label, "vectors of its size take too much memory");
      return spectrum ? scaled(spectrum, 1 / factor(last)) : null;
    });
    spectra.set(last, combineSpectra(found, dimension));
  }
  return spectra;
}

interface Plan {
  readonly writtenOut: boolean;
  readonly work: number;
}

/** As much of the share of the work as there is, or the least that will do; written out where that is no more. */
function planFor(operator: LinearOperator, cost: number, share: number): Plan {
  const [shorter, longer] = [operator.rows, operator.columns].sort((a, b) => a - b);
  const products = Math.max(share, 2 * leastKrylovWork(operator, cost));
  const work = shorter * cost + 30 * shorter * shorter * longer;
  const writtenOut = work <= products && 8 * shorter * longer <= mostBytes;
  return { writtenOut, work: writtenOut ? work : products };
}

/** Null where not finite, undefined where it takes too much memory. */
function measure(
  operator: LinearOperator,
  cost: number,
  { writtenOut, work }: Plan,
  dimension: number,
  random: RandomStream,
): SampleSpectrum | null | undefined {
  if (writtenOut) return allValues(operator, dimension);
  const probes = probesWithin(operator, cost, work);
  const square = probedSquares(operator, probes, random.split("probes")) / dimension;
  if (!Number.isFinite(square)) return null;
  const options = { random: random.split("values"), work: work - probes * cost };
  const range = krylovRange(operator, cost, options, dimension);
  return range === null ? undefined : { range, meanSquare: square };
}

function allValues(operator: LinearOperator, dimension: number): SampleSpectrum | null {
  const { rows, columns } = operator;
  const [shorter, longer] = rows <= columns ? [rows, columns] : [columns, rows];
  const unit = new Float64Array(shorter);
  const matrix = new Float64Array(shorter * longer);
  for (let i = 0; i < shorter; i++) {
    unit.fill(0);
    unit[i] = 1;
    const line = matrix.subarray(i * longer, (i + 1) * longer);
    if (rows <= columns) operator.multiplyTransposed(unit, line);
    else operator.multiply(unit, line);
  }
  if (!Number.isFinite(meanSquare(matrix))) return null;
  return { values: singularValues(matrix, shorter, longer).subarray(0, dimension) };
}

function scaled(spectrum: SampleSpectrum, factor: number): SampleSpectrum {
  const scale = (value: number, largest: number) => (value > negligible * largest ? factor * value : 0);
  if ("values" in spectrum) {
    const [largest] = spectrum.values;
    return { values: spectrum.values.map((value) => scale(value, largest)) };
  }
  const { smallest, largest, kind } = spectrum.range;
  return {
    range: { smallest: scale(smallest, largest), largest: factor * largest, kind },
    meanSquare: factor * factor * spectrum.meanSquare,
  };
}
