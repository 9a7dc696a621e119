/**
 * @file RigL: Evci, Gale, Menick, Castro & Elsen, "Rigging the lottery: making all tickets winners", ICML 2020.
 *
 * The smallest weights go, and connections come where the gradient of the dense network is largest (of kernels, the L1
 * norms of both). That gradient
 * needs a dense forward and backward pass for one batch, every hundred steps; training itself stays sparse.
 */

import { densified, meanGradients } from "./dense-network.ts";
import { exchanging, scoredGrowth } from "./dynamic.ts";
import { magnitudesOf } from "./places.ts";
import { exchangedLater } from "./sparse-start.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

export const rigl = exchangedLater(
  {
    name: "rigl",
    title: "RigL",
    source: "Evci, Gale, Menick, Castro & Elsen, Rigging the lottery, ICML 2020",
    summary:
      "Sparse all along: now and then the smallest weights are exchanged for the connections with the largest gradient.",
  },
  exchanging("rigl", 1, async ({ network, scoring, step }) => {
    const dense = densified(network);
    const { weights } = await meanGradients(dense, scoring, { first: step, count: 1 });
    const taps = weightedLayers(dense).map(tapsOf);
    return scoredGrowth(weights.map((gradient, i) => magnitudesOf(gradient, taps[i])));
  }),
);
