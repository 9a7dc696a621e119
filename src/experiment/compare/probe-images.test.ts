import { describe, expect, it } from "vitest";
import { toyImages } from "../../../test/toy-images.ts";
import { singularValues } from "../../math/singular-values.ts";
import { cnn } from "../../network/cnn.ts";
import { cnnEco } from "../../network/cnn-eco.ts";
import { forward } from "../../network/evaluate.ts";
import { networkInput, sizeOf } from "../../network/layer-shape.ts";
import { mlp } from "../../network/mlp.ts";
import type { AnyNetwork } from "../../network/network.ts";
import { resnet } from "../../network/resnet.ts";
import { standardisedSamples } from "../train.ts";
import { probe } from "./probe.ts";
import { probeImages } from "./probe-images.ts";

const dataset = toyImages();
const input = { channels: 3, height: 4, width: 4 };
const shared = { outputs: 2, seed: 4 };
const init = { topology: "random", sparsity: 0.5, weights: "kaiming" };

/** A plain network with MaxMin after its first layer. */
function sorting(): AnyNetwork {
  const { layers, provenance } = cnn({ ...shared, input, depth: 1, width: 4, init, activation: "linear" });
  const sorted = { kind: "maxMin", name: "sort", input: { ...input, channels: 4 } } as const;
  return { layers: [layers[0], sorted, ...layers.slice(1)], provenance };
}

const networks: Record<string, AnyNetwork> = {
  cnn: cnn({ ...shared, input, depth: 2, width: 4, init, activation: "relu", start: "none" }),
  "cnn, space to depth": cnn({ ...shared, input, depth: 1, width: 4, init, downsample: "spaceToDepth" }),
  "cnn-eco": cnnEco({ ...shared, input, depth: 1, width: 4, init: { sparsity: 0.5 } }),
  resnet: resnet({ ...shared, input, depth: 8, width: 4, init: { ...init, sparsity: 0.25 } }),
  "with MaxMin": sorting(),
};

/** Gradient by the outputs of their sum of squares over two, [outputs, count]. */
function outputsThemselves(outputs: Float64Array, count: number): Float64Array {
  const size = outputs.length / count;
  return outputs.map((_, i) => outputs[(i % count) * size + Math.floor(i / count)]);
}

describe("probeImages", () => {
  it.each(Object.entries(networks))("has the Jacobian that finite differences have: %s", (_, network) => {
    const inputs = sizeOf(networkInput(network));
    const sample = Float64Array.from({ length: inputs }, (_, i) => Math.sin(1 + 3 * i) + 0.3);
    // The output layer is linear, so the last hidden layer is what the network without it gives.
    const hidden = { ...network, layers: network.layers.slice(0, -1) };
    const step = 1e-6;
    const rows = forward(hidden, sample, 1).length;
    const matrix = new Float64Array(rows * inputs);
    for (let k = 0; k < inputs; k++) {
      const [more, less] = [step, -step].map((by) =>
        forward(
          hidden,
          sample.map((x, i) => (i === k ? x + by : x)),
          1,
        ),
      );
      for (let r = 0; r < rows; r++) matrix[r * inputs + k] = (more[r] - less[r]) / (2 * step);
    }
    const expected = singularValues(matrix, rows, inputs);
    const [found] = probeImages(network, sample, outputsThemselves).jacobians;
    expect(found).toHaveLength(expected.length);
    for (const [k, value] of found.entries()) expect(value).toBeCloseTo(expected[k], 5);
  });

  it("agrees on linear layers with what is measured of them", () => {
    const network = mlp({ widths: [192, 8, 8, 2], init: { sparsity: 0.5 }, seed: 1, start: "none" });
    const expected = probe(network, dataset);
    const samples = standardisedSamples(dataset, 32);
    const { signals } = probeImages(network, samples, (outputs, count) => crossEntropy(outputs, count));
    for (const [i, { signal, gradient }] of signals.entries()) {
      expect(signal).toBeCloseTo(expected.signals[i].signal!, 12);
      expect(gradient).toBeCloseTo(expected.signals[i].gradient!, 12);
    }
  });

  it("has gradients through shortcuts that finite differences have", () => {
    const network = networks.resnet;
    const sample = standardisedSamples(dataset, 1).subarray(0, 48);
    const { signals } = probeImages(network, sample, outputsThemselves);
    // The first layer's bias reaches all of its pre-activations alike: their gradients add up to its own.
    const loss = (by: number) => {
      const [stem, ...rest] = network.layers;
      if (stem.kind !== "convolution") throw new Error("the first layer is no convolution");
      const moved = { ...stem, bias: Float64Array.of(by, 0, 0, 0) as unknown as Float32Array };
      const outputs = forward({ ...network, layers: [moved, ...rest] }, sample, 1);
      return outputs.reduce((sum, y) => sum + (y * y) / 2, 0);
    };
    const slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
    // |Σ g| over a channel's 16 pixels is at most 4 times their length, which is at most that of all four channels.
    const length = signals[0].gradient! * Math.sqrt(4 * 16);
    expect(Math.abs(slope)).toBeLessThanOrEqual(4 * length);
    expect(Math.abs(slope)).toBeGreaterThan(0.01 * length);
  });

  it("leaves out what would take too long, and says how much it measured", () => {
    const wide = cnn({
      ...shared,
      input: { channels: 3, height: 32, width: 32 },
      depth: 1,
      width: 128,
      init,
    });
    const images = {
      ...dataset,
      shape: [3, 32, 32],
      image: { channels: 3, height: 32, width: 32 },
      train: {
        count: 2,
        inputs: new Uint8Array(2 * 3072).map((_, i) => i % 251),
        labels: Int32Array.of(0, 1),
      },
    };
    const { jacobian, signals, facts } = probe(wide, images);
    expect(jacobian).toMatchObject({ samples: 0, below: 0, above: 0, rootMeanSquare: null });
    expect(signals).toHaveLength(5);
    expect(signals.every(({ gradient }) => gradient! > 0)).toBe(true);
    expect(facts.emptyLayers).toBe(0);
  });
});

function crossEntropy(outputs: Float64Array, count: number): Float64Array {
  const gradient = new Float64Array(outputs.length);
  for (let s = 0; s < count; s++) {
    const row = outputs.subarray(2 * s, 2 * s + 2);
    const sum = Math.exp(row[0]) + Math.exp(row[1]);
    for (let k = 0; k < 2; k++) {
      gradient[k * count + s] = Math.exp(row[k]) / sum - (dataset.train.labels![s] === k ? 1 : 0);
    }
  }
  return gradient;
}
