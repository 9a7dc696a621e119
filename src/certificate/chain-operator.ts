/**
 * @file Matrices that follow one another, some with a shortcut from further back, as one matrix that is only known by
 * its products: what layers are to signals, and what their masks are to paths.
 */

import { type LinearOperator, transposed } from "../math/lanczos.ts";

/** One matrix of a chain. Value 0 is what the chain takes, value k what its first k links make of it. */
export interface ChainLink {
  readonly operator: LinearOperator;
  /** Added to the link's result: a matrix times an earlier value, at most the one that the link takes. */
  readonly shortcut?: { readonly from: number; readonly operator: LinearOperator };
}

/** The matrix of all links, at least one. Its products take memory for two values, and for those that shortcuts read. */
export function chainOperator(links: readonly ChainLink[]): LinearOperator {
  const rows = links[links.length - 1].operator.rows;
  const columns = links[0].operator.columns;
  const sources = new Set(links.flatMap(({ shortcut }) => (shortcut === undefined ? [] : [shortcut.from])));
  const sizes = [columns, ...links.map(({ operator }) => operator.rows)];
  const shared = [0, 1].map(() => new Float64Array(Math.max(...sizes)));
  const values = sizes.map((size, k) => {
    return sources.has(k) ? new Float64Array(size) : shared[k % 2].subarray(0, size);
  });
  return {
    rows,
    columns,
    multiply(x, y) {
      values[0].set(x);
      for (const [k, { operator, shortcut }] of links.entries()) {
        operator.multiply(values[k], values[k + 1]);
        if (shortcut !== undefined) addProduct(shortcut.operator, values[shortcut.from], values[k + 1]);
      }
      y.set(values[links.length]);
    },
    multiplyTransposed(y, x) {
      for (const from of sources) values[from].fill(0);
      values[links.length].set(y);
      for (let k = links.length - 1; k >= 0; k--) {
        const { operator, shortcut } = links[k];
        if (shortcut !== undefined) {
          addProduct(transposed(shortcut.operator), values[k + 1], values[shortcut.from]);
        }
        if (sources.has(k)) addProduct(transposed(operator), values[k + 1], values[k]);
        else operator.multiplyTransposed(values[k + 1], values[k]);
      }
      x.set(values[0]);
    },
  };
}

/** The matrix whose row i picks entry `index[i]`, or nothing where that is negative. */
export function selectionOperator(index: Int32Array, columns: number): LinearOperator {
  return {
    rows: index.length,
    columns,
    multiply(x, y) {
      for (let i = 0; i < index.length; i++) y[i] = index[i] < 0 ? 0 : x[index[i]];
    },
    multiplyTransposed(y, x) {
      x.fill(0);
      for (let i = 0; i < index.length; i++) if (index[i] >= 0) x[index[i]] += y[i];
    },
  };
}

/** The diagonal matrix of `values`. */
export function diagonalOperator(values: Float64Array): LinearOperator {
  const scale = (from: Float64Array, to: Float64Array): void => {
    for (let i = 0; i < values.length; i++) to[i] = values[i] * from[i];
  };
  return { rows: values.length, columns: values.length, multiply: scale, multiplyTransposed: scale };
}

/** The unit matrix. */
export function identityOperator(size: number): LinearOperator {
  const copy = (from: Float64Array, to: Float64Array): void => to.set(from);
  return { rows: size, columns: size, multiply: copy, multiplyTransposed: copy };
}

/** y += A x */
function addProduct(operator: LinearOperator, x: Float64Array, y: Float64Array): void {
  const product = new Float64Array(operator.rows);
  operator.multiply(x, product);
  for (let i = 0; i < y.length; i++) y[i] += product[i];
}
