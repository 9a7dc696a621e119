/**
 * @file At how many places of the image each convolution of an ONNX model is applied, from the size of the model's
 * input: as far as sizes can be followed through convolutions, pooling, and operations that keep them.
 */

import type { OnnxModel, OnnxNode } from "../formats/onnx/model.ts";

/** Operations whose output has the spatial size of their first input. */
const keeping = new Set([
  ..."Relu LeakyRelu PRelu Elu Selu Gelu Celu Sigmoid HardSigmoid HardSwish Tanh Softplus Mish Clip".split(
    " ",
  ),
  ..."BatchNormalization InstanceNormalization LayerNormalization GroupNormalization LRN".split(" "),
  ..."Add Sub Mul Div Max Min Sum Identity Dropout Cast Concat".split(" "),
]);

/** Output places of every Conv, by its output's name; those that cannot be followed are absent. */
export function onnxPlaces({
  nodes,
  inputs,
  tensors,
}: Pick<OnnxModel, "nodes" | "inputs"> & Partial<Pick<OnnxModel, "tensors">>): Map<string, number> {
  const sizes = new Map<string, readonly number[]>();
  for (const { name, shape } of inputs) {
    const spatial = shape?.slice(2) ?? [];
    if (spatial.length > 0 && spatial.every((side) => typeof side === "number")) {
      sizes.set(name, spatial as number[]);
    }
  }
  const places = new Map<string, number>();
  for (const node of nodes) {
    const input = node.inputs.map((name) => sizes.get(name)).find((size) => size !== undefined);
    const output = input && outputSize(node, input, tensors?.get(node.inputs[1])?.shape);
    if (output === undefined || !output.every((side) => side >= 1)) continue;
    sizes.set(node.outputs[0], output);
    if (node.opType === "Conv")
      places.set(
        node.outputs[0],
        output.reduce((a, b) => a * b, 1),
      );
  }
  return places;
}

/** `second`: the shape of the second input if it is constant, which a Conv's `kernel_shape` may be left to. */
function outputSize(
  node: OnnxNode,
  input: readonly number[],
  second: readonly number[] | undefined,
): readonly number[] | undefined {
  if (node.domain !== "" && node.domain !== "ai.onnx") return undefined;
  const axis = node.attributes.get("axis");
  // Side by side along the image, it becomes larger.
  if (node.opType === "Concat" && axis !== 1) return undefined;
  // Channels picked by a list of indices.
  if (keeping.has(node.opType) || (node.opType === "Gather" && axis === 1 && second?.length === 1))
    return input;
  if (node.opType === "GlobalAveragePool" || node.opType === "GlobalMaxPool") return input.map(() => 1);
  if (!["Conv", "MaxPool", "AveragePool"].includes(node.opType)) return undefined;
  const kernel = numbers(node, "kernel_shape") ?? (node.opType === "Conv" ? second?.slice(2) : undefined);
  if (kernel === undefined || kernel.length !== input.length) return undefined;
  const ones = input.map(() => 1);
  const strides = numbers(node, "strides") ?? ones;
  const dilations = numbers(node, "dilations") ?? ones;
  const pads = numbers(node, "pads") ?? [...input, ...input].map(() => 0);
  const padding = node.attributes.get("auto_pad");
  const round = node.attributes.get("ceil_mode") === 1 ? Math.ceil : Math.floor;
  return input.map((side, axis) => {
    if (padding === "SAME_UPPER" || padding === "SAME_LOWER") return Math.ceil(side / strides[axis]);
    const reach = dilations[axis] * (kernel[axis] - 1) + 1;
    const padded = side + (padding === "VALID" ? 0 : pads[axis] + pads[axis + input.length]);
    return round((padded - reach) / strides[axis]) + 1;
  });
}

function numbers({ attributes }: OnnxNode, name: string): readonly number[] | undefined {
  const value = attributes.get(name);
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
}
