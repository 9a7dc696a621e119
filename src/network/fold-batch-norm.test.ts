import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "./evaluate.ts";
import { channelScales, foldBatchNorm } from "./fold-batch-norm.ts";
import { networkInput, sizeOf } from "./layer-shape.ts";
import type { AnyNetwork, BatchNormLayer, ConvolutionLayer } from "./network.ts";
import { fromLayers } from "./validate.ts";

const normals = (count: number) => {
  const random = randomStream(1);
  return Float64Array.from({ length: count }, () => random.normal());
};

function expectSame(network: AnyNetwork): AnyNetwork {
  const folded = foldBatchNorm(network);
  const inputs = normals(3 * sizeOf(networkInput(network)));
  const expected = forward(network, inputs, 3);
  const actual = forward(fromLayers(folded.layers), inputs, 3);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i] - value) / largest).toBeLessThan(1e-5);
  return folded;
}

const kinds = ({ layers }: AnyNetwork) => layers.map(({ kind }) => kind);

/** A convolution of a random network, and a normalization that fits it. */
function pair(activation: "linear" | "relu") {
  const { layers } = everyKindNetwork(3);
  const norm = layers.find(({ kind }) => kind === "batchNorm") as BatchNormLayer;
  const found = layers[0] as ConvolutionLayer;
  const convolution: ConvolutionLayer = { ...found, activation, stride: 1 };
  const channels = found.topology.rows;
  const input = { ...convolution.input, channels };
  const some = (from: number) => normals(channels).map((x) => from + Math.abs(x));
  const batchNorm: BatchNormLayer = {
    ...norm,
    name: "norm",
    input,
    weights: Float32Array.from(some(0.5)),
    bias: Float32Array.from(some(-1)),
    statistics: Float32Array.from([...some(0), ...some(1)]),
    activation: "tanh",
  };
  return { convolution, batchNorm, input };
}

describe("folding batch normalization", () => {
  it("leaves the function as it is", () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        expectSame(randomConvolutionNetwork(seed, { kinds: ["convolution", "batchNorm", "add"] }));
      }),
      { numRuns: 60 },
    );
  });

  it("leaves none after a layer of weights without activation, and the activation stays", () => {
    const { convolution, batchNorm } = pair("linear");
    const folded = expectSame(fromLayers([convolution, batchNorm]));
    expect(folded.layers).toMatchObject([
      { kind: "convolution", name: convolution.name, activation: "tanh" },
    ]);
  });

  it("leaves one that comes after an activation, or whose input a shortcut reads", () => {
    const { convolution, batchNorm, input } = pair("relu");
    expect(kinds(expectSame(fromLayers([convolution, batchNorm])))).toEqual(["convolution", "batchNorm"]);
    const linear = pair("linear").convolution;
    const add = { kind: "add", name: "add", input, activation: "relu" } as const;
    const read = fromLayers([linear, batchNorm, { ...add, from: linear.name }]);
    expect(kinds(expectSame(read))).toEqual(["convolution", "batchNorm", "add"]);
    const other = fromLayers([linear, batchNorm, { ...add, from: "norm" }]);
    expect(expectSame(other).layers[1]).toMatchObject({ from: linear.name });
    const second = { ...batchNorm, name: "second" };
    const plain = { ...batchNorm, activation: "linear" } as const;
    const between = fromLayers([linear, plain, second, { ...add, from: "norm" }]);
    expect(kinds(expectSame(between))).toEqual(["convolution", "batchNorm", "add"]);
    expect(kinds(expectSame(fromLayers([linear, plain, second])))).toEqual(["convolution"]);
  });

  it("refuses what float32 cannot hold", () => {
    const { batchNorm } = pair("linear");
    const statistics = batchNorm.statistics.map((x, i) => (i < batchNorm.input.channels ? x : 0));
    expect(() => channelScales({ ...batchNorm, statistics, epsilon: 1e-90 })).toThrow(
      /norm .* too small to divide by/,
    );
  });
});
