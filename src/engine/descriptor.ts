/**
 * @file A layer as the kernels see it: a few words of sizes and addresses, and index arrays turned into byte
 * offsets.
 */

import type { Activation, LinearLayer } from "../network/network.ts";
import { groupCount, type Topology } from "../topology/topology.ts";
import { transpose } from "../topology/transpose.ts";

/** In the order of `Part` in kernels/assembly/header.ts, which says what each is. */
const PARTS = [
  "kind",
  "rows",
  "columns",
  "groups",
  "weights",
  "bias",
  "places",
  "rowOffsets",
  "columnOffsets",
  "rowPointers",
  "columnBytes",
  "columnPointers",
  "rowBytes",
  "weightBytes",
  "activation",
  "output",
  "outputBytes",
] as const;
type Parts = Partial<Record<(typeof PARTS)[number], number>>;

/** Words of a descriptor. */
export const DESCRIPTOR_WORDS = PARTS.length;

const ACTIVATIONS: Record<Activation, number> = { linear: 0, tanh: 1, relu: 2, hardtanh: 3 };

/** Where a layer's parts lie: parameters in floats from the start of the flat vectors, output in bytes in an arena. */
export interface LayerPlaces {
  readonly weights: number;
  readonly bias: number;
  readonly output: number;
  /** Bytes of one unit's samples. */
  readonly rowBytes: number;
  /** [rows] place in the output of each row (unit-order.ts). */
  readonly outputPlaces: Int32Array;
}

/** The descriptor's words; `put` takes index arrays and tells their addresses. */
export function describeLayer(
  { topology, activation }: LinearLayer,
  { weights, bias, output, rowBytes, outputPlaces }: LayerPlaces,
  put: (values: ArrayLike<number>) => number,
): number[] {
  const { rows, columns } = topology;
  const parts: Parts = {
    rows,
    columns,
    weights: weights * 4,
    bias: bias * 4,
    activation: ACTIVATIONS[activation],
    output,
    outputBytes: rows * rowBytes,
    places: put(offsets(outputPlaces, rowBytes)),
    ...connections(topology, rowBytes, put),
  };
  return PARTS.map((part) => parts[part] ?? 0);
}

function connections(
  topology: Topology,
  rowBytes: number,
  put: (values: ArrayLike<number>) => number,
): Parts {
  if (topology.kind === "blocks") {
    return {
      kind: 0,
      groups: groupCount(topology),
      rowOffsets: put(topology.rowOffsets),
      columnOffsets: put(topology.columnOffsets),
    };
  }
  const transposed = transpose(topology);
  return {
    kind: 1,
    rowPointers: put(topology.rowPointers),
    columnBytes: put(offsets(topology.columnIndices, rowBytes)),
    columnPointers: put(transposed.columnPointers),
    rowBytes: put(offsets(transposed.rowIndices, rowBytes)),
    weightBytes: put(transposed.weightIndices.map((edge) => edge * 4)),
  };
}

/** Bytes at most of the index arrays of a layer, each on lines of 64 bytes. */
export function indexBytes(topology: Topology): number {
  const { rows, columns } = topology;
  const lengths =
    topology.kind === "blocks"
      ? [rows, topology.rowOffsets.length, topology.columnOffsets.length]
      : [rows, rows + 1, columns + 1, ...Array(3).fill(topology.columnIndices.length)];
  return lengths.reduce((sum, length) => sum + Math.ceil((length * 4) / 64) * 64, 0);
}

/** Byte offsets of rows of samples. */
function offsets(places: Int32Array, rowBytes: number): Uint32Array {
  return Uint32Array.from(places, (place) => place * rowBytes);
}
