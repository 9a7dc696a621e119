/**
 * @file A network of layers of any kind as the matrix that it is to small changes of a sample: the product of its
 * layers' matrices, with what shortcuts add.
 */

import type { LinearOperator } from "../math/lanczos.ts";
import { inputShape, outputShape, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, activationOf, type Layer } from "../network/network.ts";
import { type ChainLink, chainOperator, diagonalOperator, identityOperator } from "./chain-operator.ts";
import {
  batchNormOperator,
  maxMinOperator,
  rearrangementOperator,
  shortcutOperator,
  weightOperator,
  windowSums,
} from "./layer-operators.ts";
import { sampleOf, slopesAt } from "./slopes.ts";

/** What a layer is at every sample, and what of it is known only at one. */
interface LayerLinks {
  readonly links: readonly ChainLink[];
  /** Multiply-adds of a product with the layer. */
  readonly cost: number;
  /** Whether one more link comes from a sample. */
  readonly sampled: boolean;
}

/** The linearisations of a network at some samples of a forward pass. */
export class Linearisation {
  readonly #layers: readonly LayerLinks[];
  /** [layers][samples] links that depend on the sample. */
  readonly #sampled: ChainLink[][] = [];
  readonly #network: AnyNetwork;
  readonly #samples: number;
  /** [samples] what the next layer takes, where it is needed. */
  #inputs: Float64Array[];

  /** `inputs`: those of each sample. */
  constructor(network: AnyNetwork, inputs: readonly Float64Array[]) {
    this.#network = network;
    this.#samples = inputs.length;
    this.#inputs = [...inputs];
    const given = new Map<string, { value: number; layer: Layer }>();
    let value = 0;
    this.#layers = network.layers.map((layer) => {
      const links = linksOf(layer, given);
      value += links.links.length + (links.sampled ? 1 : 0);
      given.set(layer.name, { value, layer });
      return links;
    });
  }

  /** Bytes that a sample takes. */
  static sampleBytes({ layers }: AnyNetwork): number {
    return layers.reduce((sum, layer) => sum + (isSampled(layer) ? 8 * sizeOf(outputShape(layer)) : 0), 0);
  }

  /** To be called after each layer of the forward pass, which may be of more samples than these. */
  visit(index: number, preActivations: Float64Array, activations: Float64Array): void {
    const { layers } = this.#network;
    const layer = layers[index];
    const count = activations.length / sizeOf(outputShape(layer));
    const each = <T>(make: (sample: number) => T): T[] =>
      Array.from({ length: this.#samples }, (_, s) => make(s));
    if (layer.kind === "maxMin") {
      this.#sampled[index] = each((s) => ({ operator: maxMinOperator(layer, this.#inputs[s]) }));
    } else if (this.#layers[index].sampled) {
      const activation = activationOf(layer);
      this.#sampled[index] = each((s) => {
        return { operator: diagonalOperator(slopesAt(activation, preActivations, count, s)) };
      });
    }
    if (layers[index + 1]?.kind === "maxMin") this.#inputs = each((s) => sampleOf(activations, count, s));
  }

  /** Multiply-adds of a product with the Jacobian of layer `last`'s activations. */
  cost(last: number): number {
    return this.#layers.slice(0, last + 1).reduce((sum, layer) => sum + layer.cost, 0);
  }

  /** The Jacobian of layer `last`'s activations by the inputs. */
  jacobian(sample: number, last: number): LinearOperator {
    const links = this.#layers.slice(0, last + 1).flatMap(({ links, sampled }, k) => {
      return sampled ? [...links, this.#sampled[k][sample]] : links;
    });
    const input = sizeOf(inputShape(this.#network.layers[0]));
    return chainOperator(links.length > 0 ? links : [{ operator: identityOperator(input) }]);
  }
}

/** Whether a layer's derivative depends on the sample. */
function isSampled(layer: Layer): boolean {
  return layer.kind === "maxMin" || activationOf(layer) !== "linear";
}

function linksOf(layer: Layer, given: ReadonlyMap<string, { value: number; layer: Layer }>): LayerLinks {
  const size = sizeOf(outputShape(layer));
  const sampled = isSampled(layer);
  const same = (operators: readonly LinearOperator[], cost: number): LayerLinks => {
    return { links: operators.map((operator) => ({ operator })), cost: cost + size, sampled };
  };
  switch (layer.kind) {
    case "linear":
    case "convolution": {
      const { operator, cost } = weightOperator(layer);
      return same([operator], cost);
    }
    case "averagePool": {
      const share = 1 / (layer.window.height * layer.window.width);
      return same(
        [windowSums(layer), diagonalOperator(new Float64Array(size).fill(share))],
        sizeOf(layer.input),
      );
    }
    case "spaceToDepth":
    case "pad":
      return same([rearrangementOperator(layer)], 0);
    case "batchNorm":
      return same([batchNormOperator(layer)], 0);
    case "add": {
      const { value, layer: source } = given.get(layer.from)!;
      const shortcut = { from: value, operator: shortcutOperator(layer.input, outputShape(source)) };
      return { links: [{ operator: identityOperator(size), shortcut }], cost: 2 * size, sampled };
    }
    default:
      return same([], 0);
  }
}
