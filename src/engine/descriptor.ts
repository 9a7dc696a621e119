/**
 * @file A layer as the kernels see it: a few words of sizes and addresses, and index arrays turned into byte
 * offsets.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import { inputShape, outputShape, sizeOf } from "../network/layer-shape.ts";
import type { Activation, ConvolutionLayer, Layer } from "../network/network.ts";
import { rearrangement } from "../network/rearrangement.ts";
import { groupCount, type Topology } from "../topology/topology.ts";
import { transpose } from "../topology/transpose.ts";
import type { LayerSpace } from "./arena.ts";
import { inputLayout, outputLayout } from "./layout.ts";
import { mergeTaps, type TapTables, tapTables } from "./tap-tables.ts";
import { rowOrder } from "./unit-order.ts";

/** In the order of `Part` in kernels/assembly/header.ts, which says what each is. */
const PARTS = [
  "kind",
  "rows",
  "columns",
  "groups",
  "weights",
  "bias",
  "statistics",
  "places",
  "rowOffsets",
  "columnOffsets",
  "rowPointers",
  "columnBytes",
  "columnPointers",
  "rowBytes",
  "weightBytes",
  "activation",
  "output",
  "outputBytes",
  "ahead",
  "steps",
  "inputPixels",
  "outputPixels",
  "inputWidth",
  "outputWidth",
  "taps",
  "stride",
  "forwardPointers",
  "forwardTaps",
  "backwardPointers",
  "backwardTaps",
  "runPointers",
  "runs",
  "sources",
  "windowHeight",
  "windowWidth",
  "saved",
  "epsilon",
  "momentum",
  "from",
  "fromChannels",
  "fromPlaces",
  "fromSteps",
  "fromWidth",
  "shortcutGradient",
  "shortcutBytes",
  "shortcutFirst",
  "joins",
  "joinsBytes",
] as const;
type Parts = Partial<Record<(typeof PARTS)[number], number>>;

/** Words of a descriptor. */
export const DESCRIPTOR_WORDS = PARTS.length;

const ACTIVATIONS: Record<Activation, number> = { linear: 0, tanh: 1, relu: 2, hardtanh: 3 };

/** As `Kind` in kernels/assembly/header.ts. */
const KINDS = {
  blocks: 0,
  edges: 1,
  blockConvolution: 2,
  edgeConvolution: 3,
  rearrange: 4,
  averagePool: 5,
  maxMin: 6,
  batchNorm: 7,
  add: 8,
} as const;

const oneUnit = { input: 1, output: 1, taps: 1 };

/** Takes index arrays and tells their addresses. */
export type Put = (values: ArrayLike<number>) => number;

/** What layers of the same geometry share. */
export type SharedTables = Map<string, Parts>;

/** Where a layer's parameters begin in the flat vectors, in floats. */
export interface LayerPlace {
  readonly weights: number;
  readonly bias: number;
  readonly statistics: number;
}

/**
 * What a layer's descriptor says of connections and shapes: all that does not depend on where things lie in an arena.
 * `layers[index]` is the layer; `rowBytes` are those of one number's samples.
 */
export function describeStructure(
  layers: readonly Layer[],
  index: number,
  rowBytes: number,
  put: Put,
  shared: SharedTables,
): Parts {
  const layer = layers[index];
  const output = outputShape(layer);
  const bytes = (rows: ArrayLike<number>) => put(Uint32Array.from(rows, (row) => row * rowBytes));
  const { base, step } = outputLayout(layer, layers[index + 1]);
  const order = "topology" in layer ? rowOrder(layer.topology) : undefined;
  const inOrder = (values: Int32Array) => (order ? order.map((unit) => values[unit]) : values);
  const parts = {
    rows: output.channels,
    outputBytes: sizeOf(output) * rowBytes,
    places: bytes(inOrder(base)),
    activation: "activation" in layer ? ACTIVATIONS[layer.activation] : 0,
  };
  if (layer.kind === "linear") return { ...parts, ...connections(layer.topology, rowBytes, put, oneUnit) };
  const images = { ...parts, ...imageSides(inputShape(layer), output), steps: bytes(inOrder(step)) };
  switch (layer.kind) {
    case "convolution":
      return { ...images, ...convolution(layer, rowBytes, put, shared) };
    case "averagePool":
      return {
        ...images,
        kind: KINDS.averagePool,
        windowHeight: layer.window.height,
        windowWidth: layer.window.width,
      };
    case "maxMin":
      return { ...images, kind: KINDS.maxMin };
    case "batchNorm":
      return {
        ...images,
        kind: KINDS.batchNorm,
        epsilon: floatBits(layer.epsilon),
        momentum: floatBits(layer.momentum),
      };
    case "add": {
      const from = layers.findIndex(({ name }) => name === layer.from);
      const shape = outputShape(layers[from]);
      const layout = inputLayout(layers[from + 1]);
      return {
        ...images,
        kind: KINDS.add,
        stride: shape.height / output.height,
        from,
        fromChannels: shape.channels,
        fromPlaces: bytes(layout.base),
        fromSteps: bytes(layout.step),
        fromWidth: shape.width,
        shortcutBytes: sizeOf(shape) * rowBytes,
      };
    }
    default: {
      const sources = rearrangement(layer);
      const inBytes = Uint32Array.from(sources, (row) => (row < 0 ? 0xffffffff : row * rowBytes));
      return { ...images, kind: KINDS.rearrange, sources: put(inBytes) };
    }
  }
}

/** The descriptor's words, from the structure and where its parameters and its part of an arena lie. */
export function descriptorWords(structure: Parts, place: LayerPlace, space: LayerSpace): number[] {
  const parts: Parts = {
    ...structure,
    ...space,
    weights: place.weights * 4,
    bias: place.bias * 4,
    statistics: place.statistics * 4,
  };
  return PARTS.map((part) => parts[part] ?? 0);
}

function imageSides(input: ImageShape, output: ImageShape): Parts {
  return {
    columns: input.channels,
    inputPixels: input.height * input.width,
    outputPixels: output.height * output.width,
    inputWidth: input.width,
    outputWidth: output.width,
  };
}

function convolution(layer: ConvolutionLayer, rowBytes: number, put: Put, shared: SharedTables): Parts {
  const { topology, kernelSize, stride, dilation, padding, input } = layer;
  const key = [topology.kind, kernelSize, stride, dilation, padding, input.height, input.width].join();
  let tables = shared.get(key);
  if (tables === undefined) {
    tables = putTables(tapTables(layer, input), topology.kind, put);
    shared.set(key, tables);
  }
  const output = outputShape(layer);
  const pixels = { input: input.height * input.width, output: output.height * output.width };
  const taps = kernelSize ** 2;
  return {
    ...connections(topology, rowBytes, put, { taps, ...pixels }),
    ...tables,
    kind: topology.kind === "blocks" ? KINDS.blockConvolution : KINDS.edgeConvolution,
    stride,
    taps,
  };
}

function putTables(
  { forward, backward, runPointers, runs }: TapTables,
  kind: Topology["kind"],
  put: Put,
): Parts {
  const read = kind === "blocks" ? mergeTaps(forward) : forward;
  return {
    forwardPointers: put(read.pointers),
    forwardTaps: put(read.entries),
    backwardPointers: put(backward.pointers),
    backwardTaps: put(backward.entries),
    runPointers: put(runPointers),
    runs: put(runs),
  };
}

/** Who is connected to whom: units, or channels of so many pixels with so many weights to a connection. */
function connections(
  topology: Topology,
  rowBytes: number,
  put: Put,
  of: { readonly input: number; readonly output: number; readonly taps: number },
): Parts {
  const { columns } = topology;
  if (topology.kind === "blocks") {
    return {
      kind: KINDS.blocks,
      columns,
      groups: groupCount(topology),
      rowOffsets: put(topology.rowOffsets),
      columnOffsets: put(topology.columnOffsets),
    };
  }
  const transposed = transpose(topology);
  return {
    kind: KINDS.edges,
    columns,
    rowPointers: put(topology.rowPointers),
    columnBytes: put(Uint32Array.from(topology.columnIndices, (column) => column * of.input * rowBytes)),
    columnPointers: put(transposed.columnPointers),
    rowBytes: put(Uint32Array.from(transposed.rowIndices, (row) => row * of.output * rowBytes)),
    weightBytes: put(transposed.weightIndices.map((edge) => edge * of.taps * 4)),
  };
}

/** A number's float32 as the word it is in memory. */
function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}
