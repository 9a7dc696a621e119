/**
 * @file The dense network on the same weights, for methods that ask what connections would do that do not exist.
 */

import { createTrainer } from "../engine/create-trainer.ts";
import { sgd, stateVectors } from "../engine/optimizer.ts";
import { makePlan } from "../engine/plan.ts";
import type { Loss, TrainerOptions } from "../engine/trainer.ts";
import { resolveOptions } from "../engine/trainer-options.ts";
import { type AnyNetwork, isWeighted } from "../network/network.ts";
import { frameOf } from "./frame.ts";
import type { Scoring, Task } from "./method.ts";
import { completeTopology, scatter } from "./places.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

/** WebAssembly gives memory in pages of so many bytes. */
const PAGE = 65536;

/** `network` with all connections; those that were not there have weight 0, so that it computes the same. */
export function densified(network: AnyNetwork): AnyNetwork {
  const layers = network.layers.map((layer) => {
    if (!isWeighted(layer)) return layer;
    const topology = completeTopology("dense", layer.topology);
    return { ...layer, topology, weights: scatter(layer.topology, layer.weights, tapsOf(layer)) };
  });
  return { ...network, layers };
}

/** Loss, and its gradient by the weights of each layer with connections, in their order, averaged over scoring batches. */
export interface MeanGradients {
  readonly loss: number;
  readonly weights: readonly Float64Array[];
}

/** Over `count` batches from number `first` on. Throws what `Trainer.gradients` throws. */
export async function meanGradients(
  network: AnyNetwork,
  scoring: Scoring,
  { first = 0, count }: { readonly first?: number; readonly count: number },
): Promise<MeanGradients> {
  const batches = Array.from({ length: count }, (_, k) => scoring.batch(first + k));
  const { loss: kind, threads, reproducible } = scoring;
  const batchSize = Math.max(...batches.map((batch) => batch.count));
  const trainer = await createTrainer(network, {
    ...gradientOptions(kind, batchSize),
    threads,
    reproducible,
  });
  try {
    const weights = weightedLayers(network).map((layer) => new Float64Array(layer.weights.length));
    const places = [...network.layers.keys()].filter((i) => isWeighted(network.layers[i]));
    let loss = 0;
    for (const batch of batches) {
      const gradients = trainer.gradients(batch);
      loss += gradients.loss / count;
      for (const [i, sum] of weights.entries()) {
        const part = gradients.layers[places[i]].weights;
        for (let k = 0; k < sum.length; k++) sum[k] += part[k] / count;
      }
    }
    return { loss, weights };
  } finally {
    trainer.dispose();
  }
}

/**
 * What the engine takes on one thread to differentiate the dense network of a task: the trainer of
 * `meanGradients`, which methods that score connections have before training, or beside the network in training.
 */
export function denseBytes(task: Task, loss: Loss, batchSize: number): number {
  const options = gradientOptions(loss, batchSize);
  const { skeleton } = frameOf(task);
  const layers = skeleton.layers.map((layer) => {
    if (!isWeighted(layer)) return layer;
    const { rows, columns } = layer.topology;
    return { ...layer, weights: new Float32Array(rows * columns * tapsOf(layer)) };
  });
  const network = { ...skeleton, layers };
  const { bytes } = makePlan(network, {
    ...resolveOptions(options),
    stateVectors: stateVectors(options.optimizer),
  });
  return PAGE * Math.ceil(bytes / PAGE);
}

/** Gradients alone need no momentum. */
function gradientOptions(loss: Loss, batchSize: number): TrainerOptions {
  return { loss, batchSize, optimizer: sgd({ momentum: 0 }) };
}
