/**
 * @file RG-N and RG-U, the controls of Esguerra et al. 2023 for their weights: SAO's masks, which the paper calls
 * Ramanujan graphs, with normal or uniform weights in place of orthogonal ones.
 *
 * The published code draws from N(0, 1) and from [0, 1), whatever the degree: signals grow by about the square root of
 * the degree, or more, in each layer. So here are both as published and with variance 1 / fan-in (init/gaussian.ts,
 * init/uniform.ts), which differ from SAO in nothing but orthogonality.
 */

import { initializerNamed } from "../init/registry.ts";
import type { RandomStream } from "../math/random.ts";
import { nonZeros } from "../topology/topology.ts";
import { connectionWeights } from "./connection-weights.ts";
import { planned } from "./layer-plans.ts";
import type { Method } from "./method.ts";
import { plainStarts, scaledStarts } from "./starts.ts";

const source = "Esguerra, Nasir, Tang, Tumian & Ho, IEEE Access 11, 2023";

function asPublished(
  description: Pick<Method, "name" | "title" | "summary">,
  initializerName: string,
  sample: (random: RandomStream) => number,
): Method {
  return planned(
    { ...description, source, topologyKind: "blocks", starts: plainStarts, linearOnly: true },
    () => ({
      topology: "sao",
      arrangement: "random",
      initializerName,
      initializer: (topology, { random }) =>
        Float32Array.from({ length: nonZeros(topology) }, () => sample(random)),
    }),
  );
}

function atScale(name: string, weights: "gaussian" | "uniform", title: string, summary: string): Method {
  const linearOnly = weights === "uniform";
  return planned(
    { name, title, source, summary, topologyKind: "blocks", starts: scaledStarts, linearOnly },
    (task) => ({
      topology: "sao",
      arrangement: "random",
      initializerName: weights,
      initializer: linearOnly ? initializerNamed(weights) : connectionWeights(task, "gaussian"),
    }),
  );
}

/** As published, then with variance 1 / fan-in. */
export const randomWeights: readonly Method[] = [
  asPublished(
    {
      name: "rg-n",
      title: "RG-N, as published",
      summary: "SAO's random blocks with weights drawn from N(0, 1), whatever the degree.",
    },
    "gaussian",
    (random) => random.normal(),
  ),
  asPublished(
    {
      name: "rg-u",
      title: "RG-U, as published",
      summary: "SAO's random blocks with weights drawn uniformly from 0 to 1, whatever the degree.",
    },
    "uniform",
    (random) => random.uniform(),
  ),
  atScale(
    "rg-n-scaled",
    "gaussian",
    "RG-N, scaled",
    "SAO's random blocks with Gaussian weights scaled by fan-in: the same mask and size of signals, not orthogonal.",
  ),
  atScale(
    "rg-u-scaled",
    "uniform",
    "RG-U, scaled",
    "SAO's random blocks with uniform weights scaled by fan-in: the same mask and size of signals, not orthogonal.",
  ),
];
