/**
 * @file A frame's layers as builders of networks plan them, with an initializer of one's own.
 */

import { buildLayer, type LayerPlan, requireFeasible } from "../network/layer-plan.ts";
import type { Arrangement } from "../topology/arrangement.ts";
import type { ConnectionInitializer } from "./connection-weights.ts";
import { type Frame, finish, frameOf, layerStream, scaledToInputs } from "./frame.ts";
import { isImageTask, type Method, onePhase, type Task } from "./method.ts";
import { requireStart } from "./starts.ts";
import { weightedLayers } from "./weighted-layers.ts";

/** A topology of the registry, and any function that puts weights on it. */
export interface PlannedLayers {
  readonly topology: string;
  readonly arrangement?: Arrangement;
  readonly initializer: ConnectionInitializer;
}

/** What a builder would plan: the same streams; the first and last layers give way, and all oblong ones over channels. */
export function layerPlans(
  { task, layers, skeleton }: Frame,
  { topology, arrangement, initializer }: PlannedLayers,
): LayerPlan[] {
  const images = isImageTask(task);
  const finished = weightedLayers(skeleton);
  return layers.map(({ sides, gain, kernelSize }, i) => ({
    name: finished[i].name,
    shape: { rows: finished[i].topology.rows, columns: finished[i].topology.columns },
    counts: images ? "kernels" : "parameters",
    topology,
    arrangement,
    asked: task.sparsity,
    atEnd: images || i === 0 || i === layers.length - 1,
    mirrored: sides,
    initializer: (made, options) => initializer(made, { ...options, kernelSize }),
    gain,
    random: { topology: layerStream(task, "topology", i), weights: layerStream(task, "weights", i) },
  }));
}

/** A method that fills the layers of a topology with weights that are in no registry. */
export function planned(
  description: Pick<
    Method,
    "name" | "title" | "source" | "summary" | "topologyKind" | "starts" | "linearOnly"
  >,
  layersFor: (task: Task) => PlannedLayers & { readonly initializerName: string },
): Method {
  const method: Method = {
    ...description,
    when: "before",
    densePasses: 0,
    phases: () => onePhase,
    async start(task, scoring) {
      requireStart(method, task);
      const frame = frameOf(task);
      const layers = layersFor(task);
      const plans = layerPlans(frame, layers);
      requireFeasible(plans);
      return scaledToInputs(
        finish(
          frame,
          plans.map((plan) => buildLayer(plan)),
          layers.initializerName,
        ),
        scoring,
      );
    },
  };
  return method;
}
