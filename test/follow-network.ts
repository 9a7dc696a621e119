/**
 * @file A judge of networks' soundness, for the tests of what reads them: written without regard to how files are
 * checked, so that the two can differ.
 */

import type { ImageShape } from "../src/init/convolution/convolution.ts";
import type { AnyNetwork, Layer } from "../src/network/network.ts";
import type { EdgeTopology, Topology } from "../src/topology/topology.ts";

/**
 * Follows every index of a network as an engine would. Throws an Error at the first that leads astray, connects twice,
 * or has no weight, and for images that are not those of the layer before or that no engine would make room for.
 */
export function followNetwork({ layers }: AnyNetwork): void {
  demand(layers.length > 0, "layers");
  const given = new Map<string, ImageShape>();
  let previous: ImageShape | undefined;
  for (const layer of layers) {
    const taken = layer.kind === "linear" ? vector(layer.topology.columns) : layer.input;
    demand(isImage(taken) && (previous === undefined || same(previous, taken)), "images");
    if (layer.kind === "add") demand(canShorten(given.get(layer.from), taken), "shortcut");
    followParameters(layer);
    previous = follow(layer);
    demand(isImage(previous), "outputs");
    demand(!given.has(layer.name), "names");
    given.set(layer.name, previous);
  }
}

/** What a layer gives, pixel indices and windows looked at. */
function follow(layer: Layer): ImageShape {
  if (layer.kind === "linear") return vector(layer.topology.rows);
  const { channels, height, width } = layer.input;
  switch (layer.kind) {
    case "convolution": {
      const { kernelSize, stride, dilation, topology } = layer;
      demand(topology.columns === channels, "channels");
      demand([kernelSize, stride, dilation].every(isWhole) && kernelSize <= 1024, "geometry");
      return {
        channels: topology.rows,
        height: Math.ceil(height / stride),
        width: Math.ceil(width / stride),
      };
    }
    case "averagePool": {
      const { window } = layer;
      demand(isWhole(window.height) && isWhole(window.width), "window");
      return {
        channels,
        height: Math.floor(height / window.height),
        width: Math.floor(width / window.width),
      };
    }
    case "flatten":
      return vector(channels * height * width);
    case "spaceToDepth": {
      const { side } = layer;
      demand(isWhole(side), "side");
      return { channels: channels * side * side, height: height / side, width: width / side };
    }
    case "pad":
      demand(layer.height >= height && layer.width >= width, "padding");
      return { channels, height: layer.height, width: layer.width };
    case "maxMin":
      demand(channels % 2 === 0, "pairs");
      return layer.input;
    default:
      return layer.input;
  }
}

function followParameters(layer: Layer): void {
  if ("activation" in layer) {
    demand(["linear", "tanh", "relu", "hardtanh"].includes(layer.activation), "activation");
  }
  if (layer.kind === "batchNorm") {
    const { input, weights, bias, statistics, epsilon, momentum } = layer;
    const { channels } = input;
    demand(weights.length === channels && bias.length === channels, "scales");
    demand(statistics.length === 2 * channels && statistics.every(Number.isFinite), "statistics");
    demand([...weights, ...bias, epsilon, momentum].every(Number.isFinite), "finite");
    demand(
      statistics.subarray(channels).every((variance) => variance + epsilon > 0),
      "variances",
    );
  } else if (layer.kind === "linear" || layer.kind === "convolution") {
    const { topology, weights, bias } = layer;
    const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
    demand(bias.length === topology.rows, "widths");
    demand([...weights, ...bias].every(Number.isFinite), "finite");
    demand(connections(topology) * taps === weights.length, "weights");
  }
}

/** Whether every s-th pixel of an earlier image is one of `taken`, and its channels are among them. */
function canShorten(from: ImageShape | undefined, taken: ImageShape): boolean {
  if (from === undefined || from.channels > taken.channels) return false;
  const step = from.height / taken.height;
  return isWhole(step) && from.width === step * taken.width;
}

function vector(width: number): ImageShape {
  return { channels: width, height: 1, width: 1 };
}

function isImage({ channels, height, width }: ImageShape): boolean {
  return [channels, height, width].every(isWhole) && channels * height * width <= 2 ** 24;
}

function same(one: ImageShape, other: ImageShape): boolean {
  return one.channels === other.channels && one.height === other.height && one.width === other.width;
}

function isWhole(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

/** The number of connections; throws where one leads out of the layer or comes twice. */
function connections(topology: Topology): number {
  const { rows, columns } = topology;
  const met = new Set<number>();
  const connect = (row: number, column: number) => {
    demand(row >= 0 && row < rows && column >= 0 && column < columns, "range");
    demand(!met.has(row * columns + column), "repetition");
    met.add(row * columns + column);
  };
  if (topology.kind === "edges") {
    const { rowPointers, columnIndices } = topology;
    demand(rowPointers[0] === 0 && rowPointers[rows] === columnIndices.length, "pointers");
    for (let r = 0; r < rows; r++) {
      for (let k = rowPointers[r]; k < rowPointers[r + 1]; k++) connect(r, columnIndices[k]);
    }
    followConstruction(topology);
    return met.size;
  }
  const { rowOrder, columnOrder, rowOffsets, columnOffsets } = topology;
  demand(new Set(rowOrder).size === rows && new Set(columnOrder).size === columns, "orders");
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const within = columnOrder.subarray(columnOffsets[q], columnOffsets[q + 1]);
    for (const row of rowOrder.subarray(rowOffsets[q], rowOffsets[q + 1])) {
      for (const column of within) connect(row, column);
    }
  }
  return met.size;
}

function followConstruction({ construction, rows, columns }: EdgeTopology): void {
  if (construction === undefined) return;
  const units =
    construction.kind === "givens"
      ? construction.stages.flatMap((stage) => [...stage])
      : [...construction.shifts, ...construction.signs];
  demand(rows === columns && units.every((unit) => unit >= 0 && unit < rows), "construction");
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the network is unsound: ${what}`);
}
