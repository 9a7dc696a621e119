/**
 * @file What to put on a layer: a topology, how sparse, and which weights. A plain object, so that any topology
 * and initializer of the registries can be named; `sao` and `dense` are the common ones.
 */

import type { Arrangement } from "../topology/arrangement.ts";
import { requestFields, type SparsityRequest } from "../topology/request.ts";

/** Topology, sparsity (at most one of its four fields; none means dense) and weights of a network's layers. */
export interface InitSpec extends SparsityRequest {
  /** A name of the topology registry. Default `"sao"`. */
  readonly topology?: string;
  /** How groups are laid out across layers. Default `"debruijn"`. */
  readonly arrangement?: Arrangement;
  /** A name of the initializer registry. Default `"orthogonal"`. */
  readonly weights?: string;
  /** Factor on all weights; finite. Default 1, or what the isometric start chooses. */
  readonly gain?: number;
}

/** All fields there are. */
export const initFields: readonly string[] = [
  ...requestFields,
  "topology",
  "arrangement",
  "weights",
  "gain",
] satisfies readonly (keyof InitSpec)[];

/** Dense orthogonal blocks after a reordering of units: Sparsity-Aware Orthogonal layers. */
export function sao(options: Omit<InitSpec, "topology"> = {}): InitSpec {
  return { ...options, topology: "sao" };
}

/** Every unit connected to every other. */
export function dense(options: Pick<InitSpec, "weights" | "gain"> = {}): InitSpec {
  return { ...options, topology: "dense" };
}

/** The sparsity part alone. */
export function requestOf({ sparsity, degree, groups, compression }: SparsityRequest): SparsityRequest {
  return {
    ...(sparsity !== undefined && { sparsity }),
    ...(degree !== undefined && { degree }),
    ...(groups !== undefined && { groups }),
    ...(compression !== undefined && { compression }),
  };
}
