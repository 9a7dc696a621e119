/**
 * @file Gradual magnitude pruning: Zhu & Gupta, "To prune, or not to prune: exploring the efficacy of pruning for model
 * compression", 2017. One training run in which the sparsity rises along a cubic from a tenth to three quarters of
 * the steps. What was pruned stays pruned: a weight of zero is smaller than any other.
 */

import { nonZeros } from "../topology/topology.ts";
import { changeTopologies } from "./change-topologies.ts";
import { layerCounts } from "./layer-counts.ts";
import { onePhase, type Updater } from "./method.ts";
import { cubicSparsity } from "./prune-schedule.ts";
import { prunedLater, ranked } from "./pruned-later.ts";
import { prunedTopologies } from "./weight-ranking.ts";
import { weightedLayers } from "./weighted-layers.ts";

/** At most: every change of connections costs time, and 32 are smooth enough. */
const UPDATES = 32;
const [BEGIN, END] = [0.1, 0.75];

/** Steps after which the network is pruned, the last one at three quarters. */
export function gradualSteps(total: number): number[] {
  const [begin, end] = [Math.floor(BEGIN * total), Math.max(1, Math.floor(END * total))];
  const steps = Array.from({ length: UPDATES }, (_, k) =>
    Math.round(begin + ((k + 1) / UPDATES) * (end - begin)),
  );
  return [...new Set(steps)].filter((step) => step > 0 && step < total);
}

function gradually(ranking: "layerwise" | "global"): Updater {
  return {
    densePasses: 0,
    steps: (_, total) => gradualSteps(total),
    async update(request) {
      const { task, network, step, total } = request;
      const [begin, end] = [Math.floor(BEGIN * total), Math.max(1, Math.floor(END * total))];
      const progress = step >= end ? 1 : (step - begin) / (end - begin);
      const final = layerCounts(task);
      const counts = weightedLayers(network).map(({ topology }, i) => {
        const size = topology.rows * topology.columns;
        const sparsity = cubicSparsity(1 - final[i] / size, progress);
        // Of a layerwise schedule never more than are left; a global one looks at the sum alone.
        return ranking === "layerwise"
          ? Math.min(nonZeros(topology), Math.round((1 - sparsity) * size))
          : Math.round((1 - sparsity) * size);
      });
      return changeTopologies(request, prunedTopologies("gradual", network, counts, ranking));
    },
  };
}

/** Layerwise and global. */
export const gradual = (["layerwise", "global"] as const).map((ranking) =>
  prunedLater({
    ...ranked(
      "gradual",
      "Gradual magnitude",
      "A dense network loses connections little by little while it trains;",
      ranking,
    ),
    source: "Zhu & Gupta, To prune, or not to prune, 2017",
    phases: () => onePhase,
    updater: gradually(ranking),
  }),
);
