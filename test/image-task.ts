/**
 * @file What methods are asked for on images, and what they may see of the data: made up, and small.
 */

import { batchOf } from "../src/experiment/batches.ts";
import { standardisedSamples } from "../src/experiment/train.ts";
import { cnn } from "../src/network/cnn.ts";
import { cnnEco } from "../src/network/cnn-eco.ts";
import type { ImageTask, Scoring } from "../src/sparsify/method.ts";
import { toyImages } from "./toy-images.ts";

const dataset = toyImages();

/** For plain networks of two hidden convolutions, 8 channels wide, on 3 x 8 x 8 images. */
export function toyImageTask(changes: Partial<Omit<ImageTask, "build">> = {}): ImageTask {
  const task = {
    activation: "tanh",
    start: "critical",
    seed: 3,
    sparsity: { sparsity: 0.5 },
    weights: "delta",
    ...changes,
  } as const;
  const { activation, start, seed } = task;
  const shared = { input: dataset.image!, outputs: 2, depth: 2, width: 8, activation, start, seed };
  return {
    ...task,
    build: (init) => (task.weights === "eco" ? cnnEco({ ...shared, init }) : cnn({ ...shared, init })),
  };
}

/** Batches of 16 of them. */
export const toyImageScoring: Scoring = {
  batch: (index) =>
    batchOf(
      dataset,
      dataset.train,
      Int32Array.from({ length: 16 }, (_, k) => (16 * index + k) % dataset.train.count),
    ),
  loss: { kind: "crossEntropy", labelSmoothing: 0 },
  samples: () => standardisedSamples(dataset, 32),
  reproducible: true,
};
