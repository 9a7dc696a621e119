import { describe, expect, it } from "vitest";
import { toyScoring } from "../../test/scoring.ts";
import { startMlp } from "../../test/sparse-run.ts";
import { forward } from "../network/evaluate.ts";
import type { Network } from "../network/network.ts";
import { nonZeros } from "../topology/topology.ts";
import { layerCounts } from "./layer-counts.ts";
import { isometryErrorOf } from "./masked-isometry.ts";
import type { MlpTask } from "./method.ts";
import { placesOf, scatter } from "./places.ts";
import { methodNamed } from "./registry.ts";

const scoring = toyScoring(12, 4);
const task: MlpTask = {
  widths: [12, 16, 16, 16, 4],
  activation: "tanh",
  sparsity: { sparsity: 0.75 },
  seed: 6,
  start: "none",
};
const start = (name: string, changes: Partial<MlpTask> = {}) =>
  startMlp(methodNamed(name), { ...task, ...changes }, scoring);
const norm = (values: Float32Array) => Math.hypot(...values);

describe("pruning at the start", () => {
  it("keeps the largest weights of each layer, at their places", async () => {
    const [whole, pruned] = await Promise.all([start("dense"), start("magnitude-init")]);
    expect(pruned.layers.map((layer) => layer.weights.length)).toEqual(layerCounts(task));
    for (const [i, layer] of pruned.layers.entries()) {
      const dense = scatter(whole.layers[i].topology, whole.layers[i].weights);
      const places = new Set(placesOf(layer.topology));
      const least = Math.min(...layer.weights.map(Math.abs));
      for (const [place, weight] of dense.entries()) {
        if (!places.has(place)) expect(Math.abs(weight)).toBeLessThanOrEqual(least);
      }
      expect(layer.weights).toEqual(Float32Array.from(placesOf(layer.topology), (place) => dense[place]));
    }
  });

  it("keeps the largest of the network when global", async () => {
    const pruned = await start("magnitude-init-global");
    const whole = await start("dense");
    const magnitudes = whole.layers.flatMap((layer) => [...layer.weights.map(Math.abs)]);
    const total = layerCounts(task).reduce((sum, count) => sum + count, 0);
    const expected = magnitudes.sort((a, b) => b - a).slice(0, total);
    const kept = pruned.layers.flatMap((layer) => [...layer.weights.map(Math.abs)]).sort((a, b) => b - a);
    expect(kept).toEqual(expected);
  });

  it("restores each layer's norm when rescaled", async () => {
    const [whole, plain, rescaled] = await Promise.all(
      ["dense", "magnitude-init", "magnitude-init-rescaled"].map((name) => start(name)),
    );
    for (const [i, layer] of rescaled.layers.entries()) {
      expect(norm(plain.layers[i].weights)).toBeLessThan(0.97 * norm(whole.layers[i].weights));
      expect(norm(layer.weights)).toBeCloseTo(norm(whole.layers[i].weights), 4);
    }
  });

  it("is nearer to an isometry with approximate isometry than rescaled, on the same mask", async () => {
    const [rescaled, isometric] = await Promise.all(
      ["snip-rescaled", "snip-ai"].map((name) => start(name, { start: "critical" })),
    );
    for (const [i, layer] of isometric.layers.entries()) {
      expect(placesOf(layer.topology)).toEqual(placesOf(rescaled.layers[i].topology));
    }
    const hidden = (network: Network) =>
      network.layers.slice(1, -1).map(({ topology, weights }) => isometryErrorOf(topology, weights));
    for (const [i, error] of hidden(isometric).entries()) {
      expect(error).toBeLessThan(0.8 * hidden(rescaled)[i]);
    }
  });

  it("measures the input scale again after pruning", async () => {
    const pruned = await start("snip", { start: "critical" });
    const { meanSquare } = pruned.provenance.critical!;
    let mean = 0;
    const samples = scoring.samples();
    forward(pruned, samples, samples.length / 12, (layer, values) => {
      if (layer === 0) mean = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    });
    expect(mean / meanSquare).toBeCloseTo(1, 4);
  });

  it.each(["magnitude-init", "snip-ai", "synflow", "eoi", "random", "set"])(
    "leaves a looks-linear %s network exactly linear",
    async (name) => {
      const network = await start(name, { activation: "relu", start: "looks-linear" });
      const [a, b] = [0, 1].map((k) => scoring.samples().slice(12 * k, 12 * (k + 1)));
      const sum = a.map((value, k) => value - 2 * b[k]);
      const [fa, fb, fsum] = [a, b, sum].map((x) => forward(network, x, 1));
      for (let k = 0; k < 4; k++) expect(fsum[k]).toBeCloseTo(fa[k] - 2 * fb[k], 5);
    },
  );

  it("runs on blocks where a layer keeps everything", async () => {
    const network = await start("random", { sparsity: { sparsity: 0 } });
    expect(network.layers.map((layer) => layer.topology.kind)).toEqual([
      "blocks",
      "blocks",
      "blocks",
      "blocks",
    ]);
    expect(network.layers.map((layer) => nonZeros(layer.topology))).toEqual([192, 256, 256, 64]);
  });
});
