/**
 * @file What products alone tell of a matrix's singular values: both ends from a Krylov space, their mean square from
 * random vectors.
 */

import { type LinearOperator, singularValueRange } from "../math/lanczos.ts";
import type { RandomStream } from "../math/random.ts";
import type { SingularValueRange } from "./weight-spectrum.ts";

export interface SpectrumOptions {
  /** Start vectors for Lanczos. */
  readonly random: RandomStream;
  /** Multiply-adds that may be taken. */
  readonly work: number;
}

/** Bytes that Lanczos may take for its vectors. */
const lanczosBytes = 64e6;
const mostSteps = 512;
const fewestSteps = 8;
const mostProbes = 16;

/**
 * The range of an operator whose products take `cost` multiply-adds, from as many steps of Lanczos as work and memory
 * allow, at most 512 and as many as there are values; null where these are too few. `rank`: how many values can be
 * other than 0, if fewer than the shorter side; the others are left out.
 */
export function krylovRange(
  operator: LinearOperator,
  cost: number,
  { random, work }: SpectrumOptions,
  rank = Math.min(operator.rows, operator.columns),
): SingularValueRange | null {
  const length = operator.rows + operator.columns;
  const byMemory = Math.floor(lanczosBytes / (8 * length));
  const steps = Math.min(mostSteps, byMemory, stepsWithin(work, cost, length), rank);
  if (steps < Math.min(fewestSteps, rank)) return null;
  const { smallest, largest, exact } = singularValueRange(operator, { random, maxSteps: steps, rank });
  return { smallest, largest, kind: exact ? "exact" : "inner" };
}

/** Multiply-adds that the fewest steps of `krylovRange` take. */
export function leastKrylovWork({ rows, columns }: LinearOperator, cost: number): number {
  return 2 * fewestSteps * (cost + fewestSteps * (rows + columns));
}

/** The k at which two products a step, and orthogonalisation twice against all vectors before, take the work. */
function stepsWithin(work: number, cost: number, length: number): number {
  // 2·cost·k + 2·length·k² = work
  return Math.floor((Math.sqrt(cost * cost + 2 * length * work) - cost) / (2 * length));
}

/** How many products with random vectors a quarter of the work allows. */
export function probesWithin({ rows, columns }: LinearOperator, cost: number, work: number): number {
  return Math.min(mostProbes, Math.floor(work / 4 / cost), rows, columns);
}

/** Sum of the squared singular values by Hutchinson's estimate: for random signs z on the shorter side it is E ‖Aᵀz‖². */
export function probedSquares(operator: LinearOperator, probes: number, random: RandomStream): number {
  const { rows, columns } = operator;
  const [signs, image] = [Math.min(rows, columns), Math.max(rows, columns)].map((n) => new Float64Array(n));
  let sum = 0;
  for (let probe = 0; probe < probes; probe++) {
    for (let i = 0; i < signs.length; i++) signs[i] = random.uint32() & 1 ? 1 : -1;
    if (rows <= columns) operator.multiplyTransposed(signs, image);
    else operator.multiply(signs, image);
    for (let i = 0; i < image.length; i++) sum += image[i] * image[i];
  }
  return sum / probes;
}
