/**
 * @file What a network costs, beside a dense one of the same widths (docs/theory.md, section 9).
 */

import { type Convolution, type ImageSize, outputImage } from "../init/convolution/convolution.ts";
import { outputShape } from "../network/layer-shape.ts";
import { type AnyNetwork, isWeighted, type Layer, parametersOf } from "../network/network.ts";
import { nonZeros, type Topology } from "../topology/topology.ts";

export interface Cost {
  /** Weights and biases, and batch normalization's scales and shifts. */
  readonly parameters: number;
  /** Kernels of convolutions; 0 where there are none. */
  readonly kernels: number;
  /**
   * Floating-point operations of the matrix products for one sample: two per multiply-add. In convolutions, for every
   * output pixel, and pixels beyond the border count as others do.
   */
  readonly forwardFlops: number;
  /** Likewise for forward, input gradients (not the first layer's) and weight gradients. */
  readonly trainingFlops: number;
  /** Parameters as float32. */
  readonly parameterBytes: number;
  /** Who connects to whom, as 32-bit integers; 0 for dense. */
  readonly topologyBytes: number;
}

export interface Costs {
  readonly sparse: Cost;
  readonly dense: Cost;
  /** Dense ÷ sparse parameters. */
  readonly compression: number;
}

/** What a layer adds. */
interface LayerCost {
  /** Absent without a mask. */
  readonly matrix?: {
    readonly topology: Topology;
    /** Of each connection; absent for linear layers. */
    readonly kernelSize?: number;
    /** Pixels that it gives; 1 for vectors. */
    readonly pixels: number;
  };
  /** Parameters that are no weights of the mask. */
  readonly others: number;
}

export function costs(network: AnyNetwork): Costs {
  return sum(network.layers.map(layerCost));
}

/** Of convolutions without biases, on images of these sizes. */
export function convolutionCosts(layers: readonly Convolution[], images: readonly ImageSize[]): Costs {
  return sum(
    layers.map((layer, i) => {
      const { height, width } = outputImage(layer, images[i]);
      return { matrix: { ...layer, pixels: height * width }, others: 0 };
    }),
  );
}

function layerCost(layer: Layer): LayerCost {
  const { weights, bias } = parametersOf(layer);
  if (!isWeighted(layer)) return { others: weights.length + bias.length };
  const { height, width } = outputShape(layer);
  return { matrix: { ...layer, pixels: height * width }, others: bias.length };
}

function sum(layers: readonly LayerCost[]): Costs {
  const sparse = cost(layers, nonZeros, topologyBytes(layers));
  const dense = cost(layers, ({ rows, columns }) => rows * columns, 0);
  return { sparse, dense, compression: dense.parameters / sparse.parameters };
}

function cost(
  layers: readonly LayerCost[],
  connections: (topology: Topology) => number,
  topologyBytes: number,
): Cost {
  let [parameters, kernels] = [0, 0];
  const products: number[] = [];
  for (const { matrix, others } of layers) {
    parameters += others;
    if (matrix === undefined) continue;
    const { kernelSize, pixels } = matrix;
    const count = connections(matrix.topology);
    const weights = count * (kernelSize ?? 1) ** 2;
    if (kernelSize !== undefined) kernels += count;
    parameters += weights;
    products.push(weights * pixels);
  }
  const forward = products.reduce((total, product) => total + product, 0);
  return {
    parameters,
    kernels,
    forwardFlops: 2 * forward,
    trainingFlops: 2 * (3 * forward - (products[0] ?? 0)),
    parameterBytes: 4 * parameters,
    topologyBytes,
  };
}

function topologyBytes(layers: readonly LayerCost[]): number {
  return layers
    .flatMap(({ matrix }) => (matrix === undefined ? [] : arraysOf(matrix.topology)))
    .reduce((bytes, array) => bytes + array.byteLength, 0);
}

function arraysOf(topology: Topology): Int32Array[] {
  return topology.kind === "edges"
    ? [topology.rowPointers, topology.columnIndices]
    : [topology.rowOrder, topology.columnOrder, topology.rowOffsets, topology.columnOffsets];
}
