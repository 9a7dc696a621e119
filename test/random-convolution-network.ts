/**
 * @file Small sound networks of layers of every kind, for tests of whatever takes any network.
 */

import type { ImageShape } from "../src/init/convolution/convolution.ts";
import { type RandomStream, randomStream } from "../src/math/random.ts";
import { outputShape, sizeOf } from "../src/network/layer-shape.ts";
import type {
  Activation,
  AnyNetwork,
  BatchNormLayer,
  ConvolutionLayer,
  Layer,
  LinearLayer,
} from "../src/network/network.ts";
import { nonZeros } from "../src/topology/topology.ts";
import { randomTopology } from "./random-network.ts";

export interface RandomConvolutionNetworkOptions {
  /** Kinds to draw hidden layers from. Default: all. */
  readonly kinds?: readonly Layer["kind"][];
  /** Activations to draw from. Default: all. */
  readonly activations?: readonly Activation[];
}

const hiddenKinds = [
  "convolution",
  "averagePool",
  "spaceToDepth",
  "pad",
  "maxMin",
  "batchNorm",
  "add",
] as const satisfies readonly Layer["kind"][];

const allActivations: readonly Activation[] = ["linear", "tanh", "relu", "hardtanh"];

/** Larger images than this take too long in tests that look at each pixel. */
const mostNumbers = 500;

/**
 * A sound network: images of 1 to 4 channels and 2 to 7 pixels a side, a convolution, up to 7 layers drawn from `kinds`,
 * then (often after global pooling) flattening and a linear layer. Weights keep signals near size 1.
 */
export function randomConvolutionNetwork(
  seed: number,
  { kinds = hiddenKinds, activations = allActivations }: RandomConvolutionNetworkOptions = {},
): AnyNetwork {
  const random = randomStream(seed);
  const draft = new Draft(random, activations);
  draft.add("convolution");
  const hidden = hiddenKinds.filter((kind) => kinds.includes(kind));
  const more = hidden.length === 0 ? 0 : random.integer(8);
  for (let i = 0; i < more; i++) draft.add(pick(hidden, random));
  if (random.integer(2) === 0) draft.globalPool();
  return draft.finish(seed);
}

/** A sound network that has a layer of every kind, the rest drawn from the seed. */
export function everyKindNetwork(
  seed: number,
  activations: readonly Activation[] = allActivations,
): AnyNetwork {
  const random = randomStream(seed);
  const draft = new Draft(random, activations, { channels: 1 + random.integer(3), height: 5, width: 3 });
  draft.add("convolution");
  draft.pad(1 + random.integer(2));
  for (const kind of ["spaceToDepth", "batchNorm", "maxMin", "convolution", "add", "averagePool"] as const) {
    draft.add(kind);
  }
  return draft.finish(seed);
}

/** Layers so far; each next one takes what the last one gives. */
class Draft {
  readonly #layers: Layer[] = [];
  #shape: ImageShape;

  constructor(
    readonly random: RandomStream,
    readonly activations: readonly Activation[],
    input?: ImageShape,
  ) {
    const side = () => 2 + random.integer(6);
    this.#shape = input ?? { channels: 1 + random.integer(4), height: side(), width: side() };
  }

  /** A layer of a kind, if there can be one here and the images do not grow beyond use. */
  add(kind: (typeof hiddenKinds)[number]): void {
    const layer = this.#make(kind, `layers.${this.#layers.length}`, this.#shape);
    if (layer !== undefined && sizeOf(outputShape(layer)) <= mostNumbers) this.#push(layer);
  }

  /** Zeros around until both sides are even, and `more` times two besides. */
  pad(more: number): void {
    const { height, width } = this.#shape;
    const name = `layers.${this.#layers.length}`;
    const even = (side: number) => side + (side % 2) + 2 * more;
    this.#push({ kind: "pad", name, input: this.#shape, height: even(height), width: even(width) });
  }

  globalPool(): void {
    const { height, width } = this.#shape;
    this.#push({ kind: "averagePool", name: "pool", input: this.#shape, window: { height, width } });
  }

  finish(seed: number): AnyNetwork {
    this.#push({ kind: "flatten", name: "flatten", input: this.#shape });
    this.#push(this.#head());
    return { layers: this.#layers, provenance: { seed, start: "none" } };
  }

  #push(layer: Layer): void {
    this.#layers.push(layer);
    this.#shape = outputShape(layer);
  }

  #make(kind: (typeof hiddenKinds)[number], name: string, input: ImageShape): Layer | undefined {
    const { random } = this;
    const { height, width } = input;
    switch (kind) {
      case "convolution":
        return this.#convolution(name, input);
      case "averagePool": {
        const window = { height: 1 + random.integer(height), width: 1 + random.integer(width) };
        return { kind, name, input, window };
      }
      case "spaceToDepth": {
        const sides = [2, 3].filter((side) => height % side === 0 && width % side === 0);
        return sides.length === 0 ? undefined : { kind, name, input, side: pick(sides, random) };
      }
      case "pad":
        return { kind, name, input, height: height + random.integer(3), width: width + random.integer(3) };
      case "maxMin":
        return input.channels % 2 === 1 ? undefined : { kind, name, input };
      case "batchNorm":
        return this.#batchNorm(name, input);
      case "add":
        return this.#addition(name, input);
    }
  }

  #convolution(name: string, input: ImageShape): ConvolutionLayer {
    const { random } = this;
    const channels = random.integer(2) === 0 ? input.channels : 1 + random.integer(6);
    const topology = randomTopology(channels, input.channels, random);
    const kernelSize = 1 + random.integer(4);
    const size = 1 / Math.sqrt((nonZeros(topology) / channels) * kernelSize ** 2 + 1);
    return {
      kind: "convolution",
      name,
      topology,
      weights: normals(nonZeros(topology) * kernelSize ** 2, size, random),
      bias: normals(channels, 0.3, random),
      kernelSize,
      stride: 1 + random.integer(2),
      dilation: 1 + random.integer(3),
      padding: random.integer(2) === 0 ? "zeros" : "circular",
      input,
      activation: pick(this.activations, random),
      asked: pick([{}, { sparsity: 0.5 }, { degree: 1 }], random),
      initializer: "kaiming",
    };
  }

  #batchNorm(name: string, input: ImageShape): BatchNormLayer {
    const { random } = this;
    const { channels } = input;
    const statistics = normals(2 * channels, 0.3, random);
    for (let c = channels; c < 2 * channels; c++) statistics[c] = 0.3 + Math.abs(statistics[c]);
    return {
      kind: "batchNorm",
      name,
      input,
      weights: normals(channels, 0.3, random).map((x) => 1 + x),
      bias: normals(channels, 0.3, random),
      statistics,
      epsilon: 1e-5,
      momentum: 0.1,
      activation: pick(this.activations, random),
    };
  }

  #addition(name: string, input: ImageShape): Layer | undefined {
    const fitting = this.#layers.filter((layer) => {
      const from = outputShape(layer);
      const step = from.height / input.height;
      return from.channels <= input.channels && Number.isInteger(step) && from.width === step * input.width;
    });
    if (fitting.length === 0) return undefined;
    const from = pick(fitting, this.random).name;
    return { kind: "add", name, input, from, activation: pick(this.activations, this.random) };
  }

  #head(): LinearLayer {
    const { random } = this;
    const outputs = 1 + random.integer(5);
    const topology = randomTopology(outputs, this.#shape.channels, random);
    return {
      kind: "linear",
      name: "head",
      topology,
      weights: normals(nonZeros(topology), 1 / Math.sqrt(nonZeros(topology) / outputs + 1), random),
      bias: normals(outputs, 0.3, random),
      activation: "linear",
      asked: {},
      initializer: "gaussian",
    };
  }
}

function pick<T>(from: readonly T[], random: RandomStream): T {
  return from[random.integer(from.length)];
}

function normals(length: number, deviation: number, random: RandomStream): Float32Array {
  return Float32Array.from({ length }, () => deviation * random.normal());
}
