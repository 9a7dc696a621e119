/**
 * @file Iterative magnitude pruning with rewinding: Frankle, Dziugaite, Roy & Carbin, "Linear mode connectivity and the
 * lottery ticket hypothesis", ICML 2020. Train, prune, set the weights that are left back to what they were early
 * in training, train again; so often that each round removes at most half.
 *
 * The original removes a fifth in each round, each a whole training run. Here all rounds together have the steps
 * of one run, and so are fewer.
 */

import { flatten, unflatten } from "../engine/parameters.ts";
import { type AnyNetwork, isWeighted, parametersOf } from "../network/network.ts";
import { changeTopologies } from "./change-topologies.ts";
import { frameOf } from "./frame.ts";
import { layerCounts } from "./layer-counts.ts";
import {
  type Memory,
  type Phase,
  phaseEnds,
  type Task,
  type UpdateRequest,
  type UpdateResult,
  type Updater,
} from "./method.ts";
import { gather, scatter } from "./places.ts";
import { geometricCount } from "./prune-schedule.ts";
import { prunedLater, ranked } from "./pruned-later.ts";
import { prunedTopologies, type Ranking } from "./weight-ranking.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

/** Part of the first round after which the weights to go back to are taken. */
const REWIND = 0.1;

/** Rounds of pruning: as many halvings as the sparsity is worth. */
export function roundsOf(task: Task): number {
  const final = layerCounts(task).reduce((sum, count) => sum + count, 0);
  const all = frameOf(task).layers.reduce(
    (sum, { shape, copies }) => sum + shape.rows * shape.columns * copies,
    0,
  );
  return Math.max(1, Math.ceil(Math.log2(all / final) - 1e-9));
}

function phases(task: Task): Phase[] {
  const rounds = roundsOf(task);
  return Array.from({ length: rounds + 1 }, (_, round) => ({
    name: round === 0 ? "train" : `round ${round}`,
    share: 1 / (rounds + 1),
    learningRate: 1,
  }));
}

/** Pruning steps; the step at which weights are remembered comes before them. */
function pruningSteps(task: Task, total: number): number[] {
  return phaseEnds(phases(task), total).slice(0, -1);
}

function rewindStep(task: Task, total: number): number {
  return Math.max(1, Math.round(REWIND * pruningSteps(task, total)[0]));
}

function inRounds(ranking: Ranking): Updater {
  return {
    densePasses: 0,
    steps(task, total) {
      const steps = [rewindStep(task, total), ...pruningSteps(task, total)];
      return [...new Set(steps)].filter((step) => step > 0 && step < total);
    },
    async update(request) {
      const { task, network, step, total } = request;
      const remembering = step === rewindStep(task, total);
      const round = pruningSteps(task, total).lastIndexOf(step) + 1;
      const memory = remembering ? remember(network) : request.memory;
      if (round === 0) return { ...request, memory, removed: 0, added: 0 };
      const final = layerCounts(task);
      const rounds = roundsOf(task);
      const counts = weightedLayers(network).map(({ topology }, i) =>
        geometricCount(topology.rows * topology.columns, final[i], round, rounds),
      );
      const topologies = prunedTopologies("iterative", network, counts, ranking);
      return rewound({ ...request, memory }, changeTopologies(request, topologies));
    },
  };
}

/** All weights by place and all biases, flat. */
function remember(network: AnyNetwork): Memory {
  const layers = network.layers.map((layer) =>
    isWeighted(layer)
      ? { weights: scatter(layer.topology, layer.weights, tapsOf(layer)), bias: layer.bias }
      : parametersOf(layer),
  );
  return { rewind: flatten(layers) };
}

/** The pruned network with the weights and biases that were remembered, and an optimizer that has seen nothing. */
function rewound({ memory }: UpdateRequest, pruned: UpdateResult): UpdateResult {
  const { network, optimizerState } = pruned;
  const sizes = network.layers.map((layer) => {
    if (!isWeighted(layer)) return layer;
    const { rows, columns } = layer.topology;
    return { ...layer, weights: new Float32Array(rows * columns * tapsOf(layer)) };
  });
  const early = unflatten({ ...network, layers: sizes }, memory.rewind);
  const layers = network.layers.map((layer, i) => {
    const { weights } = early[i];
    const bias = early[i].bias.slice();
    if (isWeighted(layer)) {
      return { ...layer, weights: gather(layer.topology, weights, tapsOf(layer)), bias };
    }
    return layer.kind === "batchNorm" ? { ...layer, weights: weights.slice(), bias } : layer;
  });
  const vectors = Object.fromEntries(
    Object.entries(optimizerState.vectors).map(([name, vector]) => [name, new Float32Array(vector.length)]),
  );
  return {
    ...pruned,
    network: { ...network, layers },
    optimizerState: { updates: 0, vectors },
    memory,
  };
}

/** Layerwise and global. */
export const iterative = (["layerwise", "global"] as const).map((ranking) =>
  prunedLater({
    ...ranked(
      "iterative",
      "Iterative, rewinding",
      "A network is trained, pruned by half or less and set back to its early weights, several times;",
      ranking,
    ),
    source: "Frankle, Dziugaite, Roy & Carbin, Linear mode connectivity, ICML 2020",
    phases,
    updater: inRounds(ranking),
  }),
);
