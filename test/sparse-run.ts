/**
 * @file A run of a method on made-up data: training steps with the method's updates between them.
 */

import { createTrainer, sgd } from "../src/engine/index.ts";
import { type AnyNetwork, isMlp, type Network } from "../src/network/network.ts";
import type { Method, MlpTask, Scoring, Task, UpdateRequest, UpdateResult } from "../src/sparsify/method.ts";

/** An update as it happened, of networks `N`. */
export interface Happened<N extends AnyNetwork = Network> {
  readonly request: Omit<UpdateRequest, "network"> & { readonly network: N };
  readonly result: Omit<UpdateResult, "network"> & { readonly network: N };
}

/** A run's updates, and the network at its end. */
export interface SparseRun<N extends AnyNetwork> {
  readonly updates: readonly Happened<N>[];
  readonly network: N;
}

/** Trains for `total` steps, every scoring batch in turn; a task of linear layers has networks of them. */
export function sparseRun(
  method: Method,
  task: MlpTask,
  scoring: Scoring,
  total: number,
): Promise<SparseRun<Network>>;
export function sparseRun(
  method: Method,
  task: Task,
  scoring: Scoring,
  total: number,
): Promise<SparseRun<AnyNetwork>>;
export async function sparseRun(
  method: Method,
  task: Task,
  scoring: Scoring,
  total: number,
): Promise<SparseRun<AnyNetwork>> {
  const options = { loss: scoring.loss, optimizer: sgd(), batchSize: 16, reproducible: true };
  let trainer = await createTrainer(await method.start(task, scoring), options);
  const updates: Happened<AnyNetwork>[] = [];
  const due = new Set(method.updater?.steps(task, total));
  let memory = {};
  for (let step = 1; step <= total; step++) {
    trainer.step(scoring.batch(step), 0.02);
    if (!due.has(step)) continue;
    const [network, optimizerState] = [trainer.network(), trainer.optimizerState()];
    const request = { task, step, total, network, optimizerState, memory, scoring };
    const result = await method.updater!.update(request);
    updates.push({ request, result });
    memory = result.memory;
    trainer.dispose();
    trainer = await createTrainer(result.network, options);
    trainer.restoreOptimizerState(result.optimizerState);
  }
  const network = trainer.network();
  trainer.dispose();
  return { updates, network };
}

/** The network that a method starts a task of linear layers with. */
export async function startMlp(method: Method, task: Task, scoring: Scoring): Promise<Network> {
  return asMlp(await method.start(task, scoring));
}

/** A network that must be of linear layers. */
export function asMlp(network: AnyNetwork): Network {
  if (!isMlp(network)) throw new Error("the network has layers that are not linear");
  return network;
}
