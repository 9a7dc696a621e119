/**
 * @file Small sound networks of every representation, for the tests of what reads and writes networks.
 */

import { type RandomStream, randomStream } from "../src/math/random.ts";
import type { LinearLayer, Network } from "../src/network/network.ts";
import { type BlockTopology, type EdgeTopology, nonZeros, type Topology } from "../src/topology/topology.ts";

/** Offsets that cut `total` into `pieces` of at least one. */
function cut(total: number, pieces: number, random: RandomStream): Int32Array {
  const inner = random.permutation(total - 1).slice(0, pieces - 1);
  return Int32Array.from([0, ...inner.map((i) => i + 1).sort(), total]);
}

function randomBlocks(rows: number, columns: number, random: RandomStream): BlockTopology {
  const groups = 1 + random.integer(Math.min(rows, columns));
  return {
    kind: "blocks",
    name: "sao",
    ...(random.integer(2) === 0 ? { arrangement: "random" } : {}),
    rows,
    columns,
    rowOrder: random.permutation(rows),
    columnOrder: random.permutation(columns),
    rowOffsets: cut(rows, groups, random),
    columnOffsets: cut(columns, groups, random),
  };
}

function randomEdges(rows: number, columns: number, random: RandomStream): EdgeTopology {
  const lists = Array.from({ length: rows }, () =>
    random
      .permutation(columns)
      .slice(0, random.integer(columns + 1))
      .sort(),
  );
  const rowPointers = new Int32Array(rows + 1);
  for (let r = 0; r < rows; r++) rowPointers[r + 1] = rowPointers[r] + lists[r].length;
  const construction = rows === columns ? randomConstruction(rows, random) : undefined;
  const columnIndices = Int32Array.from(lists.flatMap((list) => [...list]));
  return { kind: "edges", name: "random", rows, columns, rowPointers, columnIndices, ...construction };
}

function randomConstruction(size: number, random: RandomStream): Pick<EdgeTopology, "construction"> {
  const draw = () => Int32Array.from({ length: 3 }, () => random.integer(size));
  if (random.integer(2) === 0) return { construction: { kind: "clifford", shifts: draw(), signs: draw() } };
  if (size < 2) return {};
  const stage = () => random.permutation(size).slice(0, 2 * (1 + random.integer(Math.floor(size / 2))));
  return { construction: { kind: "givens", stages: [stage(), stage()] } };
}

/** Groups of random, uneven sizes on random orders: what no builder would make, so that nobody assumes what they do. */
export function unevenBlocks(
  rows: number,
  columns: number,
  groups: number,
  random: RandomStream,
): BlockTopology {
  const [rowOffsets, columnOffsets] = [cut(rows, groups, random), cut(columns, groups, random)];
  const [rowOrder, columnOrder] = [random.permutation(rows), random.permutation(columns)];
  return { kind: "blocks", name: "test", rows, columns, rowOrder, columnOrder, rowOffsets, columnOffsets };
}

/** Blocks or edges of any kind, now and then with outputs that nothing is connected to. */
export function randomTopology(rows: number, columns: number, random: RandomStream): Topology {
  return (random.integer(2) === 0 ? randomBlocks : randomEdges)(rows, columns, random);
}

/** A layer of random numbers on `topology`, called `layers.i`. */
export function randomLayer(topology: Topology, i: number, random: RandomStream): LinearLayer {
  const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
  return {
    kind: "linear",
    name: `layers.${i}`,
    topology,
    weights: normals(nonZeros(topology)),
    bias: normals(topology.rows),
    activation: (["linear", "tanh", "relu", "hardtanh"] as const)[random.integer(4)],
    asked: [{}, { sparsity: random.uniform() }, { groups: 2 }, { degree: 3 }][random.integer(4)],
    initializer: "orthogonal",
  };
}

/** A sound network of 1 to 4 layers, 1 to 9 units wide. */
export function randomNetwork(seed: number): Network {
  const random = randomStream(seed);
  const layers: LinearLayer[] = [];
  let columns = 1 + random.integer(9);
  for (let i = 1 + random.integer(4); i > 0; i--) {
    const rows = random.integer(3) === 0 ? columns : 1 + random.integer(9);
    layers.push(randomLayer(randomTopology(rows, columns, random), layers.length, random));
    columns = rows;
  }
  const critical = { meanSquare: 0.0005, gain: 1.0005, biasVariance: 1e-10, inputScale: 0.1 };
  const provenance =
    random.integer(2) === 0 ? { start: "none" as const } : { start: "critical" as const, critical };
  return { layers, provenance: { seed, ...provenance } };
}

/** The first random network whose first layer is of `kind` and large enough to break in many ways. */
export function networkOf(kind: Topology["kind"]): Network {
  for (let seed = 0; ; seed++) {
    const found = randomNetwork(seed);
    const { topology } = found.layers[0];
    const parts = topology.kind === "blocks" ? topology.rowOffsets.length - 1 : nonZeros(topology);
    if (topology.kind === kind && topology.rows > 3 && topology.columns > 3 && parts > 2) return found;
  }
}
