/**
 * @file A network in memory as the kernels take it: parameters once, and for each size of shard a table of layers
 * with the byte offsets of their units.
 */

import { toPanels } from "../engine/panels.ts";
import { outputPlaces, rowOrder } from "../engine/unit-order.ts";
import type { Activation, LinearLayer, Network } from "../network/network.ts";
import { groupCount, type Topology } from "../topology/topology.ts";
import type { GrowingMemory } from "./memory.ts";

/** In the order of `Word` in assembly/index.ts, which says what each is. */
const WORDS = [
  "kind",
  "rows",
  "groups",
  "weights",
  "bias",
  "places",
  "rowOffsets",
  "columnOffsets",
  "rowPointers",
  "columnBytes",
  "activation",
  "outputBytes",
] as const;
type Words = Partial<Record<(typeof WORDS)[number], number>>;

const ACTIVATIONS: Readonly<Record<Activation, number>> = { linear: 0, tanh: 1, relu: 2, hardtanh: 3 };

/** What does not depend on the size of a shard: addresses of a layer's parameters, sizes and rules. */
export type PlacedLayer = Readonly<Words>;

/** Addresses of a table and of the buffers that go with it. */
export interface Table {
  readonly rowBytes: number;
  readonly address: number;
  readonly input: number;
  readonly a: number;
  readonly b: number;
  readonly output: number;
}

/** Copies the parameters and what else is the same for all shards. */
export function placeLayers({ layers }: Network, memory: GrowingMemory): PlacedLayer[] {
  return layers.map((layer) => ({
    rows: layer.topology.rows,
    weights: memory.floats(stored(layer)),
    bias: memory.floats(storedBias(layer)),
    activation: ACTIVATIONS[layer.activation],
    ...fixedArrays(layer.topology, memory),
  }));
}

/** Makes the table for shards of `shardSize` samples (1, or a power of two from 8 to 1024). */
export function makeTable(
  { layers }: Network,
  placed: readonly PlacedLayer[],
  shardSize: number,
  memory: GrowingMemory,
): Table {
  const rowBytes = shardSize * 4;
  const bytes = (units: number) => units * rowBytes;
  // Activations go 32 bytes at a time.
  const room = (units: number) => Math.ceil(bytes(units) / 32) * 32;
  const offsets = (places: Int32Array) => memory.words(Uint32Array.from(places, bytes));
  const last = layers.length - 1;
  const words = layers.flatMap(({ topology }, i) => {
    const own: Words = {
      ...placed[i],
      outputBytes: room(topology.rows),
      places: offsets(outputPlaces(topology, layers[i + 1]?.topology)),
      columnBytes: topology.kind === "edges" ? offsets(topology.columnIndices) : 0,
    };
    return WORDS.map((word) => own[word] ?? 0);
  });
  const widest = Math.max(...layers.map(({ topology }) => topology.rows));
  return {
    rowBytes,
    address: memory.words(words),
    input: memory.allocate(bytes(layers[0].topology.columns)),
    a: memory.allocate(room(widest)),
    b: memory.allocate(room(widest)),
    output: memory.allocate(room(layers[last].topology.rows)),
  };
}

function stored({ topology, weights }: LinearLayer): Float32Array {
  if (topology.kind === "edges") return weights;
  const panels = new Float32Array(weights.length);
  toPanels(topology, weights, panels);
  return panels;
}

function storedBias({ topology, bias }: LinearLayer): Float32Array {
  const order = rowOrder(topology);
  return order ? Float32Array.from(order, (unit) => bias[unit]) : bias;
}

function fixedArrays(topology: Topology, memory: GrowingMemory): Words {
  if (topology.kind === "edges") return { kind: 1, rowPointers: memory.words(topology.rowPointers) };
  return {
    kind: 0,
    groups: groupCount(topology),
    rowOffsets: memory.words(topology.rowOffsets),
    columnOffsets: memory.words(topology.columnOffsets),
  };
}
