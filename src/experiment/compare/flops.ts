/**
 * @file Floating-point operations of a run, counted from the connections that there really are at each step
 * (docs/theory.md, section 9), of convolutions at every pixel. A multiply-add is two. Counted are the matrix products of training and of scoring;
 * not counted are tests, activations and the optimizer, which are small and alike for all methods.
 */

import { costs } from "../../certificate/costs.ts";
import type { AnyNetwork } from "../../network/network.ts";

/** Sums over a run so far. */
export interface Flops {
  readonly forward: number;
  /** Gradients of inputs (not the first layer's) and of weights. */
  readonly backward: number;
  /** To decide which connections to keep: batches differentiated through the dense network, and SynFlow's rounds. */
  readonly scoring: number;
}

export const noFlops: Flops = { forward: 0, backward: 0, scoring: 0 };

export function totalFlops({ forward, backward, scoring }: Flops): number {
  return forward + backward + scoring;
}

/** What one sample costs in a network as it is. */
export interface SampleFlops {
  readonly forward: number;
  readonly backward: number;
  /** Forward and backward if all layers were dense. */
  readonly denseTraining: number;
}

export function sampleFlops(network: AnyNetwork): SampleFlops {
  const { sparse, dense } = costs(network);
  return {
    forward: sparse.forwardFlops,
    backward: sparse.trainingFlops - sparse.forwardFlops,
    denseTraining: dense.trainingFlops,
  };
}

/** After a training step on `samples`. */
export function addStep(sum: Flops, per: SampleFlops, samples: number): Flops {
  return {
    ...sum,
    forward: sum.forward + per.forward * samples,
    backward: sum.backward + per.backward * samples,
  };
}

/** After `passes` batches of `samples` through the dense network. */
export function addScoring(sum: Flops, per: SampleFlops, passes: number, samples: number): Flops {
  return { ...sum, scoring: sum.scoring + per.denseTraining * passes * samples };
}
