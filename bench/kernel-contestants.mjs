/** @file What is timed of the kernels' module, in Node or in a page: each kernel over one layer, and the machine's limits. */

import { repeat } from "./engine.mjs";
import { buildTopology, randomStream, transpose } from "./isosparse.mjs";
import { allocator } from "./kernel-module.mjs";

export const PASSES = ["forward", "backward", "gradient"];
/** Width of the layer. */
export const WIDTH = 128;
/** Repetitions within one call from JavaScript. */
export const CALLS = 32;

const ITERATIONS = 20_000;
const ACCUMULATORS = [8, 10, 12, 13, 14];
const PRODUCTS = "products, 4 × 2";

/** Degrees at which each form's kernels are timed. */
export const DEGREES = { blocks: [2, 4, 8, 16, 32, 64, 128], edges: [2, 4, 8, 16, 32, 128] };
export const QUICK_DEGREES = { blocks: [4, 16], edges: [4, 16] };

/** Names of the shapes of multiply+add. */
export const PEAK_SHAPES = [...ACCUMULATORS.map(chainsName), PRODUCTS];

function chainsName(count) {
  return `${count} chains`;
}

/** Multiply+add on registers: contestants, and the FLOPs of one repetition. */
export function peakContestants({ kernels, memory }) {
  const { floats } = allocator(memory);
  const w = floats(4, (i) => 1 + i / 4);
  const x = floats(1024, (i) => 1 + i / 1024);
  const contestant = (name, flops, work) => ({ name, flops: ITERATIONS * flops, run: repeat(work) });
  return [
    ...ACCUMULATORS.map((n) => contestant(chainsName(n), 8 * n, () => kernels[`chains${n}`](ITERATIONS))),
    contestant(PRODUCTS, 64, () => kernels.products(w, x, ITERATIONS)),
  ];
}

/** Sizes that fit the first, second and third level of cache of most machines, and one that fits none. */
export const MEMORY_SIZES = { L1: 2 ** 14, L2: 2 ** 18, L3: 2 ** 22, memory: 192 * 2 ** 20 };

/** Reading, writing and copying within so many bytes: contestants, and the bytes that one repetition moves. */
export function bandwidthContestants({ kernels, memory }) {
  // Written first: pages never written are all the same page of zeros.
  const start = allocator(memory).floats(Math.max(...Object.values(MEMORY_SIZES)) / 4, () => 1);
  return Object.entries(MEMORY_SIZES).flatMap(([level, bytes]) => [
    { name: `read ${level}`, kind: "read", level, bytes, run: repeat(() => kernels.read(start, bytes)) },
    { name: `write ${level}`, kind: "write", level, bytes, run: repeat(() => kernels.write(start, bytes)) },
    {
      name: `copy ${level}`,
      kind: "copy",
      level,
      bytes,
      run: repeat(() => kernels.copy(start, start + bytes / 2, bytes / 2)),
    },
  ]);
}

/** The three passes over a layer of blocks or of edges. */
export function layerContestants(module, form, degree, shard) {
  return form === "blocks" ? blockContestants(module, degree, shard) : edgeContestants(module, degree, shard);
}

function samples({ memory }, shard) {
  const random = randomStream(1);
  const { floats, words } = allocator(memory);
  const noise = () => random.normal();
  const area = () => floats(WIDTH * shard, noise);
  const rowBytes = shard * 4;
  // Outputs go where the next layer's groups have them: the perfect shuffle, as in the de Bruijn arrangement.
  const shuffled = (degree) => (i) => (i % degree) * (WIDTH / degree) + Math.floor(i / degree);
  const offsets = (units) => words(Uint32Array.from(units, (unit) => unit * rowBytes));
  return {
    floats,
    words,
    noise,
    rowBytes,
    offsets,
    places: (degree) => offsets(Array.from({ length: WIDTH }, (_, i) => shuffled(degree)(i))),
    x: area(),
    delta: area(),
    transposed: area(),
    out: floats(WIDTH * shard),
    bias: floats(WIDTH),
  };
}

function blockContestants(module, degree, shard) {
  const { kernels } = module;
  const { floats, noise, rowBytes, places, x, delta, transposed, out, bias } = samples(module, shard);
  const groups = WIDTH / degree;
  const w = floats(WIDTH * degree, noise);
  const g = floats(WIDTH * degree);
  const rows = places(degree);
  return {
    forward: repeat(() => kernels.layerForward(CALLS, groups, degree, w, x, rows, out, bias, rowBytes)),
    backward: repeat(() => kernels.layerBackward(CALLS, groups, degree, w, delta, out, rowBytes)),
    gradient: repeat(() => kernels.layerGradient(CALLS, groups, degree, g, delta, transposed, x, rowBytes)),
  };
}

function edgeContestants(module, degree, shard) {
  const { kernels } = module;
  const { floats, words, noise, rowBytes, offsets, places, x, delta, out, bias } = samples(module, shard);
  const shape = { rows: WIDTH, columns: WIDTH };
  const topology = buildTopology("fixed-fan-in", shape, { degree }, { random: randomStream(degree) });
  const back = transpose(topology);
  const w = floats(WIDTH * degree, noise);
  const g = floats(WIDTH * degree);
  const pointers = words(topology.rowPointers);
  const columns = offsets(topology.columnIndices);
  const to = places(1);
  const columnPointers = words(back.columnPointers);
  const rows = offsets(back.rowIndices);
  const weights = words(Uint32Array.from(back.weightIndices, (edge) => edge * 4));
  const times = (kernel) => repeat(() => repeat(kernel)(CALLS));
  return {
    forward: times(() => kernels.edgesForward(w, WIDTH, pointers, columns, x, to, out, bias, rowBytes)),
    backward: times(() =>
      kernels.edgesBackward(w, WIDTH, columnPointers, rows, weights, delta, out, rowBytes),
    ),
    gradient: times(() => kernels.edgesGradient(g, WIDTH, pointers, columns, delta, x, rowBytes, true)),
  };
}

/** tanh over one layer's shard in the first-level cache, and its backward pass with the bias gradient; `count` elements. */
export function elementwiseContestants({ kernels, memory }, shard) {
  const TANH = 1;
  const count = WIDTH * shard;
  const random = randomStream(2);
  const { floats, words } = allocator(memory);
  const rowBytes = shard * 4;
  const places = words(Array.from({ length: WIDTH }, (_, i) => i * rowBytes));
  const z = floats(count, () => random.normal());
  const y = floats(count, () => random.normal());
  const gradient = floats(count, () => random.normal());
  const delta = floats(count);
  const transposed = floats(count);
  const bias = floats(WIDTH);
  return {
    count,
    tanh: repeat(() => kernels.activate(TANH, z, count * 4)),
    backward: repeat(() =>
      kernels.differentiate(TANH, WIDTH, places, gradient, y, delta, transposed, bias, rowBytes, false),
    ),
  };
}
