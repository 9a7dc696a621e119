/**
 * @file A model made elsewhere: its tensors, known by name, type and shape, and read piece by piece, so that a model
 * of any size needs little memory. Which of the tensors are layers is decided in find-layers.ts, or by the graph where
 * there is one.
 */

import type { Dtype } from "../formats/tensor.ts";

/** A tensor of a model, without its numbers. */
export interface ModelTensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
}

/** A linear layer or a convolution. */
export interface ModelLayer {
  /** What people call it: the tensor's name without a final `.weight`. */
  readonly name: string;
  readonly tensor: ModelTensor;
  readonly kind: "linear" | "convolution";
  /** Output units or channels. */
  readonly rows: number;
  /** Input units or channels, of all groups together. */
  readonly columns: number;
  /** Spatial sizes of the kernel; empty for linear layers. */
  readonly kernel: readonly number[];
  /** Of a grouped convolution: group q's outputs see the q-th part of the inputs only. 1 elsewhere. */
  readonly groups: number;
  /** The tensor is [columns, rows / groups, …kernel] instead of [rows, columns / groups, …kernel]. */
  readonly transposed: boolean;
  /** Places where a convolution is applied, for one sample; 1 for linear layers, absent where nothing says it. */
  readonly places?: number;
  /** False where the model's graph shows that it does not take the outputs of the layer before it in their order. */
  readonly follows?: false;
  /** The tensor of 0 and 1 that torch.nn.utils.prune keeps beside the weights; the layer is their product. */
  readonly mask?: ModelTensor;
  /** The BOOL tensor beside the weights that says which of them there are; it changes with them. */
  readonly booleanMask?: ModelTensor;
}

/** A tensor with weights that is no layer here, and why. */
export interface OtherTensor {
  readonly tensor: ModelTensor;
  /** A clause, e.g. `an embedding`. */
  readonly reason: string;
}

/** The layers of a model, in the order in which signals most likely meet them. */
export interface ModelLayers {
  readonly layers: readonly ModelLayer[];
  readonly others: readonly OtherTensor[];
  /** What was assumed, in whole sentences. */
  readonly assumptions: readonly string[];
}

/** A file that belongs to a model and is written beside it. */
export interface SideFile {
  /** That of the model that was opened. */
  readonly from: string;
  /** That of the model to be written. */
  readonly to: string;
}

/** A model opened for reading; `close` it. */
export interface Model {
  readonly path: string;
  readonly format: "safetensors" | "ONNX" | "layer list";
  /** In the order of the file. */
  readonly tensors: readonly ModelTensor[];
  /** The activation that the model has most of, e.g. `"relu"`; absent where the file does not say. */
  readonly activation?: string;
  /** Whether its graph has norms; absent where the file keeps no graph. */
  readonly norms?: boolean;
  /** Its layers; `groups` says how many groups the convolution of a name has, where the model itself does not. */
  layers(groups?: (name: string) => number | undefined): ModelLayers;
  /** Bytes `begin` … `begin + length − 1` of a tensor's numbers. */
  read(tensor: ModelTensor, begin: number, length: number): Promise<Uint8Array>;
  /** Files that `write` to `path` writes besides it: the external data of ONNX. */
  sideFiles(path: string): readonly SideFile[];
  /**
   * Writes the model to `path` with the numbers of some tensors replaced, and everything else as it is. Every
   * replacement gives as many bytes as the tensor has.
   */
  write(path: string, replaced: ReadonlyMap<string, () => AsyncIterable<Uint8Array>>): Promise<void>;
  close(): Promise<void>;
}

/** Taps of a kernel: the product of its sizes. */
export function tapCount({ kernel }: Pick<ModelLayer, "kernel">): number {
  return kernel.reduce((product, size) => product * size, 1);
}

/** How the tensor of a layer is laid out: `lines` of `width` pairs of channels, each with its taps. */
export function lineLayout(layer: ModelLayer): { lines: number; width: number; taps: number } {
  const { rows, columns, groups, transposed } = layer;
  const [lines, across] = transposed ? [columns, rows] : [rows, columns];
  return { lines, width: across / groups, taps: tapCount(layer) };
}
