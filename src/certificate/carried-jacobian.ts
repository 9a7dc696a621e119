/**
 * @file Jacobians of multilayer perceptrons, carried along as matrices.
 *
 * The Jacobian of layer k is D_k W_k … D_1 W_1, with D the derivatives of the activations. After the first layer
 * only its rows' lengths and angles matter, so it is shrunk to a square by a triangular factorisation and then
 * carried along in float64: (non-zeros × width) multiply-adds a layer. Singular values below about 1e-15 of the
 * largest are rounding.
 */

import { singularValues } from "../math/singular-values.ts";
import { triangularFactor } from "../math/triangular-factor.ts";
import type { LinearLayer, Network } from "../network/network.ts";
import type { Topology } from "../topology/topology.ts";
import {
  combineSpectra,
  type JacobianOptions,
  type JacobianSpectrum,
  type JacobianTracker,
  type SampleSpectrum,
} from "./jacobian-spectrum.ts";
import { slopesAt } from "./slopes.ts";

/** A dense matrix, row-major. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Follows as many samples as the budget allows, all values at every depth. */
export function carriedJacobians({ layers }: Network, options: JacobianOptions): JacobianTracker {
  const after = new Set(options.after);
  const samples = affordable(layers, after, options);
  const jacobians = new Array<Matrix | null>(samples).fill(null);
  const spectra = new Map<number, JacobianSpectrum | null>();
  return {
    samples,
    visit(index, preActivations) {
      const layer = layers[index];
      const count = preActivations.length / layer.topology.rows;
      for (let s = 0; s < samples; s++) {
        jacobians[s] = propagate(layer, slopesAt(layer.activation, preActivations, count, s), jacobians[s]);
      }
      if (!after.has(index)) return;
      const dimension = options.dimensions.get(index)!;
      const found = jacobians.map((jacobian) => spectrum(jacobian!, dimension, options.factor(index)));
      spectra.set(index, combineSpectra(found, dimension));
    },
    spectra: () => spectra,
  };
}

/** How many samples' Jacobians the budget allows, at most those wanted. */
function affordable(
  layers: readonly LinearLayer[],
  after: ReadonlySet<number>,
  { samples: wanted, budget }: JacobianOptions,
): number {
  const { rows, columns } = layers[0].topology;
  const side = Math.min(rows, columns);
  let work = rows <= columns ? 2 * rows * rows * columns : 0;
  for (const [index, layer] of layers.entries()) {
    work += layer.weights.length * side;
    const shorter = Math.min(layer.topology.rows, side);
    if (after.has(index)) work += 30 * shorter * layer.topology.rows * side;
  }
  let samples = 0;
  while (samples < wanted && budget.spend(work, `sample ${samples}`)) samples++;
  return samples;
}

function spectrum(
  { rows, columns, values }: Matrix,
  dimension: number,
  factor: number,
): SampleSpectrum | null {
  if (!values.every(Number.isFinite)) return null;
  const found = singularValues(values, rows, columns).subarray(0, dimension);
  return { values: found.map((value) => value / factor) };
}

/** D W J, shrunk to a square if it is wide; J = null stands for the first layer's, the identity. */
function propagate(layer: LinearLayer, slope: Float64Array, jacobian: Matrix | null): Matrix {
  const { topology, weights } = layer;
  const { rows } = topology;
  const columns = jacobian?.columns ?? topology.columns;
  const values = new Float64Array(rows * columns);
  forEachRow(topology, (row, units, first, last, weight) => {
    if (jacobian !== null) {
      addRows(values, row * columns, jacobian, units, first, last, weights, weight, slope[row]);
      return;
    }
    for (let k = first; k < last; k++) {
      values[row * columns + units[k]] = slope[row] * weights[weight + k - first];
    }
  });
  return rows < columns ? shrink({ rows, columns, values }) : { rows, columns, values };
}

/** Row `row` reads units[first] … units[last − 1], through weights from `weight` on. */
function forEachRow(
  topology: Topology,
  visit: (row: number, units: Int32Array, first: number, last: number, weight: number) => void,
): void {
  if (topology.kind === "edges") {
    const { rowPointers, columnIndices } = topology;
    for (let r = 0; r < topology.rows; r++) {
      visit(r, columnIndices, rowPointers[r], rowPointers[r + 1], rowPointers[r]);
    }
    return;
  }
  const { rowOrder, columnOrder, rowOffsets, columnOffsets } = topology;
  let weight = 0;
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    for (let i = rowOffsets[q]; i < rowOffsets[q + 1]; i++) {
      visit(rowOrder[i], columnOrder, columnOffsets[q], columnOffsets[q + 1], weight);
      weight += columnOffsets[q + 1] - columnOffsets[q];
    }
  }
}

/** Adds slope · Σ_k weights · J[units[k]] to the row at `to`; two rows of J at a time halve the traffic. */
function addRows(
  values: Float64Array,
  to: number,
  jacobian: Matrix,
  units: Int32Array,
  first: number,
  last: number,
  weights: Float32Array,
  weight: number,
  slope: number,
): void {
  const width = jacobian.columns;
  const from = jacobian.values;
  let k = first;
  let at = weight;
  for (; k + 1 < last; k += 2, at += 2) {
    const [a, b] = [units[k] * width, units[k + 1] * width];
    const [weightA, weightB] = [slope * weights[at], slope * weights[at + 1]];
    for (let c = 0; c < width; c++) values[to + c] += weightA * from[a + c] + weightB * from[b + c];
  }
  if (k === last) return;
  const a = units[k] * width;
  for (let c = 0; c < width; c++) values[to + c] += slope * weights[at] * from[a + c];
}

/** A square matrix whose rows have the same lengths and angles, in the same order. */
function shrink({ rows, columns, values }: Matrix): Matrix {
  if (!values.every(Number.isFinite)) return { rows, columns, values };
  const { factor, order } = triangularFactor(values, rows, columns);
  const square = new Float64Array(rows * rows);
  for (let c = 0; c < rows; c++) {
    for (let r = 0; r < rows; r++) square[order[c] * rows + r] = factor[r * rows + c];
  }
  return { rows, columns: rows, values: square };
}
