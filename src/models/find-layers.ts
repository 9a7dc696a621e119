/**
 * @file Which tensors of a state dict are layers. A state dict is names and shapes only, so this goes by PyTorch's
 * conventions: `NAME.weight` with two sides is linear [out, in], with three to five a convolution
 * [out, in / groups, …kernel]; what is called an embedding is a table, not a matrix that signals pass.
 */

import { ArgumentError } from "../errors.ts";
import { plain, quote } from "../formats/quote.ts";
import { DTYPE_BYTES } from "../formats/tensor.ts";
import type { ModelLayer, ModelLayers, ModelTensor, OtherTensor } from "./model.ts";
import { compareNatural } from "./names.ts";
import { isFloatType } from "./numbers.ts";

/** Kernels are small; three sides with a large last one are something else, such as a stack of matrices. */
const LARGEST_KERNEL_SIDE = 64;
/** Indices of units are 32-bit and there are arrays as long as a side. */
const LARGEST_SIDE = 2 ** 24;

/**
 * The layers among `tensors`, in their order.
 *
 * @param groups how many groups the convolution of a name has, for those that are not ungrouped
 * @throws {ArgumentError} `bad-groups`: they do not divide the layer's channels
 */
export function findLayers(
  tensors: readonly ModelTensor[],
  groups: (name: string) => number | undefined = () => undefined,
): ModelLayers {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const layers: ModelLayer[] = [];
  const others: OtherTensor[] = [];
  const assumptions: string[] = [];
  for (const tensor of tensors) {
    if (tensor.shape.length < 2 || /(^|\.)weight_mask$/.test(tensor.name)) continue;
    if (isBooleanMask(tensor, byName)) continue;
    const reason = notALayer(tensor);
    if (reason !== undefined) others.push({ tensor, reason });
    else layers.push(layerOf(tensor, layers.at(-1), byName, groups, assumptions));
  }
  return { layers, others, assumptions };
}

/**
 * The order in which a state dict was defined, if the file keeps it. The reference writer of safetensors sorts by type
 * and name instead; then names in natural order are the best guess.
 */
export function definitionOrder(tensors: readonly ModelTensor[]): ModelTensor[] {
  const ranks = Object.keys(DTYPE_BYTES);
  const sorted = tensors.every((tensor, i) => {
    const before = tensors[i - 1];
    if (before === undefined || before.dtype !== tensor.dtype) {
      return before === undefined || ranks.indexOf(before.dtype) < ranks.indexOf(tensor.dtype);
    }
    return before.name < tensor.name;
  });
  return sorted ? [...tensors].sort((a, b) => compareNatural(a.name, b.name)) : [...tensors];
}

/** Why a tensor of two sides or more is none; undefined if it is a layer. */
function notALayer({ name, dtype, shape }: ModelTensor): string | undefined {
  if (!isFloatType(dtype)) return `${dtype} numbers, which are not weights as such`;
  if (shape.some((side) => side === 0)) return "no elements";
  if (/embed|(^|[._])(emb|wte|wpe)([._]|$)/i.test(name)) return "an embedding, by its name";
  if (!/(^|\.)weight(_orig)?$/.test(name)) {
    return /weight/.test(name) ? "several matrices in one, or a recurrent one" : "not called weight";
  }
  if (shape.length > 5) return `${shape.length} sides, where convolutions have at most five`;
  if (shape.slice(2).some((side) => side > LARGEST_KERNEL_SIDE)) {
    return `kernel sides above ${LARGEST_KERNEL_SIDE}: not a convolution`;
  }
  if (shape[0] > LARGEST_SIDE || shape.slice(1).reduce((a, b) => a * b, 1) > LARGEST_SIDE) {
    return `a side above ${LARGEST_SIDE}`;
  }
  return undefined;
}

function layerOf(
  tensor: ModelTensor,
  previous: ModelLayer | undefined,
  byName: ReadonlyMap<string, ModelTensor>,
  groupsOf: (name: string) => number | undefined,
  assumptions: string[],
): ModelLayer {
  const [rows, columns, ...kernel] = tensor.shape;
  const name = moduleName(tensor.name);
  const mask = pruningMask(tensor, byName);
  const sibling = byName.get(maskName(name));
  const common = {
    name,
    tensor,
    rows,
    kernel,
    transposed: false,
    ...(mask && { mask }),
    ...(sibling && isBooleanMask(sibling, byName) && { booleanMask: sibling }),
  };
  if (kernel.length === 0) return { ...common, kind: "linear", columns, groups: 1, places: 1 };
  const given = groupsOf(name) ?? groupsOf(tensor.name);
  if (given !== undefined && rows % given !== 0) {
    throw new ArgumentError(
      "bad-groups",
      `${quote(name)} has ${rows} output channels, which ${given} groups do not divide`,
    );
  }
  const groups = given ?? guessGroups(tensor, previous, assumptions);
  return { ...common, kind: "convolution", columns: columns * groups, groups };
}

/**
 * One input channel for each kernel, and not the only channel that there is: a depthwise convolution. How many channels
 * come in is what the layer before gives, if it is that one which it follows; else as many as go out.
 */
function guessGroups(
  { name, shape }: ModelTensor,
  previous: ModelLayer | undefined,
  assumptions: string[],
): number {
  if (previous === undefined) return 1;
  const [rows, columns, ...kernel] = shape;
  const taps = kernel.reduce((a, b) => a * b, 1);
  const follows = rows % previous.rows === 0;
  if (columns === 1 && rows > 1 && previous.rows > 1 && (follows || taps > 1)) {
    const groups = follows ? previous.rows : rows;
    assumptions.push(
      `${quote(name)} has one input channel a kernel: taken as depthwise, ${groups} groups; if it is not, say ` +
        `--conv-groups '${plain(moduleName(name))}=1'.`,
    );
    return groups;
  }
  if (taps > 1 && columns < previous.rows && previous.rows % columns === 0 && columns > 1) {
    assumptions.push(
      `${quote(name)} sees ${columns} channels and ${quote(previous.name)} before it has ${previous.rows}: taken as ` +
        `not following it; if it is a grouped convolution, say --conv-groups '${plain(moduleName(name))}=${previous.rows / columns}'.`,
    );
  }
  return 1;
}

/** The mask that torch.nn.utils.prune keeps beside `weight_orig`. */
function pruningMask(
  { name, shape }: ModelTensor,
  byName: ReadonlyMap<string, ModelTensor>,
): ModelTensor | undefined {
  if (!name.endsWith("weight_orig")) return undefined;
  const mask = byName.get(name.replace(/orig$/, "mask"));
  return mask !== undefined && isFloatType(mask.dtype) && `${mask.shape}` === `${shape}` ? mask : undefined;
}

/** Whether a tensor says which weights of the layer beside it there are, as `sao export --form dense` writes it. */
function isBooleanMask(
  { name, dtype, shape }: ModelTensor,
  byName: ReadonlyMap<string, ModelTensor>,
): boolean {
  if (dtype !== "BOOL" || !/(^|\.)mask$/.test(name)) return false;
  const weight = byName.get(name.replace(/mask$/, "weight"));
  return weight !== undefined && isFloatType(weight.dtype) && `${weight.shape}` === `${shape}`;
}

/** `fc.mask` beside `fc.weight`, `mask` beside `weight`. */
function maskName(module: string): string {
  return module === "weight" ? "mask" : `${module}.mask`;
}

/** The tensor's name without its final `.weight`. */
export function moduleName(tensor: string): string {
  return tensor.replace(/\.weight(_orig)?$/, "");
}
