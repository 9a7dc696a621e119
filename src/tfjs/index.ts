/**
 * @file Networks from here in TensorFlow.js, sparse as they are, to train there or to predict. The library is passed
 * in, not imported: `@tensorflow/tfjs` whole, or its parts.
 */

import { ArgumentError } from "../errors.ts";
import {
  type AnyNetwork,
  type BatchNormLayer,
  isMlp,
  isWeighted,
  type Layer,
  type Network,
  type WeightedLayer,
} from "../network/network.ts";
import { convolutionLayerClass } from "./convolution-layer.ts";
import { fastForm } from "./fast-form.ts";
import { graphOf, normWeights } from "./graph.ts";
import { graphModel } from "./graph-model.ts";
import {
  activationLayerClass,
  blockLayerClass,
  edgeLayerClass,
  type LayerClass,
  scalingLayerClass,
} from "./layer-classes.ts";
import {
  CLASS_NAMES,
  convolutionSpec,
  type LayerSpec,
  layerSpec,
  layerSpecs,
  type Scaling,
  weightsFrom,
} from "./layer-spec.ts";
import type { TensorFlow, TensorFlowLibrary, TfLayer, TfLayerBase, TfModel } from "./tensorflow.ts";

export type { Scaling } from "./layer-spec.ts";
export type { Tensor, TensorFlowLibrary, TfLayer, TfModel } from "./tensorflow.ts";

/** Between networks here and models there. */
export interface IsosparseLayers<Tf extends TensorFlowLibrary> {
  /**
   * A layer with the weights of `layer`, to be put into any model of yours. Inputs are [batch, columns] or, of a
   * convolution, [batch, height, width, channels].
   */
  layer(layer: WeightedLayer, name?: string): LayerOf<Tf>;
  /** The whole network, as a sequential model with outputs before any softmax; behind `scaling`, it takes raw inputs. */
  model(network: Network, scaling?: Scaling): ReturnType<Tf["sequential"]>;
  /**
   * Likewise of a network of layers of any kind, as a functional model. It takes images as datasets have them,
   * [batch, channels · height · width], channel by channel.
   */
  model(network: AnyNetwork, scaling?: Scaling): ReturnType<Tf["model"]>;
  /**
   * The network with the weights that the model has now.
   *
   * @param model made by `model`, or loaded from what `sao export --to tfjs` wrote
   * @param like the network that it was made from
   * @throws {ArgumentError} `bad-model`: its layers are not those of `like`
   */
  network<L extends Layer>(model: TfModel, like: Network<L>): Network<L>;
}

type LayerOf<Tf extends TensorFlowLibrary> = InstanceType<Tf["layers"]["Layer"]>;

/**
 * Teaches TensorFlow.js the layers of this library, by registering their classes, after which
 * `tf.loadLayersModel` reads what `sao export --to tfjs` wrote.
 *
 * @param library `@tensorflow/tfjs`, or `{ ...core, ...layers }` of `@tensorflow/tfjs-core` and `@tensorflow/tfjs-layers`
 */
export function isosparseLayers<Tf extends TensorFlowLibrary>(library: Tf): IsosparseLayers<Tf> {
  const tf = library as unknown as TensorFlow;
  const classes = new Map<string, LayerClass<never>>();
  const linear = [blockLayerClass(tf), edgeLayerClass(tf), scalingLayerClass(tf)];
  for (const made of [...linear, convolutionLayerClass(tf), activationLayerClass(tf)]) {
    tf.serialization.registerClass(made);
    classes.set(made.className, made);
  }
  /** @param inputs the shape of its inputs, which the first layer of a model must know */
  const make = ({ className, config, weights }: LayerSpec, inputs?: number[]): TfLayerBase =>
    new (classes.get(className) as unknown as LayerClass<object>)(
      inputs === undefined ? config : { ...config, inputShape: inputs },
      weights,
    );
  const inputShape = ({ topology, ...layer }: WeightedLayer) =>
    layer.kind === "linear" ? [topology.columns] : [layer.input.height, layer.input.width, topology.columns];
  return {
    layer: (layer, name) => make(specOf(layer, name), inputShape(layer)) as unknown as LayerOf<Tf>,
    model(network: AnyNetwork, scaling?: Scaling) {
      if (!isMlp(network)) {
        const { nodes, output } = graphOf(network, fastForm(scaling));
        return graphModel(tf, classes, nodes, output) as ReturnType<Tf["model"]>;
      }
      const inputs = [network.layers[0].topology.columns];
      const layers = layerSpecs(network, scaling).map((spec, i) => make(spec, i === 0 ? inputs : undefined));
      return tf.sequential({ layers }) as ReturnType<Tf["sequential"]>;
    },
    network(model, like) {
      const layers = model.layers.filter((layer) => hasOurs(layer));
      const wanted = like.layers.filter(hasWeights).length;
      if (layers.length !== wanted) {
        fail(`it has ${layers.length} of our layers, but the network has ${wanted}`);
      }
      // A sequence is in order whatever its names; a graph is not.
      const made = isMlp(like) ? (_: Layer, i: number) => layers[i] : byName(layers);
      return { ...like, layers: like.layers.map((layer, i) => readBack(layer, made(layer, i))) };
    },
  };
}

const OURS: readonly string[] = [CLASS_NAMES.blocks, CLASS_NAMES.edges, CLASS_NAMES.convolution];

function hasOurs(layer: TfLayer): boolean {
  return OURS.includes(layer.getClassName()) || layer.getClassName() === "BatchNormalization";
}

type LayerWithWeights = WeightedLayer | BatchNormLayer;

function hasWeights(layer: Layer): layer is LayerWithWeights {
  return isWeighted(layer) || layer.kind === "batchNorm";
}

function byName(layers: readonly TfLayer[]) {
  const named = new Map(layers.map((layer) => [layer.name, layer]));
  return (layer: Layer, i: number) => {
    const found = named.get(`layers_${i}`);
    if (found === undefined && hasWeights(layer))
      fail(`it has no layer layers_${i}, which ${layer.name} needs`);
    return found;
  };
}

function specOf(layer: WeightedLayer, name?: string): LayerSpec {
  return layer.kind === "linear" ? layerSpec(layer, name) : convolutionSpec(layer, name);
}

/** The layer with the weights that are there now; one without weights as it is. */
function readBack<L extends Layer>(layer: L, made: TfLayer | undefined): L {
  if (made === undefined || !hasWeights(layer)) return layer;
  const expected = layer.kind === "batchNorm" ? normWeights(layer) : specOf(layer).weights;
  const tensors = made.getWeights();
  const shapes = (all: readonly { shape: number[] }[]) => all.map(({ shape }) => `[${shape}]`).join(" ");
  if (shapes(tensors) !== shapes(expected)) {
    fail(`${made.name} has weights ${shapes(tensors)}, but ${layer.name} needs ${shapes(expected)}`);
  }
  const values = tensors.map((tensor) => Float32Array.from(tensor.dataSync()));
  if (layer.kind === "batchNorm") {
    const [weights, bias, means, variances] = values;
    return { ...layer, weights, bias, statistics: Float32Array.of(...means, ...variances) };
  }
  const weights = layer.kind === "linear" ? weightsFrom(layer, values) : values[0];
  return { ...layer, weights, bias: values[values.length - 1] };
}

function fail(problem: string): never {
  throw new ArgumentError("bad-model", `the model is not one of this network: ${problem}`);
}
