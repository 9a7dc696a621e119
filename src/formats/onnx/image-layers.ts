/**
 * @file Layers without kernels: pooling, flattening, space-to-depth, padding, MaxMin, batch normalization, addition.
 * Channels keep the order in which they lie wherever the operation allows.
 */

import { outputShape } from "../../network/layer-shape.ts";
import type {
  AddLayer,
  AveragePoolLayer,
  BatchNormLayer,
  FlattenLayer,
  Layer,
  MaxMinLayer,
  PadLayer,
  SpaceToDepthLayer,
} from "../../network/network.ts";
import { addActivation } from "./activation.ts";
import { BATCH, type GraphBuilder } from "./graph-builder.ts";
import type { Images, Samples, Standing, UnitStanding } from "./standing.ts";
import { alongUnits, asImages, inOrder, pickUnits } from "./units.ts";

/** `previous`: the layer before, if there is one. */
export function addAveragePool(
  graph: GraphBuilder,
  layer: AveragePoolLayer,
  before: Standing,
  previous: Layer | undefined,
): Images {
  const { name, input, window } = layer;
  const from = asImages(graph, before, name);
  const global = window.height === input.height && window.width === input.width;
  const sides = [window.height, window.width];
  const windows = { kernel_shape: sides, strides: sides };
  const { height, width } = outputShape(layer);
  const means = () => {
    if (global) return graph.add("GlobalAveragePool", [from.name], `${name}.means`);
    if (previous?.kind === "pad") return addMeansByConvolution(graph, from, layer, windows);
    return graph.add("AveragePool", [from.name], `${name}.means`, windows);
  };
  return { ...from, name: means(), size: { height, width } };
}

/**
 * Means of windows as a depthwise Conv: of Pad and AveragePool onnxruntime 1.30 makes one AveragePool when it loads a
 * model, and then refuses that if the padding is as large as a window.
 */
function addMeansByConvolution(
  graph: GraphBuilder,
  from: Images,
  { name, window }: AveragePoolLayer,
  windows: { readonly kernel_shape: readonly number[]; readonly strides: readonly number[] },
): string {
  const pixels = window.height * window.width;
  const share = new Float32Array(from.width * pixels).fill(1 / pixels);
  const weights = graph.constant(`${name}.shares`, share, [from.width, 1, window.height, window.width]);
  return graph.add("Conv", [from.name, weights], `${name}.means`, { ...windows, group: from.width });
}

export function addFlatten(graph: GraphBuilder, { name, input }: FlattenLayer, before: Standing): Samples {
  const from = alongUnits(graph, before, name);
  if (from.layout === "samples") return from;
  const pixels = input.height * input.width;
  const width = from.width * pixels;
  return {
    name: graph.reshape(from.name, [BATCH, width], `${name}.vectors`),
    width,
    positions: expanded(from.positions, pixels),
  };
}

/** As PyTorch's `pixel_unshuffle` orders channels; ONNX's SpaceToDepth orders them otherwise. */
export function addSpaceToDepth(graph: GraphBuilder, layer: SpaceToDepthLayer, before: Standing): Images {
  const { name, side } = layer;
  const from = asImages(graph, before, name);
  const { height, width } = outputShape(layer);
  const cut = graph.reshape(from.name, [BATCH, from.width, height, side, width, side], `${name}.cut`);
  const turned = graph.add("Transpose", [cut], `${name}.turned`, { perm: [0, 1, 3, 5, 2, 4] });
  const channels = from.width * side ** 2;
  return {
    name: graph.reshape(turned, [BATCH, channels, height, width], `${name}.channels`),
    width: channels,
    positions: expanded(from.positions, side ** 2),
    size: { height, width },
  };
}

/** [units × times] where units are that each became `times` ones, side by side. */
function expanded(positions: Int32Array, times: number): Int32Array {
  return Int32Array.from(
    { length: positions.length * times },
    (_, k) => positions[Math.floor(k / times)] * times + (k % times),
  );
}

export function addPad(
  graph: GraphBuilder,
  { name, input, height, width }: PadLayer,
  before: Standing,
): Images {
  const from = asImages(graph, before, name);
  const [rows, columns] = [height - input.height, width - input.width];
  const starts = [0, 0, Math.floor(rows / 2), Math.floor(columns / 2)];
  const ends = [0, 0, Math.ceil(rows / 2), Math.ceil(columns / 2)];
  const pads = graph.integers([...starts, ...ends]);
  return {
    ...from,
    name: graph.add("Pad", [from.name, pads], `${name}.padded`),
    size: { height, width },
  };
}

export function addMaxMin(graph: GraphBuilder, { name, input }: MaxMinLayer, before: Standing): UnitStanding {
  const half = input.channels / 2;
  const lying = alongUnits(graph, before, name);
  const paired =
    lying.width === input.channels &&
    lying.positions
      .subarray(0, half)
      .every((place, pair) => place < half && lying.positions[half + pair] === place + half);
  const from = paired ? lying : inOrder(graph, lying, name);
  const halves = [
    graph.slice(from.name, 1, [0, half], `${name}.first`),
    graph.slice(from.name, 1, [half, 2 * half], `${name}.second`),
  ];
  const parts = [graph.add("Max", halves, `${name}.max`), graph.add("Min", halves, `${name}.min`)];
  return { ...from, name: graph.add("Concat", parts, `${name}.maxmin`, { axis: 1 }) };
}

/** With the statistics that training left. */
export function addBatchNorm(graph: GraphBuilder, layer: BatchNormLayer, before: Standing): UnitStanding {
  const { name, input, weights, bias, statistics, epsilon, activation } = layer;
  const from = alongUnits(graph, before, name);
  const placed = (part: string, values: Float32Array, otherwise: number) => {
    const numbers = new Float32Array(from.width).fill(otherwise);
    for (const [channel, place] of from.positions.entries()) numbers[place] = values[channel];
    return graph.constant(`${name}.${part}`, numbers);
  };
  const inputs = [
    from.name,
    placed("weight", weights, 1),
    placed("bias", bias, 0),
    placed("running_mean", statistics.subarray(0, input.channels), 0),
    placed("running_var", statistics.subarray(input.channels), 1),
  ];
  const normed = graph.add("BatchNormalization", inputs, `${name}.normalized`, {
    epsilon: { float: epsilon },
  });
  return { ...from, name: addActivation(graph, activation, normed, name) };
}

/** `shortcut`: what the earlier layer gave. */
export function addAddition(
  graph: GraphBuilder,
  { name, input, activation }: AddLayer,
  before: Standing,
  shortcut: Standing,
): UnitStanding {
  const from = alongUnits(graph, before, name);
  const other = addStrided(graph, alongUnits(graph, shortcut, `${name}.shortcut`), input.height, name);
  const added = addMissing(graph, other, from, name);
  const alike = from.layout === other.layout ? added : addPixel(graph, added, from, name);
  const sum = graph.add("Add", [from.name, alike], `${name}.sum`);
  return { ...from, name: addActivation(graph, activation, sum, name) };
}

/** Every s-th pixel of every s-th row, so that `height` rows are left. */
function addStrided(graph: GraphBuilder, from: UnitStanding, height: number, label: string): UnitStanding {
  if (from.layout === "samples" || from.size.height === height) return from;
  const step = from.size.height / height;
  const sides = [from.size.height, from.size.width];
  const inputs = [[0, 0], sides, [2, 3], [step, step]].map((values) => graph.integers(values));
  return {
    ...from,
    name: graph.add("Slice", [from.name, ...inputs], `${label}.strided`),
    size: { height, width: from.size.width / step },
  };
}

/** A shortcut's units where those of the value lie that it is added to, zeros for units that it does not have. */
function addMissing(graph: GraphBuilder, shortcut: UnitStanding, to: UnitStanding, label: string): string {
  const known = shortcut.positions.length;
  const missing = to.positions.length > known;
  const index = new Int32Array(to.width).fill(missing ? shortcut.width : 0);
  for (const [unit, place] of to.positions.entries()) {
    if (unit < known) index[place] = shortcut.positions[unit];
  }
  if (!missing) return pickUnits(graph, shortcut, index, label);
  const lie = index.every((place, k) => (k < shortcut.width ? place === k : place === shortcut.width));
  const more = lie ? index.length - shortcut.width : 1;
  const axes = shortcut.layout === "samples" ? 2 : 4;
  const pads = new Array<number>(2 * axes).fill(0).with(axes + 1, more);
  const wider = graph.add("Pad", [shortcut.name, graph.integers(pads)], `${label}.wider`);
  return lie ? wider : pickUnits(graph, { name: wider, width: shortcut.width + 1 }, index, label);
}

/** Vectors as images of one pixel, or these as vectors, to lie as `to` does. */
function addPixel(graph: GraphBuilder, name: string, to: UnitStanding, label: string): string {
  const shape = to.layout === "samples" ? [BATCH, to.width] : [BATCH, to.width, 1, 1];
  return graph.reshape(name, shape, `${label}.alike`);
}
