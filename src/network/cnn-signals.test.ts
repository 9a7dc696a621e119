/**
 * @file What plain convolutional networks do to signals at the start: sizes kept over great depth, and, for
 * looks-linear, nothing but a linear map.
 */

import { describe, expect, it } from "vitest";
import { type RandomStream, randomStream } from "../math/random.ts";
import { cnn } from "./cnn.ts";
import { cnnEco } from "./cnn-eco.ts";
import { forward } from "./evaluate.ts";
import { foldInputScale } from "./fold-input-scale.ts";
import { networkInput, sizeOf } from "./layer-shape.ts";
import type { AnyNetwork } from "./network.ts";

const input = { channels: 3, height: 12, width: 12 };

/** Smooth images, as photographs are: neighbouring pixels are alike. */
function smoothImages(count: number, random: RandomStream): Float64Array {
  const { channels, height, width } = input;
  const images = new Float64Array(count * sizeOf(input));
  let next = 0;
  for (let image = 0; image < count * channels; image++) {
    const waves = Array.from({ length: 4 }, () => [0, 1, 2, 3].map(() => random.normal()));
    for (let p = 0; p < height; p++) {
      for (let q = 0; q < width; q++) {
        images[next++] = waves.reduce(
          (sum, [size, down, right, phase]) => sum + size * Math.sin((down * p + right * q) / 4 + 3 * phase),
          0,
        );
      }
    }
  }
  return images;
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}

/** Mean squares of the pre-activations, layer by layer, by name. */
function sizes(network: AnyNetwork, inputs: Float64Array): Map<string, number> {
  const found = new Map<string, number>();
  const count = inputs.length / sizeOf(networkInput(network));
  forward(network, inputs, count, (i, preActivations) => {
    found.set(network.layers[i].name, meanSquare(preActivations));
  });
  return found;
}

describe("the critical start of tanh convolutions", () => {
  const images = smoothImages(24, randomStream(5));
  it.each([
    ["delta, strides", (init: object) => cnn({ input, outputs: 10, depth: 120, width: 32, init })],
    [
      "delta, space-to-depth",
      (init: object) => cnn({ input, outputs: 10, depth: 120, width: 32, downsample: "spaceToDepth", init }),
    ],
    ["eco", (init: object) => cnnEco({ input, outputs: 10, depth: 100, width: 16, init })],
  ])("keeps the mean square at every depth: %s", (_, make) => {
    const network = foldInputScale(make({ sparsity: 0.75 }), images);
    const q = network.provenance.critical!.meanSquare;
    const found = sizes(network, images);
    expect(found.get("stem.0")! / q).toBeCloseTo(1, 4);
    for (const [name, size] of found) {
      if (!name.startsWith("layers.")) continue;
      expect(size / q, name).toBeGreaterThan(0.6);
      expect(size / q, name).toBeLessThan(1.5);
    }
  });

  it("makes outputs of size 0.4, whatever averaging leaves", () => {
    const network = foldInputScale(cnn({ input, outputs: 10, depth: 8, width: 32, init: {} }), images);
    const { outputGain, inputScale } = network.provenance.critical!;
    expect(Math.sqrt(sizes(network, images).get("head")!)).toBeCloseTo(0.4, 5);
    // Again on what is already so: nothing moves.
    const again = foldInputScale(network, images).provenance.critical!;
    expect(again.outputGain! / outputGain!).toBeCloseTo(1, 5);
    expect(again.inputScale! / inputScale!).toBeCloseTo(1, 5);
  });

  it("fades without it", () => {
    const network = cnn({ input, outputs: 10, depth: 120, width: 32, start: "none", init: {} });
    const found = sizes(network, images);
    // q_0 / (1 + 2 q_0 L) of docs/theory.md, section 8.
    expect(found.get("layers.119")! * 2 * 120).toBeGreaterThan(0.5);
    expect(found.get("layers.119")! * 2 * 120).toBeLessThan(1.5);
  });
});

describe("looks-linear convolutions", () => {
  const options = { input, outputs: 10, depth: 20, width: 32, activation: "relu", seed: 4 } as const;
  const networks: [string, AnyNetwork][] = [
    ["strides", cnn({ ...options, init: { sparsity: 0.75 } })],
    ["space-to-depth", cnn({ ...options, init: { sparsity: 0.75 }, downsample: "spaceToDepth" })],
    ["eco", cnnEco({ ...options, width: 16, depth: 6, init: { sparsity: 0.5 } })],
  ];
  const random = randomStream(6);
  const [x, y] = [smoothImages(1, random), smoothImages(1, random)];

  it.each(networks)("are one linear map with the head: %s", (_, network) => {
    expect(network.provenance.start).toBe("looks-linear");
    const of = (images: Float64Array) => forward(network, images, 1);
    const [fx, fy] = [of(x), of(y)];
    const both = of(x.map((value, i) => 2 * value - 3 * y[i]));
    const size = Math.sqrt(meanSquare(both));
    expect(size).toBeGreaterThan(0.01);
    for (let i = 0; i < both.length; i++) {
      expect(Math.abs(both[i] - 2 * fx[i] + 3 * fy[i]) / size).toBeLessThan(1e-10);
    }
  });

  it.each(networks)("keep the size of signals: %s", (_, network) => {
    const found = sizes(network, x);
    const hidden = [...found].filter(([name]) => name.startsWith("layers."));
    for (const [name, size] of hidden) expect(size / found.get("stem.2")!, name).toBeCloseTo(1, 5);
  });
});
