/**
 * @file Methods whose network is sparse by construction, or not at all: those that `mlp`, or a builder of convolutional
 * networks, makes from a topology and an initializer.
 */

import type { InitSpec } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { AnyNetwork } from "../network/network.ts";
import { weightsName } from "./connection-weights.ts";
import { scaledToInputs } from "./frame.ts";
import { isImageTask, type Method, onePhase, type Task } from "./method.ts";
import { requireStart } from "./starts.ts";

/** What differs from one such method to the next. */
export interface Structure
  extends Pick<Method, "name" | "title" | "source" | "summary" | "when" | "topologyKind" | "starts"> {
  /** Topology and weights; the task's sparsity is added unless the topology is dense. */
  readonly init: Pick<InitSpec, "topology" | "arrangement"> & { readonly weights: "orthogonal" | "kaiming" };
}

/** A method that is a builder with an `InitSpec`. */
export function structured({ init, ...description }: Structure): Method {
  const { name, title, source, summary, when, topologyKind, starts } = description;
  const method: Method = {
    name,
    title,
    source,
    summary,
    when,
    topologyKind,
    starts,
    densePasses: 0,
    phases: () => onePhase,
    async start(task, scoring) {
      requireStart(method, task);
      return scaledToInputs(build(init, task), scoring);
    },
  };
  return method;
}

function build(init: Structure["init"], task: Task): AnyNetwork {
  const sparsity = init.topology === "dense" ? {} : task.sparsity;
  const all = { ...init, ...sparsity, ...plainGain(init, task) };
  if (isImageTask(task)) return task.build({ ...all, weights: weightsName(task, init.weights) });
  const { widths, activation, seed, start } = task;
  return mlp({ widths, activation, init: all, seed, start });
}

/** Without looks-linear, √2 makes up for the half that a ReLU drops, as `kaiming` has built in. */
function plainGain({ weights }: Pick<InitSpec, "weights">, { activation, start }: Task): { gain?: number } {
  return activation === "relu" && start === "none" && weights !== "kaiming" ? { gain: Math.SQRT2 } : {};
}
