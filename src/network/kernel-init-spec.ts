/**
 * @file What to put on the layers of a convolutional network: a topology over channels, how many kernels to keep, and
 * which weights. A plain object, as `InitSpec` is for linear layers; `sao` and `dense` make those too.
 */

import type { Arrangement } from "../topology/arrangement.ts";
import { requestFields, type SparsityRequest } from "../topology/request.ts";

/**
 * Topology, sparsity (at most one of its four fields; none means dense) and weights. Sparsity counts kernels:
 * `sparsity` leaves that share out, `degree` keeps as many for each channel of the longer side, `groups` makes grouped
 * convolutions, `compression` c keeps one kernel in c.
 */
export interface KernelInitSpec extends SparsityRequest {
  /** A name of the topology registry, over channels. Default `"sao"`. */
  readonly topology?: string;
  /** How groups are laid out across layers. Default `"debruijn"`. */
  readonly arrangement?: Arrangement;
  /** `"delta"`, `"shift"`, `"eco"` or `"kaiming"`; default as the builder says. Linear layers are `kaiming` for `kaiming`, else `orthogonal`. */
  readonly weights?: string;
  /** Factor on all weights; finite. Default 1, or what the start chooses. */
  readonly gain?: number;
}

/** All fields there are. */
export const kernelInitFields: readonly string[] = [
  ...requestFields,
  "topology",
  "arrangement",
  "weights",
  "gain",
] satisfies readonly (keyof KernelInitSpec)[];
