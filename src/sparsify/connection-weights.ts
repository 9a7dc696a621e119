/**
 * @file Weights for connections that a method chose, of whatever kind: single ones, or kernels.
 *
 * What is orthogonal among matrices has two counterparts among kernels, delta and ECO (docs/theory.md, section 7).
 * A matrix that a method makes itself becomes kernels by delta: it stands in the centre taps.
 */

import { ArgumentError } from "../errors.ts";
import { centreTap } from "../init/convolution/convolution.ts";
import { kernelInitializerNamed } from "../init/convolution/registry.ts";
import type { InitializerOptions } from "../init/initializer.ts";
import { initializerNamed } from "../init/registry.ts";
import type { Topology } from "../topology/topology.ts";
import { isImageTask, type Task } from "./method.ts";

export interface ConnectionOptions extends InitializerOptions {
  /** Taps a side of kernels; absent for linear layers. */
  readonly kernelSize?: number;
}

/** [connections, taps] in topology order. */
export type ConnectionInitializer = (topology: Topology, options: ConnectionOptions) => Float32Array;

/** Orthogonal ones of the task's kind; or normal ones of variance gain² · 2 / fan-in (`kaiming`) or gain² / fan-in. */
export function connectionWeights(
  task: Task,
  name: "orthogonal" | "kaiming" | "gaussian",
): ConnectionInitializer {
  return (topology, { kernelSize, ...options }) => {
    if (kernelSize === undefined) return initializerNamed(name)(topology, options);
    if (name === "gaussian") {
      const gain = options.gain / Math.SQRT2;
      return kernelInitializerNamed("kaiming")(topology, { ...options, gain, kernelSize });
    }
    const kernels = name === "orthogonal" && isImageTask(task) ? task.weights : "kaiming";
    return kernelInitializerNamed(kernels)(topology, { ...options, kernelSize });
  };
}

/** What they are called in a finished network: `orthogonal` kernels are `delta`, `shift` or `eco`. */
export function weightsName(task: Task, name: "orthogonal" | "kaiming"): string {
  return name === "orthogonal" && isImageTask(task) ? task.weights : name;
}

/** A matrix's weights [connections] as those of kernels [connections, taps], zero around the centre. */
export function inCentre(matrix: Float32Array, kernelSize: number | undefined): Float32Array {
  if (kernelSize === undefined) return matrix;
  const taps = kernelSize ** 2;
  const weights = new Float32Array(matrix.length * taps);
  for (let k = 0; k < matrix.length; k++) weights[k * taps + centreOf(kernelSize)] = matrix[k];
  return weights;
}

/** The matrix [connections] in the centre taps of kernels [connections, taps]. */
export function centresOf(weights: Float32Array, kernelSize: number | undefined): Float32Array {
  if (kernelSize === undefined) return weights;
  const taps = kernelSize ** 2;
  return Float32Array.from(
    { length: weights.length / taps },
    (_, k) => weights[k * taps + centreOf(kernelSize)],
  );
}

function centreOf(kernelSize: number): number {
  return centreTap(kernelSize) * (kernelSize + 1);
}

/** Throws ArgumentError (`"delta-only"`) where a task asks for ECO kernels of a method that makes matrices of its own. */
export function requireDelta(method: string, task: Task): void {
  if (!isImageTask(task) || task.weights === "delta") return;
  throw new ArgumentError(
    "delta-only",
    `method ${method} makes its own matrices over channels, which become kernels by delta: use weights delta, not ${task.weights}`,
  );
}
