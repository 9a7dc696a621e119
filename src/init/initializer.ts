/**
 * @file What an initializer is: a function from a topology to its weights.
 */

import type { RandomStream } from "../math/random.ts";
import type { Topology } from "../topology/topology.ts";

/** What every initializer is given beside the topology. */
export interface InitializerOptions {
  readonly random: RandomStream;
  /** Factor on all weights; finite. 1 keeps the initializer's own scale. */
  readonly gain: number;
  /** Told from time to time which share of the work is done, in (0, 1]; by initializers that may take long. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Weights for a topology: [non-zeros] float32. Blocks: block after block, each [rows of the group, columns of
 * the group] row-major. Edges: in the order of `columnIndices`.
 */
export type Initializer = (topology: Topology, options: InitializerOptions) => Float32Array;
