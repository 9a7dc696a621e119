import { describe, expect, it } from "vitest";
import { forEachConnection } from "../topology/connections.ts";
import { density, groupCount, type Topology } from "../topology/topology.ts";
import { type CnnOptions, cnn } from "./cnn.ts";
import { cnnEco } from "./cnn-eco.ts";
import { dense, sao } from "./init-spec.ts";
import { networkInput, networkOutput, outputShape } from "./layer-shape.ts";
import { type AnyNetwork, type ConvolutionLayer, isWeighted, parameterCount } from "./network.ts";
import { validateNetwork } from "./validate.ts";

const colour = { channels: 3, height: 32, width: 32 };
const grey = { channels: 1, height: 28, width: 28 };
const small = { input: colour, outputs: 10, depth: 4, width: 16, init: sao({ sparsity: 0.75 }) };

function convolutions(network: AnyNetwork): ConvolutionLayer[] {
  return network.layers.filter((layer) => layer.kind === "convolution");
}

/** Layers in words: name and what each gives. */
function outline(network: AnyNetwork): string[] {
  return network.layers.map((layer) => {
    const { channels, height, width } = outputShape(layer);
    return `${layer.name} ${channels} x ${height} x ${width}`;
  });
}

describe("cnn", () => {
  it("has a stem, hidden convolutions, and a head on their means", () => {
    const network = cnn({ ...small, depth: 2 });
    validateNetwork(network);
    expect(outline(network)).toEqual([
      "stem.0 16 x 32 x 32",
      "stem.1 16 x 16 x 16",
      "stem.2 16 x 8 x 8",
      "layers.0 16 x 8 x 8",
      "layers.1 16 x 8 x 8",
      "pool 16 x 1 x 1",
      "flatten 16 x 1 x 1",
      "head 10 x 1 x 1",
    ]);
    expect(convolutions(network).every((layer) => layer.padding === "zeros" && layer.dilation === 1)).toBe(
      true,
    );
    expect(network.layers.filter(isWeighted).map((layer) => layer.activation)).toEqual([
      ...Array(5).fill("tanh"),
      "linear",
    ]);
  });

  it("downsamples by space-to-depth, padding what 4 does not divide", () => {
    const network = cnn({
      ...small,
      input: { channels: 1, height: 30, width: 28 },
      downsample: "spaceToDepth",
      depth: 1,
    });
    validateNetwork(network);
    expect(outline(network).slice(0, 7)).toEqual([
      "pad 1 x 32 x 28",
      "stem.0 16 x 32 x 28",
      "stem.1.down 64 x 16 x 14",
      "stem.1 16 x 16 x 14",
      "stem.2.down 64 x 8 x 7",
      "stem.2 16 x 8 x 7",
      "layers.0 16 x 8 x 7",
    ]);
    expect(convolutions(network).every((layer) => layer.stride === 1)).toBe(true);
  });

  it("takes any image from 4 pixels a side on", () => {
    for (const [height, width] of [
      [4, 4],
      [5, 63],
      [31, 7],
    ]) {
      for (const downsample of ["stride", "spaceToDepth"] as const) {
        const input = { channels: 2, height, width };
        const network = cnn({ ...small, input, downsample });
        validateNetwork(network);
        expect([networkInput(network), networkOutput(network).channels]).toEqual([input, 10]);
      }
    }
  });

  it.each([0.5, 0.75, 0.875])("keeps the kernels asked for, sparsity %f", (sparsity) => {
    const network = cnn({ ...small, width: 64, init: sao({ sparsity }) });
    for (const layer of convolutions(network).slice(1)) {
      expect(density(layer.topology)).toBe(1 - sparsity);
      expect(layer.weights).toHaveLength(64 * 64 * (1 - sparsity) * 9);
    }
    // Three colours allow three groups: the first layer gives way, and says what it was asked for.
    const [first] = convolutions(network);
    expect(density(first.topology)).toBeCloseTo(Math.max(1 / 3, 1 - sparsity), 2);
    expect(first.asked).toEqual({ sparsity });
  });

  it("reaches the same sparsity however it is asked for", () => {
    const asked = [{ sparsity: 0.875 }, { degree: 4 }, { groups: 8 }, { compression: 8 }];
    const counts = asked.map((init) => parameterCount(cnn({ ...small, width: 32, init })));
    expect(new Set(counts.slice(1).map((count) => Math.abs(count - counts[0]) < 100))).toEqual(
      new Set([true]),
    );
    const layers = asked.map((init) => convolutions(cnn({ ...small, width: 32, init }))[4]);
    expect(layers.map((layer) => layer.weights.length)).toEqual(Array(4).fill(32 * 4 * 9));
  });

  it("is dense on request", () => {
    const network = cnn({ ...small, init: dense() });
    expect(network.layers.filter(isWeighted).every(({ topology }) => density(topology) === 1)).toBe(true);
    expect(parameterCount(network)).toBe(3 * 16 * 9 + 6 * 16 * 16 * 9 + 7 * 16 + 16 * 10 + 10);
  });

  it("connects every channel to every other in the fewest layers, and stays so", () => {
    const network = cnn({ ...small, width: 32, depth: 12, init: sao({ degree: 4 }) });
    const hidden = convolutions(network).slice(3);
    const fewest = Math.ceil(Math.log(32) / Math.log(4));
    expect(reached(hidden.slice(0, fewest - 1))).toBeLessThan(32 * 32);
    expect(reached(hidden.slice(0, fewest))).toBe(32 * 32);
    expect(reached(hidden)).toBe(32 * 32);
    // From the colours to the outputs too.
    const whole = network.layers.filter(isWeighted);
    expect(reached(whole)).toBe(10 * 3);
  });

  it("is the same from the same seed, and another from another", () => {
    const [first, again, other] = [3, 3, 4].map((seed) => cnn({ ...small, seed }));
    expect(again).toEqual(first);
    expect(convolutions(other)[3].weights).not.toEqual(convolutions(first)[3].weights);
    // Layers draw from streams of their own: more of them leave the others as they are.
    expect(convolutions(cnn({ ...small, depth: 6, seed: 3, start: "none" }))[5].weights).toEqual(
      convolutions(cnn({ ...small, seed: 3, start: "none" }))[5].weights,
    );
  });

  it.each<[string, Partial<CnnOptions>, string]>([
    [
      "images that cannot be halved twice",
      { input: { channels: 3, height: 3, width: 9 } },
      "stem.2: images of 3 x 9 are too small for the downsampling that ends here; their sides must be at least 4",
    ],
    [
      "more groups than channels fit",
      { init: sao({ groups: 32 }) },
      "stem.1 (16 x 16 channels): a sao layer cannot have groups 32; the nearest it can have is groups 8",
    ],
    [
      "a compression beyond reach, in its own words",
      { init: sao({ compression: 64 }) },
      "stem.1 (16 x 16 channels): a sao layer cannot have compression 64; the nearest it can have is compression 8",
    ],
    [
      "odd widths for looks-linear",
      { width: 15, activation: "relu" },
      'stem.0 (15 x 3 channels): looks-linear pairs channels, so their numbers must be even: use 14 or 16, or start "none"',
    ],
    [
      "eco weights",
      { init: { weights: "eco" } },
      "eco weights need circular borders and no strides: use cnnEco (cnn-eco), or weights delta",
    ],
    [
      "orthogonal weights on edges that have none",
      { init: { topology: "random", sparsity: 0.5 } },
      "stem.0 (16 x 3 channels): random channels have no exactly orthogonal weights; use sao channels, or kaiming weights",
    ],
    [
      "unknown weights",
      { init: { weights: "orthogonal" } },
      'there is no initializer of convolutions "orthogonal"; there are delta, shift, eco, kaiming',
    ],
    ["no depth", { depth: 0 }, "depth must be a whole number from 1, not 0"],
    ["no width", { width: 2.5 }, "width must be a whole number from 1, not 2.5"],
    ["no outputs", { outputs: 0 }, "outputs must be a whole number from 1, not 0"],
    [
      "no kernel",
      { kernelSize: 0 },
      "a convolution's kernel size must be a whole number from 1 to 1024, not 0",
    ],
    [
      "channels that are no number",
      { input: { channels: 0, height: 8, width: 8 } },
      "channels must be a whole number from 1, not 0",
    ],
    [
      "other ways down",
      { downsample: "pool" as never },
      "downsample must be stride or spaceToDepth, not pool",
    ],
    [
      "a gain beside the critical start",
      { start: "critical", init: sao({ gain: 2 }) },
      'start "critical" chooses the gain; leave gain out or use start "none"',
    ],
    [
      "a mean square without it",
      { start: "isometric", meanSquare: 0.1 },
      'a mean square is for start "critical"; this is "isometric"',
    ],
    ["unknown fields", { widht: 3 } as never, 'cnn has no "widht"; it has '],
    ["no init", { init: undefined as never }, "a network needs init, e.g. init: sao({ sparsity: 0.75 })"],
  ])("refuses %s", (_, change, message) => {
    expect(() => cnn({ ...small, ...change })).toThrow(message);
  });
});

describe("cnnEco", () => {
  it.each([
    ["colour", colour],
    ["grey", grey],
  ])("pads %s images to a side that the kernel divides all the way", (_, input) => {
    const network = cnnEco({ ...small, input, depth: 1 });
    validateNetwork(network);
    expect(outline(network).slice(0, 7)).toEqual([
      `pad ${input.channels} x 36 x 36`,
      "stem.0 16 x 36 x 36",
      "stem.1.down 64 x 18 x 18",
      "stem.1 16 x 18 x 18",
      "stem.2.down 64 x 9 x 9",
      "stem.2 16 x 9 x 9",
      "layers.0 16 x 9 x 9",
    ]);
    expect(convolutions(network).map(({ dilation }) => dilation)).toEqual([12, 6, 3, 3]);
    expect(
      convolutions(network).every(
        ({ padding, initializer }) => padding === "circular" && initializer === "eco",
      ),
    ).toBe(true);
  });

  it("does not pad where nothing is missing, and takes even kernels and oblong images", () => {
    const outlineOf = (height: number, width: number, kernelSize: number) =>
      outline(cnnEco({ ...small, input: { channels: 3, height, width }, kernelSize }))[0];
    expect(outlineOf(36, 36, 3)).toBe("stem.0 16 x 36 x 36");
    expect(outlineOf(32, 32, 4)).toBe("stem.0 16 x 32 x 32");
    expect(outlineOf(16, 30, 2)).toBe("pad 3 x 32 x 32");
  });

  it("takes other weights on the same layers", () => {
    const network = cnnEco({ ...small, init: sao({ sparsity: 0.75, weights: "delta" }) });
    expect(outline(network)).toEqual(outline(cnnEco(small)));
    expect(network.layers.filter(isWeighted)[1].initializer).toBe("delta");
  });
});

/** Pairs (output, input) that paths connect. */
function reached(layers: readonly { topology: Topology }[]): number {
  const inputs = layers[0].topology.columns;
  let from: Set<number>[] = Array.from({ length: inputs }, (_, i) => new Set([i]));
  for (const { topology } of layers) {
    const next = Array.from({ length: topology.rows }, () => new Set<number>());
    forEachConnection(topology, (row, column) => {
      for (const i of from[column]) next[row].add(i);
    });
    from = next;
  }
  return from.reduce((sum, set) => sum + set.size, 0);
}

describe("grouped convolutions", () => {
  it("are blocks over channels", () => {
    const [, second] = convolutions(cnn({ ...small, init: sao({ groups: 4 }) }));
    expect(second.topology.kind === "blocks" && groupCount(second.topology)).toBe(4);
  });
});
