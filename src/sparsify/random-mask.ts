/**
 * @file Random masks: Liu et al., "The unreasonable effectiveness of random pruning", ICLR 2022, and the start of the
 * methods that change connections during training. Each set of connections of a layer's number is equally likely.
 */

import { initializerNamed } from "../init/registry.ts";
import type { RandomStream } from "../math/random.ts";
import type { AnyNetwork } from "../network/network.ts";
import { connectionWeights, inCentre, requireDelta } from "./connection-weights.ts";
import { assemble, type Frame, frameOf, layerStream, scaledToInputs } from "./frame.ts";
import { bareCounts } from "./layer-counts.ts";
import { type LayerDensities, shareConnections } from "./layer-densities.ts";
import { fitMaskedIsometry } from "./masked-isometry.ts";
import { type Method, onePhase, type Scoring, type Task } from "./method.ts";
import { topologyAt } from "./places.ts";
import { requireStart, scaledStarts } from "./starts.ts";
import { weightedLayers } from "./weighted-layers.ts";

/** Ascending places: `count` of `size`, each set equally likely. */
export function randomPlaces(size: number, count: number, random: RandomStream): Int32Array {
  return random.permutation(size).subarray(0, count).sort();
}

/**
 * Connections of each bare layer: as SAO has them, or the same total shared out by the layers' sides (with twins
 * within two connections a layer, as each stands for up to four).
 */
export function sharedCounts(frame: Frame, densities: LayerDensities): number[] {
  const counts = bareCounts(frame);
  if (densities === "uniform") return counts;
  const copies = frame.layers.map((layer) => layer.copies);
  const shapes = weightedLayers(frame.skeleton).map(({ topology }) => [topology.rows, topology.columns]);
  const total = counts.reduce((sum, count, i) => sum + count * copies[i], 0);
  return shareConnections(shapes, total, densities).map((count, i) => Math.round(count / copies[i]));
}

/** A randomly masked network: Gaussian weights of variance gain² / fan-in, or nearly isometric ones. */
export function randomlyMasked(
  name: string,
  task: Task,
  scoring: Scoring,
  options: { readonly densities: LayerDensities; readonly isometric: boolean },
): AnyNetwork {
  if (options.isometric) requireDelta(name, task);
  const frame = frameOf(task);
  const counts = sharedCounts(frame, options.densities);
  const layers = frame.layers.map(({ shape, gain, kernelSize }, i) => {
    const places = randomPlaces(shape.rows * shape.columns, counts[i], layerStream(task, "mask", i));
    const topology = topologyAt(name, shape, places);
    const random = layerStream(task, "weights", i);
    if (!options.isometric) {
      const weights = connectionWeights(task, "gaussian")(topology, { random, gain, kernelSize });
      return { topology, weights };
    }
    const start = initializerNamed("gaussian")(topology, { random, gain });
    const fitted = fitMaskedIsometry(topology, start, random).map((weight) => gain * weight);
    return { topology, weights: inCentre(fitted, kernelSize) };
  });
  return scaledToInputs(
    assemble(frame, layers, options.isometric ? "approximateIsometry" : "gaussian"),
    scoring,
  );
}

function randomMask(
  description: Pick<Method, "name" | "title" | "summary"> & { readonly source?: string },
  options: { readonly densities: LayerDensities; readonly isometric: boolean },
): Method {
  const method: Method = {
    source: "Liu et al., The unreasonable effectiveness of random pruning, ICLR 2022",
    ...description,
    when: "before",
    topologyKind: "edges",
    densePasses: 0,
    starts: scaledStarts,
    phases: () => onePhase,
    async start(task, scoring) {
      requireStart(method, task);
      return randomlyMasked(method.name, task, scoring, options);
    },
  };
  return method;
}

const isometrySource = "Liu et al., Random pruning, ICLR 2022; approximate isometry: Lee et al., ICLR 2020";
const erdosRenyiSource = "Mocanu et al., Nature Communications 9, 2018; Evci et al., ICML 2020";

/** Uniform and Erdős–Rényi densities (on linear layers the kernel variant is the latter), with and without isometry. */
export const randomMasks: readonly Method[] = [
  randomMask(
    {
      name: "random",
      title: "Random",
      summary:
        "Random connections, each layer as sparse as the others, with Gaussian weights scaled by fan-in.",
    },
    { densities: "uniform", isometric: false },
  ),
  randomMask(
    {
      name: "random-ai",
      title: "Random, approximate isometry",
      source: isometrySource,
      summary:
        "Random connections, each layer as sparse as the others, with weights moved towards an isometry.",
    },
    { densities: "uniform", isometric: true },
  ),
  randomMask(
    {
      name: "random-erdos-renyi",
      title: "Random, Erdős–Rényi",
      source: erdosRenyiSource,
      summary: "Random connections, small layers denser, with Gaussian weights scaled by fan-in.",
    },
    { densities: "erdos-renyi", isometric: false },
  ),
  randomMask(
    {
      name: "random-erdos-renyi-ai",
      title: "Random, Erdős–Rényi, approximate isometry",
      source: `${erdosRenyiSource}; approximate isometry: Lee et al., ICLR 2020`,
      summary: "Random connections, small layers denser, with weights moved towards an isometry.",
    },
    { densities: "erdos-renyi", isometric: true },
  ),
];
