import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpret } from "../../../test/onnx-interpreter.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../../../test/random-convolution-network.ts";
import { randomLayer, randomNetwork } from "../../../test/random-network.ts";
import { randomStream } from "../../math/random.ts";
import { forward } from "../../network/evaluate.ts";
import { networkInput, networkOutput, sizeOf } from "../../network/layer-shape.ts";
import { type MlpOptions, mlp } from "../../network/mlp.ts";
import { type AnyNetwork, isMlp } from "../../network/network.ts";
import { type BlockTopology, nonZeros } from "../../topology/topology.ts";
import { bucketsOf } from "./buckets.ts";
import { encodeOnnx } from "./encode-model.ts";
import type { BuiltGraph } from "./graph-builder.ts";
import { modelBytes } from "./model-bytes.ts";
import { blocksOf, type GraphOptions, networkGraph, sizesOf } from "./write-network.ts";

const writings: readonly GraphOptions[] = [
  { form: "fast" },
  { form: "fast", smallBatches: true },
  { form: "dense" },
];

function expectSame(network: AnyNetwork, options: GraphOptions): void {
  const count = 2;
  const size = sizeOf(networkInput(network));
  const inputs = Array.from({ length: count * size }, (_, i) => Math.sin(1 + 7.3 * i));
  const { mean, deviation } = options.scaling ?? { mean: [0], deviation: [1] };
  const standardised = Float64Array.from(inputs, (value, i) => {
    const column = i % (inputs.length / count);
    return (value - mean[column % mean.length]) / deviation[column % deviation.length];
  });
  const expected = forward(network, standardised, count);
  const { shape, data } = interpret(networkGraph(network, options), inputs, count);
  expect(shape).toEqual([count, ...sizesOf(networkOutput(network))]);
  // Folded batch normalizations and shares of a mean are float32 once more.
  const digits = isMlp(network) ? 9 : 5;
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, digits);
}

function operators({ operations }: BuiltGraph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType } of operations) counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}

const make = (options: Partial<MlpOptions> & Pick<MlpOptions, "init">) =>
  mlp({ widths: [24, 32, 32, 32, 8], seed: 5, ...options });

describe("networkGraph", () => {
  it("computes what the network does, whatever its topologies, groups and activations", () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom(...writings), (seed, writing) =>
        expectSame(randomNetwork(seed), writing),
      ),
      { numRuns: 400 },
    );
  });

  it("computes what networks of layers of all kinds do", () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom(...writings), fc.boolean(), (seed, writing, every) =>
        expectSame(every ? everyKindNetwork(seed) : randomConvolutionNetwork(seed), writing),
      ),
      { numRuns: 300 },
    );
  });

  it("computes what networks of every kind do", () => {
    for (const activation of ["tanh", "relu", "hardtanh", "linear"] as const) {
      for (const arrangement of ["debruijn", "random", "fixed"] as const) {
        for (const request of [{ sparsity: 0.75 }, { groups: 3 }, { sparsity: 0.4 }]) {
          const network = make({ activation, init: { arrangement, ...request } });
          for (const writing of writings) expectSame(network, writing);
        }
      }
    }
  });

  it("standardises raw inputs, by one mean and deviation or one for each input", () => {
    const network = make({ init: { sparsity: 0.75 } });
    const each = (value: (i: number) => number) => Float32Array.from({ length: 24 }, (_, i) => value(i));
    for (const writing of writings) {
      expectSame(network, {
        ...writing,
        scaling: { mean: Float32Array.of(0.5), deviation: Float32Array.of(0.25) },
      });
      expectSame(network, {
        ...writing,
        scaling: { mean: each((i) => i / 7), deviation: each((i) => 1 + i / 8) },
      });
    }
  });

  it("needs no Gather for the de Bruijn arrangement: five operations a layer, twins of ReLU included", () => {
    for (const activation of ["tanh", "relu"] as const) {
      const graph = networkGraph(
        mlp({ widths: new Array(21).fill(64), activation, init: { sparsity: 0.75 }, seed: 1 }),
        { form: "fast" },
      );
      const { Gather, Slice, MatMul, Transpose, Reshape, Add } = operators(graph);
      expect([Gather, Slice]).toEqual([undefined, undefined]);
      expect([MatMul, Add]).toEqual([20, 20]);
      expect(Transpose).toBe(21);
      expect(Reshape).toBeLessThanOrEqual(activation === "tanh" ? 22 : 42);
    }
  });

  it("needs none with the samples first either, and multiplies row vectors there", () => {
    for (const activation of ["tanh", "relu"] as const) {
      const network = mlp({ widths: new Array(6).fill(64), activation, init: { sparsity: 0.75 }, seed: 1 });
      const graph = networkGraph(network, { form: "fast", smallBatches: true });
      expect(operators(graph)).toMatchObject({ MatMul: 5, Add: 5, Transpose: 10 });
      expect(operators(graph).Gather).toBeUndefined();
    }
    const random = make({ init: { sparsity: 0.75, arrangement: "random" } });
    expect(operators(networkGraph(random, { form: "fast", smallBatches: true })).Gather).toBe(3);
  });

  it("merges the random orders of two neighbouring layers into one Gather", () => {
    const graph = networkGraph(make({ init: { sparsity: 0.75, arrangement: "random" } }), { form: "fast" });
    expect(operators(graph).Gather).toBe(3);
    expect(operators(graph).MatMul).toBe(4);
    const fixed = networkGraph(make({ init: { sparsity: 0.75, arrangement: "fixed" } }), { form: "fast" });
    expect(operators(fixed)).toMatchObject({ MatMul: 4, Transpose: 2 });
    expect(operators(fixed).Gather).toBeUndefined();
  });

  it("computes what the network does where groups of one unit are dealt by two digits", () => {
    const dealt = Int32Array.of(0, 2, 1, 3);
    const offsets = Int32Array.of(0, 1, 2, 3, 4);
    const topology: BlockTopology = {
      kind: "blocks",
      name: "sao",
      rows: 4,
      columns: 4,
      rowOrder: dealt,
      columnOrder: dealt,
      rowOffsets: offsets,
      columnOffsets: offsets,
    };
    const layers = [0, 1, 2].map((i) => randomLayer(topology, i, randomStream(i)));
    for (const writing of writings) {
      expectSame({ layers, provenance: { seed: 0, start: "none" } }, writing);
    }
  });

  it("knows what the weights and biases will take before it makes them", () => {
    for (let seed = 0; seed < 40; seed++) {
      for (const network of [randomNetwork(seed), randomConvolutionNetwork(seed), everyKindNetwork(seed)]) {
        for (const writing of writings) {
          const floats = networkGraph(network, writing).constants.filter(
            ({ name, data }) => data instanceof Float32Array && !name.startsWith("scalar"),
          );
          expect(modelBytes(network, writing.form)).toBe(
            floats.reduce((sum, { data }) => sum + data.byteLength, 0),
          );
        }
      }
    }
  });

  it("is refused where protocol buffers end", () => {
    const graph = networkGraph(make({ init: { sparsity: 0.75 } }), { form: "fast" });
    const half = { name: "large", shape: [2 ** 28], data: new Float32Array(2 ** 28) };
    const encode = (constants: BuiltGraph["constants"]) =>
      encodeOnnx({ ...graph, constants }, { doc: "", metadata: new Map() });
    expect(encode([half])).toHaveLength(4);
    expect(() => encode([half, half])).toThrow(expect.objectContaining({ code: "too-large" }));
  });

  it("keeps a constant once that many layers use", () => {
    const deep = (depth: number) =>
      networkGraph(mlp({ widths: new Array(depth + 1).fill(64), init: { sparsity: 0.75 }, seed: 1 }), {
        form: "fast",
      });
    const others = ({ constants }: BuiltGraph) =>
      constants.filter(({ name }) => !/blocks|bias/.test(name)).length;
    expect(others(deep(40))).toBe(others(deep(4)));
  });

  it("is as large as the network is sparse: an eighth in weights more at most, or a kilobyte a batch", () => {
    for (const request of [{ groups: 5 }, { sparsity: 0.4 }, { sparsity: 0.9 }, { degree: 3 }]) {
      for (const { topology } of mlp({ widths: [100, 90, 64, 64, 12], init: request, seed: 2 }).layers) {
        if (topology.kind !== "blocks") continue;
        const buckets = bucketsOf(topology);
        const weights = buckets.reduce(
          (sum, { groups, rows, columns }) => sum + groups.length * rows * columns,
          0,
        );
        const needed = nonZeros(topology);
        expect(weights).toBeLessThanOrEqual(Math.max(1.125 * needed, needed + 256 * buckets.length));
        expect(buckets.flatMap(({ groups }) => [...groups]).sort((a, b) => a - b)).toEqual([
          ...new Array(topology.rowOffsets.length - 1).keys(),
        ]);
      }
    }
  });

  it("writes full and edge layers as one Gemm each, and all layers in the dense form", () => {
    const givens = make({ widths: [32, 32, 32], init: { topology: "givens", degree: 4 } });
    expect(operators(networkGraph(givens, { form: "fast" }))).toEqual({ Gemm: 2, Tanh: 1 });
    const blocks = make({ init: { sparsity: 0.75 } });
    expect(blocks.layers.every((layer) => blocksOf(layer) !== undefined)).toBe(true);
    expect(operators(networkGraph(blocks, { form: "dense" }))).toEqual({ Gemm: 4, Tanh: 3 });
  });

  it("gives every value a name of its own, whatever the layers are called", () => {
    const network = make({ init: { groups: 3 } });
    const names = ["output", "input", "integers", "output.samples"];
    const layers = network.layers.map((layer, i) => ({ ...layer, name: names[i] }));
    expectSame({ ...network, layers }, { form: "fast" });
  });
});
