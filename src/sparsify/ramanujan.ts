/**
 * @file True Ramanujan layers (docs/theory.md, section 4): connected within each layer as well as any graph can be, but
 * with weights that are at best nearly isometric.
 */

import { initializerNamed } from "../init/registry.ts";
import { connectionWeights, inCentre, requireDelta } from "./connection-weights.ts";
import { planned } from "./layer-plans.ts";
import { fitMaskedIsometry } from "./masked-isometry.ts";
import type { Method } from "./method.ts";
import { scaledStarts } from "./starts.ts";

const graphs = "Ramanujan graphs: Bilu & Linial, Combinatorica 26, 2006";

/** With approximate isometry, and with Gaussian weights of variance 1 / fan-in. */
export const ramanujan: readonly Method[] = [
  planned(
    {
      name: "ramanujan-ai",
      title: "Ramanujan, approximate isometry",
      source: `${graphs}; approximate isometry: Lee et al., ICLR 2020`,
      summary: "Each layer a graph that mixes as well as any can, with weights moved towards an isometry.",
      topologyKind: "edges",
      starts: scaledStarts,
    },
    (task) => {
      requireDelta("ramanujan-ai", task);
      return {
        topology: "ramanujan",
        initializerName: "approximateIsometry",
        initializer: (topology, { random, gain, kernelSize }) => {
          const start = initializerNamed("gaussian")(topology, { random, gain: 1 });
          const fitted = fitMaskedIsometry(topology, start, random).map((weight) => gain * weight);
          return inCentre(fitted, kernelSize);
        },
      };
    },
  ),
  planned(
    {
      name: "ramanujan-gaussian",
      title: "Ramanujan, Gaussian",
      source: graphs,
      summary: "Each layer a graph that mixes as well as any can, with Gaussian weights scaled by fan-in.",
      topologyKind: "edges",
      starts: scaledStarts,
    },
    (task) => ({
      topology: "ramanujan",
      initializerName: "gaussian",
      initializer: connectionWeights(task, "gaussian"),
    }),
  ),
];
