import { describe, expect, it } from "vitest";
import { toyScoring } from "../../test/scoring.ts";
import { type Happened, sparseRun } from "../../test/sparse-run.ts";
import { unflatten } from "../engine/parameters.ts";
import { nonZeros } from "../topology/topology.ts";
import { layerCounts } from "./layer-counts.ts";
import { type MlpTask, phaseEnds } from "./method.ts";
import { placesOf, scatter } from "./places.ts";
import { methodNamed } from "./registry.ts";

const scoring = toyScoring(10, 4);
const task: MlpTask = {
  widths: [10, 16, 16, 4],
  activation: "tanh",
  sparsity: { sparsity: 0.75 },
  seed: 2,
  start: "critical",
};
const sizes = [160, 256, 64];
const final = layerCounts(task);
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
const countsOf = ({ result }: Happened) => result.network.layers.map(({ topology }) => nonZeros(topology));
const run = (name: string, total: number) => sparseRun(methodNamed(name), task, scoring, total);

describe("magnitude", () => {
  it("trains dense, prunes once halfway to SAO's counts, and keeps the largest weights and their momentum", async () => {
    const { updates, network } = await run("magnitude", 31);
    expect(updates).toHaveLength(1);
    const [{ request, result }] = updates;
    expect(request.step).toBe(phaseEnds(methodNamed("magnitude").phases(task), 31)[0]);
    expect(request.network.layers.map((layer) => layer.weights.length)).toEqual(sizes);
    expect(countsOf(updates[0])).toEqual(final);
    expect(result.removed).toBe(sum(sizes) - sum(final));
    const momentum = unflatten(request.network, request.optimizerState.vectors.momentum);
    const moved = unflatten(result.network, result.optimizerState.vectors.momentum);
    for (const [i, layer] of result.network.layers.entries()) {
      const dense = request.network.layers[i].weights;
      const least = Math.min(...layer.weights.map(Math.abs));
      expect(dense.filter((weight) => Math.abs(weight) >= least)).toEqual(layer.weights);
      const places = placesOf(layer.topology);
      expect(moved[i].weights).toEqual(Float32Array.from(places, (place) => momentum[i].weights[place]));
    }
    expect(network.layers.map((layer) => layer.weights.length)).toEqual(final);
  });

  it.each(["magnitude-global", "magnitude-lamp"])("%s keeps as many in total", async (name) => {
    const { updates } = await run(name, 10);
    expect(sum(countsOf(updates[0]))).toBe(sum(final));
  });
});

describe("gradual", () => {
  it("follows the cubic in each layer, and what is pruned stays pruned", async () => {
    const total = 100;
    const { updates } = await run("gradual", total);
    expect(updates.at(-1)?.request.step).toBe(75);
    for (const happened of updates) {
      const progress = (happened.request.step - 10) / 65;
      const expected = sizes.map((size, i) =>
        Math.round(size - (size - final[i]) * (1 - (1 - progress) ** 3)),
      );
      expect(countsOf(happened)).toEqual(expected);
      expect(happened.result.added).toBe(0);
    }
    expect(countsOf(updates.at(-1)!)).toEqual(final);
  });

  it("reaches the same total across layers", async () => {
    const { updates } = await run("gradual-global", 100);
    expect(sum(countsOf(updates.at(-1)!))).toBe(sum(final));
    for (const { result } of updates) expect(result.added).toBe(0);
  });
});

describe.each(["iterative", "iterative-global"])("%s", (name) => {
  it("halves twice, and goes back to the early weights each time", async () => {
    const method = methodNamed(name);
    const { updates } = await run(name, 60);
    expect(method.phases(task).map((phase) => phase.name)).toEqual(["train", "round 1", "round 2"]);
    expect(updates.map(({ request }) => request.step)).toEqual([2, 20, 40]);
    const [early, ...rounds] = updates;
    expect(early.result.network).toBe(early.request.network);
    expect(rounds.map((happened) => sum(countsOf(happened)))).toEqual([
      expect.closeTo(Math.sqrt(sum(sizes) * sum(final)), -1),
      sum(final),
    ]);
    for (const { request, result } of rounds) {
      expect(result.optimizerState.updates).toBe(0);
      for (const vector of Object.values(result.optimizerState.vectors)) {
        expect(vector.every((value) => value === 0)).toBe(true);
      }
      for (const [i, layer] of result.network.layers.entries()) {
        const start = early.request.network.layers[i];
        const weights = scatter(start.topology, start.weights);
        expect(layer.weights).toEqual(Float32Array.from(placesOf(layer.topology), (place) => weights[place]));
        expect(layer.bias).toEqual(start.bias);
        // Chosen by the trained weights, not by those gone back to.
        const trained = request.network.layers[i];
        const present = new Set(placesOf(layer.topology));
        const magnitudes = (there: boolean) =>
          [...placesOf(trained.topology)].flatMap((place, k) =>
            present.has(place) === there ? [Math.abs(trained.weights[k])] : [],
          );
        expect(Math.min(Infinity, ...magnitudes(true))).toBeGreaterThanOrEqual(
          Math.max(0, ...magnitudes(false)),
        );
      }
    }
  });
});
