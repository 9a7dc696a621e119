/**
 * @file GraSP: Wang, Zhang & Grosse, "Picking winning tickets before training by preserving gradient flow",
 * ICLR 2020.
 *
 * To first order, taking weight w out changes the squared norm of the gradient g by −2 w (H g)_w, H being the
 * Hessian (their eq. 6; of a kernel, summed over its taps). Connections are ranked by w (H g)_w: those whose loss would shrink the gradient most stay.
 * Unlike the authors' code this keeps the softmax at temperature 1.
 *
 * H g is a difference quotient of two gradients at the weights θ ± h g/‖g‖. The engine's gradients are float32:
 * h is chosen such that the loss changes by about a hundredth, far above rounding and still a small step.
 */

import { type AnyNetwork, isWeighted } from "../network/network.ts";
import { denseNetwork, SCORING_BATCHES, withoutTwins } from "./connection-scores.ts";
import { meanGradients } from "./dense-network.ts";
import type { Scoring } from "./method.ts";
import { sumsOf } from "./places.ts";
import { prunedAtStart } from "./pruned-at-start.ts";
import { byScore, type ScoringFunction } from "./selection.ts";
import { weightedLayers } from "./weighted-layers.ts";

/** By how much of itself the loss changes from θ to θ ± h g/‖g‖, to first order. */
const LOSS_CHANGE = 0.01;
/** And by how much of their norm the weights move, at most. */
const LARGEST_MOVE = 0.01;

/** w · (H g)_w, the loss being averaged over the scoring batches. */
export const gradientFlow: ScoringFunction = async (candidates, scoring) => {
  const network = denseNetwork(candidates, scoring);
  const product = await hessianGradient(network, scoring, SCORING_BATCHES);
  const weighted = weightedLayers(network);
  const scores = product.map((layer, i) => {
    const products = layer.map((value, k) => value * weighted[i].weights[k]);
    return sumsOf(products, candidates.frame.layers[i].taps);
  });
  return withoutTwins(candidates.frame, scores);
};

/**
 * H g for the gradient g by the weights (biases held) of each layer with connections, in its order. Zero where the gradient is zero.
 */
export async function hessianGradient(
  network: AnyNetwork,
  scoring: Scoring,
  count: number,
): Promise<Float64Array[]> {
  const { loss, weights: gradient } = await meanGradients(network, scoring, { count });
  const norm = Math.sqrt(squares(gradient));
  if (norm === 0) return gradient.map((layer) => new Float64Array(layer.length));
  const size = Math.sqrt(squares(weightedLayers(network).map((layer) => layer.weights)));
  const step = Math.min((LOSS_CHANGE * Math.abs(loss)) / norm, LARGEST_MOVE * size);
  const factor = step / norm;
  const ahead = await meanGradients(moved(network, gradient, factor), scoring, { count });
  const behind = await meanGradients(moved(network, gradient, -factor), scoring, { count });
  return ahead.weights.map((layer, i) =>
    layer.map((value, k) => (value - behind.weights[i][k]) / (2 * factor)),
  );
}

function moved(network: AnyNetwork, direction: readonly Float64Array[], factor: number): AnyNetwork {
  let next = 0;
  const layers = network.layers.map((layer) => {
    if (!isWeighted(layer)) return layer;
    const along = direction[next++];
    return { ...layer, weights: layer.weights.map((weight, k) => weight + factor * along[k]) };
  });
  return { ...network, layers };
}

function squares(layers: readonly (Float64Array | Float32Array)[]): number {
  let sum = 0;
  for (const layer of layers) for (const value of layer) sum += value * value;
  return sum;
}

/** Ranked over the whole network, as published. */
export const grasp = prunedAtStart({
  name: "grasp",
  title: "GraSP",
  source: "Wang, Zhang & Grosse, GraSP, ICLR 2020",
  summary: "The connections without which the untrained network's gradient would shrink most stay.",
  densePasses: 3 * SCORING_BATCHES,
  weights: "orthogonal",
  select: byScore(gradientFlow, "global"),
});
