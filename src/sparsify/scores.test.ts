/**
 * @file SNIP and GraSP against the loss in float64, SynFlow against the product of its matrices.
 */

import { describe, expect, it } from "vitest";
import { multiply } from "../../test/dense-matrix.ts";
import { inDoubles, referenceLoss, toyScoring } from "../../test/scoring.ts";
import { asMlp } from "../../test/sparse-run.ts";
import { randomStream } from "../math/random.ts";
import type { Network, Start } from "../network/network.ts";
import { denseNetwork, SCORING_BATCHES, withoutTwins } from "./connection-scores.ts";
import { denseWeightsOf, frameOf } from "./frame.ts";
import { gradientFlow, hessianGradient } from "./grasp.ts";
import { bareCounts } from "./layer-counts.ts";
import type { Task } from "./method.ts";
import { connectionSensitivity } from "./snip.ts";
import { bySynapticFlow, synapticFlows } from "./synflow.ts";

const scoring = toyScoring(5, 3);

function candidates(activation: Task["activation"], start: Start) {
  const widths = [5, 6, 4, 3];
  const frame = frameOf({ widths, activation, sparsity: { sparsity: 0.5 }, seed: 4, start });
  const found = { frame, weights: denseWeightsOf(frame, "orthogonal") };
  return { ...found, network: inDoubles(asMlp(denseNetwork(found, scoring))) };
}

/** ∂L/∂w for all weights, by central differences. */
function differences(network: Network, step = 1e-5): Float64Array[] {
  return network.layers.map(({ weights }) =>
    Float64Array.from(weights, (weight, k) => {
      const at = (value: number) => {
        weights[k] = value;
        return referenceLoss(network, scoring, SCORING_BATCHES);
      };
      const slope = (at(weight + step) - at(weight - step)) / (2 * step);
      weights[k] = weight;
      return slope;
    }),
  );
}

/** H g: the difference of two gradients along g. */
function hessianGradientByDifferences(network: Network): Float64Array[] {
  const gradient = differences(network);
  const step = 1e-4 / Math.hypot(...gradient.flatMap((layer) => [...layer]));
  const moved = (factor: number) =>
    differences({
      ...network,
      layers: network.layers.map((layer, i) => ({
        ...layer,
        weights: layer.weights.map((weight, k) => weight + factor * gradient[i][k]),
      })),
    });
  const [ahead, behind] = [moved(step), moved(-step)];
  return ahead.map((layer, i) => layer.map((value, k) => (value - behind[i][k]) / (2 * step)));
}

/** Largest difference over the largest of the expected values. */
function relativeError(values: readonly Float64Array[], expected: readonly Float64Array[]): number {
  const differ = values.flatMap((layer, i) => [...layer.map((value, k) => Math.abs(value - expected[i][k]))]);
  return Math.max(...differ) / Math.max(...expected.flatMap((layer) => [...layer.map(Math.abs)]));
}

const cases = [
  ["tanh", "none"],
  ["tanh", "critical"],
  ["relu", "looks-linear"],
] as const;

describe.each(cases)("%s, %s", (activation, start) => {
  it("SNIP is |w ∂L/∂w|", async () => {
    const { network, ...found } = candidates(activation, start);
    const scores = await connectionSensitivity(found, scoring);
    const slopes = differences(network);
    const products = slopes.map((layer, i) => layer.map((slope, k) => slope * network.layers[i].weights[k]));
    const expected = withoutTwins(found.frame, products).map((layer) => layer.map(Math.abs));
    expect(relativeError(scores, expected)).toBeLessThan(1e-4);
  });

  it("GraSP is w (H g)", async () => {
    const { network, ...found } = candidates(activation, start);
    const scores = await gradientFlow(found, scoring);
    const product = hessianGradientByDifferences(network);
    const expected = withoutTwins(
      found.frame,
      product.map((layer, i) => layer.map((value, k) => value * network.layers[i].weights[k])),
    );
    expect(relativeError(scores, expected)).toBeLessThan(activation === "relu" ? 0.1 : 0.02);
  });
});

describe("GraSP", () => {
  it("is the change of the squared gradient norm when a weight shrinks", async () => {
    const { network } = candidates("tanh", "none");
    const squared = (of: Network) =>
      differences(of).reduce((sum, layer) => sum + layer.reduce((all, value) => all + value ** 2, 0), 0);
    const product = await hessianGradient(network, scoring, SCORING_BATCHES);
    for (const [layer, k] of [
      [0, 3],
      [1, 10],
      [2, 1],
    ]) {
      const { weights } = network.layers[layer];
      const weight = weights[k];
      const part = 1e-3;
      weights[k] = weight * (1 - part);
      const less = squared(network);
      weights[k] = weight * (1 + part);
      const more = squared(network);
      weights[k] = weight;
      expect(2 * weight * product[layer][k]).toBeCloseTo((more - less) / (2 * part), 4);
    }
  });
});

describe("withoutTwins", () => {
  it("has the mean over the connections that one of the frame stands for", () => {
    const { frame } = candidates("relu", "looks-linear");
    // 5 → 3 + 3 twins, 3 + 3 → 2 + 2, 2 + 2 → 3.
    expect(frame.layers.map(({ copies }) => copies)).toEqual([2, 4, 2]);
    const scores = [30, 24, 12].map((size) => Float64Array.from({ length: size }, (_, k) => k));
    const means = withoutTwins(frame, scores);
    expect(means.map((layer) => layer.length)).toEqual([15, 6, 6]);
    expect(means[0][7]).toBe((7 + 22) / 2);
    expect(means[1][4]).toBe((7 + 10 + 19 + 22) / 4);
    expect(means[2][5]).toBe((9 + 11) / 2);
  });
});

describe("SynFlow", () => {
  const shapes = [
    { rows: 6, columns: 5 },
    { rows: 4, columns: 6 },
    { rows: 3, columns: 4 },
  ];
  const random = randomStream(8);
  const weights = shapes.map(({ rows, columns }) =>
    Float32Array.from({ length: rows * columns }, () => random.normal()),
  );
  const all = shapes.map((shape, i) => ({
    shape,
    places: Int32Array.from(weights[i], (_, place) => place),
    weights: weights[i],
  }));
  /** 1ᵀ |W_3| |W_2| |W_1| 1. */
  const throughput = (matrices: readonly ArrayLike<number>[]) => {
    let product = Float64Array.from(matrices[0], Math.abs);
    for (let i = 1; i < matrices.length; i++) {
      const next = Float64Array.from(matrices[i], Math.abs);
      product = multiply(next, product, shapes[i].rows, shapes[i].columns, 5);
    }
    return product.reduce((sum, entry) => sum + entry, 0);
  };

  it("is w ∂R/∂w as a part of R, and conserved: the same sum in each layer", () => {
    const whole = throughput(weights);
    for (const [i, layer] of synapticFlows(all).entries()) {
      // R is linear in each |w|: w ∂R/∂w is what is lost without it.
      const expected = weights[i].map((_, k) => {
        const without = weights.map((values) => values.slice());
        without[i][k] = 0;
        return (whole - throughput(without)) / whole;
      });
      for (const [k, flow] of layer.entries()) expect(flow).toBeCloseTo(expected[k], 6);
      expect(expected.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
  });

  it("prunes a thousand layers to the connections wanted, and collapses none", async () => {
    const widths = [12, ...new Array<number>(999).fill(8), 4];
    const frame = frameOf({ widths, activation: "tanh", sparsity: { degree: 2 }, seed: 2, start: "none" });
    const places = await bySynapticFlow({ frame, weights: denseWeightsOf(frame, "orthogonal") }, scoring);
    const total = bareCounts(frame).reduce((sum, count) => sum + count, 0);
    expect(places.reduce((sum, layer) => sum + layer.length, 0)).toBe(total);
    expect(Math.min(...places.map((layer) => layer.length))).toBeGreaterThan(0);
  });
});
