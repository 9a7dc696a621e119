/**
 * @file Nearly orthogonal weights on a support that has no exact ones: minimise ‖W Wᵀ − I‖ under the mask.
 *
 * Alternating projections between the semi-orthogonal matrices (polar factor) and the mask, with the weights
 * clipped: the unclipped minimum collapses towards a permutation matrix, which is isometric but barely
 * connected (docs/theory.md, section 5). L-BFGS finishes where the mask leaves room for it, from half density.
 */

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { ArgumentError } from "../errors.ts";
import { lbfgs, type Objective } from "../math/lbfgs.ts";
import type { EdgeTopology } from "../topology/topology.ts";
import { transpose } from "../topology/transpose.ts";
import type { Initializer, InitializerOptions } from "./initializer.ts";
import { orthogonal } from "./orthogonal.ts";

/** Iterations of L-BFGS at most. */
const FINISHING_STEPS = 1500;

/** The largest shorter side: its square is held densely and decomposed at every projection. */
const LARGEST_SIDE = 1024;

/** Nearly isometric weights and how near they came, all before any gain. */
export interface ApproximateIsometry {
  /** [non-zeros] in the order of `columnIndices`. */
  readonly weights: Float64Array;
  /** Singular values of W, min(rows, columns) of them: the smallest and the largest. */
  readonly singularValues: { readonly smallest: number; readonly largest: number };
  /**
   * Mean over the lines of the shorter side of (Σ w²)² / Σ w⁴: how many weights carry the line. It falls to 1
   * as the matrix collapses to a permutation.
   */
  readonly effectiveDegree: number;
}

/** The layer seen from its shorter side: lines × cross-lines, lines ≤ cross-lines. */
interface Support {
  readonly lines: number;
  readonly crossLines: number;
  /** [lines + 1] */
  readonly pointers: Int32Array;
  /** [cross-lines + 1] */
  readonly crossPointers: Int32Array;
  /** [non-zeros] for each weight, in cross-line order: its line, and its place in topology order. */
  readonly crossLine: Int32Array;
  readonly crossPlace: Int32Array;
  /** [non-zeros] for each weight, in topology order: its line. */
  readonly line: Int32Array;
}

/**
 * Weights whose singular values are near 1, with orthonormal rows (columns when rows > columns) as the aim:
 * `projections` (default 300) alternating projections from Gaussian weights, then up to 1500 iterations of
 * L-BFGS if a line has at least half of the cross-lines. Unlike everything else here it needs a dense square
 * matrix of the shorter side, because a polar factor is dense: about 25 ms a projection at side 128, 170 ms at
 * 256. Throws ArgumentError ("layer-too-large") when that side exceeds 1024.
 */
export function fitIsometry(
  topology: EdgeTopology,
  options: Pick<InitializerOptions, "random" | "onProgress"> & { readonly projections?: number },
): ApproximateIsometry {
  const support = fromShorterSide(topology);
  const { lines, crossLines, pointers, line } = support;
  if (lines > LARGEST_SIDE) {
    throw new ArgumentError(
      "layer-too-large",
      `approximateIsometry needs a dense ${lines} x ${lines} matrix for a ${topology.rows} x ` +
        `${topology.columns} layer; it takes sides up to ${LARGEST_SIDE}, givens and clifford any`,
    );
  }
  const scale = Float64Array.from(line, (i) => 1 / Math.sqrt(pointers[i + 1] - pointers[i]));
  const weights = scale.map((deviation) => deviation * options.random.normal());
  const bounds = scale.map((deviation) => 2 * deviation);
  const finishes = weights.length >= (lines * crossLines) / 2;
  const { projections = 300, onProgress } = options;
  const first = finishes ? 0.5 : 1;
  for (let i = 1; i <= projections; i++) {
    project(support, weights, bounds);
    onProgress?.((first * i) / projections);
  }
  if (finishes) {
    let tried = 0;
    const error: Objective = (point, gradient) => {
      onProgress?.(Math.min(1, first + ((1 - first) * ++tried) / FINISHING_STEPS));
      return isometryError(support, point, gradient);
    };
    lbfgs(error, weights, { pairs: 20, iterations: FINISHING_STEPS, target: 1e-20 * lines });
    onProgress?.(1);
  }
  const squares = decompose(gram(support, weights), lines).realEigenvalues;
  return {
    weights,
    singularValues: {
      smallest: Math.sqrt(Math.max(0, Math.min(...squares))),
      largest: Math.sqrt(Math.max(...squares)),
    },
    effectiveDegree: effectiveDegree(support, weights),
  };
}

/**
 * The weights of `fitIsometry` times `gain`. On topologies that have exactly orthogonal weights those are the
 * minimum, and are returned.
 */
export const approximateIsometry: Initializer = (topology, options) =>
  topology.kind === "blocks" || topology.construction !== undefined
    ? orthogonal(topology, options)
    : Float32Array.from(fitIsometry(topology, options).weights, (weight) => options.gain * weight);

function fromShorterSide(topology: EdgeTopology): Support {
  const { rows, columns, rowPointers, columnIndices } = topology;
  const { columnPointers, rowIndices, weightIndices } = transpose(topology);
  if (rows > columns) {
    return {
      lines: columns,
      crossLines: rows,
      pointers: columnPointers,
      crossPointers: rowPointers,
      crossLine: columnIndices,
      crossPlace: columnIndices.map((_, k) => k),
      line: columnIndices,
    };
  }
  const line = new Int32Array(columnIndices.length);
  for (let r = 0; r < rows; r++) line.fill(r, rowPointers[r], rowPointers[r + 1]);
  return {
    lines: rows,
    crossLines: columns,
    pointers: rowPointers,
    crossPointers: columnPointers,
    crossLine: rowIndices,
    crossPlace: weightIndices,
    line,
  };
}

/** W Wᵀ over the lines: [lines, lines]. */
function gram({ lines, crossLines, crossPointers, crossLine, crossPlace }: Support, weights: Float64Array) {
  const products = new Float64Array(lines * lines);
  for (let c = 0; c < crossLines; c++) {
    for (let a = crossPointers[c]; a < crossPointers[c + 1]; a++) {
      const base = crossLine[a] * lines;
      const weight = weights[crossPlace[a]];
      for (let b = crossPointers[c]; b < crossPointers[c + 1]; b++) {
        products[base + crossLine[b]] += weight * weights[crossPlace[b]];
      }
    }
  }
  return products;
}

/** The entries of S W that the mask keeps, S [lines, lines], in topology order. */
function maskedProduct(
  { lines, crossLines, crossPointers, crossLine, crossPlace }: Support,
  square: Float64Array,
  weights: Float64Array,
): Float64Array {
  const result = new Float64Array(weights.length);
  for (let c = 0; c < crossLines; c++) {
    for (let a = crossPointers[c]; a < crossPointers[c + 1]; a++) {
      const base = crossLine[a] * lines;
      let sum = 0;
      for (let b = crossPointers[c]; b < crossPointers[c + 1]; b++) {
        sum += square[base + crossLine[b]] * weights[crossPlace[b]];
      }
      result[crossPlace[a]] = sum;
    }
  }
  return result;
}

/** W becomes its polar factor (W Wᵀ)^(−1/2) W, masked and clipped. */
function project(support: Support, weights: Float64Array, bounds: Float64Array): void {
  const next = maskedProduct(support, inverseRoot(gram(support, weights), support.lines), weights);
  for (let k = 0; k < weights.length; k++) weights[k] = Math.max(-bounds[k], Math.min(bounds[k], next[k]));
}

/** ‖W Wᵀ − I‖² and its gradient 4 (W Wᵀ − I) W under the mask. */
function isometryError(support: Support, weights: Float64Array, gradient: Float64Array): number {
  const residual = gram(support, weights);
  let error = 0;
  for (let i = 0; i < support.lines; i++) residual[i * support.lines + i] -= 1;
  for (const entry of residual) error += entry * entry;
  const product = maskedProduct(support, residual, weights);
  for (let k = 0; k < product.length; k++) gradient[k] = 4 * product[k];
  return error;
}

function decompose(square: Float64Array, size: number): EigenvalueDecomposition {
  return new EigenvalueDecomposition(Matrix.from1DArray(size, size, square), { assumeSymmetric: true });
}

/** G^(−1/2) of a symmetric positive matrix [size, size]; zero along directions where G vanishes. */
function inverseRoot(square: Float64Array, size: number): Float64Array {
  const { realEigenvalues, eigenvectorMatrix } = decompose(square, size);
  const vectors = Float64Array.from(eigenvectorMatrix.to1DArray());
  const floor = 1e-14 * Math.max(...realEigenvalues);
  const factors = realEigenvalues.map((value) => (value > floor ? 1 / Math.sqrt(value) : 0));
  const scaled = vectors.map((entry, k) => entry * factors[k % size]);
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += scaled[i * size + k] * vectors[j * size + k];
      result[i * size + j] = sum;
      result[j * size + i] = sum;
    }
  }
  return result;
}

function effectiveDegree({ lines, line }: Support, weights: Float64Array): number {
  const squares = new Float64Array(lines);
  const fourths = new Float64Array(lines);
  for (let k = 0; k < weights.length; k++) {
    squares[line[k]] += weights[k] ** 2;
    fourths[line[k]] += weights[k] ** 4;
  }
  let sum = 0;
  for (let i = 0; i < lines; i++) sum += fourths[i] > 0 ? squares[i] ** 2 / fourths[i] : 0;
  return sum / lines;
}
