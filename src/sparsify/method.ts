/**
 * @file What a method of making a network sparse is, seen from a comparison: how its network starts, how the
 * training steps are shared out, and what happens to the connections on the way.
 *
 * A method is plain data and pure functions. Everything it does follows from its arguments, so a run that was
 * killed and goes on from a checkpoint ends with the same bits. Adding one is a new file and a line in registry.ts.
 */

import type { Batch, Loss } from "../engine/trainer.ts";
import type { KernelInitSpec } from "../network/kernel-init-spec.ts";
import type { Activation, AnyNetwork, Start } from "../network/network.ts";
import type { SparsityRequest } from "../topology/request.ts";

/** What tasks of all networks have. */
interface CommonTask {
  /** Of all layers but the last, which is linear. */
  readonly activation: Activation;
  /** Of the finished network. Dense methods pay no heed to it. */
  readonly sparsity: SparsityRequest;
  /** Integer in [0, 2⁵³). */
  readonly seed: number;
  /** One of `method.starts(activation)`. */
  readonly start: Start;
}

/** To make a multilayer perceptron. */
export interface MlpTask extends CommonTask {
  /** Input width, hidden widths, output width. */
  readonly widths: readonly number[];
}

/** To make a network of convolutions, whose connections are kernels. */
export interface ImageTask extends CommonTask {
  /** Those of methods whose weights are orthogonal. */
  readonly weights: "delta" | "shift" | "eco";
  /** The network with the task's activation, start and seed, on which `init` counts kernels. Throws as its builder does. */
  build(init: KernelInitSpec): AnyNetwork;
}

/** What a method is to make; the same object for `start`, `phases` and all updates of a run. */
export type Task = MlpTask | ImageTask;

/** Whether it is a network of convolutions that is to be made. */
export function isImageTask(task: Task): task is ImageTask {
  return "build" in task;
}

/** The data a method may look at, apart from training itself. */
export interface Scoring {
  /** Batch `index` (from 0) of a sequence of training batches that depends on the run's seed alone. */
  batch(index: number): Batch;
  readonly loss: Loss;
  /** Standardised training inputs [count, inputs], on which critical starts measure the input scale; 2000 do. */
  samples(): Float64Array;
  /** As in TrainerOptions, for the trainers that scoring makes. Threads never change results. */
  readonly threads?: number;
  readonly reproducible?: boolean;
  /** Told of floating-point operations that scores took besides `densePasses`; results do not depend on it. */
  readonly onFlops?: (flops: number) => void;
}

/** A part of the training steps. The learning-rate schedule starts anew with each, warm-up included. */
export interface Phase {
  /** E.g. `"train"`, `"finetune"`. */
  readonly name: string;
  /** Of all steps, in (0, 1]; the shares of a method add up to 1. `phaseEnds` turns them into steps. */
  readonly share: number;
  /** Factor on the run's learning rate during this phase; above 0. */
  readonly learningRate: number;
}

/** As `Trainer.optimizerState` gives it: each vector flat over all weights, layer by layer, then all biases. */
export interface OptimizerState {
  readonly updates: number;
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

/** What a method keeps from one update to a later one, by name; belongs into checkpoints. Empty before the first. */
export type Memory = Readonly<Record<string, Float32Array>>;

/** A run between two steps. */
export interface UpdateRequest {
  readonly task: Task;
  /** Steps made so far: one of `steps(task, total)`. */
  readonly step: number;
  /** All training steps of the run. */
  readonly total: number;
  readonly network: AnyNetwork;
  readonly optimizerState: OptimizerState;
  readonly memory: Memory;
  readonly scoring: Scoring;
}

/** What the run goes on with: layers may have other topologies, so that a new Trainer is needed. */
export interface UpdateResult {
  readonly network: AnyNetwork;
  readonly optimizerState: OptimizerState;
  readonly memory: Memory;
  /** Connections taken away and added. Both 0: the network given may go on as it is, if it is the same object. */
  readonly removed: number;
  readonly added: number;
}

/** Changes connections during training. */
export interface Updater {
  /**
   * After how many steps updates are due: ascending whole numbers from 1 to total − 1 (an update at the border of two
   * phases comes before the later one's first step). Empty when `total` is too small to fit any.
   */
  steps(task: Task, total: number): readonly number[];
  /** Batches differentiated through a *dense* network at each update, for counting FLOPs (RigL: 1). */
  readonly densePasses: number;
  /** Pure: depends on its argument alone; randomness comes from `task.seed` and `step`. Throws RunError. */
  update(request: UpdateRequest): Promise<UpdateResult>;
}

/** When a method decides which connections to keep; `"dense"`: never, it keeps all. */
export type When = "dense" | "before" | "during" | "after";

/** A way to make a (sparse) network and train it. */
export interface Method {
  /** As in the registry: kebab-case, e.g. `"snip-rescaled"`. */
  readonly name: string;
  /** For legends, e.g. `"SNIP, rescaled"`. */
  readonly title: string;
  /** Authors, title, venue and year. */
  readonly source: string;
  /** One plain sentence for reports. */
  readonly summary: string;
  readonly when: When;
  /** How the finished network's hidden layers are held: dense blocks, or single connections. */
  readonly topologyKind: "blocks" | "edges";
  /** Batches differentiated through the dense network before training, for counting FLOPs. */
  readonly densePasses: number;
  /** Whether it means something for the weights of linear layers only, and nothing for kernels. */
  readonly linearOnly?: boolean;
  /** The starts it can take with an activation, the best first; empty: it does not support the activation. */
  starts(activation: Activation): readonly Start[];
  /**
   * The network that training begins with, its input scale measured: dense for methods that prune later, else sparse.
   *
   * Layerwise methods leave each layer the connections that an SAO layer would have (`layerCounts`), the others as
   * many in total. Layers may come out with no connection at all (`collapsedLayers`).
   *
   * Throws ArgumentError for a start it does not have, for convolutions where it is for linear layers only, and for values out of range, InfeasibleError for a sparsity
   * that it cannot meet, RunError (`"not-finite"`) when its scores overflow.
   */
  start(task: Task, scoring: Scoring): Promise<AnyNetwork>;
  /** How the steps are shared out, at least one phase. */
  phases(task: Task): readonly Phase[];
  /** Absent: the connections stay as they start. */
  readonly updater?: Updater;
}

/** Steps after which each phase ends: ascending, the last one `total`. Phases without a whole step end where they begin. */
export function phaseEnds(phases: readonly Phase[], total: number): number[] {
  const all = phases.reduce((sum, { share }) => sum + share, 0);
  let share = 0;
  return phases.map((phase) => {
    share += phase.share;
    return Math.round((share / all) * total);
  });
}

/** One phase that takes all steps. */
export const onePhase: readonly Phase[] = [{ name: "train", share: 1, learningRate: 1 }];
