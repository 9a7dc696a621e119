import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { density } from "../topology/topology.ts";
import { forward } from "./evaluate.ts";
import { sao } from "./init-spec.ts";
import { networkInput, outputShape, sizeOf } from "./layer-shape.ts";
import { lipConvNet } from "./lip-conv-net.ts";
import type { AnyNetwork } from "./network.ts";
import { validateNetwork } from "./validate.ts";

const colour = { channels: 3, height: 32, width: 32 };
const small = { input: colour, outputs: 10, depth: 10, width: 4 };
const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe("lipConvNet", () => {
  it("halves the sides and doubles the channels at the end of each block", () => {
    const network = lipConvNet({ ...small, width: 32, init: sao({ sparsity: 0.875 }) });
    validateNetwork(network);
    const convolutions = network.layers.filter((layer) => layer.kind === "convolution");
    expect(
      convolutions.map((layer) => `${layer.name} ${layer.kernelSize} ${Object.values(outputShape(layer))}`),
    ).toEqual([
      "blocks.0.0 3 32,32,32",
      "blocks.0.1 3 64,16,16",
      "blocks.1.0 3 64,16,16",
      "blocks.1.1 3 128,8,8",
      "blocks.2.0 3 128,8,8",
      "blocks.2.1 3 256,4,4",
      "blocks.3.0 3 256,4,4",
      "blocks.3.1 3 512,2,2",
      "blocks.4.0 3 512,2,2",
      "blocks.4.1 1 1024,1,1",
    ]);
    for (const layer of convolutions.slice(1)) expect(density(layer.topology)).toBe(0.125);
  });

  const cases: [string, AnyNetwork][] = [
    ["delta", lipConvNet({ ...small, init: sao({ sparsity: 0.5 }) })],
    [
      "delta, dense, padded",
      lipConvNet({ ...small, input: { channels: 1, height: 28, width: 28 }, init: {} }),
    ],
    ["eco", lipConvNet({ ...small, init: sao({ sparsity: 0.5, weights: "eco" }) })],
    [
      "eco of even kernels, shallow",
      lipConvNet({ ...small, depth: 5, kernelSize: 2, init: { weights: "eco" } }),
    ],
  ];

  it.each(cases)("keeps norms but where channels are dropped: %s", (_, network) => {
    validateNetwork(network);
    const random = randomStream(1);
    const inputs = Float64Array.from({ length: sizeOf(networkInput(network)) }, () => random.normal());
    let before = norm(inputs);
    let dropped = 0;
    forward(network, inputs, 1, (i, _, values) => {
      const layer = network.layers[i];
      const after = norm(values);
      const narrows =
        (layer.kind === "convolution" || layer.kind === "linear") &&
        layer.topology.rows < layer.topology.columns;
      if (narrows) {
        expect(after, layer.name).toBeLessThan(before);
        dropped++;
      } else {
        expect(after / before, layer.name).toBeCloseTo(1, 5);
      }
      before = after;
    });
    // 3 colours become 12 channels of the space-to-depth and at least 8 of the convolution after it.
    expect(dropped).toBeGreaterThanOrEqual(5);
  });

  it.each(cases)("moves outputs no further than inputs: %s", (_, network) => {
    const random = randomStream(2);
    const width = sizeOf(networkInput(network));
    for (const step of [1, 0.01]) {
      const x = Float64Array.from({ length: width }, () => random.normal());
      const y = x.map((value) => value + step * random.normal());
      const [fx, fy] = [forward(network, x, 1), forward(network, y, 1)];
      const ratio = norm(fx.map((value, i) => value - fy[i])) / norm(x.map((value, i) => value - y[i]));
      expect(ratio).toBeLessThan(1);
      expect(ratio).toBeGreaterThan(1e-3);
    }
  });

  it("pads for eco to the first side at which it is exact", () => {
    const sideOf = (kernelSize: number | undefined) => {
      const network = lipConvNet({ ...small, kernelSize, init: { weights: "eco", sparsity: 0.5 } });
      const [first] = network.layers.filter((layer) => layer.kind === "convolution");
      return [first.kernelSize, first.input.height];
    };
    expect(sideOf(undefined)).toEqual([4, 32]);
    expect(sideOf(2)).toEqual([2, 32]);
    expect(sideOf(3)).toEqual([3, 96]);
  });

  it.each([
    [{ depth: 12 }, "a LipConvNet's depth must be a multiple of 5 from 5, not 12"],
    [{ depth: 0 }, "a LipConvNet's depth must be a multiple of 5 from 5, not 0"],
    [{ width: 5 }, "blocks.0.0.sort: MaxMin pairs channels, so the width must be even, not 5"],
    [
      { input: { channels: 3, height: 8, width: 8 } },
      "blocks.4.1: images of 8 x 8 are too small for the downsampling that ends here; their sides must be at least 16",
    ],
    [
      { init: sao({ groups: 8 }) },
      "blocks.1.0 (8 x 8 channels): a sao layer cannot have groups 8; the nearest it can have is groups 4",
    ],
    [{ init: undefined as never }, "a network needs init, e.g. init: sao({ sparsity: 0.75 })"],
  ])("refuses %o", (change, message) => {
    expect(() => lipConvNet({ ...small, init: sao({ sparsity: 0.5 }), ...change })).toThrow(message);
  });
});
