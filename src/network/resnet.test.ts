import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { density } from "../topology/topology.ts";
import { forward } from "./evaluate.ts";
import { sao } from "./init-spec.ts";
import { networkInput, outputShape, sizeOf } from "./layer-shape.ts";
import { type AnyNetwork, isWeighted, parameterCount } from "./network.ts";
import { resnet } from "./resnet.ts";
import { validateNetwork } from "./validate.ts";

const colour = { channels: 3, height: 32, width: 32 };

function named(network: AnyNetwork, name: string) {
  return network.layers.find((layer) => layer.name === name)!;
}

describe("resnet", () => {
  it("is that of the paper", () => {
    const network = resnet({ input: colour, outputs: 10, depth: 20 });
    validateNetwork(network);
    expect(network.layers.filter(isWeighted)).toHaveLength(20);
    expect(parameterCount(network)).toBe(269_722 + 688);
    const shapes = ["stem.norm", "stages.0.2.add", "stages.1.0.add", "stages.2.2.add"].map((name) => {
      const { channels, height } = outputShape(named(network, name));
      return `${channels} x ${height}`;
    });
    expect(shapes).toEqual(["16 x 32", "16 x 32", "32 x 16", "64 x 8"]);
    expect(network.layers.flatMap((layer) => (layer.kind === "add" ? [layer.from] : []))).toEqual([
      "stem.norm",
      "stages.0.0.add",
      "stages.0.1.add",
      "stages.0.2.add",
      "stages.1.0.add",
      "stages.1.1.add",
      "stages.1.2.add",
      "stages.2.0.add",
      "stages.2.1.add",
    ]);
  });

  it.each([8, 32, 56])("has %i layers with weights", (depth) => {
    const network = resnet({ input: { channels: 1, height: 28, width: 28 }, outputs: 10, depth, width: 4 });
    validateNetwork(network);
    expect(network.layers.filter(isWeighted)).toHaveLength(depth);
  });

  it("pads images that 4 does not divide", () => {
    const network = resnet({ input: { channels: 1, height: 30, width: 9 }, outputs: 3, depth: 8, width: 4 });
    validateNetwork(network);
    expect(outputShape(network.layers[0])).toEqual({ channels: 1, height: 32, width: 12 });
  });

  it("starts with normalised signals that shortcuts carry on", () => {
    const network = resnet({ input: { ...colour, height: 12, width: 12 }, outputs: 10, depth: 20 });
    const random = randomStream(2);
    const count = 16;
    const inputs = Float64Array.from({ length: count * sizeOf(networkInput(network)) }, () =>
      random.normal(),
    );
    const sizes = new Map<string, number>();
    const visit = (i: number, _: Float64Array, values: Float64Array) => {
      const size = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      sizes.set(network.layers[i].name, size);
    };
    const outputs = forward(network, inputs, count, visit, { training: true });
    expect(outputs.every(Number.isFinite)).toBe(true);
    for (const [name, size] of sizes) if (name.endsWith("norm.1")) expect(size).toBeCloseTo(1, 3);
    // Each block adds about 1 to the variance: more towards the end of a stage than at its beginning.
    expect(sizes.get("stages.0.2.add")!).toBeGreaterThan(sizes.get("stages.0.0.add")! + 1);
  });

  it("is kernel-sparse when asked, with either weights", () => {
    for (const weights of ["kaiming", "delta"]) {
      const network = resnet({
        input: colour,
        outputs: 10,
        depth: 8,
        init: sao({ sparsity: 0.75, weights }),
      });
      const [, ...others] = network.layers.filter((layer) => layer.kind === "convolution");
      expect(others.map((layer) => [density(layer.topology), layer.initializer])).toEqual(
        Array(6).fill([0.25, weights]),
      );
    }
  });

  it.each([
    [{ depth: 21 }, "a resnet's depth is 6n + 2, n from 1, not 21: use 20 or 26"],
    [{ depth: 2 }, "a resnet's depth is 6n + 2, n from 1, not 2: use 8"],
    [{ depth: Number.NaN }, "a resnet's depth is 6n + 2, n from 1, not NaN: use 20, 32 or 56"],
    [
      { input: { channels: 3, height: 2, width: 32 } },
      "stages.2.0.conv.0: images of 2 x 32 are too small for the downsampling that ends here; their sides must be at least 4",
    ],
    [
      { init: { weights: "eco" } },
      "eco weights need circular borders and no strides, which a resnet has not: use weights kaiming or delta",
    ],
    [
      { init: { topology: "givens", degree: 8, weights: "delta" } },
      "stages.1.0.conv.0 (32 x 16 channels): a givens layer cannot have degree 8, as",
    ],
    [
      { init: { groups: 16 } },
      "stages.0.0.conv.0 (16 x 16 channels): a sao layer cannot have groups 16; the nearest it can have is groups 8",
    ],
    [{ activation: "tanh" } as never, 'resnet has no "activation"; it has '],
  ])("refuses %o", (change, message) => {
    expect(() => resnet({ input: colour, outputs: 10, depth: 20, ...change })).toThrow(message);
  });
});
