import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { dense, sao } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { Network } from "../network/network.ts";
import { Budget } from "./budget.ts";
import { certify } from "./certificate.ts";

function gaussianSamples(width: number, count: number, scale = 1) {
  const random = randomStream(11);
  return { inputs: Float64Array.from({ length: width * count }, () => scale * random.normal()), count };
}

describe("certify", () => {
  it("proves a de Bruijn network connected, isometric and sparse as asked", () => {
    const network = mlp({
      widths: [784, ...Array(60).fill(128), 10],
      init: sao({ sparsity: 0.875 }),
      seed: 7,
    });
    const certificate = certify(network);
    const { verdict, layers, reach, costs } = certificate;
    expect([verdict.connected.holds, verdict.orthogonal.holds, verdict.sparse.holds]).toEqual([
      true,
      true,
      true,
    ]);
    expect(reach).toMatchObject({ layers: 2, lowerBound: 2, connected: true });
    expect(layers[5]).toMatchObject({
      name: "layers.5",
      groups: 8,
      nonZeros: 2048,
      sparsity: 0.875,
      asked: { field: "sparsity", value: 0.875, achieved: 0.875, density: 0.125 },
      rowDegrees: { smallest: 16, largest: 16 },
      components: 8,
      mask: { sigma1: 16, sigma2: 16, ramanujan: false },
    });
    expect(layers[5].orthogonalityError).toBeLessThan(3e-7);
    expect(layers[5].gain).toBeCloseTo(network.provenance.critical!.gain, 6);
    expect(costs.dense.parameters).toBe(784 * 128 + 59 * 128 ** 2 + 1280 + 60 * 128 + 10);
    expect(costs.sparse.trainingFlops).toBe(3 * costs.sparse.forwardFlops - 2 * layers[0].nonZeros);
    expect(costs.sparse.forwardFlops / costs.dense.forwardFlops).toBeCloseTo(1 / 8, 2);
    expect(certificate.skipped).toEqual([]);
  });

  it("catches a network that is not what it claims", () => {
    const fixed = certify(mlp({ widths: Array(8).fill(32), init: sao({ groups: 4, arrangement: "fixed" }) }));
    expect(fixed.verdict.connected).toMatchObject({ holds: false, detail: expect.stringContaining("25.0%") });
    const gaussian = certify(mlp({ widths: [8, 8, 8], init: dense({ weights: "gaussian" }) }));
    expect(gaussian.verdict.orthogonal.holds).toBe(false);
    const network = mlp({ widths: [8, 8, 8, 8], init: sao({ groups: 2, gain: 1.2 }) });
    expect(certify(network).verdict.orthogonal.detail).toContain("1.2000 in layers.1");
    const lying: Network = {
      ...network,
      layers: network.layers.map((layer) => ({ ...layer, asked: { sparsity: 0.75 } })),
    };
    expect(certify(lying).verdict.sparse).toMatchObject({
      holds: false,
      detail: expect.stringContaining("layers.1 has density 0.500 where 0.250 was asked"),
    });
    const broken: Network = {
      ...network,
      layers: network.layers.map((layer, i) =>
        i === 1 ? { ...layer, weights: layer.weights.map(() => Number.NaN) } : layer,
      ),
    };
    expect(certify(broken).layers[1]).toMatchObject({
      gain: null,
      orthogonalityError: null,
      singularValues: null,
    });
    expect(certify(broken).verdict.orthogonal).toMatchObject({ holds: null });
  });

  it("asks no gain of 1 of networks without inner layers", () => {
    for (const widths of [
      [8, 8],
      [8, 8, 8],
    ]) {
      const { orthogonal } = certify(mlp({ widths, init: sao({ groups: 2 }) })).verdict;
      expect(orthogonal).toMatchObject({ holds: true, detail: expect.stringContaining("with gain") });
    }
  });

  it("says that training costs orthogonality, of weights that began with it", () => {
    const trained = (weights: string) => {
      const network = mlp({ widths: [8, 8, 8, 8], init: sao({ groups: 2, weights }) });
      const layers = network.layers.map((layer) => ({
        ...layer,
        weights: layer.weights.map((weight, k) => weight + 0.1 * Math.sin(k)),
      }));
      return certify({ ...network, layers }).verdict.orthogonal;
    };
    const note = "(training moves weights off orthogonality: expected of a trained network)";
    expect(trained("orthogonal")).toMatchObject({ holds: false, detail: expect.stringContaining(note) });
    expect(trained("gaussian").detail).not.toContain("training");
  });

  it("is data: JSON keeps all of it, and the same network gives the same certificate", () => {
    const network = mlp({ widths: [50, ...Array(60).fill(32), 10], init: sao({ sparsity: 0.75 }) });
    const options = { samples: gaussianSamples(50, 3) };
    const certificate = certify(network, options);
    expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
    expect(certify(network, options)).toEqual(certificate);
    expect(JSON.stringify(certificate)).not.toContain("summary");
  });

  it("says what it left out", () => {
    const network = mlp({
      widths: Array(5).fill(40),
      init: { topology: "random", degree: 4, weights: "gaussian" },
    });
    const certificate = certify(network, { samples: gaussianSamples(40, 2), workLimit: 1000 });
    const left = new Set(certificate.skipped.map(({ measure }) => measure));
    const all = ["maskSpectrum", "orthogonality", "singularValues", "reach", "mixing", "signals", "jacobian"];
    expect([...left].sort()).toEqual(all.sort());
    expect(certificate).toMatchObject({ reach: null, mixing: [], signals: { jacobianSamples: 0 } });
    expect(certificate.verdict.connected.holds).toBeNull();
    expect(certificate.summary()).toContain("left out: reach: needs");
  });

  it("refuses samples that do not fit", () => {
    const network = mlp({ widths: [4, 4], init: dense() });
    expect(() => certify(network, { samples: { inputs: new Float64Array(3), count: 1 } })).toThrow("width 4");
    expect(() =>
      certify(network, { samples: { inputs: Float64Array.of(1, 2, Number.NaN, 0), count: 1 } }),
    ).toThrow("all finite");
  });
});

describe("summary", () => {
  const networks: [string, () => Network][] = [
    [
      "deep",
      () => mlp({ widths: [784, ...Array(299).fill(128), 10], init: sao({ sparsity: 0.875 }), seed: 7 }),
    ],
    [
      "mirrored",
      () => mlp({ widths: [784, 128, 128, 10], activation: "relu", init: sao({ sparsity: 0.875 }) }),
    ],
    [
      "irregular",
      () =>
        mlp({ widths: Array(9).fill(64), init: { topology: "random", sparsity: 0.9, weights: "gaussian" } }),
    ],
    [
      "changing",
      () => mlp({ widths: Array.from({ length: 40 }, (_, i) => 20 + i), init: sao({ groups: 5 }) }),
    ],
    ["tiny", () => mlp({ widths: [1, 1], init: dense() })],
  ];

  it.each(networks)("of a %s network fits a terminal", (_, build) => {
    const network = build();
    const width = network.layers[0].topology.columns;
    const lines = certify(network, { samples: gaussianSamples(width, 2, 0.02), jacobianSamples: 1 })
      .summary()
      .split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThan(80);
  });

  it("says what signals meet, and what its tables mean", () => {
    const network = networks[0][1]();
    const text = certify(network, { samples: gaussianSamples(784, 2) }).summary();
    const plain = text.replaceAll(/\n +/g, " ");
    expect(plain).toMatch(/^orthogonal yes /m);
    expect(plain).toMatch(
      /^signals +10 singular values after 300 layers: mean square [\d.e-]+, range \S+\.\.\S+; at all depths \S+\.\.\S+ \(1: sizes kept\)$/m,
    );
    for (const meaning of [
      "gain: ",
      "s2/s1 is 0 when",
      "which sao does not seek",
      "h: pre-activations",
      "s: the factors",
    ]) {
      expect(plain).toContain(meaning);
    }
    // Weights as the verdict counts them, and 299 * 128 + 10 biases.
    expect(text).toMatch(/^parameters +661290 +5022346 +0.132$/m);
    expect(certify(network).summary()).not.toContain("signals");
  });

  it("puts runs of like layers in one row", () => {
    const text = certify(networks[0][1]()).summary();
    expect(text).toContain("300 layers, 784 -> 128 x 299 -> 10, tanh, linear, critical start, seed 7");
    expect(text).toMatch(/^1-298 +128 x 128 +sao debruijn +blocks +sparsity 0.875 +0.875$/m);
    expect(text).toMatch(/^1-298 +orthogonal +1\.\d+ +[\d.]+e-8 +1\.\d+$/m);
    expect(text).toMatch(/^1-298 +16 +16 +8 +1 +0.4841 +no$/m);
    expect(text).toContain("by k: 1: 1, 2: 0");
  });
});

describe("Budget", () => {
  it("stops at its limit and names the layer", () => {
    const budget = new Budget("thing", 10);
    expect([budget.spend(6, "a"), budget.spend(6, "b"), budget.spend(4, "c")]).toEqual([true, false, true]);
    expect(budget.skipped).toEqual([
      { measure: "thing", layer: "b", reason: expect.stringContaining("6.0e+0") },
    ]);
  });
});
