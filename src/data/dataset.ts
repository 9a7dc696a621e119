/**
 * @file What a dataset is: two splits of plain arrays, and how to standardise their inputs.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";

/** Some samples. Exactly one of `labels` and `values` is present. */
export interface Split {
  readonly count: number;
  /** [count, width of an input], row-major; bytes are kept as bytes. */
  readonly inputs: Uint8Array | Float32Array;
  /** [count] class indices. */
  readonly labels?: Int32Array;
  /** [count, outputs] regression targets. */
  readonly values?: Float32Array;
}

export type { ImageShape };

/** How regression targets are standardised: (value − mean) / deviation. */
export interface ValueScale {
  readonly mean: number;
  /** Above 0. */
  readonly deviation: number;
}

/** A dataset, ready to train on. */
export interface Dataset {
  readonly name: string;
  /** Shape of one input, e.g. [3, 32, 32] or [28, 28] for an image or [4] for a table row. */
  readonly shape: readonly number[];
  /** Present when the inputs are images; its product is the input's width. */
  readonly image?: ImageShape;
  /** Width of the network's output: classes, or regression targets. */
  readonly outputs: number;
  /** [outputs]; absent for regression. */
  readonly classNames?: readonly string[];
  /** Standardised input = (x − mean) / deviation; both of length 1 (shared) or the input's width. From the training split, or `like`. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** Of regression targets, one for all outputs. From the training split, or `like`. */
  readonly valueScale?: ValueScale;
  readonly train: Split;
  readonly test: Split;
}

/** Numbers in one input. */
export function inputWidth(dataset: Dataset): number {
  return dataset.shape.reduce((product, side) => product * side, 1);
}
