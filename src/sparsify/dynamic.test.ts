import { describe, expect, it } from "vitest";
import { inDoubles, referenceLoss, toyScoring } from "../../test/scoring.ts";
import { asMlp, sparseRun } from "../../test/sparse-run.ts";
import { densified } from "./dense-network.ts";
import { exchangeSteps } from "./dynamic.ts";
import type { MlpTask } from "./method.ts";
import { placesOf, scatter } from "./places.ts";
import { dropFraction } from "./prune-schedule.ts";
import { methodNamed } from "./registry.ts";

const scoring = toyScoring(10, 4);
const task: MlpTask = {
  widths: [10, 14, 14, 4],
  activation: "tanh",
  sparsity: { sparsity: 0.6 },
  seed: 2,
  start: "critical",
};

describe.each(["set", "rigl", "set-eoi", "rigl-eoi"])("%s", (name) => {
  it("exchanges the fraction due of the smallest weights and keeps the count of each layer", async () => {
    const total = 60;
    const { updates } = await sparseRun(methodNamed(name), task, scoring, total);
    expect(updates.map(({ request }) => request.step)).toEqual(exchangeSteps(total));
    expect(updates.length).toBe(14);
    for (const { request, result } of updates) {
      const fraction = dropFraction(0.3, request.step, 0.75 * total);
      for (const [i, { topology, weights }] of request.network.layers.entries()) {
        const next = result.network.layers[i];
        expect(next.weights).toHaveLength(weights.length);
        const after = new Set(placesOf(next.topology));
        const count = Math.round(fraction * weights.length);
        const largest = [...weights.map(Math.abs)].sort((a, b) => b - a)[weights.length - count - 1];
        const dropped = [...placesOf(topology)].map((place, k) => !after.has(place) && Math.abs(weights[k]));
        for (const magnitude of dropped)
          if (magnitude !== false) expect(magnitude).toBeLessThanOrEqual(largest);
        const kept = dropped.filter((magnitude) => magnitude === false).length;
        expect(kept).toBeGreaterThanOrEqual(weights.length - count);
      }
      expect(result.added).toBe(result.removed);
    }
    expect(updates[0].result.added).toBeGreaterThan(25);
  });
});

describe("rigl", () => {
  it("grows where the gradient of the dense network is largest, by differences of the loss in float64", async () => {
    const { updates } = await sparseRun(methodNamed("rigl"), task, scoring, 30);
    const { request, result } = updates[0];
    const network = inDoubles(asMlp(densified(request.network)));
    const batch = { ...scoring, batch: () => scoring.batch(request.step) };
    for (const [i, layer] of network.layers.entries()) {
      const slopes = Array.from(layer.weights, (weight, place) => {
        layer.weights[place] = weight + 1e-5;
        const more = referenceLoss(network, batch, 1);
        layer.weights[place] = weight - 1e-5;
        const less = referenceLoss(network, batch, 1);
        layer.weights[place] = weight;
        return Math.abs(more - less) / 2e-5;
      });
      const before = new Set(placesOf(request.network.layers[i].topology));
      const after = new Set(placesOf(result.network.layers[i].topology));
      const grown = [...after].filter((place) => !before.has(place));
      const absent = slopes
        .map((_, place) => place)
        .filter((place) => !before.has(place) && !after.has(place));
      expect(grown.length).toBeGreaterThan(0);
      const weakest = Math.min(...grown.map((place) => slopes[place]));
      const strongest = Math.max(0, ...absent.map((place) => slopes[place]));
      expect(weakest).toBeGreaterThanOrEqual(strongest * (1 - 1e-3));
      const values = scatter(result.network.layers[i].topology, result.network.layers[i].weights);
      for (const place of grown) expect(values[place]).toBe(0);
    }
  });
});

describe("exchangeSteps", () => {
  it("are a hundred apart in long runs, twentieths in short ones, and end at three quarters", () => {
    expect(exchangeSteps(4000).slice(0, 3)).toEqual([100, 200, 300]);
    expect(exchangeSteps(4000).at(-1)).toBe(2900);
    expect(exchangeSteps(40)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28]);
    expect(exchangeSteps(1)).toEqual([]);
  });
});
