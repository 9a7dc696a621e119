/**
 * @file Random semi-orthogonal matrices, uniform over all of them (Haar measure).
 *
 * The Q factor of a Gaussian matrix with R's signs made positive is such a matrix, but there is no need to make
 * the Gaussian matrix or to factor it (Stewart, "The efficient generation of random orthogonal matrices with an
 * application to condition estimators", SIAM J. Numer. Anal. 17(3), 1980): its Householder vectors are
 * independent. Seen from the result: the first row is uniform on the sphere, and the others are a Haar matrix
 * one smaller, reflected into the complement of the first row. That is a third of the arithmetic of
 * Gram-Schmidt done twice, half of the random numbers, and orthogonal to rounding.
 */

import type { RandomStream } from "./random.ts";
import { transpose } from "./transpose.ts";

/**
 * A Haar-uniform matrix [rows, columns], row-major: orthonormal rows when rows ≤ columns, else orthonormal
 * columns. Exact to about 1e-15. Both sides at least 1; square, it takes ⅔·rows³ multiply-adds. `onProgress` is told
 * after each row which share of them is done.
 */
export function semiOrthogonal(
  rows: number,
  columns: number,
  random: RandomStream,
  onProgress?: (share: number) => void,
): Float64Array {
  if (rows > columns) return transpose(semiOrthogonal(columns, rows, random, onProgress), columns, rows);
  const matrix = new Float64Array(rows * columns);
  // Of rows n and up: Σ 2 (rows − 1 − k)(columns − k) ≈ (rows − n)² (columns − n) − ⅓ (rows − n)³.
  const work = (n: number) => (rows - n) ** 2 * (columns - n - (rows - n) / 3);
  // Row k lives in columns k and up; the finished rows below it have a zero in column k until they are reflected.
  for (let k = rows - 1; k >= 0; k--) {
    const direction = matrix.subarray(k * columns + k, (k + 1) * columns);
    drawDirection(direction, random);
    // The reflection along v = e + sign(u₀)·u takes e to ∓u; the other sign of v would cancel. v·v = 2 (1 + |u₀|).
    const first = direction[0];
    direction[0] += first < 0 ? -1 : 1;
    reflectRows(matrix, k, rows, columns, 1 / (1 + Math.abs(first)));
    direction[0] = first;
    onProgress?.(work(k) / work(0));
  }
  return matrix;
}

/** Fills `direction` with a point uniform on the unit sphere. */
function drawDirection(direction: Float64Array, random: RandomStream): void {
  let square = 0;
  while (square === 0) {
    for (let i = 0; i < direction.length; i++) {
      const value = random.normal();
      direction[i] = value;
      square += value * value;
    }
  }
  const length = Math.sqrt(square);
  for (let i = 0; i < direction.length; i++) direction[i] /= length;
}

/** Rows r below row k become r − factor·(r·v)·v, v being row k from column k; four at a time to load v once. */
function reflectRows(matrix: Float64Array, k: number, rows: number, columns: number, factor: number): void {
  const vector = k * columns;
  let row = k + 1;
  for (; row + 4 <= rows; row += 4) {
    const a = row * columns;
    const b = a + columns;
    const c = b + columns;
    const d = c + columns;
    let alongA = 0;
    let alongB = 0;
    let alongC = 0;
    let alongD = 0;
    for (let j = k + 1; j < columns; j++) {
      const v = matrix[vector + j];
      alongA += matrix[a + j] * v;
      alongB += matrix[b + j] * v;
      alongC += matrix[c + j] * v;
      alongD += matrix[d + j] * v;
    }
    alongA *= factor;
    alongB *= factor;
    alongC *= factor;
    alongD *= factor;
    for (let j = k; j < columns; j++) {
      const v = matrix[vector + j];
      matrix[a + j] -= alongA * v;
      matrix[b + j] -= alongB * v;
      matrix[c + j] -= alongC * v;
      matrix[d + j] -= alongD * v;
    }
  }
  for (; row < rows; row++) {
    const a = row * columns;
    let along = 0;
    for (let j = k + 1; j < columns; j++) along += matrix[a + j] * matrix[vector + j];
    along *= factor;
    for (let j = k; j < columns; j++) matrix[a + j] -= along * matrix[vector + j];
  }
}
