/**
 * @file A network as a PyTorch state dict: every layer a whole matrix or kernel tensor with its mask, in a safetensors
 * file that is made while it is written, so that never more than one layer is dense at a time.
 */

import {
  type AnyNetwork,
  activationOf,
  type BatchNormLayer,
  isWeighted,
  type Layer,
  type WeightedLayer,
} from "../network/network.ts";
import { forEachConnection } from "../topology/connections.ts";
import { refuseTooDense } from "./dense-size.ts";
import { writeFileAtomic } from "./files.ts";
import { encodeHeader } from "./safetensors.ts";
import { byteLength, dataBytes, type Tensor } from "./tensor.ts";

/** A tensor that is made when its turn comes to be written. */
interface LazyTensor extends Pick<Tensor, "dtype" | "shape"> {
  readonly make: () => Float32Array | Uint8Array;
}

/**
 * Writes, for the i-th layer of all, `layers.i.weight` F32 [out, in] (of a convolution [out, in, k, k]) with zeros where
 * nothing connects, `layers.i.bias` F32 [out] and `layers.i.mask` BOOL of the weight's shape; for batch normalization
 * `layers.i.weight`, `.bias`, `.running_mean` and `.running_var`, F32 [channels]; in one step (see
 * `writeFileAtomic`). These are the names, shapes and types of a state dict in PyTorch. Metadata: `format` = `pt`, which
 * says so to loaders that ask (github.com/huggingface/transformers, modeling_utils.py), and, as JSON arrays over all
 * layers, `names`, what they are called here, and `activations`.
 *
 * Returns the file's bytes. Throws FileError; ArgumentError ("too-large") for a layer whose tensor does not fit in
 * memory, before anything is made.
 */
export async function writeDenseSafetensors(network: AnyNetwork, path: string): Promise<number> {
  const { layers } = network;
  refuseTooDense(layers.filter(isWeighted), "one at a time");
  const tensors = new Map(layers.flatMap(lazyTensors));
  const metadata = new Map([
    ["format", "pt"],
    ["names", JSON.stringify(layers.map(({ name }) => name))],
    ["activations", JSON.stringify(layers.map(activationOf))],
  ]);
  const { start, names } = encodeHeader(tensors, metadata);
  await writeFileAtomic(
    path,
    (async function* () {
      yield start;
      for (const name of names) yield dataBytes(tensors.get(name)!.make());
    })(),
  );
  return [...tensors.values()].reduce(
    (sum, { dtype, shape }) => sum + byteLength(dtype, shape)!,
    start.length,
  );
}

/** The layer's weights as a matrix [rows, columns], of a convolution [rows, columns, k, k], row-major. */
export function denseWeights(layer: WeightedLayer): Float32Array {
  const tensor = new Float32Array(sizeOf(layer));
  let next = 0;
  forEachKernel(layer, (begin, end) => {
    for (let to = begin; to < end; to++) tensor[to] = layer.weights[next++];
  });
  return tensor;
}

function denseMask(layer: WeightedLayer): Uint8Array {
  const mask = new Uint8Array(sizeOf(layer));
  forEachKernel(layer, (begin, end) => mask.fill(1, begin, end));
  return mask;
}

/** Where the weights of each connection lie in the dense tensor: `begin` … `end` − 1. */
function forEachKernel(layer: WeightedLayer, visit: (begin: number, end: number) => void): void {
  const { topology } = layer;
  const taps = layer.kind === "linear" ? 1 : layer.kernelSize ** 2;
  forEachConnection(topology, (row, column) => {
    const begin = (row * topology.columns + column) * taps;
    visit(begin, begin + taps);
  });
}

function shapeOf(layer: WeightedLayer): number[] {
  const { rows, columns } = layer.topology;
  return layer.kind === "linear" ? [rows, columns] : [rows, columns, layer.kernelSize, layer.kernelSize];
}

function sizeOf(layer: WeightedLayer): number {
  return shapeOf(layer).reduce((product, side) => product * side, 1);
}

function lazyTensors(layer: Layer, i: number): [string, LazyTensor][] {
  if (layer.kind === "batchNorm") return normTensors(layer, i);
  if (!isWeighted(layer)) return [];
  const shape = shapeOf(layer);
  return [
    [`layers.${i}.weight`, { dtype: "F32", shape, make: () => denseWeights(layer) }],
    [`layers.${i}.bias`, { dtype: "F32", shape: shape.slice(0, 1), make: () => layer.bias }],
    [`layers.${i}.mask`, { dtype: "BOOL", shape, make: () => denseMask(layer) }],
  ];
}

function normTensors(
  { input, weights, bias, statistics }: BatchNormLayer,
  i: number,
): [string, LazyTensor][] {
  const { channels } = input;
  const parts = {
    weight: weights,
    bias,
    running_mean: statistics.subarray(0, channels),
    running_var: statistics.subarray(channels),
  };
  return Object.entries(parts).map(([name, numbers]) => [
    `layers.${i}.${name}`,
    { dtype: "F32", shape: [channels], make: () => numbers },
  ]);
}
