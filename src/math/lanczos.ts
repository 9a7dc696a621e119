/**
 * @file Extreme singular values of a matrix that is only known by its products with vectors.
 *
 * Golub-Kahan-Lanczos bidiagonalisation (Golub & Kahan, "Calculating the singular values and pseudo-inverse
 * of a matrix", SIAM J. Numer. Anal. 2, 1965) from a random vector: A V = U B and Aᵀ U = V Bᵀ + β v eᵀ with B
 * upper bidiagonal. Every new vector is orthogonalised twice against all earlier ones, so that B has no
 * spurious copies. B's own singular values come from bisection (bidiagonal.ts).
 */

import { ArgumentError, RunError } from "../errors.ts";
import { largestBidiagonalValue, largestBidiagonalVectors, smallestBidiagonalValue } from "./bidiagonal.ts";
import type { RandomStream } from "./random.ts";

/** A matrix [rows, columns] by its action. Both products overwrite their second argument. */
export interface LinearOperator {
  readonly rows: number;
  readonly columns: number;
  /** y [rows] = A x [columns] */
  multiply(x: Float64Array, y: Float64Array): void;
  /** x [columns] = Aᵀ y [rows] */
  multiplyTransposed(y: Float64Array, x: Float64Array): void;
}

export interface LanczosOptions {
  /** Draws the start vector. */
  readonly random: RandomStream;
  /** Orthonormal right vectors [columns] to leave out: the answer is then that of A on their complement. */
  readonly deflate?: readonly Float64Array[];
  /**
   * Relative error aimed at, by the usual estimate residual² ÷ gap; a value may be mixed up with a neighbour that is
   * closer than about 1e-6. Default 1e-10.
   */
  readonly tolerance?: number;
  /** Absolute error that is small enough whatever the value, for values that may be rounding noise. Default 0. */
  readonly absoluteTolerance?: number;
  /** Products with A and Aᵀ at most, over all restarts. Default 5000. */
  readonly maxIterations?: number;
}

/** A singular value with its right vector. */
export interface SingularPair {
  readonly value: number;
  /** [columns] unit vector */
  readonly right: Float64Array;
}

/** Both ends of the singular values of the shorter side. */
export interface SingularRange {
  /** Exact when `exact`, else an upper bound of the smallest singular value. */
  readonly smallest: number;
  /** Exact when `exact`, else a lower bound of the largest singular value. */
  readonly largest: number;
  /** Whether the Krylov space filled the whole shorter side (to about 1e-13 of the largest value). */
  readonly exact: boolean;
}

/** Vectors kept in one cycle before the method restarts from the best vector found. */
const cycleLength = 160;
/** Entries of B below this fraction of its largest are rounding noise: the space is invariant. */
const negligible = 1e-13;

interface Bidiagonalization {
  readonly operator: LinearOperator;
  readonly deflate: readonly Float64Array[];
  /** One more than `left`: the last is the next step's start. */
  readonly right: Float64Array[];
  readonly left: Float64Array[];
  /** Diagonal of B. */
  readonly alphas: number[];
  /** Superdiagonal of B, and the coupling to the vector after the last. */
  readonly betas: number[];
  /** Makes right vectors to begin with; absent: anywhere. */
  readonly draw?: () => Float64Array;
  scale: number;
}

/**
 * The largest singular value of `operator`, on the complement of `deflate`.
 *
 * Throws ArgumentError (`"bad-deflation"`) for vectors of another length, RunError (`"not-converged"`) if
 * `maxIterations` do not suffice.
 */
export function largestSingularValue(operator: LinearOperator, options: LanczosOptions): number {
  return largestSingularPair(operator, options).value;
}

/** As `largestSingularValue`, with the right singular vector, ready to be deflated next. */
export function largestSingularPair(operator: LinearOperator, options: LanczosOptions): SingularPair {
  const { random, deflate = [], tolerance = 1e-10, absoluteTolerance = 0, maxIterations = 5000 } = options;
  const { rows, columns } = operator;
  if (deflate.some((vector) => vector.length !== columns)) {
    throw new ArgumentError("bad-deflation", `deflated vectors must have ${columns} entries, one per column`);
  }
  const dimension = columns - deflate.length;
  if (dimension <= 0) return { value: 0, right: new Float64Array(columns) };

  let start = randomOrthogonal(columns, [deflate], random);
  let done = 0;
  while (done < maxIterations) {
    const state = begin(operator, deflate, start);
    const steps = Math.min(cycleLength, maxIterations - done, dimension);
    for (let k = 1; k <= steps; k++) {
      extend(state);
      const exhausted = state.betas[k - 1] === 0 || k === dimension;
      if (!exhausted && k < steps && k % 4 !== 0) continue;
      const { value, right, left, gap } = largestBidiagonalVectors(state.alphas, state.betas);
      // ‖Aᵀu − σv‖ bounds the error; its square over the gap does too, and is far smaller near the end.
      const residual = state.betas[k - 1] * Math.abs(left[k - 1]);
      const error = gap > 0 ? Math.min(residual, residual ** 2 / gap) : residual;
      if (exhausted || error <= Math.max(tolerance * value, absoluteTolerance)) {
        return { value, right: combine(state.right, right) };
      }
      if (k === steps) start = combine(state.right, right);
    }
    done += steps;
  }
  throw new RunError(
    "not-converged",
    `the largest singular value of a ${rows} x ${columns} matrix did not settle to ${tolerance} in ${maxIterations} Lanczos steps; raise maxIterations or the tolerance`,
  );
}

/**
 * The smallest and largest of the `rank` largest singular values, by default of all min(rows, columns). Exact up to
 * `maxSteps` of them (default 512); beyond it, the ends of the Krylov space's own values, which lie inside the range.
 * `rank` must be no less than the matrix's own: the space then stays, as far as it can, where the matrix is not 0.
 */
export function singularValueRange(
  operator: LinearOperator,
  options: { readonly random: RandomStream; readonly maxSteps?: number; readonly rank?: number },
): SingularRange {
  const { random, maxSteps = 512 } = options;
  const tall = operator.rows >= operator.columns ? operator : transposed(operator);
  const rank = Math.min(tall.columns, options.rank ?? tall.columns);
  const steps = Math.min(rank, maxSteps);
  const draw = rank < tall.columns ? () => rowSpaceVector(tall, random) : undefined;
  const state = begin(tall, [], randomOrthogonal(tall.columns, [], random, draw), draw);
  for (let k = 1; k <= steps; k++) extend(state, random);
  return {
    smallest: smallestBidiagonalValue(state.alphas, state.betas),
    largest: largestBidiagonalValue(state.alphas, state.betas),
    exact: steps === rank,
  };
}

/** The same matrix seen from the other side. */
export function transposed(operator: LinearOperator): LinearOperator {
  return {
    rows: operator.columns,
    columns: operator.rows,
    multiply: (x, y) => operator.multiplyTransposed(x, y),
    multiplyTransposed: (y, x) => operator.multiply(y, x),
  };
}

function begin(
  operator: LinearOperator,
  deflate: readonly Float64Array[],
  start: Float64Array,
  draw?: () => Float64Array,
): Bidiagonalization {
  return { operator, deflate, right: [start], left: [], alphas: [], betas: [], draw, scale: 0 };
}

/**
 * One more column of B. A zero in `alphas` or `betas` says that the space is invariant; with `random` the
 * process then goes on in its complement, uncoupled, so that repeated singular values are all found.
 */
function extend(state: Bidiagonalization, random?: RandomStream): void {
  const { operator, deflate, left, right, alphas, betas } = state;
  let u: Float64Array = new Float64Array(operator.rows);
  operator.multiply(right[right.length - 1], u);
  alphas.push(normalise(state, u, [left]));
  if (random && alphas[alphas.length - 1] === 0) u = randomOrthogonal(operator.rows, [left], random);
  left.push(u);
  let v: Float64Array = new Float64Array(operator.columns);
  operator.multiplyTransposed(u, v);
  betas.push(normalise(state, v, [deflate, right]));
  if (random && betas[betas.length - 1] === 0 && right.length < operator.columns) {
    v = randomOrthogonal(operator.columns, [right], random, state.draw);
  }
  right.push(v);
}

/** Orthogonalises and normalises in place; returns the norm, or 0 (and a zero vector) where only noise is left. */
function normalise(
  state: Bidiagonalization,
  vector: Float64Array,
  families: (readonly Float64Array[])[],
): number {
  state.scale = Math.max(state.scale, norm(vector));
  orthogonalise(vector, families);
  const length = norm(vector);
  if (length <= negligible * state.scale) {
    vector.fill(0);
    return 0;
  }
  for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return length;
}

/** Gram-Schmidt, twice: once leaves errors that the second pass removes. */
function orthogonalise(vector: Float64Array, families: (readonly Float64Array[])[]): void {
  for (let pass = 0; pass < 2; pass++) {
    for (const family of families) {
      for (const other of family) {
        let dot = 0;
        for (let i = 0; i < vector.length; i++) dot += vector[i] * other[i];
        for (let i = 0; i < vector.length; i++) vector[i] -= dot * other[i];
      }
    }
  }
}

/** A random unit vector orthogonal to orthonormal families, first tried among those that `draw` makes. */
function randomOrthogonal(
  length: number,
  families: (readonly Float64Array[])[],
  random: RandomStream,
  draw = () => gaussianVector(length, random),
): Float64Array {
  for (let vector = draw(); ; vector = gaussianVector(length, random)) {
    orthogonalise(vector, families);
    const remaining = norm(vector);
    if (remaining < 1e-6) continue;
    for (let i = 0; i < length; i++) vector[i] /= remaining;
    orthogonalise(vector, families);
    return vector;
  }
}

function gaussianVector(length: number, random: RandomStream): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/** A random unit vector that A does not make vanish: Aᵀ of Gaussian numbers; any vector where A is 0. */
function rowSpaceVector(operator: LinearOperator, random: RandomStream): Float64Array {
  const vector = new Float64Array(operator.columns);
  operator.multiplyTransposed(gaussianVector(operator.rows, random), vector);
  const length = norm(vector);
  return length === 0 ? gaussianVector(operator.columns, random) : vector.map((value) => value / length);
}

/** Σ_k weights[k] vectors[k], normalised. */
function combine(vectors: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(vectors[0].length);
  for (let k = 0; k < weights.length; k++) {
    for (let i = 0; i < sum.length; i++) sum[i] += weights[k] * vectors[k][i];
  }
  const length = norm(sum);
  for (let i = 0; i < sum.length; i++) sum[i] /= length;
  return sum;
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}
