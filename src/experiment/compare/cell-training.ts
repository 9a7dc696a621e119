/**
 * @file A cell's network in training: single steps, each followed by the test and the change of connections that are
 * due after it, with everything counted.
 */

import { inputWidth, type Split } from "../../data/dataset.ts";
import { createTrainer, type Trainer } from "../../engine/index.ts";
import { randomStream } from "../../math/random.ts";
import { type AnyNetwork, isWeighted, type Layer } from "../../network/network.ts";
import type { Memory, OptimizerState } from "../../sparsify/index.ts";
import { nonZeros } from "../../topology/topology.ts";
import { batchOf, evaluateSplit } from "../loop.ts";
import type { CellPlan } from "./cell-plan.ts";
import { addScoring, addStep, type SampleFlops, sampleFlops, totalFlops } from "./flops.ts";
import type { RunProgress, RunState } from "./run-state.ts";
import { evenly } from "./samples.ts";

/** Opened by `open`; `dispose` ends its threads. */
export class CellTraining {
  progress: RunProgress;
  /** Of the last step; null before. */
  loss: number | null = null;
  readonly #plan: CellPlan;
  /** Test samples of all tests but the last. */
  readonly #someTests: Split;
  #memory: Memory;
  #trainer: Trainer<Layer>;
  #disposed = false;
  #per: SampleFlops;
  #connections: number;
  #order: { readonly epoch: number; readonly indices: Int32Array } | undefined;

  /** Puts the network of a state into the engine. */
  static async open(plan: CellPlan, state: RunState): Promise<CellTraining> {
    const { trainer, bytes } = await openTrainer(plan, state.network, state.optimizer);
    return new CellTraining(plan, state, trainer, bytes);
  }

  private constructor(plan: CellPlan, state: RunState, trainer: Trainer<Layer>, bytes: number) {
    const { test } = plan.dataset;
    this.#plan = plan;
    this.#someTests = evenly(test, inputWidth(plan.dataset), plan.testSamples);
    this.#memory = state.memory;
    this.#trainer = trainer;
    this.#per = sampleFlops(state.network);
    this.#connections = connectionsOf(state.network);
    this.progress = { ...state.progress, engineBytes: Math.max(state.progress.engineBytes, bytes) };
  }

  get kernels(): string {
    return this.#trainer.kernels;
  }

  network(): AnyNetwork {
    return this.#trainer.network();
  }

  state(): RunState {
    const { progress } = this;
    return {
      network: this.#trainer.network(),
      optimizer: this.#trainer.optimizerState(),
      memory: this.#memory,
      progress,
    };
  }

  dispose(): void {
    if (!this.#disposed) this.#trainer.dispose();
    this.#disposed = true;
  }

  /** One training step and what is due after it. Throws RunError (`not-finite`), the weights as they were. */
  async step(): Promise<void> {
    const { dataset, testAfter, updateAfter, steps } = this.#plan;
    const began = performance.now();
    this.#train();
    const { step } = this.progress;
    this.#spend(began);
    if (testAfter.has(step)) this.test(step === steps ? dataset.test : this.#someTests);
    if (!updateAfter.has(step)) return;
    const updating = performance.now();
    await this.#update();
    this.#spend(updating);
  }

  /** Tests the network as it is, and notes what it came to. */
  test(split: Split): void {
    const { loss, accuracy } = evaluateSplit(this.#trainer, this.#plan.dataset, split);
    const { step, flops, points } = this.progress;
    const point = {
      step,
      flops: totalFlops(flops),
      accuracy,
      loss: Number.isFinite(loss) ? loss : null,
      nonZeros: this.#connections,
    };
    this.progress = { ...this.progress, points: [...points.filter((other) => other.step !== step), point] };
  }

  #train(): void {
    const { dataset, task, trainerOptions, learningRate } = this.#plan;
    const { step, flops } = this.progress;
    const epoch = Math.floor(step / this.#plan.stepsPerEpoch);
    if (this.#order?.epoch !== epoch) {
      const indices = randomStream(task.seed).split("shuffle", epoch).permutation(dataset.train.count);
      this.#order = { epoch, indices };
    }
    const first = (step % this.#plan.stepsPerEpoch) * trainerOptions.batchSize;
    const indices = this.#order.indices.subarray(first, first + trainerOptions.batchSize);
    this.loss = this.#trainer.step(batchOf(dataset, dataset.train, indices), learningRate(step)).loss;
    this.progress = { ...this.progress, step: step + 1, flops: addStep(flops, this.#per, indices.length) };
  }

  async #update(): Promise<void> {
    const { method, task, scoring, steps, trainerOptions } = this.#plan;
    const { updater } = method;
    if (updater === undefined) return;
    const { step, flops, changes, engineBytes } = this.progress;
    const network = this.#trainer.network();
    const optimizerState = this.#trainer.optimizerState();
    const memory = this.#memory;
    const changed = await updater.update({
      task,
      step,
      total: steps,
      network,
      optimizerState,
      memory,
      scoring,
    });
    // The old one first: both at once would be the most memory that the run ever takes.
    this.dispose();
    const { trainer, bytes } = await openTrainer(this.#plan, changed.network, changed.optimizerState);
    this.#trainer = trainer;
    this.#disposed = false;
    this.#memory = changed.memory;
    this.progress = {
      ...this.progress,
      flops: addScoring(flops, this.#per, updater.densePasses, trainerOptions.batchSize),
      engineBytes: Math.max(engineBytes, bytes),
      changes: {
        updates: changes.updates + 1,
        removed: changes.removed + changed.removed,
        added: changes.added + changed.added,
      },
    };
    this.#per = sampleFlops(changed.network);
    this.#connections = connectionsOf(changed.network);
  }

  #spend(since: number): void {
    const { seconds } = this.progress;
    this.progress = { ...this.progress, seconds: seconds + (performance.now() - since) / 1000 };
  }
}

/** A trainer, and the bytes that it would take on one thread, so that counts do not depend on the threads. */
async function openTrainer(
  { trainerOptions }: CellPlan,
  network: AnyNetwork,
  optimizer: OptimizerState | undefined,
): Promise<{ trainer: Trainer<Layer>; bytes: number }> {
  const trainer = await createTrainer(network, trainerOptions);
  if (optimizer !== undefined) trainer.restoreOptimizerState(optimizer);
  if (trainerOptions.threads === 1) return { trainer, bytes: trainer.bytes };
  const alone = await createTrainer(network, { ...trainerOptions, threads: 1 });
  const { bytes } = alone;
  alone.dispose();
  return { trainer, bytes };
}

function connectionsOf({ layers }: AnyNetwork): number {
  return layers.filter(isWeighted).reduce((sum, { topology }) => sum + nonZeros(topology), 0);
}
