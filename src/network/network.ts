/**
 * @file What a network is: plain data, so that every floor above can read it and none needs a class.
 *
 * A network is a chain of layers; `add` layers besides read an earlier layer's output. What passes between layers is
 * images, [channels, height, width], or vectors, which are images of one pixel.
 */

import type { Convolution, ImageShape } from "../init/convolution/convolution.ts";
import type { SparsityRequest } from "../topology/request.ts";
import type { Topology } from "../topology/topology.ts";

/** What a layer applies to its pre-activations. */
export type Activation = "linear" | "tanh" | "relu" | "hardtanh";

/** What layers with a sparse mask have in common. */
interface Weighted {
  /** Unique in the network, e.g. `"layers.3"`. */
  readonly name: string;
  readonly activation: Activation;
  /** What sparsity was asked for; what was achieved is `density(topology)`. */
  readonly asked: SparsityRequest;
  /** Which initializer made the weights, e.g. `"orthogonal"`. */
  readonly initializer: string;
}

/** y = activation(W x + b), W sparse on `topology`. */
export interface LinearLayer extends Weighted {
  readonly kind: "linear";
  readonly topology: Topology;
  /**
   * [non-zeros] float32. Blocks: block after block, each [rows of the group, columns of the group] row-major.
   * Edges: in the order of `columnIndices`.
   */
  readonly weights: Float32Array;
  /** [rows] */
  readonly bias: Float32Array;
}

/** y = activation(W * x + b) of images, W kernel-sparse on a topology over channels; weights [non-zeros, k, k]. */
export interface ConvolutionLayer extends Weighted, Convolution {
  readonly kind: "convolution";
  /** [output channels], one for all pixels. */
  readonly bias: Float32Array;
  /** Of the images it takes; `channels` are the topology's columns. */
  readonly input: ImageShape;
}

/** Means over windows beside one another, without padding; rows and columns that fill no window are left out. */
export interface AveragePoolLayer {
  readonly kind: "averagePool";
  readonly name: string;
  readonly input: ImageShape;
  /** Sides of a window, which are its strides too; those of the image for global pooling. */
  readonly window: { readonly height: number; readonly width: number };
}

/** Images as vectors: channel by channel, each row by row. */
export interface FlattenLayer {
  readonly kind: "flatten";
  readonly name: string;
  readonly input: ImageShape;
}

/**
 * Squares of s × s pixels become s² channels: output channel c·s² + i·s + j is the pixels (s·p + i, s·q + j) of input
 * channel c, as in PyTorch's `pixel_unshuffle`. Invertible; s divides both sides.
 */
export interface SpaceToDepthLayer {
  readonly kind: "spaceToDepth";
  readonly name: string;
  readonly input: ImageShape;
  readonly side: number;
}

/** Zeros around an image, half of them on each side; where they are odd in number, one more right and below. */
export interface PadLayer {
  readonly kind: "pad";
  readonly name: string;
  readonly input: ImageShape;
  /** Of the images it gives, at least those of its input. */
  readonly height: number;
  readonly width: number;
}

/**
 * Channels in pairs (c, c + C/2) become their larger and their smaller value (Anil, Lucas & Grosse, ICML 2019): a
 * permutation at every point, so gradients keep their norm. C is even.
 */
export interface MaxMinLayer {
  readonly kind: "maxMin";
  readonly name: string;
  readonly input: ImageShape;
}

/**
 * y = activation(weights · (x − mean) / √(variance + ε) + bias), per channel (Ioffe & Szegedy, ICML 2015). Training
 * takes mean and variance of each shard of samples (ghost batch normalization, Hoffer et al., NeurIPS 2017), and
 * moves `statistics` towards them; everything else uses `statistics`.
 */
export interface BatchNormLayer {
  readonly kind: "batchNorm";
  readonly name: string;
  readonly input: ImageShape;
  /** [channels] */
  readonly weights: Float32Array;
  /** [channels] */
  readonly bias: Float32Array;
  /** [2, channels]: running means, then running variances (of PyTorch's kind, divided by n − 1). */
  readonly statistics: Float32Array;
  /** ε, above 0. */
  readonly epsilon: number;
  /** Share of the way that `statistics` move in a step, in (0, 1]. */
  readonly momentum: number;
  readonly activation: Activation;
}

/**
 * y = activation(x + shortcut), the shortcut being an earlier layer's output: every s-th pixel of every s-th row where
 * its image is s times as high and wide, and zeros for channels that it does not have (option A of He et al., CVPR 2016).
 */
export interface AddLayer {
  readonly kind: "add";
  readonly name: string;
  readonly input: ImageShape;
  /** Name of the earlier layer. */
  readonly from: string;
  readonly activation: Activation;
}

/** A layer of any kind. */
export type Layer =
  | LinearLayer
  | ConvolutionLayer
  | AveragePoolLayer
  | FlattenLayer
  | SpaceToDepthLayer
  | PadLayer
  | MaxMinLayer
  | BatchNormLayer
  | AddLayer;

/** A layer with a sparse mask. */
export type WeightedLayer = LinearLayer | ConvolutionLayer;

/** A tanh network's start on the critical line (docs/theory.md, section 8), and the input scale once measured. */
export interface CriticalScales {
  /** Mean square of the pre-activations that every layer keeps. */
  readonly meanSquare: number;
  /** σ_w, the weights' gain. */
  readonly gain: number;
  /** σ_b², the biases' variance. */
  readonly biasVariance: number;
  /** Factor on the last layer's weights beyond `gain`; absent: 1. */
  readonly outputGain?: number;
  /** Factor already folded into the first layer's weights; absent until measured on samples. */
  readonly inputScale?: number;
}

/** How the weights' scale suits the activation. */
export type Start = "none" | "critical" | "isometric" | "looks-linear";

/** Where a network came from: enough to make it again. */
export interface Provenance {
  readonly seed: number;
  /** `"none"`: zero biases. `"critical"`, `"isometric"`: `critical` says the rest. `"looks-linear"`: ReLU. */
  readonly start: Start;
  readonly critical?: CriticalScales;
}

/** A chain of layers, each taking what the one before it gives; of linear ones (a multilayer perceptron) unless said. */
export interface Network<L extends Layer = LinearLayer> {
  readonly layers: readonly L[];
  readonly provenance: Provenance;
}

/** A network of layers of any kind. */
export type AnyNetwork = Network<Layer>;

/** Input width, then each layer's output width. */
export function widths(network: Network): number[] {
  return [network.layers[0].topology.columns, ...network.layers.map((layer) => layer.topology.rows)];
}

/** What a layer learns, or anything of the same shapes: gradients, momentum. */
export interface LayerParameters {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** Of batch normalization: kept up by training, but not by gradients. */
  readonly statistics?: Float32Array;
}

const none = new Float32Array(0);

/** A layer's parameters; empty arrays for layers that have none. */
export function parametersOf(layer: Layer): LayerParameters {
  if (layer.kind === "batchNorm") {
    return { weights: layer.weights, bias: layer.bias, statistics: layer.statistics };
  }
  return isWeighted(layer) ? { weights: layer.weights, bias: layer.bias } : { weights: none, bias: none };
}

/** What a layer applies to its pre-activations; `"linear"` for layers that apply nothing. */
export function activationOf(layer: Layer): Activation {
  return "activation" in layer ? layer.activation : "linear";
}

/** Whether a layer has a sparse mask. */
export function isWeighted(layer: Layer): layer is WeightedLayer {
  return layer.kind === "linear" || layer.kind === "convolution";
}

/** Whether all layers are linear: what a function of `Network` takes. */
export function isMlp(network: AnyNetwork): network is Network {
  return network.layers.every((layer) => layer.kind === "linear");
}

/** Weights and biases (and batch normalization's scales and shifts). */
export function parameterCount(network: AnyNetwork): number {
  return network.layers.reduce((sum, layer) => {
    const { weights, bias } = parametersOf(layer);
    return sum + weights.length + bias.length;
  }, 0);
}
