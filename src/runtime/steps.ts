/**
 * @file What the kernels do one after the other: a table of steps, and the buffers between them. A layer is a step, or
 * a few: a convolution's input is first spread out, its output perhaps gathered; a linear layer may want its inputs in
 * another order.
 */

import type { AnyNetwork } from "../network/network.ts";
import { placeValues, type Value } from "../network/place-values.ts";
import type { GrowingMemory } from "./memory.ts";
import type { PlacedLayer } from "./place-layers.ts";
import { stepsOf } from "./steps-of.ts";

/** As `Kind` in assembly/index.ts numbers them. */
const KINDS = [
  "blocks",
  "edges",
  "blockConvolution",
  "edgeConvolution",
  "copy",
  "pool",
  "maxMin",
  "scale",
  "add",
] as const;

/** Words of a step in the table. */
const WORDS = 14;

/** Past the last buffer, what a vector that begins in it may reach. */
const SLACK = 64;

/** One row of the table; buffers by number. */
export interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly from: number;
  readonly to: number;
  /** Bytes past the beginning of the buffer that it goes to. */
  readonly offset?: number;
  readonly activation: number;
  /** Bytes that the activation is applied to, a multiple of 32. */
  readonly outputBytes: number;
  /** What else the kind needs, in the order of assembly/index.ts. */
  readonly words: readonly number[];
  /** The buffer whose address comes before the words. */
  readonly other?: number;
}

/** Buffers, in bytes, in the order of their numbers; and steps. */
export interface Steps {
  readonly buffers: readonly Value[];
  readonly steps: readonly Step[];
  /** The buffers of the network's input and output. */
  readonly input: number;
  readonly output: number;
  /** In which order the inputs are to be; absent: as they come. */
  readonly inputOrder?: Int32Array;
}

/** Addresses of a table and of the buffers at both ends. */
export interface Table {
  readonly rowBytes: number;
  readonly address: number;
  readonly steps: number;
  readonly input: number;
  readonly output: number;
  readonly inputOrder?: Int32Array;
}

/** Makes the table for shards of `shardSize` samples (1, or a power of two from 8 to 1024). */
export function makeTable(
  network: AnyNetwork,
  placed: readonly PlacedLayer[],
  shardSize: number,
  memory: GrowingMemory,
): Table {
  const rowBytes = shardSize * 4;
  const { buffers, steps, input, output, inputOrder } = stepsOf(network, placed, rowBytes, memory);
  const { places, size } = placeValues(buffers);
  const start = memory.allocate(size + SLACK);
  const words = steps.flatMap(({ kind, from, to, offset = 0, other, words: own, ...step }) => {
    const addresses = other === undefined ? own : [start + places[other], ...own];
    const ends = [start + places[from], start + places[to] + offset];
    const row = [KINDS.indexOf(kind), ...ends, step.activation, step.outputBytes];
    return [...row, ...addresses, ...Array(WORDS - row.length - addresses.length).fill(0)];
  });
  return {
    rowBytes,
    address: memory.words(words),
    steps: steps.length,
    input: start + places[input],
    output: start + places[output],
    inputOrder,
  };
}
