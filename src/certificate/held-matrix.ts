/**
 * @file A matrix, or the kernels of a convolution, held in memory for its spectrum: float32 values, and where they
 * stand unless all are there. At 4 bytes a weight, and 4 more a connection of a sparse one, that is as little as
 * will do.
 */

import { centreTap } from "../init/convolution/convolution.ts";
import type { LinearOperator } from "../math/lanczos.ts";
import type { EdgeTopology } from "../topology/topology.ts";

/** Compressed sparse lines; entries are kernels of `taps` weights. */
export interface HeldMatrix {
  readonly lines: number;
  readonly across: number;
  readonly taps: number;
  /** [lines + 1]; absent where every line has all units across. */
  readonly pointers?: Int32Array;
  /** [connections] ascending within a line; absent where every line has all units across. */
  readonly indices?: Int32Array;
  /** [connections, taps] */
  readonly values: Float32Array;
}

/** Connections of a held matrix. */
export function connectionCount({ values, taps }: HeldMatrix): number {
  return values.length / taps;
}

/** The mask as edges; every connection must have been kept with its place. */
export function heldEdges({ lines, across, pointers, indices }: HeldMatrix): EdgeTopology | undefined {
  if (pointers === undefined || indices === undefined) return undefined;
  return {
    kind: "edges",
    name: "held",
    rows: lines,
    columns: across,
    rowPointers: pointers,
    columnIndices: indices,
  };
}

/** The matrix [lines, across × taps], whose row is a line's kernels one after the other. */
export function reshapedOperator(matrix: HeldMatrix): LinearOperator {
  const { lines, across, taps, pointers, indices, values } = matrix;
  const walk = (visit: (line: number, start: number, at: number, count: number) => void): void => {
    for (let line = 0; line < lines; line++) {
      if (pointers === undefined) visit(line, 0, line * across * taps, across * taps);
      else {
        for (let k = pointers[line]; k < pointers[line + 1]; k++)
          visit(line, indices![k] * taps, k * taps, taps);
      }
    }
  };
  const sparse = pointers !== undefined && taps === 1;
  return {
    rows: lines,
    columns: across * taps,
    multiply(x, y) {
      y.fill(0);
      if (sparse) multiplySparse(matrix, x, y);
      else {
        walk((line, start, at, count) => {
          let sum = 0;
          for (let t = 0; t < count; t++) sum += values[at + t] * x[start + t];
          y[line] += sum;
        });
      }
    },
    multiplyTransposed(y, x) {
      x.fill(0);
      if (sparse) multiplySparseTransposed(matrix, y, x);
      else {
        walk((line, start, at, count) => {
          const factor = y[line];
          for (let t = 0; t < count; t++) x[start + t] += factor * values[at + t];
        });
      }
    },
  };
}

function multiplySparse({ lines, pointers, indices, values }: HeldMatrix, x: Float64Array, y: Float64Array) {
  for (let line = 0; line < lines; line++) {
    let sum = 0;
    for (let k = pointers![line]; k < pointers![line + 1]; k++) sum += values[k] * x[indices![k]];
    y[line] = sum;
  }
}

function multiplySparseTransposed(
  { lines, pointers, indices, values }: HeldMatrix,
  y: Float64Array,
  x: Float64Array,
) {
  for (let line = 0; line < lines; line++) {
    for (let k = pointers![line]; k < pointers![line + 1]; k++) x[indices![k]] += values[k] * y[line];
  }
}

/**
 * The convolution itself at stride 1, on a torus with `side` places in each direction of the kernel (circular
 * padding): [lines × places, across × places]. Its singular values are those of the transfer matrices at the torus's
 * frequencies (Sedghi, Gupta & Long, ICLR 2019).
 */
export function torusOperator(matrix: HeldMatrix, kernel: readonly number[], side: number): LinearOperator {
  const { lines, across, taps, pointers, indices, values } = matrix;
  const places = side ** kernel.length;
  const shifts = tapShifts(kernel, side);
  const walk = (visit: (line: number, unit: number, at: number) => void): void => {
    for (let line = 0; line < lines; line++) {
      const [start, end] = pointers
        ? [pointers[line], pointers[line + 1]]
        : [line * across, (line + 1) * across];
      for (let k = start; k < end; k++) visit(line, indices ? indices[k] : k - start, k * taps);
    }
  };
  return {
    rows: lines * places,
    columns: across * places,
    multiply(x, y) {
      y.fill(0);
      walk((line, unit, at) => {
        for (let t = 0; t < taps; t++) {
          const [weight, shift] = [values[at + t], shifts[t]];
          if (weight === 0) continue;
          for (let p = 0; p < places; p++) y[line * places + p] += weight * x[unit * places + shift[p]];
        }
      });
    },
    multiplyTransposed(y, x) {
      x.fill(0);
      walk((line, unit, at) => {
        for (let t = 0; t < taps; t++) {
          const [weight, shift] = [values[at + t], shifts[t]];
          if (weight === 0) continue;
          for (let p = 0; p < places; p++) x[unit * places + shift[p]] += weight * y[line * places + p];
        }
      });
    },
  };
}

/** [taps][places] the place that each tap reads for each place of the output; the middle tap reads the place itself. */
function tapShifts(kernel: readonly number[], side: number): Int32Array[] {
  const places = side ** kernel.length;
  const taps = kernel.reduce((a, b) => a * b, 1);
  return Array.from({ length: taps }, (_, tap) =>
    Int32Array.from({ length: places }, (_, place) => {
      let [read, unit, restTap, restPlace] = [0, 1, tap, place];
      for (let axis = kernel.length - 1; axis >= 0; axis--) {
        const offset = (restTap % kernel[axis]) - centreTap(kernel[axis]);
        const coordinate = (restPlace % side) + offset;
        read += unit * (((coordinate % side) + side) % side);
        restTap = Math.floor(restTap / kernel[axis]);
        restPlace = Math.floor(restPlace / side);
        unit *= side;
      }
      return read;
    }),
  );
}
