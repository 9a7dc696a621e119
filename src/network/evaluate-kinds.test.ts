import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { denseConvolution } from "../../test/dense-convolution.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "./evaluate.ts";
import { networkInput, outputShape, sizeOf } from "./layer-shape.ts";
import type { AnyNetwork, BatchNormLayer, ConvolutionLayer, Layer } from "./network.ts";
import { validateNetwork } from "./validate.ts";

function only(...layers: Layer[]): AnyNetwork {
  return { layers, provenance: { seed: 0, start: "none" } };
}

/** 1, 2, 3, … as one sample of `input`. */
function counting(input: ImageShape): Float64Array {
  return Float64Array.from({ length: sizeOf(input) }, (_, i) => i + 1);
}

describe("forward, layer by layer", () => {
  it("convolves as the matrix of the definition does", () => {
    fc.assert(
      fc.property(fc.nat({ max: 500 }), (seed) => {
        const network = randomConvolutionNetwork(seed);
        const layer = { ...network.layers[0], activation: "linear" } as ConvolutionLayer;
        const { matrix, rows, columns } = denseConvolution(layer, layer.input);
        const inputs = normals(3 * columns, seed);
        const outputs = forward(only(layer), inputs, 3);
        const pixels = rows / layer.topology.rows;
        for (let s = 0; s < 3; s++) {
          for (let row = 0; row < rows; row++) {
            let expected = layer.bias[Math.floor(row / pixels)];
            for (let j = 0; j < columns; j++) expected += matrix[row * columns + j] * inputs[s * columns + j];
            expect(outputs[s * rows + row]).toBeCloseTo(expected, 10);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("averages over windows, leaving out what fills none", () => {
    const input = { channels: 2, height: 3, width: 4 };
    const layer: Layer = { kind: "averagePool", name: "pool", input, window: { height: 2, width: 2 } };
    const outputs = forward(only(layer), counting(input), 1);
    expect([...outputs]).toEqual([(1 + 2 + 5 + 6) / 4, (3 + 4 + 7 + 8) / 4, 15.5, 17.5]);
  });

  it("flattens channel by channel", () => {
    const input = { channels: 2, height: 2, width: 2 };
    const outputs = forward(only({ kind: "flatten", name: "flatten", input }), counting(input), 1);
    expect([...outputs]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("makes channels of squares as pixel_unshuffle does", () => {
    const input = { channels: 2, height: 2, width: 4 };
    const outputs = forward(only({ kind: "spaceToDepth", name: "down", input, side: 2 }), counting(input), 1);
    const first = [1, 3, 2, 4, 5, 7, 6, 8];
    expect([...outputs]).toEqual([...first, ...first.map((value) => value + 8)]);
  });

  it("pads right and below with one more", () => {
    const input = { channels: 1, height: 1, width: 2 };
    const outputs = forward(
      only({ kind: "pad", name: "pad", input, height: 2, width: 5 }),
      counting(input),
      1,
    );
    expect([...outputs]).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("sorts pairs of channels, pixel by pixel", () => {
    const input = { channels: 4, height: 1, width: 2 };
    const layer: Layer = { kind: "maxMin", name: "sort", input };
    const outputs = forward(only(layer), Float64Array.of(1, 8, 3, 4, 5, 2, -1, 4), 1);
    expect([...outputs]).toEqual([5, 8, 3, 4, 1, 2, -1, 4]);
  });

  const norm: BatchNormLayer = {
    kind: "batchNorm",
    name: "norm",
    input: { channels: 2, height: 1, width: 2 },
    weights: Float32Array.of(2, 1),
    bias: Float32Array.of(0.5, 0),
    statistics: Float32Array.of(1, 0, 4, 0.25),
    epsilon: 2 ** -40,
    momentum: 0.1,
    activation: "relu",
  };

  it("normalises by the statistics that were kept", () => {
    const outputs = forward(only(norm), Float64Array.of(5, -7, 1, 0), 1);
    expect([...outputs].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([4.5, 0, 2, 0]);
  });

  it("normalises by the samples' own moments in training", () => {
    const linear: BatchNormLayer = { ...norm, activation: "linear", weights: Float32Array.of(1, 3) };
    const outputs = forward(only(linear), normals(4 * 50, 3), 50, undefined, { training: true });
    for (const [channel, mean, deviation] of [
      [0, 0.5, 1],
      [1, 0, 3],
    ]) {
      const values = [...outputs].filter((_, i) => Math.floor((i % 4) / 2) === channel);
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
      expect(average).toBeCloseTo(mean, 12);
      expect(Math.sqrt(variance)).toBeCloseTo(deviation, 9);
    }
  });

  it("adds shortcuts of every second pixel and no channels of their own", () => {
    const input = { channels: 1, height: 4, width: 2 };
    const small = { channels: 4, height: 2, width: 1 };
    const network = only(
      { kind: "pad", name: "all", input, height: 4, width: 2 },
      { kind: "spaceToDepth", name: "down", input, side: 2 },
      { kind: "add", name: "add", input: small, from: "all", activation: "linear" },
    );
    validateNetwork(network);
    expect([...forward(network, counting(input), 1)]).toEqual([1 + 1, 5 + 5, 2, 6, 3, 7, 4, 8]);
  });
});

describe("forward of whole networks", () => {
  it("treats every sample alike, and shows what layers give", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), (seed) => {
        const network = seed % 2 === 0 ? everyKindNetwork(seed) : randomConvolutionNetwork(seed);
        const width = sizeOf(networkInput(network));
        const inputs = normals(3 * width, seed);
        const seen: number[] = [];
        const together = forward(network, inputs, 3, (_, preActivations, activations) => {
          expect(preActivations).toHaveLength(activations.length);
          seen.push(activations.length / 3);
        });
        expect(seen).toEqual(network.layers.map((layer) => sizeOf(outputShape(layer))));
        const apart = [0, 1, 2].flatMap((s) => [
          ...forward(network, inputs.subarray(s * width, (s + 1) * width), 1),
        ]);
        expect([...together]).toEqual(apart);
      }),
      { numRuns: 40 },
    );
  });
});

describe("random networks for tests", () => {
  it("are sound, and every kind comes up", () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const network = randomConvolutionNetwork(seed);
      validateNetwork(network);
      for (const layer of network.layers) kinds.add(layer.kind);
      const every = everyKindNetwork(seed);
      validateNetwork(every);
      expect(new Set(every.layers.map((layer) => layer.kind)).size).toBe(9);
    }
    expect(kinds.size).toBe(9);
  });
});

function normals(length: number, seed: number): Float64Array {
  const random = randomStream(seed);
  return Float64Array.from({ length }, () => random.normal());
}
