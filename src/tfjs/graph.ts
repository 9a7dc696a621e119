/**
 * @file A network with images as a graph of layers of TensorFlow.js, all plain data. Inputs come as everywhere here,
 * [batch, numbers], channel by channel; within, images are [batch, height, width, channels]. All but the layers with
 * weights are stock layers, put together from several where there is no such layer.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import { networkInput, outputShape, sizeOf } from "../network/layer-shape.ts";
import type {
  Activation,
  AddLayer,
  AnyNetwork,
  BatchNormLayer,
  FlattenLayer,
  Layer,
  MaxMinLayer,
  PadLayer,
  SpaceToDepthLayer,
  WeightedLayer,
} from "../network/network.ts";
import { CLASS_NAMES, type WeightSpec } from "./layer-spec.ts";

/** A layer of the graph. */
export interface Node {
  /** Of a stock layer, or one of CLASS_NAMES. */
  readonly className: string;
  readonly name: string;
  /** As the layer's constructor takes it, without the name. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly WeightSpec[];
  /** Names of the layers whose outputs it takes. */
  readonly inputs: readonly string[];
}

/** Adds layers to a graph. */
export interface Emitter {
  /** Adds one, and tells its name: `name`, or one of the emitter's own. */
  emit(
    className: string,
    config: Readonly<Record<string, unknown>>,
    inputs: readonly string[],
    more?: { readonly weights?: readonly WeightSpec[]; readonly name?: string },
  ): string;
}

/** How a form makes the layers that differ from form to form. Each is told its input's name and returns the last one's. */
export interface GraphForm {
  weighted(layer: WeightedLayer, name: string, input: string, to: Emitter): string;
  activation(activation: Activation, input: string, to: Emitter): string;
  /** Standardises [batch, numbers]. */
  scaling(input: string, to: Emitter): string;
}

/** The graph, in an order in which layers can be made; the first is called `input`, layer i's last one `layers_i`. */
export function graphOf(network: AnyNetwork, form: GraphForm): { nodes: readonly Node[]; output: string } {
  const maker = new GraphMaker(form);
  const output = maker.make(network);
  return { nodes: maker.nodes, output };
}

/** What a layer gives: whose output, and whether as an image or a vector. */
interface Value {
  readonly name: string;
  readonly image: boolean;
}

class GraphMaker implements Emitter {
  readonly nodes: Node[] = [];
  readonly #form: GraphForm;
  readonly #named = new Map<string, { readonly value: Value; readonly shape: ImageShape }>();
  #prefix = "start";
  #count = 0;

  constructor(form: GraphForm) {
    this.#form = form;
  }

  emit: Emitter["emit"] = (className, config, inputs, { weights = [], name } = {}) => {
    const own = name ?? `${this.#prefix}_${this.#count++}`;
    this.nodes.push({ className, name: own, config, weights, inputs });
    return own;
  };

  make(network: AnyNetwork): string {
    const input = networkInput(network);
    const raw = this.emit("InputLayer", { batchInputShape: [null, sizeOf(input)] }, [], { name: "input" });
    let value: Value = { name: this.#form.scaling(raw, this), image: false };
    if (input.height * input.width > 1) {
      const { channels, height, width } = input;
      const planes = this.emit("Reshape", { targetShape: [channels, height, width] }, [value.name]);
      value = { name: this.emit("Permute", { dims: [2, 3, 1] }, [planes]), image: true };
    }
    for (const [i, layer] of network.layers.entries()) {
      [this.#prefix, this.#count] = [`layers_${i}`, 0];
      value = this.#layer(layer, `layers_${i}`, value);
      this.#named.set(layer.name, { value, shape: outputShape(layer) });
    }
    return this.#flattened(value, outputShape(network.layers[network.layers.length - 1]));
  }

  #layer(layer: Layer, name: string, input: Value): Value {
    switch (layer.kind) {
      case "linear": {
        const from = this.#flattened(input, { channels: layer.topology.columns, height: 1, width: 1 });
        return { name: this.#form.weighted(layer, name, from, this), image: false };
      }
      case "flatten":
        return { name: this.#flattened(input, (layer as FlattenLayer).input), image: false };
      case "convolution":
        return {
          name: this.#form.weighted(layer, name, this.#image(input, layer.input), this),
          image: true,
        };
      default:
        return { name: this.#other(layer, name, this.#image(input, layer.input)), image: true };
    }
  }

  #other(layer: Exclude<Layer, WeightedLayer | FlattenLayer>, name: string, from: string): string {
    switch (layer.kind) {
      case "averagePool": {
        const { height, width } = layer.window;
        const sides = [height, width];
        return this.emit("AveragePooling2D", { poolSize: sides, strides: sides, padding: "valid" }, [from]);
      }
      case "spaceToDepth":
        return this.#spaceToDepth(layer, from);
      case "pad":
        return this.emit("ZeroPadding2D", { padding: paddingOf(layer) }, [from]);
      case "maxMin":
        return this.#maxMin(layer, from);
      case "batchNorm": {
        const normed = this.emit("BatchNormalization", normConfig(layer), [from], {
          weights: normWeights(layer),
          name,
        });
        return this.#form.activation(layer.activation, normed, this);
      }
      case "add":
        return this.#add(layer, from);
    }
  }

  #spaceToDepth(layer: SpaceToDepthLayer, from: string): string {
    const { side, input } = layer;
    const { channels, height, width } = outputShape(layer);
    const split = this.emit("Reshape", { targetShape: [height, side, width, side, input.channels] }, [from]);
    const moved = this.emit("Permute", { dims: [1, 3, 5, 2, 4] }, [split]);
    return this.emit("Reshape", { targetShape: [height, width, channels] }, [moved]);
  }

  #maxMin({ input }: MaxMinLayer, from: string): string {
    const { channels, height, width } = input;
    const half = channels / 2;
    const table = this.emit("Reshape", { targetShape: [height * width, channels, 1] }, [from]);
    const cropped = (left: number, right: number) =>
      this.emit("Cropping2D", cropConfig(0, 0, left, right), [table]);
    const halves = [cropped(0, half), cropped(half, 0)];
    const both = [this.emit("Maximum", {}, halves), this.emit("Minimum", {}, halves)];
    const joined = this.emit("Concatenate", { axis: 2 }, both);
    return this.emit("Reshape", { targetShape: [height, width, channels] }, [joined]);
  }

  /** The shortcut thinned out and with channels of zeros, added. */
  #add({ input, from: earlier, activation }: AddLayer, from: string): string {
    const { value, shape } = this.#named.get(earlier)!;
    let shortcut = this.#image(value, shape);
    const step = shape.height / input.height;
    if (step > 1) {
      const thin = { poolSize: [1, 1], strides: [step, step], padding: "valid" };
      shortcut = this.emit("AveragePooling2D", thin, [shortcut]);
    }
    if (shape.channels < input.channels) {
      const { channels, height, width } = input;
      const table = this.emit("Reshape", { targetShape: [height * width, shape.channels, 1] }, [shortcut]);
      const padding = [
        [0, 0],
        [0, channels - shape.channels],
      ];
      const padded = this.emit("ZeroPadding2D", { padding }, [table]);
      shortcut = this.emit("Reshape", { targetShape: [height, width, channels] }, [padded]);
    }
    return this.#form.activation(activation, this.emit("Add", {}, [from, shortcut]), this);
  }

  /** Channel by channel, as a vector. */
  #flattened({ name, image }: Value, { channels, height, width }: ImageShape): string {
    if (!image) return name;
    const still = channels === 1 || height * width === 1;
    return this.emit("Flatten", {}, [still ? name : this.emit("Permute", { dims: [3, 1, 2] }, [name])]);
  }

  #image({ name, image }: Value, { channels, height, width }: ImageShape): string {
    if (image) return name;
    const planes = this.emit("Reshape", { targetShape: [channels, height, width] }, [name]);
    return this.emit("Permute", { dims: [2, 3, 1] }, [planes]);
  }
}

/** What is cut off an image at each side. */
export function cropConfig(top: number, bottom: number, left: number, right: number) {
  return {
    cropping: [
      [top, bottom],
      [left, right],
    ],
  };
}

function paddingOf({ input, height, width }: PadLayer): number[][] {
  return [height - input.height, width - input.width].map((more) => [
    Math.floor(more / 2),
    Math.ceil(more / 2),
  ]);
}

/** TensorFlow's momentum is the share that stays. */
function normConfig({ epsilon, momentum }: BatchNormLayer) {
  return { axis: -1, epsilon, momentum: 1 - momentum };
}

/** gamma, beta, means, variances: as TensorFlow.js has them. */
export function normWeights({ input, weights, bias, statistics }: BatchNormLayer): WeightSpec[] {
  const shape = [input.channels];
  return [
    { name: "gamma", shape, data: weights },
    { name: "beta", shape, data: bias },
    { name: "moving_mean", shape, data: statistics.subarray(0, input.channels) },
    { name: "moving_variance", shape, data: statistics.subarray(input.channels) },
  ];
}

/** An activation as a layer of its own; none for `linear`. */
export function stockActivation(activation: Activation, input: string, to: Emitter): string {
  if (activation === "linear") return input;
  if (activation !== "hardtanh") return to.emit("Activation", { activation }, [input]);
  return to.emit(CLASS_NAMES.activation, { activation }, [input]);
}
