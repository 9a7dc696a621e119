import { describe, expect, it } from "vitest";
import { toyScoring } from "../../test/scoring.ts";
import { asMlp, startMlp } from "../../test/sparse-run.ts";
import { dense } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { Network } from "../network/network.ts";
import { denseNetwork } from "./connection-scores.ts";
import { denseWeightsOf, frameOf } from "./frame.ts";
import type { MlpTask } from "./method.ts";
import { scatter } from "./places.ts";
import { methodNamed } from "./registry.ts";

const scoring = toyScoring(10, 4);
const widths = [10, 16, 16, 4];
const parametersOf = (network: Network) =>
  network.layers.map(({ topology, weights, bias }) => [scatter(topology, weights), bias]);

describe("frameOf", () => {
  it.each([
    ["tanh", "critical"],
    ["tanh", "isometric"],
    ["tanh", "none"],
    ["relu", "looks-linear"],
    ["hardtanh", "none"],
  ] as const)("is the dense network of mlp for %s, %s", async (activation, start) => {
    const task: MlpTask = { widths, activation, sparsity: {}, seed: 9, start };
    const frame = frameOf(task);
    const weights = denseWeightsOf(frame, "orthogonal");
    const framed = asMlp(denseNetwork({ frame, weights }, scoring));
    const expected = await startMlp(methodNamed("dense"), task, scoring);
    expect(parametersOf(framed)).toEqual(parametersOf(expected));
    expect(framed.provenance).toEqual(expected.provenance);
    expect(framed.layers.map((layer) => layer.activation)).toEqual(
      expected.layers.map((layer) => layer.activation),
    );
  });

  it("has Kaiming weights at their own scale", () => {
    const frame = frameOf({ widths, activation: "relu", sparsity: {}, seed: 9, start: "none" });
    const options = { widths, activation: "relu", init: dense({ weights: "kaiming" }), seed: 9 } as const;
    expect(denseWeightsOf(frame, "kaiming")).toEqual(mlp(options).layers.map((layer) => layer.weights));
  });

  it("says which width cannot be paired", () => {
    const odd = {
      widths: [4, 7, 2],
      activation: "relu",
      sparsity: {},
      seed: 0,
      start: "looks-linear",
    } as const;
    expect(() => frameOf(odd)).toThrow(/must be even, not 7/);
  });
});
