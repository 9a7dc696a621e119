/**
 * @file Magnitude pruning at the start: the largest of the weights just drawn stay. The control that Esguerra et al.
 * 2023 compare with, and the simplest of those of Frankle et al., "Pruning neural networks at initialization:
 * why are we missing the mark?", ICLR 2021.
 */

import type { Method } from "./method.ts";
import { magnitudesOf } from "./places.ts";
import { prunedAtStart } from "./pruned-at-start.ts";
import { byScore, type ScoringFunction } from "./selection.ts";

/** |w|; of kernels the sum over their taps, as in kernels.ts. */
export const magnitude: ScoringFunction = ({ frame, weights }) =>
  weights.map((layer, i) => magnitudesOf(layer, frame.layers[i].taps));

const source = "Frankle, Dziugaite, Roy & Carbin, Pruning neural networks at initialization, ICLR 2021";

/** Layer by layer and for the whole network, of orthogonal and of Kaiming weights. */
export const magnitudeAtStart: readonly Method[] = [
  ...prunedAtStart({
    name: "magnitude-init",
    title: "Magnitude at init",
    source,
    summary: "The largest of a dense orthogonal layer's weights stay, chosen before training.",
    densePasses: 0,
    weights: "orthogonal",
    select: byScore(magnitude, "layerwise"),
  }),
  ...prunedAtStart({
    name: "magnitude-init-kaiming",
    title: "Magnitude at init, Kaiming",
    source,
    summary: "The largest of a dense Gaussian layer's weights stay, chosen before training.",
    densePasses: 0,
    weights: "kaiming",
    select: byScore(magnitude, "layerwise"),
  }),
  ...prunedAtStart({
    name: "magnitude-init-global",
    title: "Magnitude at init, global",
    source,
    summary:
      "The largest of a dense orthogonal network's weights stay, chosen before training across all layers.",
    densePasses: 0,
    weights: "orthogonal",
    select: byScore(magnitude, "global"),
  }),
];
