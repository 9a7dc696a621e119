/**
 * @file How many connections each layer keeps, so that methods are compared at equal numbers of parameters.
 *
 * An SAO network cannot have every density on every shape, and its first and last layers give way to the data's
 * shape (network/mlp.ts). Its rivals can have any number of connections, so they take SAO's, layer by layer.
 */

import { InfeasibleError } from "../errors.ts";
import { buildLayer, type LayerPlan, requireFeasible } from "../network/layer-plan.ts";
import { targetNonZeros } from "../topology/request.ts";
import { nonZeros } from "../topology/topology.ts";
import type { ConnectionInitializer } from "./connection-weights.ts";
import { type Frame, frameOf } from "./frame.ts";
import { layerPlans } from "./layer-plans.ts";
import type { Task } from "./method.ts";

/**
 * Connections of each layer of a finished network: those of the SAO layer with the task's sparsity, or, where a
 * hidden layer cannot have it as SAO, what was asked for, rounded, at least 1. Throws ArgumentError.
 */
export function layerCounts(task: Task): number[] {
  const frame = frameOf(task);
  return bareCounts(frame).map((count, i) => count * frame.layers[i].copies);
}

/** The same without twins. */
export function bareCounts(frame: Frame): number[] {
  const known = new Map<string, number>();
  const noWeights: ConnectionInitializer = (topology) => new Float32Array(nonZeros(topology));
  return layerPlans(frame, { topology: "sao", initializer: noWeights }).map((plan, i) => {
    const { shape, atEnd, mirrored } = plan;
    const key = [shape.rows, shape.columns, atEnd, mirrored.rows, mirrored.columns].join();
    const count = known.get(key) ?? countOf(plan) / frame.layers[i].copies;
    known.set(key, count);
    return count;
  });
}

function countOf(plan: LayerPlan): number {
  const { rows, columns } = plan.shape;
  try {
    requireFeasible([plan]);
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
    const copies = (plan.mirrored.rows ? 2 : 1) * (plan.mirrored.columns ? 2 : 1);
    const wanted = Math.round(targetNonZeros(plan.shape, plan.asked) / copies) * copies;
    return Math.min(rows * columns, Math.max(copies, wanted));
  }
  return buildLayer(plan).weights.length;
}
