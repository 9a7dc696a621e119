/**
 * @file A network that only predicts, in wasm memory.
 */

import { loadInputs } from "../engine/load-batch.ts";
import { represent } from "../engine/representation.ts";
import { ArgumentError } from "../errors.ts";
import { networkInput, networkOutput, outputShape, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, isMlp, parameterCount } from "../network/network.ts";
import { type Kernels, startKernels } from "./kernels.ts";
import { GrowingMemory } from "./memory.ts";
import { type PlacedLayer, placeLayers } from "./place-layers.ts";
import { makeTable, type Table } from "./steps.ts";

/** What raw inputs are standardised by: (x − mean) / deviation. A run's data.json holds both. */
export interface Scaling {
  /** One number for all inputs, or one an input; finite. */
  readonly mean: ArrayLike<number>;
  /** As many; above 0. */
  readonly deviation: ArrayLike<number>;
}

/** Sides of an image, channels first. */
export interface Shape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A network, ready to predict. */
export interface Model {
  /** Numbers in an input, and in an output. */
  readonly inputs: number;
  readonly outputs: number;
  /** Of an input: images come channel by channel, each row by row; vectors are images of one pixel. */
  readonly shape: Shape;
  readonly layers: number;
  /** Weights and biases. */
  readonly parameters: number;
  /** `"simd"` or `"relaxed-simd"`: the last bits depend on it, as the engine's do. */
  readonly kernels: string;
  /** Bytes of wasm memory so far. */
  readonly bytes: number;
  /**
   * Outputs [count, outputs] of the last layer, before any softmax, for inputs [count, inputs], both row-major; any
   * count from 0. Throws ArgumentError (`"bad-input-size"`).
   */
  predict(inputs: Float32Array | Uint8Array): Float32Array;
}

/** Samples that go through the network together: one alone up to ONES, few for few, more where there are more. */
const ONES = 2;
const SMALL_SHARD = 8;
const SHARD = 32;
/**
 * Networks with images: few, as pixels fill vectors already, and one alone where few would make a layer's output larger
 * than this, too large to stay near the processor.
 */
const NEAR_BYTES = 2 ** 21;

/**
 * Puts a network that is known to be sound into memory, each layer as what the engine runs it as. Throws ArgumentError
 * (`"bad-scaling"`, `"out-of-memory"`).
 */
export async function startModel(
  given: AnyNetwork,
  scaling: Scaling | undefined,
  reproducible: boolean,
): Promise<Model> {
  const { network } = represent(given);
  const standardisation = checkedScaling(scaling, sizeOf(networkInput(network)));
  const memory = new GrowingMemory(4 * parameterCount(network));
  const placed = placeLayers(network, memory);
  const { kernels, name } = await startKernels(memory.memory, reproducible);
  return new WasmModel(network, standardisation, memory, placed, kernels, name);
}

class WasmModel implements Model {
  readonly inputs: number;
  readonly outputs: number;
  readonly layers: number;
  readonly parameters: number;
  readonly kernels: string;
  readonly shape: Shape;
  readonly #network: AnyNetwork;
  readonly #largestShard: number;
  readonly #scaling: Float32Scaling;
  readonly #memory: GrowingMemory;
  readonly #placed: readonly PlacedLayer[];
  readonly #kernels: Kernels;
  readonly #tables = new Map<number, Table>();

  constructor(
    network: AnyNetwork,
    scaling: Float32Scaling,
    memory: GrowingMemory,
    placed: readonly PlacedLayer[],
    kernels: Kernels,
    name: string,
  ) {
    const { channels, height, width } = networkInput(network);
    this.shape = { channels, height, width };
    this.inputs = sizeOf(this.shape);
    this.outputs = sizeOf(networkOutput(network));
    this.layers = network.layers.length;
    this.parameters = parameterCount(network);
    this.kernels = name;
    this.#network = network;
    this.#largestShard = largestShard(network);
    this.#scaling = scaling;
    this.#memory = memory;
    this.#placed = placed;
    this.#kernels = kernels;
  }

  get bytes(): number {
    return this.#memory.memory.buffer.byteLength;
  }

  predict(inputs: Float32Array | Uint8Array): Float32Array {
    const count = inputs.length / this.inputs;
    if (!Number.isInteger(count)) {
      throw new ArgumentError(
        "bad-input-size",
        `${inputs.length} numbers are no whole number of inputs of ${this.inputs}`,
      );
    }
    const result = new Float32Array(count * this.outputs);
    const wanted = count <= ONES ? 1 : count <= SMALL_SHARD ? SMALL_SHARD : SHARD;
    const shardSize = Math.min(wanted, this.#largestShard);
    for (let first = 0; first < count; first += shardSize) {
      this.#predictShard(inputs, first, Math.min(shardSize, count - first), shardSize, result);
    }
    return result;
  }

  #predictShard(
    inputs: Float32Array | Uint8Array,
    first: number,
    count: number,
    shardSize: number,
    result: Float32Array,
  ): void {
    const { address, steps, rowBytes, input, output, inputOrder } = this.#table(shardSize);
    // Places that no sample fills repeat the last one.
    const rows = Float64Array.from({ length: shardSize }, (_, s) => first + Math.min(s, count - 1));
    const { buffer } = this.#memory.memory;
    const { inputs: width, outputs } = this;
    const to = new Float32Array(buffer, input, width * shardSize);
    loadInputs(
      { count, inputs, ...this.#scaling },
      rows,
      { inputs: width, outputs, shardSize, order: inputOrder },
      to,
    );
    this.#kernels.forward(address, steps, rowBytes);
    const from = new Float32Array(buffer, output, outputs * shardSize);
    for (let s = 0; s < count; s++) {
      for (let k = 0; k < outputs; k++) result[(first + s) * outputs + k] = from[k * shardSize + s];
    }
  }

  #table(shardSize: number): Table {
    let table = this.#tables.get(shardSize);
    if (table === undefined) {
      table = makeTable(this.#network, this.#placed, shardSize, this.#memory);
      this.#tables.set(shardSize, table);
    }
    return table;
  }
}

function largestShard(network: AnyNetwork): number {
  if (isMlp(network)) return SHARD;
  const largest = Math.max(...network.layers.map((layer) => sizeOf(outputShape(layer))));
  return 4 * SMALL_SHARD * largest <= NEAR_BYTES ? SMALL_SHARD : 1;
}

interface Float32Scaling {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

function checkedScaling(scaling: Scaling | undefined, inputs: number): Float32Scaling {
  const mean = Float32Array.from(scaling?.mean ?? [0]);
  const deviation = Float32Array.from(scaling?.deviation ?? [1]);
  for (const [name, values] of [
    ["mean", mean],
    ["deviation", deviation],
  ] as const) {
    if (values.length !== 1 && values.length !== inputs) {
      throw new ArgumentError(
        "bad-scaling",
        `the ${name} has ${values.length} numbers; it takes 1, or ${inputs}, one an input`,
      );
    }
  }
  if (!mean.every(Number.isFinite) || !deviation.every((value) => value > 0 && Number.isFinite(value))) {
    throw new ArgumentError("bad-scaling", "means must be finite and deviations finite and above 0");
  }
  return { mean, deviation };
}
