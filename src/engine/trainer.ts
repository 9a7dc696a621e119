/**
 * @file The engine as everything above sees it: a network in wasm memory that steps, predicts and gives back
 * its weights.
 */

import type { Layer, LayerParameters, LinearLayer, Network } from "../network/network.ts";
import type { Optimizer } from "./optimizer.ts";

/** Softmax cross-entropy against class indices, or mean squared error against values (mean over outputs and samples). */
export type Loss =
  | { readonly kind: "crossEntropy"; readonly labelSmoothing: number }
  | { readonly kind: "meanSquaredError" };

export interface TrainerOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Samples per step at most. */
  readonly batchSize: number;
  /** Threads, this one included. Results do not depend on it. Default 1. */
  readonly threads?: number;
  /** Samples a thread carries through the network at once; a multiple of 8. Results depend on it in the last bits. */
  readonly shardSize?: number;
  /** Partial gradient sums per step, which bounds the threads that can help. Results depend on it in the last bits. */
  readonly lanes?: number;
  /**
   * Bytes of wasm memory at most. Where activations do not fit, backward computes them again, which takes a third
   * more time and changes no bit of the results. Default: 4 GiB, what 32-bit addresses reach.
   */
  readonly memoryBudget?: number;
  /** Plain SIMD even where relaxed SIMD exists, so that different machines give the same bits. */
  readonly reproducible?: boolean;
  /** Scales the gradient to at most this Euclidean norm; absent: no clipping. */
  readonly clipNorm?: number;
}

/** Inputs [count, width], standardised here as (x − mean) / deviation, and what they should map to. */
export interface Batch {
  /** Samples, at most `batchSize` in a training step, any number elsewhere. */
  readonly count: number;
  readonly inputs: Uint8Array | Float32Array;
  /** Row of `inputs` and of the targets that sample i is; absent: i. */
  readonly indices?: Uint32Array | Int32Array;
  readonly labels?: Int32Array;
  readonly values?: Float32Array;
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface StepResult {
  /** Mean loss over the batch, before the update. */
  readonly loss: number;
  /** Samples whose largest output is their label; 0 for regression. */
  readonly correct: number;
  /** Euclidean norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

export interface Evaluation {
  readonly loss: number;
  /** Fraction in [0, 1]; NaN for regression. */
  readonly accuracy: number;
}

/** A network being trained, of layers of the kinds `L`. Synchronous: each call returns when all threads are done. */
export interface Trainer<L extends Layer = LinearLayer> {
  /** One forward, backward and optimizer update. Throws RunError ("not-finite") and leaves the weights as they were if loss or gradient is not finite. */
  step(batch: Batch, learningRate: number): StepResult;
  /** Loss and accuracy, without an update. */
  evaluate(batch: Batch): Evaluation;
  /** Outputs of the last layer [count, outputs], before any softmax. */
  predict(batch: Omit<Batch, "labels" | "values">): Float32Array;
  /**
   * Gradient of the batch's loss, as arrays like the network's, without an update (for checks and for pruning scores).
   * Batch normalization's `statistics` are what a step would add to them.
   */
  gradients(batch: Batch): { readonly loss: number; readonly layers: LayerParameters[] };
  /** The network with its weights as they are now (copies). */
  network(): Network<L>;
  /** Optimizer state by name ("momentum", "moment1", "moment2"), flat over all weights then all biases, and the count of updates made. */
  optimizerState(): { readonly updates: number; readonly vectors: Record<string, Float32Array> };
  restoreOptimizerState(state: {
    readonly updates: number;
    readonly vectors: Record<string, Float32Array>;
  }): void;
  /** "simd" or "relaxed-simd". */
  readonly kernels: string;
  /** Whether backward computes activations again because they did not fit the memory budget. */
  readonly recomputes: boolean;
  /** Bytes of wasm memory. */
  readonly bytes: number;
  /** Ends the threads. */
  dispose(): void;
}

/** Puts a copy of `network` into wasm memory and starts the threads. */
export type CreateTrainer = <L extends Layer>(
  network: Network<L>,
  options: TrainerOptions,
) => Promise<Trainer<L>>;
