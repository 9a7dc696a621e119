/**
 * @file How large and how sparse a network is, in the numbers that every summary shows.
 */

import { costs } from "../certificate/index.ts";
import { type AnyNetwork, isWeighted } from "../network/network.ts";
import { nonZeros } from "../topology/topology.ts";

export interface Counts {
  /** Weight layers. */
  readonly layers: number;
  /** Weights and biases, and batch normalization's scales and shifts. */
  readonly parameters: number;
  /** What they would be without sparsity. */
  readonly denseParameters: number;
  /** Share of connections left out, over the whole network; a connection of a convolution is a kernel. */
  readonly sparsity: number;
  /** Floating-point operations of the products for one sample, of convolutions at every pixel: two per multiply-add. */
  readonly flops: number;
}

/** Counts a network (docs/theory.md, section 9). */
export function countsOf(network: AnyNetwork): Counts {
  const topologies = network.layers.filter(isWeighted).map((layer) => layer.topology);
  const possible = topologies.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const present = topologies.reduce((sum, topology) => sum + nonZeros(topology), 0);
  const { sparse, dense } = costs(network);
  return {
    layers: topologies.length,
    parameters: sparse.parameters,
    denseParameters: dense.parameters,
    sparsity: possible === 0 ? 0 : 1 - present / possible,
    flops: sparse.forwardFlops,
  };
}
