/**
 * @file What jobs come to, as plain data that survives JSON. Nothing in it depends on the clock, the threads or the
 * machine's speed; those are in `Wall`.
 */

import type { Flops } from "./flops.ts";
import type { ProbeResult } from "./probe.ts";

/** A test on the way. */
export interface TestPoint {
  /** Training steps made. */
  readonly step: number;
  /** Floating-point operations so far, scoring included. */
  readonly flops: number;
  /** Fraction. */
  readonly accuracy: number;
  /** Null where it is not finite. */
  readonly loss: number | null;
  /** Connections of the network tested; of convolutions, kernels. */
  readonly nonZeros: number;
}

/** `diverged`: loss or gradient stopped being finite. `guessing`: no better than always naming the commonest class. */
export type RunStatus = "trained" | "guessing" | "diverged";

/** A network trained to its end, or until it diverged: then it is tested as it last was. */
export interface TrainResult {
  readonly status: RunStatus;
  /** What went wrong, and after which step; null for all but `diverged`. */
  readonly divergence: { readonly step: number; readonly reason: string } | null;
  /** On all test samples at the end. */
  readonly accuracy: number;
  readonly loss: number | null;
  /** None where not even a network could be made. */
  readonly points: readonly TestPoint[];
  /** Training steps made. */
  readonly iterations: number;
  readonly flops: Flops;
  /** Weights and biases of the network that training began and ended with. */
  readonly parameters: { readonly start: number; readonly end: number };
  /** Share of connections left out, likewise. */
  readonly sparsityReached: { readonly start: number; readonly end: number };
  /** Largest memory of the trainer on one thread: weights, gradients, optimizer state and activations. */
  readonly engineBytes: number;
  /** The trained network as a safetensors file. */
  readonly fileBytes: number;
  /** Times that connections changed, and how many did. */
  readonly changes: { readonly updates: number; readonly removed: number; readonly added: number };
  readonly kernels: string;
}

/** A probe's is null where the method could not make a network of finite numbers. */
export type JobResult = TrainResult | ProbeResult | null;

/** What differs from one time, or machine, to the next. */
export interface Wall {
  /** Start, scoring, training and updates; tests and saving left out. */
  readonly seconds: number;
  /** Most memory that the process had, dataset and all. */
  readonly processBytes: number;
  readonly threads: number;
}
