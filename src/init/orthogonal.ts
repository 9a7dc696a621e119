/**
 * @file Exactly orthogonal weights: Haar-uniform blocks, or the closed form that an edge topology carries.
 *
 * Saxe, McClelland & Ganguli, ICLR 2014, for dense layers; Esguerra et al. 2023 for blocks (docs/theory.md,
 * section 1); section 5 for `givens` and `clifford`.
 */

import { ArgumentError } from "../errors.ts";
import { semiOrthogonal } from "../math/orthonormal.ts";
import { type BlockTopology, groupCount, nonZeros } from "../topology/topology.ts";
import { cliffordWeights } from "./clifford-weights.ts";
import { givensWeights } from "./givens-weights.ts";
import type { Initializer, InitializerOptions } from "./initializer.ts";

/**
 * Each block has orthonormal rows if it has at most as many rows as columns, else orthonormal columns; times
 * `gain`. When that is the same side for all blocks, so has the layer. Computed in float64, stored in float32.
 * Throws ArgumentError ("no-orthogonal-weights") on edges without a construction.
 */
export const orthogonal: Initializer = (topology, options) => {
  if (topology.kind === "blocks") return orthogonalBlocks(topology, options);
  const { random, gain } = options;
  const { construction } = topology;
  if (construction === undefined) {
    throw new ArgumentError(
      "no-orthogonal-weights",
      `a ${topology.name} topology has no exactly orthogonal weights in closed form; use approximateIsometry`,
    );
  }
  const exact =
    construction.kind === "givens"
      ? givensWeights(topology, construction, random)
      : cliffordWeights(topology, construction, random);
  return Float32Array.from(exact, (weight) => gain * weight);
};

function orthogonalBlocks(
  topology: BlockTopology,
  { random, gain, onProgress }: InitializerOptions,
): Float32Array {
  const { rowOffsets, columnOffsets } = topology;
  const weights = new Float32Array(nonZeros(topology));
  const groups = groupCount(topology);
  let next = 0;
  for (let q = 0; q < groups; q++) {
    // Groups are of about the same size.
    const block = semiOrthogonal(
      rowOffsets[q + 1] - rowOffsets[q],
      columnOffsets[q + 1] - columnOffsets[q],
      random,
      onProgress && ((share) => onProgress((q + share) / groups)),
    );
    for (let k = 0; k < block.length; k++) weights[next + k] = gain * block[k];
    next += block.length;
  }
  return weights;
}
