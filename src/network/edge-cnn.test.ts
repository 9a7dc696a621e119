import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { density } from "../topology/topology.ts";
import { type EdgeCnnOptions, edgeCnn, edgeStages } from "./edge-cnn.ts";
import { forward } from "./evaluate.ts";
import { dense, sao } from "./init-spec.ts";
import { networkInput, outputShape, sizeOf } from "./layer-shape.ts";
import { type AnyNetwork, parameterCount } from "./network.ts";
import { validateNetwork } from "./validate.ts";

const colour = { channels: 3, height: 32, width: 32 };
const grey = { channels: 1, height: 28, width: 28 };

function convolutions(network: AnyNetwork) {
  return network.layers.filter((layer) => layer.kind === "convolution");
}

describe("edgeCnn", () => {
  it.each([
    [colour, 51_306],
    [grey, 50_410],
  ])("has about 50 000 parameters: %o, %i", (input, parameters) => {
    for (const activation of ["tanh", "relu"] as const) {
      const network = edgeCnn({ input, outputs: 10, activation });
      validateNetwork(network);
      expect(parameterCount(network)).toBe(parameters);
      expect(network.provenance.start).toBe(activation === "tanh" ? "critical" : "looks-linear");
    }
  });

  it("has the stages it says", () => {
    const found = convolutions(edgeCnn({ input: colour, outputs: 10 })).map(({ topology, input }) => {
      return [topology.rows, 32 / input.height];
    });
    expect(found).toEqual(
      edgeStages.flatMap(({ channels, convolutions: count }, stage) =>
        Array(count).fill([channels, 2 ** stage]),
      ),
    );
  });

  it("is sparse to the default or to what is asked for", () => {
    const densities = (init?: EdgeCnnOptions["init"]) =>
      convolutions(edgeCnn({ input: colour, outputs: 10, init }))
        .slice(1)
        .map(({ topology }) => density(topology));
    expect(new Set(densities())).toEqual(new Set([1 / 16]));
    expect(new Set(densities(sao({ sparsity: 0.5 })))).toEqual(new Set([0.5]));
    expect(new Set(densities(dense()))).toEqual(new Set([1]));
  });

  it("is linear at the start with ReLU, any image", () => {
    const network = edgeCnn({ input: { channels: 2, height: 7, width: 9 }, outputs: 3, activation: "relu" });
    const random = randomStream(3);
    const x = Float64Array.from({ length: sizeOf(networkInput(network)) }, () => random.normal());
    const [forth, back] = [x, x.map((value) => -value)].map((image) => forward(network, image, 1));
    expect(Math.hypot(...forth)).toBeGreaterThan(0.01);
    for (const [i, value] of forth.entries()) expect(value + back[i]).toBeCloseTo(0, 10);
    expect(outputShape(network.layers[0])).toEqual({ channels: 2, height: 8, width: 12 });
  });

  it("refuses small images, and eco weights", () => {
    expect(() => edgeCnn({ input: { channels: 3, height: 3, width: 3 }, outputs: 10 })).toThrow(
      "stages.2.0: images of 3 x 3 are too small for the downsampling that ends here; their sides must be at least 4",
    );
    expect(() => edgeCnn({ input: colour, outputs: 10, init: { weights: "eco" } })).toThrow(
      "eco weights need circular borders: use cnnEco (cnn-eco), or weights delta",
    );
    expect(() => edgeCnn({ input: colour, outputs: 10, init: { sparsity: 0.999 } })).toThrow(
      "cannot have sparsity 0.999; the nearest it can have is sparsity 0.96875",
    );
  });
});
