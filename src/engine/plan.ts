/**
 * @file Lays a network, its gradients, optimizer state and activations out in one wasm memory.
 *
 * Everything is allocated once, at its final size; nothing grows. Parameters are one flat vector, all weights
 * then all biases, then all statistics, each layer's part padded to 16 bytes and biases and statistics beginning on a
 * chunk boundary, so that gradients and optimizer state are vectors of the same layout.
 */

import { ArgumentError } from "../errors.ts";
import { networkInput, networkOutput, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, type Layer, parameterCount, parametersOf } from "../network/network.ts";
import { chooseArena } from "./arena.ts";
import {
  DESCRIPTOR_WORDS,
  describeStructure,
  descriptorWords,
  type LayerPlace,
  type SharedTables,
} from "./descriptor.ts";

/** First byte of the header and, after 64 words, of its f64 fields (kernels/assembly/header.ts). */
const HEADER = 1024;
const REALS = HEADER + 256;
const FIRST_FREE = 2048;
/** Bytes of an optimizer chunk (kernels/assembly/optimizer.ts). */
const CHUNK = 32768;
/** What 32-bit addresses reach. */
const MAXIMUM_BYTES = 2 ** 32;

/** Word numbers of the header, in the order of kernels/assembly/header.ts. */
const FIELDS = [
  "layers",
  "descriptors",
  "rowBytes",
  "parameters",
  "parameterBytes",
  "weightBytes",
  "learnedBytes",
  "gradients",
  "lanes",
  "together",
  "shards",
  "inputs",
  "inputBytes",
  "labels",
  "values",
  "outputs",
  "outputBytes",
  "lossSums",
  "correct",
  "arenas",
  "arenaBytes",
  "gradientA",
  "gradientB",
  "delta",
  "transposed",
  "segment",
  "shortcuts",
  "loss",
  "count",
  "state1",
  "state2",
  "chunkSums",
  "optimizer",
  "nesterov",
] as const;
const REAL_FIELDS = [
  "labelSmoothing",
  "learningRate",
  "momentum",
  "weightDecay",
  "gradientScale",
  "beta1",
  "beta2",
  "epsilon",
  "correction1",
  "correction2",
] as const;
export type Field = (typeof FIELDS)[number];
export type Real = (typeof REAL_FIELDS)[number];

export interface PlanOptions {
  /** Samples per shard; a power of two from 8 on. */
  readonly shardSize: number;
  /** Shards that inputs and outputs have room for. */
  readonly shards: number;
  readonly lanes: number;
  readonly threads: number;
  /** Vectors of optimizer state. */
  readonly stateVectors: number;
  /** Bytes that the plan may take at most; absent: what 32-bit addresses reach. */
  readonly memoryBudget?: number;
}

/** Addresses (bytes) of everything, and the memory's size. */
export interface Plan {
  readonly fields: Record<Field, number>;
  readonly places: readonly LayerPlace[];
  /** Floats in the flat vectors, padding included. */
  readonly parameters: number;
  /** Chunks of the flat vectors. */
  readonly chunks: number;
  /** Sums of gradients that there is room for. */
  readonly sums: number;
  /** Layers whose last output alone is kept; all of them: nothing is computed twice (arena.ts). */
  readonly segment: number;
  readonly bytes: number;
  readonly indexArrays: readonly { address: number; values: ArrayLike<number> }[];
}

/** Computes the plan. Throws ArgumentError ("too-large") when it fits neither the budget nor 32-bit wasm memory. */
export function makePlan(network: AnyNetwork, options: PlanOptions): Plan {
  const { layers } = network;
  const { places, weightFloats, learnedFloats, parameters } = placeParameters(layers);
  const allocate = bumpAllocator();
  const rowBytes = options.shardSize * 4;
  const inputBytes = sizeOf(networkInput(network)) * rowBytes;
  const outputs = sizeOf(networkOutput(network));
  const chunks = Math.ceil((parameters * 4) / CHUNK);
  const vector = parameters * 4;
  const together = lanesTogether(layers, options);
  const sums = Math.ceil(options.lanes / together);
  const fields: Record<Field, number> = {
    layers: layers.length,
    descriptors: allocate(layers.length * DESCRIPTOR_WORDS * 4),
    rowBytes,
    parameters: allocate(vector),
    parameterBytes: vector,
    weightBytes: weightFloats * 4,
    learnedBytes: learnedFloats * 4,
    gradients: allocate(vector * sums),
    lanes: options.lanes,
    together,
    shards: 0,
    inputs: allocate(inputBytes * options.shards),
    inputBytes,
    labels: allocate(rowBytes * options.shards),
    values: allocate(outputs * rowBytes * options.shards),
    outputs: allocate(outputs * rowBytes * options.shards),
    outputBytes: outputs * rowBytes,
    lossSums: allocate(8 * options.shards),
    correct: allocate(4 * options.shards),
    arenas: 0,
    arenaBytes: 0,
    gradientA: 0,
    gradientB: 0,
    delta: 0,
    transposed: 0,
    segment: 0,
    shortcuts: layers.some(({ kind }) => kind === "add") ? 1 : 0,
    loss: 0,
    count: 0,
    state1: options.stateVectors > 0 ? allocate(vector) : 0,
    state2: options.stateVectors > 1 ? allocate(vector) : 0,
    chunkSums: allocate(8 * chunks),
    optimizer: 0,
    nesterov: 0,
  };
  const indexArrays: { address: number; values: ArrayLike<number> }[] = [];
  let indices = 0;
  const put = (values: ArrayLike<number>): number => {
    const address = allocate(values.length * 4);
    indexArrays.push({ address, values });
    indices += allocate(0) - address;
    return address;
  };
  const shared: SharedTables = new Map();
  const structures = layers.map((_, i) => describeStructure(layers, i, rowBytes, put, shared));
  const budget = Math.min(options.memoryBudget ?? MAXIMUM_BYTES, MAXIMUM_BYTES);
  const besides = allocate(0);
  const arena = chooseArena(layers, rowBytes, Math.floor((budget - besides) / options.threads));
  const bytes = besides + arena.bytes * options.threads;
  if (bytes > budget) throw tooLarge({ bytes, indices, budget }, network, options);
  const { spaces, bytes: arenaBytes, ...rest } = arena;
  Object.assign(fields, rest, { arenaBytes, arenas: allocate(arenaBytes * options.threads) });
  const words = structures.flatMap((structure, i) => descriptorWords(structure, places[i], spaces[i]));
  indexArrays.push({ address: fields.descriptors, values: words });
  return {
    fields,
    places,
    parameters,
    chunks,
    sums,
    segment: arena.segment,
    bytes: allocate(0),
    indexArrays,
  };
}

/** Writes header and descriptors. */
export function writePlan(plan: Plan, buffer: ArrayBufferLike): void {
  for (const { address, values } of plan.indexArrays)
    new Uint32Array(buffer, address, values.length).set(values);
  for (const name of FIELDS) writeField(buffer, name, plan.fields[name]);
}

export function writeField(buffer: ArrayBufferLike, name: Field, value: number): void {
  new Uint32Array(buffer, HEADER, FIELDS.length)[FIELDS.indexOf(name)] = value;
}

export function writeReal(buffer: ArrayBufferLike, name: Real, value: number): void {
  new Float64Array(buffer, REALS, REAL_FIELDS.length)[REAL_FIELDS.indexOf(name)] = value;
}

function placeParameters(layers: readonly Layer[]) {
  let end = 0;
  const take = (length: number): number => {
    const start = end;
    end += Math.ceil(length / 4) * 4;
    return start;
  };
  const toChunk = () => {
    end = Math.ceil((end * 4) / CHUNK) * (CHUNK / 4);
    return end;
  };
  const arrays = layers.map(parametersOf);
  const weights = arrays.map((layer) => take(layer.weights.length));
  const weightFloats = toChunk();
  const bias = arrays.map((layer) => take(layer.bias.length));
  const learnedFloats = arrays.some((layer) => layer.statistics) ? toChunk() : end;
  const statistics = arrays.map((layer) => take(layer.statistics?.length ?? 0));
  const places = layers.map((_, i) => ({ weights: weights[i], bias: bias[i], statistics: statistics[i] }));
  return { places, weightFloats, learnedFloats, parameters: end };
}

/**
 * How many lanes share a sum of gradients: two where they have one shard each and no thread has more of them to do for
 * it. The second lane's gradient is added to the first's as it comes, and the bits are those of adding the two lanes
 * afterwards. Convolutions add to a weight's gradient more than once a shard, and batch normalization has sums of its own.
 */
function lanesTogether(layers: readonly Layer[], { lanes, shards, threads }: PlanOptions): number {
  const addsOnce = layers.every(({ kind }) => kind !== "convolution" && kind !== "batchNorm");
  const pairs = Math.ceil(lanes / 2);
  // Threads take pairs in turn; of an odd number of lanes the last is alone, and may be all that is left.
  const spared = lanes % 2 === 1 && (pairs - 1) % threads === 0 ? 1 : 0;
  const longest = 2 * Math.ceil(pairs / threads) - spared;
  return addsOnce && shards === lanes && longest <= Math.ceil(lanes / threads) ? 2 : 1;
}

/** Addresses on 64-byte lines, from FIRST_FREE on. `allocate(0)` tells the end. */
function bumpAllocator(): (bytes: number) => number {
  let end = FIRST_FREE;
  return (bytes) => {
    const start = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    return start;
  };
}

/** Says what is needed, what there is, and what would fit. */
function tooLarge(
  { bytes, indices, budget }: { bytes: number; indices: number; budget: number },
  network: AnyNetwork,
  options: PlanOptions,
): ArgumentError {
  const limit = budget < MAXIMUM_BYTES ? "the memory budget is" : "32-bit WebAssembly has";
  const least = leastBytes(network, indices, options);
  const parameters = parameterCount(network);
  const room = Math.floor((budget - (least - parameterBytes(parameters, 1, options))) / 4);
  const fits = Math.max(0, Math.floor(room / (2 + options.stateVectors)));
  const advice =
    least <= budget
      ? `one thread, one lane and a shard size of 8 take ${size(least)}`
      : `of its ${parameters} parameters about ${fits} would fit: take more sparsity, or less width or depth`;
  return new ArgumentError(
    "too-large",
    `training needs ${size(bytes)} of memory even with activations computed again, and ${limit} ${size(budget)}; ${advice}`,
  );
}

/** What the same network and batch take at least: one thread, one lane, the smallest shards. */
function leastBytes(network: AnyNetwork, indices: number, options: PlanOptions): number {
  const { layers } = network;
  const samples = options.shards * options.shardSize;
  const ends = sizeOf(networkInput(network)) + 2 * sizeOf(networkOutput(network)) + 1;
  const descriptors = layers.length * DESCRIPTOR_WORDS * 4;
  const arena = chooseArena(layers, 8 * 4, 0).bytes;
  return (
    parameterBytes(parameterCount(network), 1, options) + 4 * samples * ends + indices + descriptors + arena
  );
}

/** Bytes of the parameters, their gradients in so many lanes, and the optimizer's state. */
function parameterBytes(parameters: number, lanes: number, { stateVectors }: PlanOptions): number {
  return 4 * parameters * (1 + lanes + stateVectors);
}

function size(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
