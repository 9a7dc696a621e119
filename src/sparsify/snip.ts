/**
 * @file SNIP: Lee, Ajanthan & Torr, "SNIP: single-shot network pruning based on connection sensitivity", ICLR 2019.
 *
 * A connection's sensitivity is how fast the loss changes as its weight w is faded out, |∂L/∂c| at c = 1 with c·w in
 * w's place, which is |w · ∂L/∂w| (their eq. 5). Twins of looks-linear fade together, and so do a kernel's taps.
 */

import { denseNetwork, SCORING_BATCHES, withoutTwins } from "./connection-scores.ts";
import { meanGradients } from "./dense-network.ts";
import { magnitudesOf, sumsOf } from "./places.ts";
import { prunedAtStart } from "./pruned-at-start.ts";
import { byScore, type ScoringFunction } from "./selection.ts";
import { weightedLayers } from "./weighted-layers.ts";

/** |w · ∂L/∂w|, L being averaged over the scoring batches. */
export const connectionSensitivity: ScoringFunction = async (candidates, scoring) => {
  const network = denseNetwork(candidates, scoring);
  const { weights: gradients } = await meanGradients(network, scoring, { count: SCORING_BATCHES });
  const weighted = weightedLayers(network);
  const products = gradients.map((layer, i) => {
    const changes = layer.map((value, k) => value * weighted[i].weights[k]);
    return sumsOf(changes, candidates.frame.layers[i].taps);
  });
  return withoutTwins(candidates.frame, products).map((scores) => magnitudesOf(scores));
};

/** Ranked over the whole network, as published. */
export const snip = prunedAtStart({
  name: "snip",
  title: "SNIP",
  source: "Lee, Ajanthan & Torr, SNIP, ICLR 2019",
  summary: "The connections whose removal would change the loss of the untrained network fastest stay.",
  densePasses: SCORING_BATCHES,
  weights: "orthogonal",
  select: byScore(connectionSensitivity, "global"),
});
