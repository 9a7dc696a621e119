/**
 * @file A graph of layers as a model of TensorFlow.js.
 */

import type { Node } from "./graph.ts";
import type { LayerClass } from "./layer-classes.ts";
import type { StockFactory, SymbolicTensor, TensorFlow, TfLayerBase, TfModel } from "./tensorflow.ts";

/** What makes each stock layer. */
const FACTORIES: Readonly<Record<string, StockFactory>> = {
  Reshape: "reshape",
  Permute: "permute",
  Flatten: "flatten",
  AveragePooling2D: "averagePooling2d",
  ZeroPadding2D: "zeroPadding2d",
  Cropping2D: "cropping2D",
  Maximum: "maximum",
  Minimum: "minimum",
  Add: "add",
  Concatenate: "concatenate",
  Activation: "activation",
  BatchNormalization: "batchNormalization",
};

/** The model of these layers, our own of the `classes`. */
export function graphModel(
  tf: TensorFlow,
  classes: ReadonlyMap<string, LayerClass<never>>,
  nodes: readonly Node[],
  output: string,
): TfModel {
  const given = new Map<string, SymbolicTensor>();
  const [input, ...others] = nodes;
  const [, width] = input.config.batchInputShape as [null, number];
  given.set(input.name, tf.input({ shape: [width], name: input.name }));
  for (const node of others) {
    const layer = makeLayer(tf, classes, node);
    const inputs = node.inputs.map((name) => given.get(name)!);
    given.set(node.name, layer.apply(inputs.length === 1 ? inputs[0] : inputs));
    if (!classes.has(node.className) && node.weights.length > 0) {
      layer.setWeights(node.weights.map(({ data, shape }) => tf.tensor(data, shape, "float32")));
    }
  }
  return tf.model({ inputs: given.get(input.name)!, outputs: given.get(output)!, name: "isosparse" });
}

function makeLayer(
  tf: TensorFlow,
  classes: ReadonlyMap<string, LayerClass<never>>,
  { className, name, config, weights }: Node,
): TfLayerBase {
  const ours = classes.get(className) as LayerClass<object> | undefined;
  return ours ? new ours({ ...config, name }, weights) : tf.layers[FACTORIES[className]]({ ...config, name });
}
