/**
 * @file A network as the C file's tables hold it: which rule or index array places each unit, layers of the same
 * shape described once.
 *
 * Most layers need no index array at all: with nearly equal groups a unit's place follows from its number, for units
 * that lie side by side (`contiguous`) and for units dealt out like cards (`dealt`: unit t of group q is q + t·g),
 * and a de Bruijn layer is exactly that (docs/theory.md, section 3).
 */

import type { Activation, WeightedLayer } from "../../network/network.ts";
import { type BlockTopology, type EdgeTopology, groupCount } from "../../topology/topology.ts";
import { unsignedBits } from "./c-text.ts";

/** Activations as the C file numbers them. */
export const ACTIVATION_CODES: Readonly<Record<Activation, number>> = {
  linear: 0,
  tanh: 1,
  relu: 2,
  hardtanh: 3,
};

/** What stands for an index array where a rule does. */
export const CONTIGUOUS = 0xffffffff;
export const DEALT = 0xfffffffe;
/** Stands for an array of sizes where groups are nearly equal, or rows have equally many edges. */
export const EVEN = 0xffffffff;

/** One row of the C file's table of shapes. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** Blocks: groups. Edges: edges of each row, where all have as many. */
  readonly groups: number;
  /** A convolution's taps too. */
  readonly weights: number;
  /** CONTIGUOUS, DEALT or a place in the layer's index array. */
  readonly rowOrder: number;
  readonly columnOrder: number;
  /** EVEN or a place in the layer's index array: of [rows, columns] of each group, or of each row's edges. */
  readonly sizes: number;
  readonly activation: number;
  readonly edges: 0 | 1;
  /** Bits of this layer's indices: which array they are in. */
  readonly indexBits: 8 | 16 | 32;
}

/** The tables of a C file. */
export interface Tables {
  readonly shapes: readonly Shape[];
  /** [layers] the shape of each. */
  readonly shapeOf: readonly number[];
  readonly indices: ReadonlyMap<8 | 16 | 32, readonly number[]>;
}

/** An index array, or the rule that makes it superfluous. */
type Order = typeof CONTIGUOUS | typeof DEALT | Int32Array;

/** The tables of these layers, equal shapes and equal index arrays kept once. */
export function tabulate(layers: readonly WeightedLayer[]): Tables {
  const indices = new IndexArrays();
  const shapes: Shape[] = [];
  const known = new Map<string, number>();
  const shapeOf = layers.map((layer) => {
    const shape = shapeFor(layer, indices);
    const key = Object.values(shape).join();
    const found = known.get(key) ?? shapes.push(shape) - 1;
    known.set(key, found);
    return found;
  });
  return { shapes, shapeOf, indices: indices.arrays };
}

function shapeFor({ topology, weights, activation }: WeightedLayer, indices: IndexArrays): Shape {
  const { rows, columns } = topology;
  const common = { rows, columns, weights: weights.length, activation: ACTIVATION_CODES[activation] };
  if (topology.kind === "edges") {
    const lengths = rowLengths(topology);
    const equal = lengths.every((length) => length === lengths[0]);
    const indexBits = unsignedBits(Math.max(columns - 1, ...(equal ? [] : [largest(lengths)])));
    return {
      ...common,
      groups: equal ? lengths[0] : 0,
      rowOrder: CONTIGUOUS,
      columnOrder: indices.place(indexBits, topology.columnIndices),
      sizes: equal ? EVEN : indices.place(indexBits, lengths),
      edges: 1,
      indexBits,
    };
  }
  const { rowOffsets, columnOffsets } = topology;
  const even = isEven(rowOffsets) && isEven(columnOffsets);
  const rowOrder = orderRule(topology.rowOrder, rowOffsets, even);
  const columnOrder = orderRule(topology.columnOrder, columnOffsets, even);
  const indexBits = unsignedBits(Math.max(rows, columns));
  const place = (order: Order) => (typeof order === "number" ? order : indices.place(indexBits, order));
  return {
    ...common,
    groups: groupCount(topology),
    rowOrder: place(rowOrder),
    columnOrder: place(columnOrder),
    sizes: even ? EVEN : indices.place(indexBits, groupSizes(topology)),
    edges: 0,
    indexBits,
  };
}

/** Whether group q has ⌊n/g⌋ units and one more while q < n mod g. */
function isEven(offsets: Int32Array): boolean {
  const groups = offsets.length - 1;
  const total = offsets[groups];
  for (let q = 0; q < groups; q++) {
    const size = Math.floor(total / groups) + (q < total % groups ? 1 : 0);
    if (offsets[q + 1] - offsets[q] !== size) return false;
  }
  return true;
}

function orderRule(order: Int32Array, offsets: Int32Array, even: boolean): Order {
  if (order.every((unit, i) => unit === i)) return CONTIGUOUS;
  const groups = offsets.length - 1;
  let dealt = even;
  for (let q = 0; dealt && q < groups; q++) {
    for (let i = offsets[q]; dealt && i < offsets[q + 1]; i++)
      dealt = order[i] === q + (i - offsets[q]) * groups;
  }
  return dealt ? DEALT : order;
}

function groupSizes({ rowOffsets, columnOffsets }: BlockTopology): Int32Array {
  const sizes = new Int32Array(2 * (rowOffsets.length - 1));
  for (let q = 0; 2 * q < sizes.length; q++) {
    sizes[2 * q] = rowOffsets[q + 1] - rowOffsets[q];
    sizes[2 * q + 1] = columnOffsets[q + 1] - columnOffsets[q];
  }
  return sizes;
}

function rowLengths({ rows, rowPointers }: EdgeTopology): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => rowPointers[row + 1] - rowPointers[row]);
}

function largest(values: Int32Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** The index arrays of all layers, one for each width of index, equal stretches kept once. */
class IndexArrays {
  readonly arrays = new Map<8 | 16 | 32, number[]>();
  readonly #places = new Map<string, number>();

  /** Where `values` begin in the array of `bits`. */
  place(bits: 8 | 16 | 32, values: Int32Array): number {
    const key = `${bits}:${values.join()}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const array = this.arrays.get(bits) ?? [];
    this.arrays.set(bits, array);
    const start = array.length;
    for (const value of values) array.push(value);
    this.#places.set(key, start);
    return start;
  }
}
