/**
 * @file A network as a PyTorch state dict: every layer a whole matrix with its mask, in a safetensors file that is
 * made while it is written, so that never more than one layer is dense at a time.
 */

import type { LinearLayer, Network } from "../network/network.ts";
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
 * Writes, for the i-th layer, `layers.i.weight` F32 [out, in] with zeros where nothing connects, `layers.i.bias`
 * F32 [out] and `layers.i.mask` BOOL [out, in], in one step (see `writeFileAtomic`). These are the names, shapes
 * and types of a state dict in PyTorch. Metadata: `format` = `pt`, which says so to loaders that ask
 * (github.com/huggingface/transformers, modeling_utils.py), and `activations`, a JSON array.
 *
 * Returns the file's bytes. Throws FileError; ArgumentError ("too-large") for a layer whose matrix does not fit in
 * memory, before anything is made.
 */
export async function writeDenseSafetensors(network: Network, path: string): Promise<number> {
  refuseTooDense(network.layers, "one at a time");
  const tensors = new Map(network.layers.flatMap(lazyTensors));
  const activations = JSON.stringify(network.layers.map((layer) => layer.activation));
  const metadata = new Map([
    ["format", "pt"],
    ["activations", activations],
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

/** The layer's weights as a matrix [rows × columns], row-major. */
export function denseWeights({ topology, weights }: LinearLayer): Float32Array {
  const matrix = new Float32Array(topology.rows * topology.columns);
  let k = 0;
  forEachConnection(topology, (row, column) => {
    matrix[row * topology.columns + column] = weights[k++];
  });
  return matrix;
}

function denseMask({ topology }: LinearLayer): Uint8Array {
  const mask = new Uint8Array(topology.rows * topology.columns);
  forEachConnection(topology, (row, column) => {
    mask[row * topology.columns + column] = 1;
  });
  return mask;
}

function lazyTensors(layer: LinearLayer, i: number): [string, LazyTensor][] {
  const { rows, columns } = layer.topology;
  return [
    [`layers.${i}.weight`, { dtype: "F32", shape: [rows, columns], make: () => denseWeights(layer) }],
    [`layers.${i}.bias`, { dtype: "F32", shape: [rows], make: () => layer.bias }],
    [`layers.${i}.mask`, { dtype: "BOOL", shape: [rows, columns], make: () => denseMask(layer) }],
  ];
}
