import { describe, expect, it } from "vitest";
import { toyImageScoring as scoring, toyImageTask } from "../../test/image-task.ts";
import { sparseRun } from "../../test/sparse-run.ts";
import { costs } from "../certificate/costs.ts";
import { createTrainer, sgd } from "../engine/index.ts";
import { unflatten } from "../engine/parameters.ts";
import type { AnyNetwork } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import { nonZeros } from "../topology/topology.ts";
import { denseNetwork } from "./connection-scores.ts";
import { denseBytes, densified, meanGradients } from "./dense-network.ts";
import { denseWeightsOf, frameOf } from "./frame.ts";
import { layerCounts } from "./layer-counts.ts";
import { isImageTask, type Task } from "./method.ts";
import { magnitudesOf, placesOf, scatter } from "./places.ts";
import { methodNamed, methodNames } from "./registry.ts";
import { connectionSensitivity } from "./snip.ts";
import { type Remaining, synapticFlows } from "./synflow.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

const kernels = (network: AnyNetwork) => weightedLayers(network).map(({ topology }) => nonZeros(topology));
const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
const parametersOf = (network: AnyNetwork) =>
  weightedLayers(network).map((layer) => [
    scatter(layer.topology, layer.weights, tapsOf(layer)),
    layer.bias,
    layer.name,
  ]);
const dense = [3 * 8, 64, 64, 64, 64, 16];
/** Clifford layers have 64 units at least, Ramanujan ones a degree of 3. */
const names = methodNames.filter(
  (name) => !methodNamed(name).linearOnly && !/^(ramanujan|clifford)|-rescaled$/.test(name),
);

describe("frameOf an image task", () => {
  it.each([
    ["delta", "tanh", "critical"],
    ["delta", "relu", "looks-linear"],
    ["delta", "hardtanh", "none"],
    ["eco", "tanh", "isometric"],
    ["eco", "relu", "looks-linear"],
  ] as const)("is the dense network of its builder: %s, %s, %s", async (weights, activation, start) => {
    const task = toyImageTask({ weights, activation, start });
    const frame = frameOf(task);
    const framed = denseNetwork({ frame, weights: denseWeightsOf(frame, "orthogonal") }, scoring);
    const expected = await methodNamed("dense").start(task, scoring);
    expect(parametersOf(framed)).toEqual(parametersOf(expected));
    expect(framed.provenance).toEqual(expected.provenance);
    expect(framed.layers.map(({ kind, name }) => [kind, name])).toEqual(
      expected.layers.map(({ kind, name }) => [kind, name]),
    );
  });
});

describe("methods on kernels", () => {
  it.each(names)(
    "%s keeps as many kernels as an SAO network, trains, and is the same again",
    async (name) => {
      const method = methodNamed(name);
      const task = toyImageTask({ start: method.starts("tanh")[0] });
      const first = await method.start(task, scoring);
      validateNetwork(first);
      const keepsAll = method.when === "dense" || method.when === "after";
      expect(total(kernels(first))).toBe(keepsAll ? total(dense) : total(layerCounts(task)));
      const runs = await Promise.all([1, 2].map(() => sparseRun(method, task, scoring, 6)));
      expect(runs[1]).toEqual(runs[0]);
      const { network } = runs[0];
      expect(total(kernels(network))).toBe(method.when === "dense" ? total(dense) : total(layerCounts(task)));
      expect(weightedLayers(network).every(({ weights }) => weights.every(Number.isFinite))).toBe(true);
    },
  );

  it.each(["sao", "magnitude", "snip", "rigl", "synflow"])("%s has looks-linear ReLU", async (name) => {
    const task = toyImageTask({ activation: "relu", start: "looks-linear" });
    const { network } = await sparseRun(methodNamed(name), task, scoring, 10);
    expect(Math.abs(total(kernels(network)) - total(layerCounts(task)))).toBeLessThanOrEqual(12);
  });

  it("SAO-Delta and SAO-ECO have the same kernels, and weights of their own", async () => {
    const [delta, eco] = await Promise.all(
      (["delta", "eco"] as const).map((weights) =>
        methodNamed("sao").start(toyImageTask({ weights, start: "isometric" }), scoring),
      ),
    );
    const hidden = (network: AnyNetwork) => weightedLayers(network)[4];
    expect(hidden(delta).initializer).toBe("delta");
    expect(hidden(eco).initializer).toBe("eco");
    expect(hidden(eco).topology).toEqual(hidden(delta).topology);
  });

  it.each(["rg-n", "rg-u", "rg-u-scaled"])("%s is for linear layers only", async (name) => {
    const task = toyImageTask({ start: methodNamed(name).starts("tanh")[0] });
    await expect(methodNamed(name).start(task, scoring)).rejects.toMatchObject({ code: "linear-only" });
  });

  it.each(["eoi", "random-ai", "snip-ai", "set-eoi"])("%s makes delta kernels, not eco", async (name) => {
    const task = toyImageTask({ weights: "eco" });
    await expect(methodNamed(name).start(task, scoring)).rejects.toThrow(/use weights delta, not eco/);
  });
});

describe("magnitude on kernels", () => {
  it("keeps the kernels with the largest L1 norms, all their taps and their momentum", async () => {
    const { updates } = await sparseRun(methodNamed("magnitude"), toyImageTask(), scoring, 11);
    const [{ request, result }] = updates;
    const momentum = unflatten(request.network, request.optimizerState.vectors.momentum);
    const moved = unflatten(result.network, result.optimizerState.vectors.momentum);
    for (const [i, layer] of result.network.layers.entries()) {
      const before = request.network.layers[i];
      if (layer.kind !== "convolution" || before.kind !== "convolution") continue;
      const norms = magnitudesOf(before.weights, 9);
      const kept = placesOf(layer.topology);
      const least = Math.min(...Array.from(kept, (place) => norms[place]));
      expect(Array.from(norms).filter((norm) => norm > least)).toHaveLength(kept.length - 1);
      for (const [k, place] of kept.entries()) {
        const [taps, old] = [9 * k, 9 * place];
        expect(layer.weights.subarray(taps, taps + 9)).toEqual(before.weights.subarray(old, old + 9));
        expect(moved[i].weights.subarray(taps, taps + 9)).toEqual(momentum[i].weights.subarray(old, old + 9));
      }
    }
  });
});

describe("scores of kernels", () => {
  it("SNIP's is how fast the loss changes as a kernel fades", async () => {
    const frame = frameOf(toyImageTask());
    const candidates = { frame, weights: denseWeightsOf(frame, "orthogonal") };
    const scores = await connectionSensitivity(candidates, scoring);
    const network = denseNetwork(candidates, scoring);
    const at = network.layers.findIndex(({ name }) => name === "layers.0");
    const step = 0.05;
    const lossWith = async (factor: number) => {
      const layers = network.layers.map((layer, i) =>
        i === at && layer.kind === "convolution"
          ? { ...layer, weights: layer.weights.map((w, k) => (Math.floor(k / 9) === 13 ? factor * w : w)) }
          : layer,
      );
      return (await meanGradients({ ...network, layers }, scoring, { count: 8 })).loss;
    };
    const slope = ((await lossWith(1 + step)) - (await lossWith(1 - step))) / (2 * step);
    const mine = scores[3][13];
    expect(mine).toBeGreaterThan(1e-4);
    expect(Math.abs(slope) / mine).toBeGreaterThan(0.97);
    expect(Math.abs(slope) / mine).toBeLessThan(1.03);
  });

  it("SynFlow's follow a unit that becomes several", () => {
    const layer = (rows: number, columns: number, weights: number[]): Remaining => ({
      shape: { rows, columns },
      places: Int32Array.from(weights, (_, k) => k),
      weights: Float64Array.from(weights),
    });
    // One unit, then two of each of two: R = (1 + 2) · (3 + 4) · … by hand.
    const flows = synapticFlows([layer(2, 1, [1, 2]), layer(1, 4, [3, 4, 5, 6])]);
    const [through0, through1] = [1 * (3 + 4), 2 * (5 + 6)];
    const all = through0 + through1;
    expect(Array.from(flows[0])).toEqual([through0 / all, through1 / all].map((x) => expect.closeTo(x, 12)));
    expect(Array.from(flows[1])).toEqual([3, 4, 10, 12].map((x) => expect.closeTo(x / all, 12)));
  });
});

describe("the dense network beside a sparse one", () => {
  it("computes the same, and takes the memory that the engine says", async () => {
    const task = toyImageTask();
    const network = await methodNamed("sao").start(task, scoring);
    const options = { loss: scoring.loss, optimizer: sgd({ momentum: 0 }), batchSize: 16 };
    const made = await Promise.all([network, densified(network)].map((one) => createTrainer(one, options)));
    const [sparse, full] = made.map((trainer) => trainer.evaluate(scoring.batch(0)).loss);
    expect(full).toBeCloseTo(sparse, 5);
    expect(denseBytes(task, scoring.loss, 16)).toBe(made[1].bytes);
    expect(costs(densified(network)).sparse.forwardFlops).toBe(costs(network).dense.forwardFlops);
    for (const trainer of made) trainer.dispose();
  });
});

describe("isImageTask", () => {
  it("tells kinds of tasks apart", () => {
    const mlp: Task = { widths: [2, 2], activation: "tanh", sparsity: {}, seed: 0, start: "none" };
    expect([toyImageTask(), mlp].map(isImageTask)).toEqual([true, false]);
  });
});
