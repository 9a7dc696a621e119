import { describe, expect, it } from "vitest";
import { sao } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { SparsityRequest } from "../topology/request.ts";
import { layerCounts } from "./layer-counts.ts";
import type { MlpTask } from "./method.ts";

const taskOf = (widths: number[], sparsity: SparsityRequest, rest: Partial<MlpTask> = {}): MlpTask => ({
  widths,
  sparsity,
  activation: "tanh",
  seed: 0,
  start: "critical",
  ...rest,
});

describe("layerCounts", () => {
  it("has the connections of an SAO network, ends that give way included", () => {
    for (const [widths, sparsity] of [
      [[784, 128, 128, 10], { sparsity: 0.96875 }],
      [[784, 300, 100, 10], { sparsity: 0.9 }],
      [[20, 33, 33, 7], { degree: 4 }],
      [[64, 64, 64], { compression: 6 }],
    ] as const) {
      const network = mlp({ widths, init: sao(sparsity) });
      const counts = network.layers.map((layer) => layer.weights.length);
      expect(layerCounts(taskOf([...widths], sparsity))).toEqual(counts);
    }
  });

  it("counts twins", () => {
    const widths = [30, 24, 24, 5];
    const network = mlp({ widths, activation: "relu", init: sao({ sparsity: 0.75 }) });
    const task = taskOf(widths, { sparsity: 0.75 }, { activation: "relu", start: "looks-linear" });
    expect(layerCounts(task)).toEqual(network.layers.map((layer) => layer.weights.length));
  });

  it("rounds what SAO cannot have on hidden layers, as its rivals can", () => {
    const task = taskOf([64, 64, 64, 64], { sparsity: 0.99 });
    expect(() => mlp({ widths: task.widths, init: sao(task.sparsity) })).toThrow(/cannot have sparsity 0.99/);
    expect(layerCounts(task)[1]).toBe(41);
    expect(layerCounts(taskOf([8, 8, 8, 8], { sparsity: 0.999 }))[1]).toBe(1);
  });

  it("rejects widths and requests that mean nothing", () => {
    expect(() => layerCounts(taskOf([5], {}))).toThrow(/at least an input and an output width/);
    expect(() => layerCounts(taskOf([5, 2.5], {}))).toThrow(/not 2.5/);
    expect(() => layerCounts(taskOf([8, 8, 8], { sparsity: 1 }))).toThrow(/sparsity must be/);
  });
});
