import { describe, expect, it } from "vitest";
import { interpret } from "../../../test/onnx-interpreter.ts";
import { randomStream } from "../../math/random.ts";
import { forward } from "../../network/evaluate.ts";
import { outputShape, sizeOf } from "../../network/layer-shape.ts";
import type { AnyNetwork, BatchNormLayer, ConvolutionLayer, Layer } from "../../network/network.ts";
import { fromLayers } from "../../network/validate.ts";
import { type Arrangement, arrange } from "../../topology/arrangement.ts";
import { equalSizes } from "../../topology/group-sizes.ts";
import { nonZeros, type Topology } from "../../topology/topology.ts";
import type { BuiltGraph } from "./graph-builder.ts";
import { networkGraph } from "./write-network.ts";

const image = { channels: 8, height: 5, width: 6 };

function blocks(rows: number, columns: number, groups: number, arrangement: Arrangement): Topology {
  return arrange("sao", equalSizes({ rows, columns }, groups), arrangement, randomStream(rows + groups));
}

/** A 3 × 3 convolution on `topology` of what `before` gives. */
function convolution(
  name: string,
  topology: Topology,
  before: Layer | undefined,
  more: Partial<ConvolutionLayer> = {},
): ConvolutionLayer {
  const random = randomStream(7).split(name);
  const normals = (length: number) => Float32Array.from({ length }, () => 0.3 * random.normal());
  const kernelSize = more.kernelSize ?? 3;
  return {
    kind: "convolution",
    name,
    topology,
    weights: normals(nonZeros(topology) * kernelSize ** 2),
    bias: normals(topology.rows),
    kernelSize,
    stride: 1,
    dilation: 1,
    padding: "zeros",
    input: before === undefined ? { ...image, channels: topology.columns } : outputShape(before),
    activation: "tanh",
    asked: {},
    initializer: "kaiming",
    ...more,
  };
}

function batchNorm(name: string, before: Layer): BatchNormLayer {
  const input = outputShape(before);
  const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => 0.5 + (i % 3));
  return {
    kind: "batchNorm",
    name,
    input,
    weights: numbers(input.channels),
    bias: numbers(input.channels),
    statistics: numbers(2 * input.channels),
    epsilon: 1e-5,
    momentum: 0.1,
    activation: "relu",
  };
}

/** The graph of layers, which must compute what they do. */
function graphOf(layers: readonly Layer[], form: "fast" | "dense" = "fast"): BuiltGraph {
  const network: AnyNetwork = fromLayers(layers);
  const graph = networkGraph(network, { form });
  const inputs = Array.from({ length: 2 * sizeOf(image) }, (_, i) => Math.sin(1 + 7.3 * i));
  const expected = forward(network, Float64Array.from(inputs), 2);
  const { data } = interpret(graph, inputs, 2);
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 5);
  return graph;
}

function operators({ operations }: BuiltGraph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType } of operations) counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}

describe("convolutions in ONNX", () => {
  it("are one Conv with groups, and one Gather where channels change places", () => {
    const layers: Layer[] = [];
    for (let i = 0; i < 4; i++) {
      layers.push(convolution(`layers.${i}`, blocks(8, 8, 4, "random"), layers.at(-1)));
    }
    const graph = graphOf(layers);
    const counts = operators(graph);
    expect(counts).toMatchObject({ Conv: 4, Tanh: 4 });
    expect(counts.Gather).toBeLessThanOrEqual(5);
    const { attributes } = graph.operations.find(({ opType }) => opType === "Conv")!;
    expect(attributes).toMatchObject({ group: 4, kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    const weights = graph.constants.find(({ name }) => name === "layers.0.weight")!;
    expect(weights.shape).toEqual([8, 2, 3, 3]);
    expect(operators(graphOf(layers, "dense"))).toEqual({ Conv: 4, Tanh: 4 });
  });

  it("need no Gather where the groups follow one another", () => {
    const first = convolution("layers.0", blocks(8, 8, 4, "fixed"), undefined);
    const second = convolution("layers.1", blocks(8, 8, 2, "fixed"), first);
    expect(operators(graphOf([first, second]))).toEqual({ Conv: 2, Tanh: 2 });
  });

  it("let a full convolution give and take channels in any order", () => {
    const full = (name: string, before?: Layer) => convolution(name, blocks(8, 8, 1, "fixed"), before);
    const first = full("first");
    const grouped = convolution("grouped", blocks(8, 8, 4, "random"), first);
    const norm = batchNorm("norm", grouped);
    const last = full("last", norm);
    expect(operators(graphOf([first, grouped, norm, last]))).toEqual({
      Conv: 3,
      Tanh: 3,
      BatchNormalization: 1,
      Relu: 1,
    });
  });

  it("move a depthwise convolution's groups instead of its channels", () => {
    const first = convolution("first", blocks(8, 8, 1, "fixed"), undefined);
    const depthwise = convolution("depthwise", blocks(8, 8, 8, "random"), first);
    const last = convolution("last", blocks(8, 8, 4, "random"), depthwise);
    const [more] = [convolution("more", blocks(8, 8, 1, "fixed"), last)];
    expect(operators(graphOf([first, depthwise, last, more]))).toEqual({ Conv: 4, Tanh: 4 });
  });

  it("are one Conv for each size where groups are unequal, with the kernel mask's irregular ones full", () => {
    const sizes = { rows: Int32Array.of(5, 1, 1, 1), columns: Int32Array.of(5, 1, 1, 1) };
    const unequal = arrange("sao", sizes, "fixed", randomStream(1));
    expect(operators(graphOf([convolution("a", unequal, undefined, { kernelSize: 16 })]))).toEqual({
      Slice: 2,
      Conv: 2,
      Concat: 1,
      Tanh: 1,
    });
    const edges: Topology = {
      kind: "edges",
      name: "random",
      rows: 2,
      columns: 8,
      rowPointers: Int32Array.of(0, 1, 3),
      columnIndices: Int32Array.of(4, 0, 7),
    };
    const graph = graphOf([convolution("a", edges, undefined)]);
    expect(graph.constants[0].shape).toEqual([2, 8, 3, 3]);
  });

  it("have the centre tap of even kernels on the pixel", () => {
    const [layer] = [convolution("a", blocks(8, 8, 2, "fixed"), undefined, { kernelSize: 4, dilation: 2 })];
    const { attributes } = graphOf([layer]).operations[0];
    expect(attributes).toMatchObject({ pads: [2, 2, 4, 4], dilations: [2, 2] });
    graphOf([{ ...layer, stride: 2 }]);
  });

  it("go round by slices, as often as a dilation needs", () => {
    for (const [dilation, stride] of [
      [1, 1],
      [1, 2],
      [3, 1],
      [7, 2],
      [1000, 1],
    ]) {
      const around = { padding: "circular", dilation, stride, kernelSize: 3 } as const;
      const graph = graphOf([convolution("a", blocks(8, 8, 2, "fixed"), undefined, around)]);
      // A dilation of all the rows there are reads the pixel itself, so whole images lie beside one another.
      expect(operators(graph)).toEqual({ Slice: dilation === 1000 ? 2 : 4, Concat: 2, Conv: 1, Tanh: 1 });
      graphOf([convolution("a", blocks(8, 8, 2, "fixed"), undefined, { ...around, kernelSize: 4 })]);
    }
  });

  it("take on the batch normalization behind them, unless something is or reads in between", () => {
    const linear = convolution("a", blocks(8, 8, 4, "random"), undefined, { activation: "linear" });
    const norm = batchNorm("norm", linear);
    expect(operators(graphOf([linear, norm])).BatchNormalization).toBeUndefined();
    expect(operators(graphOf([{ ...linear, activation: "tanh" }, norm])).BatchNormalization).toBe(1);
    const add: Layer = { kind: "add", name: "add", input: norm.input, from: "a", activation: "relu" };
    expect(operators(graphOf([linear, norm, add])).BatchNormalization).toBe(1);
    expect(operators(graphOf([linear, norm, { ...add, from: "norm" }])).BatchNormalization).toBeUndefined();
  });

  it("add shortcuts with fewer channels and larger images by Slice and Pad", () => {
    const first = convolution("first", blocks(8, 8, 1, "fixed"), undefined, {
      input: { ...image, height: 6 },
    });
    const second = convolution("second", blocks(12, 8, 1, "fixed"), first, { stride: 2 });
    const add: Layer = {
      kind: "add",
      name: "add",
      input: outputShape(second),
      from: "first",
      activation: "linear",
    };
    const network = fromLayers([first, second, add]);
    expect(operators(networkGraph(network, { form: "fast" }))).toEqual({
      Conv: 2,
      Tanh: 2,
      Slice: 1,
      Pad: 1,
      Add: 1,
    });
  });
});
