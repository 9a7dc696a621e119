import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { randomStream } from "../math/random.ts";
import { singularValues } from "../math/singular-values.ts";
import { cnn } from "../network/cnn.ts";
import { cnnEco } from "../network/cnn-eco.ts";
import { edgeCnn } from "../network/edge-cnn.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, sizeOf } from "../network/layer-shape.ts";
import { lipConvNet } from "../network/lip-conv-net.ts";
import { type AnyNetwork, isWeighted, type Layer, parameterCount } from "../network/network.ts";
import { resnet } from "../network/resnet.ts";
import { type AnyCertificate, certify } from "./certificate.ts";
import { costs } from "./costs.ts";
import { hasMask, type WeightedLayerCertificate } from "./layer.ts";
import type { SignalDepth } from "./signals.ts";

const input = { channels: 3, height: 12, width: 12 };
const shared = { input, outputs: 4, seed: 1 };
const sparse = { sparsity: 0.75 };

function gaussianSamples(network: AnyNetwork, count: number) {
  const random = randomStream(11);
  const length = count * sizeOf(networkInput(network));
  return { inputs: Float64Array.from({ length }, () => random.normal()), count };
}

const masked = ({ layers }: AnyCertificate): WeightedLayerCertificate[] => layers.filter(hasMask);

/** Singular values of the Jacobian of layer `last`'s activations at the first sample, by central differences. */
function jacobianValues(network: AnyNetwork, inputs: Float64Array, last: number): Float64Array {
  const width = sizeOf(networkInput(network));
  const at = (moved: Float64Array): Float64Array => {
    let found = new Float64Array(0);
    forward(network, moved, 1, (k, _, values) => {
      if (k === last) found = Float64Array.from(values);
    });
    return found;
  };
  const step = 1e-6;
  const lines = Array.from({ length: width }, (_, j) => {
    const [up, down] = [step, -step].map((change) => {
      const moved = inputs.slice(0, width);
      moved[j] += change;
      return at(moved);
    });
    return up.map((value, i) => (value - down[i]) / (2 * step));
  });
  const rows = lines[0].length;
  const flat = new Float64Array(width * rows);
  for (const [j, line] of lines.entries()) flat.set(line, j * rows);
  return singularValues(flat, width, rows);
}

/** Where a depth ends. */
const lastLayer = ({ layers }: AnyNetwork, { layer }: SignalDepth) =>
  layers.findIndex(({ name }) => name === layer);

describe("signals of any network", () => {
  it("have all singular values of the Jacobian that finite differences give, and the mean squares of the layers", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e6 }), (seed) => {
        const network = randomConvolutionNetwork(seed);
        const samples = gaussianSamples(network, 2);
        const { signals } = certify(network, { samples, jacobianSamples: 1, workLimit: 1e9 });
        const squares: number[][] = [];
        forward(network, samples.inputs, 2, (_, ...both) => {
          squares.push(both.map((values) => values.reduce((sum, x) => sum + x * x, 0) / values.length));
        });
        const weighted = network.layers.filter(isWeighted).length;
        expect(signals!.depths.at(-1)).toMatchObject({ depth: weighted, layer: "head" });
        for (const depth of signals!.depths) {
          const last = lastLayer(network, depth);
          expect(depth.activationMeanSquare).toBeCloseTo(squares[last][1], 9);
          const active = network.layers.slice(0, last + 1).findLastIndex((layer) => "activation" in layer);
          expect(depth.preActivationMeanSquare).toBeCloseTo(squares[active][0], 9);
          const { dimension, kind, meanSquare, smallest, largest, deciles } = depth.jacobian!;
          const values = jacobianValues(network, samples.inputs, last).subarray(0, dimension);
          expect(kind).toBe("exact");
          expect(largest).toBeCloseTo(values[0], 6);
          expect(smallest).toBeCloseTo(values[dimension - 1], 6);
          expect(deciles).toHaveLength(11);
          expect(meanSquare).toBeCloseTo(values.reduce((sum, x) => sum + x * x, 0) / dimension, 6);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("come from Lanczos and random images where that is less work, and say so", () => {
    const small = { channels: 3, height: 7, width: 7 };
    const network = cnn({ ...shared, input: small, depth: 2, width: 8, init: sparse, start: "none" });
    const samples = gaussianSamples(network, 1);
    const { signals, skipped } = certify(network, { samples, workLimit: 5e6 });
    expect(skipped).toEqual([]);
    const inner = signals!.depths.filter(({ jacobian }) => jacobian!.kind === "inner");
    expect(inner.length).toBeGreaterThan(0);
    for (const depth of inner) {
      const { smallest, largest, meanSquare, dimension, deciles } = depth.jacobian!;
      const values = jacobianValues(network, samples.inputs, lastLayer(network, depth)).subarray(
        0,
        dimension,
      );
      const square = values.reduce((sum, x) => sum + x * x, 0) / dimension;
      expect(deciles).toBeNull();
      expect(largest).toBeLessThan(values[0] + 1e-6);
      expect(largest).toBeGreaterThan(0.9 * values[0]);
      expect(smallest).toBeGreaterThan(values[dimension - 1] - 1e-6);
      expect(meanSquare / square).toBeGreaterThan(0.8);
      expect(meanSquare / square).toBeLessThan(1.25);
    }
    expect(signals!.depths.at(-1)!.jacobian!.kind).toBe("exact");
  });

  it("are exactly isometric through a looks-linear network until it reads fewer pixels", () => {
    const small = { channels: 3, height: 6, width: 6 };
    const network = cnn({ ...shared, input: small, depth: 3, width: 16, activation: "relu", init: sparse });
    const { layers, provenance } = network;
    const stem = { layers: layers.slice(0, 1), provenance };
    const samples = gaussianSamples(stem, 2);
    for (const workLimit of [1e10, 5e6]) {
      const { jacobian } = certify(stem, { samples, workLimit }).signals!.depths[0];
      expect(jacobian).toMatchObject({ dimension: 108, kind: workLimit > 1e9 ? "exact" : "inner" });
      expect(jacobian!.smallest).toBeCloseTo(1, 5);
      expect(jacobian!.largest).toBeCloseTo(1, 5);
      expect(jacobian!.meanSquare).toBeCloseTo(1, 1);
    }
    const whole = certify(network, { samples });
    expect(whole.verdict.orthogonal).toMatchObject({
      holds: true,
      detail: expect.stringContaining("stem.1, at stride 2, passes 25% of the energy on"),
    });
    expect(masked(whole).map(({ mirrored }) => [mirrored.rows, mirrored.columns])).toEqual([
      [true, false],
      ...Array(5).fill([true, true]),
      [false, true],
    ]);
  });
});

describe("the certificate of a convolutional network", () => {
  it("proves that cnn, with space-to-depth, and cnnEco are isometric layer by layer", () => {
    for (const network of [
      cnn({ ...shared, depth: 4, width: 16, init: sparse, downsample: "spaceToDepth" }),
      cnnEco({ ...shared, depth: 4, width: 16, init: sparse }),
    ]) {
      const certificate = certify(network);
      const { verdict, reach, layers } = certificate;
      expect(verdict.connected.holds).toBe(true);
      expect(verdict.orthogonal.holds).toBe(true);
      expect(verdict.sparse.holds).toBe(true);
      expect(reach).toMatchObject({ connected: true, layers: 2, lowerBound: 2 });
      expect(layers).toHaveLength(network.layers.length);
      expect(layers.map(({ name, kind }) => [name, kind])).toEqual(
        network.layers.map(({ name, kind }) => [name, kind]),
      );
      const hidden = masked(certificate).find(({ name }) => name === "layers.1")!;
      expect(hidden).toMatchObject({
        kind: "convolution",
        nonZeros: 64,
        weights: 576,
        isometry: true,
        asked: { field: "sparsity", value: 0.75, achieved: 0.75, density: 0.25 },
        runsAs: { kind: "blocks" },
      });
    }
  });

  it("counts compression in kernels", () => {
    const network = cnn({ ...shared, depth: 1, width: 16, init: { compression: 8 } });
    const hidden = masked(certify(network)).find(({ name }) => name === "layers.0")!;
    expect(hidden.asked).toEqual({ field: "compression", value: 8, achieved: 8, density: 1 / 8 });
  });

  it("catches weights that are not what they began as, and layers that are not what was asked", () => {
    const network = cnn({ ...shared, depth: 2, width: 16, init: sparse });
    const changed = (change: (layer: Layer) => Layer): AnyNetwork => ({
      ...network,
      layers: network.layers.map((layer) => (layer.name === "layers.1" ? change(layer) : layer)),
    });
    const trained = changed((layer) => ({
      ...layer,
      ...(isWeighted(layer) && { weights: layer.weights.map((w, k) => w + 0.1 * Math.sin(k)) }),
    }));
    expect(certify(trained).verdict.orthogonal).toMatchObject({
      holds: false,
      detail: expect.stringMatching(/^layers\.1 has singular values .*\(training moves weights/),
    });
    const lying = changed((layer) => ({ ...layer, ...(isWeighted(layer) && { asked: { sparsity: 0.5 } }) }));
    expect(certify(lying).verdict.sparse).toMatchObject({
      holds: false,
      detail: expect.stringContaining("layers.1 has density 0.250 where 0.500 was asked"),
    });
    const apart = cnn({ ...shared, depth: 2, width: 16, init: { ...sparse, arrangement: "fixed" } });
    expect(certify(apart).verdict.connected).toMatchObject({
      holds: false,
      detail: expect.stringContaining("of the input channels"),
    });
    const broken = changed((layer) => ({
      ...layer,
      ...(isWeighted(layer) && { weights: layer.weights.map(() => Number.NaN) }),
    }));
    const { verdict, skipped } = certify(broken);
    expect(verdict.orthogonal).toMatchObject({ holds: null });
    expect(skipped).toContainEqual({
      measure: "singularValues",
      layer: "layers.1",
      reason: "weights that are not finite",
    });
  });

  it("says what it left out", () => {
    const network = resnet({
      ...shared,
      depth: 8,
      init: { topology: "random", sparsity: 0.5, weights: "kaiming" },
    });
    const { skipped, signals, reach, verdict } = certify(network, {
      samples: gaussianSamples(network, 3),
      workLimit: 500,
    });
    const left = new Set(skipped.map(({ measure }) => measure));
    const all = ["jacobian", "maskSpectrum", "mixing", "reach", "signals", "singularValues"];
    expect([...left].sort()).toEqual(all);
    expect(signals).toMatchObject({ samples: 1, jacobianSamples: 1 });
    expect(signals!.depths.every(({ jacobian }) => jacobian === null)).toBe(true);
    expect(reach).toBeNull();
    expect(verdict.connected.holds).toBeNull();
  });

  it("has something to say of layers without weights alone", () => {
    const pool: Layer = { kind: "averagePool", name: "pool", input, window: { height: 2, width: 3 } };
    const network: AnyNetwork = { layers: [pool], provenance: { seed: 0, start: "none" } };
    const certificate = certify(network, { samples: gaussianSamples(network, 2) });
    expect(certificate.verdict.orthogonal.holds).toBeNull();
    expect(certificate.signals!.depths).toMatchObject([
      { layer: "pool", jacobian: { dimension: 72, kind: "exact" } },
    ]);
    // Means of six equal numbers, each a sixth.
    expect(certificate.signals!.depths[0].jacobian!.largest).toBeCloseTo(1 / Math.sqrt(6), 12);
    expect(certificate.summary()).toContain("1 average pool; images of 3 x 12 x 12 to 72 outputs");
  });
});

describe("costs of any network", () => {
  it("are the published ones of ResNet-20, biases of convolutions besides", () => {
    const network = resnet({
      ...shared,
      input: { channels: 3, height: 32, width: 32 },
      outputs: 10,
      depth: 20,
    });
    const { sparse, dense, compression } = costs(network);
    expect(sparse.parameters).toBe(269_722 + 688);
    expect(sparse.parameters).toBe(parameterCount(network));
    // 3 x 3 convolutions of 16, 32 and 64 channels on 32, 16 and 8 pixels a side.
    const stage = (channels: number, from: number, side: number) =>
      9 * side ** 2 * (from * channels + 5 * channels ** 2);
    const products =
      9 * 32 ** 2 * 3 * 16 + stage(16, 16, 32) + stage(32, 16, 16) + stage(64, 32, 8) + 64 * 10;
    expect(sparse.forwardFlops).toBe(2 * products);
    expect(sparse.trainingFlops).toBe(2 * (3 * products - 9 * 32 ** 2 * 3 * 16));
    expect(sparse.kernels).toBe(3 * 16 + 6 * 256 + 16 * 32 + 5 * 1024 + 32 * 64 + 5 * 4096);
    expect(dense.parameters).toBe(sparse.parameters);
    expect(compression).toBe(1);
  });

  it("fall with the kernels", () => {
    const network = cnn({ ...shared, depth: 20, width: 32, init: { sparsity: 15 / 16 } });
    const { sparse, dense } = costs(network);
    expect(sparse.parameters).toBe(parameterCount(network));
    expect(sparse.forwardFlops / dense.forwardFlops).toBeLessThan(0.09);
    expect(sparse.kernels / dense.kernels).toBeCloseTo(1 / 16, 2);
    expect(sparse.topologyBytes).toBeLessThan(0.3 * sparse.parameterBytes);
  });
});

describe("the summary of any network", () => {
  const large = { ...shared, input: { channels: 3, height: 16, width: 16 } };
  const networks: [string, AnyNetwork, RegExp][] = [
    [
      "cnn",
      cnn({ ...shared, depth: 12, width: 16, init: sparse }),
      /^layers\.0-11 +16 x 16 +sao debruijn +blocks/m,
    ],
    ["cnnEco", cnnEco({ ...shared, depth: 3, width: 16, init: sparse }), /^layers\.0-2 +3 x 3 .* circular/m],
    ["resnet", resnet({ ...shared, depth: 20, init: sparse }), /^stages\.1\.\* \(5\) +32 x 32/m],
    ["lipConvNet", lipConvNet({ ...large, depth: 10, width: 4, init: { groups: 2 } }), /MaxMins/],
    ["edgeCnn", edgeCnn(large), /^stages\.2\.1-2 +128 x 128/m],
    ["random", randomConvolutionNetwork(7), /linear layer, 1 average pool/],
  ];

  it.each(networks)("fits a terminal: %s", (_, network, shows) => {
    const samples = gaussianSamples(network, 2);
    const certificate = certify(network, { samples, jacobianSamples: 1, workLimit: 2e7 });
    const text = certificate.summary();
    const lines = text.split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text).toMatch(shows);
    expect(text).toContain("depth: layers with weights");
    expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
  });
});
