/**
 * @file An ONNX model as a model. Its graph says what is a layer, how many groups a convolution has and, where sizes
 * can be followed, at how many places it is applied.
 */

import type { OnnxLayer, OnnxModel, OnnxTensor } from "../formats/onnx/model.ts";
import { openOnnx } from "../formats/onnx/onnx-file.ts";
import { onnxLayers } from "../formats/onnx/read-layers.ts";
import { plain, quote } from "../formats/quote.ts";
import { mostCommon } from "./activation-gain.ts";
import { moduleName } from "./find-layers.ts";
import type { Model, ModelLayer, ModelLayers, ModelTensor, OtherTensor } from "./model.ts";
import { isFloatType } from "./numbers.ts";
import { followsInOrder } from "./onnx-order.ts";
import { onnxPlaces } from "./onnx-places.ts";

/** Operations that are activations, and what they are called here. */
const activations: ReadonlyMap<string, string> = new Map([
  ["Relu", "relu"],
  ["LeakyRelu", "leaky-relu"],
  ["Tanh", "tanh"],
  ["Gelu", "gelu"],
  ["Selu", "selu"],
  ["HardSwish", "silu"],
]);

/** Opens an ONNX model; throws as `openOnnx` does. */
export async function openOnnxModel(path: string): Promise<Model> {
  const file = await openOnnx(path);
  const { model } = file;
  const tensors = Array.from(model.tensors.values(), describe).filter((tensor) => tensor !== undefined);
  const activation = commonActivation(model);
  return {
    path,
    format: "ONNX",
    tensors,
    ...(activation !== undefined && { activation }),
    norms: model.nodes.some(({ opType }) => opType.endsWith("Normalization")),
    layers: () => layersOf(model),
    read: ({ name }, begin, length) => file.read(model.tensors.get(name)!, begin, length),
    sideFiles: (target) => file.sideFiles(target),
    write: (target, replaced) => file.write(target, replaced),
    close: () => file.close(),
  };
}

/** Undefined for types that have no counterpart here. */
function describe({ name, type, shape }: OnnxTensor): ModelTensor | undefined {
  return type.dtype && { name, dtype: type.dtype, shape };
}

function layersOf(model: OnnxModel): ModelLayers {
  const found = onnxLayers(model);
  const places = onnxPlaces(model);
  const ordered = followsInOrder(model, found.layers);
  const layers: ModelLayer[] = [];
  const others: OtherTensor[] = [];
  for (const [i, layer] of found.layers.entries()) {
    const tensor = describe(layer.weight);
    if (tensor === undefined) continue;
    const follows = ordered[i] ? {} : { follows: false as const };
    if (isFloatType(tensor.dtype)) layers.push({ ...modelLayer(layer, tensor, places), ...follows });
    else others.push({ tensor, reason: `${tensor.dtype} numbers, which are not weights as such` });
  }
  const assumptions = found.unsupported.map(({ node, reason }) => {
    const name = node.name === "" ? node.outputs[0] : node.name;
    return `${plain(node.opType)} ${quote(name)}: ${reason}.`;
  });
  return { layers, others, assumptions };
}

function modelLayer(layer: OnnxLayer, tensor: ModelTensor, places: ReadonlyMap<string, number>): ModelLayer {
  const { kind, rows, columns, groups, kernel, transposed, node, uses } = layer;
  const at = kind === "linear" ? 1 : places.get(node.outputs[0]);
  return {
    name: moduleName(layer.name),
    tensor,
    kind,
    rows,
    columns,
    kernel,
    groups,
    transposed,
    ...(at !== undefined && { places: at * uses }),
  };
}

/** The activation that the graph has most of, if it has one of those known here. */
function commonActivation({ nodes }: OnnxModel): string | undefined {
  return mostCommon(nodes.map(({ opType }) => activations.get(opType)).filter((name) => name !== undefined));
}
