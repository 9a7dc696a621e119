/**
 * @file Which layers of an ONNX model take what the layer before them gives, unit by unit: widths that match do not
 * say so where layers lie beside one another, or where a Gather puts channels in another order in between, as
 * `sao export --to onnx` does for groups.
 */

import type { OnnxLayer, OnnxModel, OnnxNode } from "../formats/onnx/model.ts";

/** Values looked at on the ways back from all layers; beyond, layers are taken to follow one another. */
const MOST_STEPS = 2 ** 22;

/**
 * [layers] False where the graph shows that a layer does not take the outputs of the one before it in their order;
 * true where it does, or the way is too long to say.
 */
export function followsInOrder(model: OnnxModel, layers: readonly OnnxLayer[]): boolean[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of model.nodes) for (const output of node.outputs) makers.set(output, node);
  const ways: Ways = { model, makers, layerNodes: new Set(layers.map(({ node }) => node)), steps: 0 };
  return layers.map(({ node }, i) => i === 0 || leadsBack(node, layers[i - 1].node, ways));
}

interface Ways {
  readonly model: OnnxModel;
  readonly makers: ReadonlyMap<string, OnnxNode>;
  /** Where a way ends. */
  readonly layerNodes: ReadonlySet<OnnxNode>;
  steps: number;
}

/** Whether some way back from the inputs of `node` meets `target` before another layer, with units in order. */
function leadsBack(node: OnnxNode, target: OnnxNode, ways: Ways): boolean {
  const { model, makers, layerNodes } = ways;
  const seen = new Set<OnnxNode>();
  const left = [...node.inputs];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    const maker = makers.get(value);
    if (maker === target || ways.steps++ >= MOST_STEPS) return true;
    if (maker === undefined || seen.has(maker) || layerNodes.has(maker) || reorders(maker, model)) continue;
    seen.add(maker);
    for (const input of maker.inputs) left.push(input);
    for (const input of maker.innerInputs ?? []) left.push(input);
  }
  return false;
}

/** Whether an operation puts units in an order that depends on numbers, or more of them side by side. */
function reorders({ opType, domain, inputs, attributes }: OnnxNode, { tensors }: OnnxModel): boolean {
  if (domain !== "") return false;
  if (opType === "Gather") return tensors.has(inputs[1]);
  return opType === "Concat" && inputs.length > 1 && attributes.get("axis") === 1;
}
