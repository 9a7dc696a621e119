/**
 * @file Methods that prune a dense network once, before training: a selection, and what becomes of the weights.
 */

import { requireDelta, weightsName } from "./connection-weights.ts";
import { assemble, denseWeightsOf, frameOf, layerStream, scaledToInputs } from "./frame.ts";
import { type Method, onePhase } from "./method.ts";
import { topologyAt } from "./places.ts";
import type { Selection } from "./selection.ts";
import { plainStarts, requireStart, scaledStarts } from "./starts.ts";
import { asDrawn, nearlyIsometric, rescaled, type Treatment } from "./treatments.ts";

/** What differs from one such method to the next. */
export interface Pruning extends Pick<Method, "name" | "title" | "source" | "summary" | "densePasses"> {
  /** Of the dense network that is pruned. */
  readonly weights: "orthogonal" | "kaiming";
  readonly select: Selection;
}

/**
 * Three methods: the weights left as they are, `-rescaled` and `-ai` (approximate isometry).
 */
export function prunedAtStart(pruning: Pruning): Method[] {
  const { name, title, source, summary } = pruning;
  return [
    prunedOnce(pruning, asDrawn),
    prunedOnce(
      {
        ...pruning,
        name: `${name}-rescaled`,
        title: `${title}, rescaled`,
        summary: `${summary} What is left of a layer is scaled up to the norm that it had.`,
      },
      rescaled,
    ),
    prunedOnce(
      {
        ...pruning,
        name: `${name}-ai`,
        title: `${title}, approximate isometry`,
        source: `${source}; approximate isometry: Lee et al., ICLR 2020`,
        summary: `${summary} What is left of a layer is moved towards an isometry.`,
      },
      nearlyIsometric,
    ),
  ];
}

/** One such method. */
export function prunedOnce(pruning: Pruning, treatment: Treatment): Method {
  const { name, title, source, summary, densePasses, weights: initializer, select } = pruning;
  // Approximate isometry replaces the scale that Kaiming weights come with.
  const starts = initializer === "kaiming" && treatment !== nearlyIsometric ? plainStarts : scaledStarts;
  const method: Method = {
    name,
    title,
    source,
    summary,
    when: "before",
    topologyKind: "edges",
    densePasses,
    starts,
    phases: () => onePhase,
    async start(task, scoring) {
      requireStart(method, task);
      if (treatment === nearlyIsometric) requireDelta(name, task);
      const frame = frameOf(task);
      const weights = denseWeightsOf(frame, initializer);
      const places = await select({ frame, weights }, scoring);
      const layers = frame.layers.map(({ shape, gain, kernelSize }, i) => {
        const topology = topologyAt(name, shape, places[i]);
        const random = layerStream(task, "treatment", i);
        return { topology, weights: treatment({ topology, dense: weights[i], gain, kernelSize, random }) };
      });
      const made =
        treatment === nearlyIsometric ? "approximateIsometry" : `pruned ${weightsName(task, initializer)}`;
      return scaledToInputs(assemble(frame, layers, made), scoring);
    },
  };
  return method;
}
