/**
 * @file A network's layers as TensorFlow.js is told of them: class, configuration and weights, all plain data, so
 * that a model file can be written without the library.
 */

import type { ConvolutionGeometry } from "../init/convolution/convolution.ts";
import type { Activation, ConvolutionLayer, LinearLayer, Network } from "../network/network.ts";
import type { BlockTopology, EdgeTopology, Topology } from "../topology/topology.ts";

/** Names under which the layer classes are registered. */
export const CLASS_NAMES = {
  blocks: "IsosparseBlocks",
  edges: "IsosparseEdges",
  scaling: "IsosparseScaling",
  convolution: "IsosparseConvolution",
  activation: "IsosparseActivation",
} as const;

/** What inputs are standardised by: (x − mean) / deviation, both of length 1 or the input's width. */
export interface Scaling {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/**
 * In which order a layer takes its inputs, or gives its outputs, beside the order of its groups: as they are;
 * dealt like cards (of g groups, unit t·g + q is the t-th of group q); or unit by unit.
 */
export type Order = null | "dealt" | readonly number[];

/** What a layer of blocks is made from. JSON. */
export interface BlockConfig {
  readonly name?: string;
  readonly units: number;
  readonly inputs: number;
  readonly activation: Activation;
  /** [groups, rows, columns] of runs of groups of one size. */
  readonly sizes: readonly (readonly [groups: number, rows: number, columns: number])[];
  readonly rowOrder: Order;
  readonly columnOrder: Order;
}

/** What a layer with an irregular mask is made from. JSON. */
export interface EdgeConfig {
  readonly name?: string;
  readonly units: number;
  readonly inputs: number;
  readonly activation: Activation;
  /** As in a topology of edges. */
  readonly rowPointers: readonly number[];
  readonly columnIndices: readonly number[];
}

/** What a convolution is made from. JSON. */
export interface ConvolutionConfig extends ConvolutionGeometry {
  readonly name?: string;
  readonly channels: number;
  readonly filters: number;
  readonly activation: Activation;
  /** The arrays of the topology over channels, of blocks or of edges. */
  readonly connections:
    | Readonly<Record<"rowOrder" | "columnOrder" | "rowOffsets" | "columnOffsets", readonly number[]>>
    | Readonly<Record<"rowPointers" | "columnIndices", readonly number[]>>;
}

/** What the layer before the first is made from. JSON. */
export interface ScalingConfig {
  readonly name?: string;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** One tensor of a layer. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: number[];
  readonly data: Float32Array;
}

/** A layer to be made. */
export interface LayerSpec {
  readonly className: string;
  readonly config: BlockConfig | EdgeConfig | ScalingConfig | ConvolutionConfig;
  /** In the order in which the layer adds them. */
  readonly weights: readonly WeightSpec[];
}

/** A convolution, called `name`. Weights are in the network's own order. */
export function convolutionSpec(layer: ConvolutionLayer, name?: string): LayerSpec {
  const { topology, weights, bias, activation, kernelSize, stride, dilation, padding } = layer;
  const kernels = weights.length / kernelSize ** 2;
  return {
    className: CLASS_NAMES.convolution,
    config: {
      ...(name && { name }),
      ...{ channels: topology.columns, filters: topology.rows, activation },
      ...{ kernelSize, stride, dilation, padding },
      connections: connectionsOf(topology),
    },
    weights: [
      { name: "kernel", shape: [kernels, kernelSize, kernelSize], data: weights },
      { name: "bias", shape: [topology.rows], data: bias },
    ],
  };
}

function connectionsOf(topology: Topology): ConvolutionConfig["connections"] {
  if (topology.kind === "edges") return edgeIndices(topology);
  const { rowOrder, columnOrder, rowOffsets, columnOffsets } = topology;
  return {
    rowOrder: [...rowOrder],
    columnOrder: [...columnOrder],
    rowOffsets: [...rowOffsets],
    columnOffsets: [...columnOffsets],
  };
}

/** The layers of a network, called `layers_0`, `layers_1`, …, behind one for its input scaling if there is any. */
export function layerSpecs(network: Network, scaling?: Scaling): LayerSpec[] {
  const layers = network.layers.map((layer, i) => ({ ...layerSpec(layer, `layers_${i}`) }));
  return scaling === undefined ? layers : [scalingSpec(scaling), ...layers];
}

/** The layer that standardises inputs, called `scaling`. */
export function scalingSpec({ mean, deviation }: Scaling): LayerSpec {
  const config: ScalingConfig = { name: "scaling", mean: [...mean], deviation: [...deviation] };
  return { className: CLASS_NAMES.scaling, config, weights: [] };
}

/** One layer, called `name` (absent: TensorFlow.js thinks of something). */
export function layerSpec(layer: LinearLayer, name?: string): LayerSpec {
  const { topology, weights, bias, activation } = layer;
  const common = { ...(name && { name }), units: topology.rows, inputs: topology.columns, activation };
  const biasSpec = { name: "bias", shape: [topology.rows], data: bias };
  if (topology.kind === "edges") {
    return {
      className: CLASS_NAMES.edges,
      config: { ...common, ...edgeIndices(topology) },
      weights: [{ name: "kernel", shape: [weights.length], data: weights }, biasSpec],
    };
  }
  const sizes = groupSizes(topology);
  return {
    className: CLASS_NAMES.blocks,
    config: {
      ...common,
      sizes,
      rowOrder: orderOf(topology.rowOrder, sizes),
      columnOrder: orderOf(topology.columnOrder, sizes),
    },
    weights: [...kernelSpecs(sizes, weights), biasSpec],
  };
}

/** The weights of a layer of the network again, from the tensors of a layer that was made from it. */
export function weightsFrom(layer: LinearLayer, tensors: readonly ArrayLike<number>[]): Float32Array {
  if (layer.topology.kind === "edges") return Float32Array.from(tensors[0]);
  const weights = new Float32Array(layer.weights.length);
  let begin = 0;
  for (const [k, [groups, rows, columns]] of groupSizes(layer.topology).entries()) {
    eachOfKernel(groups, rows, columns, (inFile, inKernel) => {
      weights[begin + inFile] = tensors[k][inKernel];
    });
    begin += groups * rows * columns;
  }
  return weights;
}

/**
 * Kernels [columns, groups, rows], one for each run of groups of one size: `kernel0`, `kernel1`, … (not `kernel_1`,
 * which TensorFlow.js calls a second `kernel`).
 */
function kernelSpecs(sizes: BlockConfig["sizes"], weights: Float32Array): WeightSpec[] {
  let begin = 0;
  return sizes.map(([groups, rows, columns], k) => {
    const data = new Float32Array(groups * rows * columns);
    eachOfKernel(groups, rows, columns, (inFile, inKernel) => {
      data[inKernel] = weights[begin + inFile];
    });
    begin += data.length;
    return { name: `kernel${k}`, shape: [columns, groups, rows], data };
  });
}

/** From [groups, rows, columns], as networks keep blocks, to [columns, groups, rows]. */
function eachOfKernel(
  groups: number,
  rows: number,
  columns: number,
  visit: (inFile: number, inKernel: number) => void,
): void {
  for (let q = 0; q < groups; q++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        visit((q * rows + r) * columns + c, (c * groups + q) * rows + r);
      }
    }
  }
}

function groupSizes({ rowOffsets, columnOffsets }: BlockTopology): [number, number, number][] {
  const sizes: [number, number, number][] = [];
  for (let q = 0; q + 1 < rowOffsets.length; q++) {
    const rows = rowOffsets[q + 1] - rowOffsets[q];
    const columns = columnOffsets[q + 1] - columnOffsets[q];
    const last = sizes[sizes.length - 1];
    if (last !== undefined && last[1] === rows && last[2] === columns) last[0]++;
    else sizes.push([1, rows, columns]);
  }
  return sizes;
}

function orderOf(order: Int32Array, sizes: BlockConfig["sizes"]): Order {
  if (order.every((unit, k) => unit === k)) return null;
  const [groups] = sizes[0];
  const each = order.length / groups;
  const dealt = (unit: number, k: number) => unit === (k % each) * groups + Math.floor(k / each);
  return sizes.length === 1 && order.every(dealt) ? "dealt" : [...order];
}

function edgeIndices({ rowPointers, columnIndices }: EdgeTopology) {
  return { rowPointers: [...rowPointers], columnIndices: [...columnIndices] };
}
