import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { sao } from "../topology/sao.ts";
import type { AddLayer, BatchNormLayer, ConvolutionLayer, Layer } from "./network.ts";
import { fromLayers } from "./validate.ts";

const input = { channels: 4, height: 6, width: 4 };

function convolution(change: Partial<ConvolutionLayer> = {}): ConvolutionLayer {
  const topology = sao({ rows: 6, columns: 4 }, { groups: 2 }, { random: randomStream(1) });
  return {
    kind: "convolution",
    name: "stem",
    topology,
    weights: new Float32Array(12 * 9),
    bias: new Float32Array(6),
    kernelSize: 3,
    stride: 2,
    dilation: 1,
    padding: "zeros",
    input,
    activation: "tanh",
    asked: {},
    initializer: "delta",
    ...change,
  };
}

function norm(change: Partial<BatchNormLayer> = {}): BatchNormLayer {
  return {
    kind: "batchNorm",
    name: "norm",
    input,
    weights: new Float32Array(4),
    bias: new Float32Array(4),
    statistics: new Float32Array(8),
    epsilon: 1e-5,
    momentum: 0.1,
    activation: "relu",
    ...change,
  };
}

function addition(change: Partial<AddLayer> = {}): AddLayer {
  return { kind: "add", name: "add", input, from: "norm", activation: "relu", ...change };
}

const padded = { kind: "pad", name: "pad", input, height: 7, width: 4 } as const;

describe("validateNetwork of every kind", () => {
  it("takes layers that fit one another", () => {
    const small = { channels: 6, height: 3, width: 2 };
    const layers: Layer[] = [
      norm(),
      addition(),
      convolution(),
      { ...addition({ name: "again", input: small }) },
      { kind: "maxMin", name: "sort", input: small },
      { kind: "pad", name: "pad", input: small, height: 4, width: 2 },
      {
        kind: "spaceToDepth",
        name: "down",
        input: { channels: 6, height: 4, width: 2 },
        side: 2,
      },
      {
        kind: "averagePool",
        name: "pool",
        input: { channels: 24, height: 2, width: 1 },
        window: { height: 2, width: 1 },
      },
      { kind: "flatten", name: "flatten", input: { channels: 24, height: 1, width: 1 } },
    ];
    expect(fromLayers(layers).layers).toEqual(layers);
  });

  const stem = "stem (6 x 4 channels): ";
  it.each<[string, Layer[], string]>([
    [
      "images of another size",
      [convolution(), norm()],
      "norm (batchNorm of 4 x 6 x 4): it takes 4 x 6 x 4, but stem before it gives 6 x 3 x 2",
    ],
    [
      "a linear layer on images",
      [
        norm(),
        {
          ...convolution(),
          kind: "linear",
          name: "head",
          topology: sao({ rows: 2, columns: 96 }, {}, { random: randomStream(1) }),
        } as Layer,
      ],
      "head (2 x 96): it takes 96 x 1 x 1, but norm before it gives 4 x 6 x 4; a flatten layer makes vectors of images",
    ],
    [
      "an input that is no image",
      [norm({ input: { ...input, height: 0.5 } })],
      "norm (batchNorm of 4 x 0.5 x 4): its input's height must be a whole number from 1, not 0.5",
    ],
    [
      "channels that are not the kernels'",
      [convolution({ input: { ...input, channels: 5 } })],
      `${stem}its images have 5 channels, its kernels 4`,
    ],
    [
      "no stride",
      [convolution({ stride: 0 })],
      `${stem}a convolution's stride must be a whole number from 1 to 1024, not 0`,
    ],
    [
      "taps that are missing",
      [convolution({ weights: new Float32Array(12) })],
      `${stem}its topology has 12 kernels of 9 taps, but it has 12 weights`,
    ],
    [
      "biases of each pixel",
      [convolution({ bias: new Float32Array(24) })],
      `${stem}it has 6 output channels, but 24 biases`,
    ],
    [
      "taps that are not finite",
      [convolution({ weights: new Float32Array(12 * 9).fill(Number.POSITIVE_INFINITY, 7, 8) })],
      `${stem}weight 7 is Infinity; it must be finite`,
    ],
    [
      "a window beyond the image",
      [{ kind: "averagePool", name: "pool", input, window: { height: 5, width: 5 } }],
      "pool (averagePool of 4 x 6 x 4): its window's width must be a whole number from 1 to the image's, 4, not 5",
    ],
    [
      "padding that cuts",
      [{ ...padded, height: 5 }],
      "pad (pad of 4 x 6 x 4): its padded height must be a whole number from the image's, 6, not 5",
    ],
    [
      "squares that do not fit",
      [{ kind: "spaceToDepth", name: "down", input, side: 3 }],
      "down (spaceToDepth of 4 x 6 x 4): its side must divide those of its 6 x 4 images, and 3 does not",
    ],
    [
      "a channel without a partner",
      [{ kind: "maxMin", name: "sort", input: { ...input, channels: 3 } }],
      "sort (maxMin of 3 x 6 x 4): channels come in pairs, so they must be even, not 3",
    ],
    [
      "too few statistics",
      [norm({ statistics: new Float32Array(4) })],
      "norm (batchNorm of 4 x 6 x 4): 4 channels need 8 statistics, but it has 4",
    ],
    [
      "a negative variance",
      [norm({ statistics: Float32Array.of(-1, -1, -1, -1, 1, 1, -2, 1) })],
      "norm (batchNorm of 4 x 6 x 4): the variance of channel 2 is -2; it must not be negative",
    ],
    [
      "no epsilon",
      [norm({ epsilon: 0 })],
      "norm (batchNorm of 4 x 6 x 4): its epsilon must be above 0 and finite, not 0",
    ],
    [
      "momentum above 1",
      [norm({ momentum: 1.5 })],
      "norm (batchNorm of 4 x 6 x 4): its momentum must be above 0 and at most 1, not 1.5",
    ],
    [
      "a shortcut from nowhere",
      [addition(), norm()],
      "add (add of 4 x 6 x 4): its shortcut is from norm, which is no earlier layer",
    ],
    [
      "a shortcut that is too small",
      [
        convolution({ stride: 3 }),
        { ...padded, input: { channels: 6, height: 2, width: 2 }, height: 4 },
        addition({ name: "again", input: { channels: 6, height: 4, width: 4 }, from: "stem" }),
      ],
      "again (add of 6 x 4 x 4): its shortcut from stem is 2 x 2 pixels; both sides must be the same whole multiple of its own",
    ],
    [
      "a shortcut with more channels",
      [
        norm(),
        convolution({
          topology: sao({ rows: 3, columns: 4 }, {}, { random: randomStream(1) }),
          bias: new Float32Array(3),
          weights: new Float32Array(108),
        }),
        addition({ input: { channels: 3, height: 3, width: 2 } }),
      ],
      "add (add of 3 x 3 x 2): its shortcut from norm has 4 channels, more than it has",
    ],
  ])("refuses %s", (_, layers, message) => {
    expect(() => fromLayers(layers)).toThrow(expect.objectContaining({ code: "bad-network", message }));
  });
});
