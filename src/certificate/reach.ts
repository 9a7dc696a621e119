/**
 * @file After how many layers every unit depends on every input, by exact boolean propagation. Of images, units are
 * channels (channels.ts); layers are those with weights.
 *
 * Each unit carries the set of inputs it depends on, as bits. A block layer joins one set per group and all
 * rows of the group share it, so a layer costs (columns × inputs / 32) word operations; an edge layer costs
 * (non-zeros × inputs / 32). The lower bound is counting: k layers make at most (product of fan-ins) inputs
 * reach a unit, and one input reach at most (product of fan-outs) units; a shortcut adds those of where it comes from
 * (docs/theory.md, section 3).
 */

import { nonZeros, type Topology } from "../topology/topology.ts";
import type { Budget } from "./budget.ts";
import { type ChannelStep, channelsAfter, channelsBefore } from "./channels.ts";

export interface Reach {
  /** Every output of the network depends on every input. */
  readonly connected: boolean;
  /** Share of (output, input) pairs of the network that are connected, in [0, 1]. */
  readonly connectedPairs: number;
  /** Layers from the input until every unit depends on every input; null if that never happens. */
  readonly layers: number | null;
  /** Fewest layers that the fan-ins and fan-outs allow; null if the whole network has too few. */
  readonly lowerBound: number | null;
  /** The slowest window: from the inputs of the layer of index `start`, `layers` until all depend on all. */
  readonly worstWindow: { readonly start: number; readonly layers: number } | null;
  /** The first layer whose inputs do not all reach all units before the network ends; null if the last layer's do. */
  readonly unfinishedFrom: number | null;
}

/** Bits: `sets` holds sets of inputs, unit u has sets[setOf[u]]. Absent `sets`: unit u has just input u. */
interface Dependence {
  readonly inputs: number;
  readonly setOf: Int32Array;
  readonly sets: readonly Uint32Array[] | null;
}

interface Chain {
  readonly steps: readonly ChannelStep[];
  /** Values that shortcuts come from. */
  readonly sources: ReadonlySet<number>;
}

/** Null when `budget` does not allow the exact propagation. */
export function reach(steps: readonly ChannelStep[], budget: Budget): Reach | null {
  if (steps.length === 0) return null;
  const sources = new Set(steps.flatMap((step) => (step.kind === "add" ? [step.from] : [])));
  const chain = { steps, sources };
  const fromInput = follow(chain, 0, true, budget);
  if (fromInput === null) return null;
  const worst = worstWindow(chain, fromInput.layers, budget);
  if (worst === null) return null;
  return {
    connected: fromInput.pairs === 1,
    connectedPairs: fromInput.pairs,
    layers: fromInput.layers,
    lowerBound: lowerBound(steps),
    ...worst,
  };
}

/**
 * Propagates from what step `start` takes until all depend on all, and on to the end where asked; `pairs` is the share
 * that do then. Shortcuts from before the start carry nothing.
 */
function follow(
  { steps, sources }: Chain,
  start: number,
  toEnd: boolean,
  budget: Budget,
): { layers: number | null; pairs: number } | null {
  let state = identity(channelsBefore(steps[start]));
  const kept = new Map([[start, state]]);
  let layers: number | null = null;
  let passed = 0;
  for (let k = start; k < steps.length; k++) {
    const step = steps[k];
    if (step.kind === "add") {
      const other = kept.get(step.from);
      if (other !== undefined) state = join(state, other);
    } else {
      // Where all depend on all, later layers cost no more than to be read.
      if (layers === null && !budget.spend(work(state, step.topology), null)) return null;
      state = advance(state, step.topology);
      if (step.weighted) passed++;
    }
    if (isFull(state)) {
      state = full(state);
      layers ??= passed;
      if (!toEnd) break;
    }
    if (sources.has(k + 1)) kept.set(k + 1, state);
  }
  return { layers, pairs: pairShare(state) };
}

function worstWindow(
  chain: Chain,
  fromInput: number | null,
  budget: Budget,
): Pick<Reach, "worstWindow" | "unfinishedFrom"> | null {
  let worst = fromInput === null ? null : { start: 0, layers: fromInput };
  let unfinishedFrom = fromInput === null ? 0 : null;
  // A later start never ends earlier, unless an input of some layer leads nowhere.
  const deadInputs = chain.steps.some((step) => step.kind === "graph" && step.columnDegrees.smallest === 0);
  for (const [start, step] of chain.steps.entries()) {
    if (start === 0 || step.kind === "add" || !step.weighted) continue;
    if (unfinishedFrom !== null && !deadInputs) break;
    const result = follow(chain, start, false, budget);
    if (result === null) return null;
    if (result.layers === null) unfinishedFrom ??= step.layer;
    else if (worst === null || result.layers > worst.layers)
      worst = { start: step.layer, layers: result.layers };
  }
  return { worstWindow: worst, unfinishedFrom };
}

function lowerBound(steps: readonly ChannelStep[]): number | null {
  const inputs = channelsBefore(steps[0]);
  // By value: how many inputs a unit can depend on, and how many units an input can reach.
  const most = [{ fanIn: 1, fanOut: 1 }];
  let passed = 0;
  for (const [k, step] of steps.entries()) {
    const { fanIn, fanOut } = most[k];
    const units = channelsAfter(step);
    if (step.kind === "graph" && step.weighted) passed++;
    const [more, further] =
      step.kind === "graph"
        ? [fanIn * step.rowDegrees.largest, fanOut * step.columnDegrees.largest]
        : [fanIn + most[step.from].fanIn, fanOut + most[step.from].fanOut];
    if (more >= inputs && further >= units) return passed;
    most.push({ fanIn: Math.min(more, inputs), fanOut: Math.min(further, units) });
  }
  return null;
}

function identity(inputs: number): Dependence {
  return { inputs, setOf: Int32Array.from({ length: inputs }, (_, i) => i), sets: null };
}

/** Every unit depends on every input, as one set. */
function full({ inputs, setOf, sets }: Dependence): Dependence {
  return { inputs, setOf: new Int32Array(setOf.length), sets: [sets?.[setOf[0]] ?? Uint32Array.of(1)] };
}

function work({ inputs, sets }: Dependence, topology: Topology): number {
  if (sets === null) return nonZeros(topology);
  const joined = topology.kind === "blocks" ? topology.columns : topology.columnIndices.length;
  return joined * Math.ceil(inputs / 32);
}

function advance(state: Dependence, topology: Topology): Dependence {
  const collected = new Sets();
  const empty = collected.add(new Uint32Array(Math.ceil(state.inputs / 32)));
  const setOf = new Int32Array(topology.rows).fill(empty);
  forEachRowSource(topology, (rows, columns) => {
    const index = collected.add(union(state, columns));
    for (const row of rows) setOf[row] = index;
  });
  return { inputs: state.inputs, setOf, sets: collected.sets };
}

/** Each unit with the unit of its number of another state. */
function join(state: Dependence, other: Dependence): Dependence {
  const collected = new Sets();
  const { inputs } = state;
  const setOf = state.setOf.map((_, unit) => {
    const own = union(state, Int32Array.of(unit));
    if (unit >= other.setOf.length) return collected.add(own);
    const added = union(other, Int32Array.of(unit));
    return collected.add(
      union({ inputs, setOf: Int32Array.of(0, 1), sets: [own, added] }, Int32Array.of(0, 1)),
    );
  });
  return { inputs, setOf, sets: collected.sets };
}

/** What these units depend on together: a set that is there already, if they all have the same. */
function union({ inputs, setOf, sets }: Dependence, units: Int32Array): Uint32Array {
  const words = Math.ceil(inputs / 32);
  if (sets === null) {
    const bits = new Uint32Array(words);
    for (const unit of units) bits[unit >>> 5] |= 1 << (unit & 31);
    return bits;
  }
  if (units.length === 0) return new Uint32Array(words);
  let [last, joined, own] = [setOf[units[0]], sets[setOf[units[0]]], false];
  for (const unit of units) {
    if (setOf[unit] === last) continue;
    last = setOf[unit];
    if (!own) [joined, own] = [joined.slice(), true];
    for (let w = 0; w < words; w++) joined[w] |= sets[last][w];
  }
  return joined;
}

/** Sets by number; one that is added again keeps its number. */
class Sets {
  readonly sets: Uint32Array[] = [];
  readonly #numbers = new Map<Uint32Array, number>();

  add(set: Uint32Array): number {
    const known = this.#numbers.get(set);
    if (known !== undefined) return known;
    this.#numbers.set(set, this.sets.length);
    return this.sets.push(set) - 1;
  }
}

/** Calls back with rows that share the columns they read: a group, or a single row. */
function forEachRowSource(topology: Topology, visit: (rows: Int32Array, columns: Int32Array) => void): void {
  if (topology.kind === "blocks") {
    const { rowOrder, columnOrder, rowOffsets, columnOffsets } = topology;
    for (let q = 0; q + 1 < rowOffsets.length; q++) {
      visit(
        rowOrder.subarray(rowOffsets[q], rowOffsets[q + 1]),
        columnOrder.subarray(columnOffsets[q], columnOffsets[q + 1]),
      );
    }
    return;
  }
  const { rowPointers, columnIndices } = topology;
  for (let r = 0; r < topology.rows; r++) {
    visit(Int32Array.of(r), columnIndices.subarray(rowPointers[r], rowPointers[r + 1]));
  }
}

function isFull(state: Dependence): boolean {
  const sizes = setSizes(state);
  return state.setOf.every((set) => sizes[set] === state.inputs);
}

function pairShare(state: Dependence): number {
  const sizes = setSizes(state);
  return state.setOf.reduce((sum, set) => sum + sizes[set], 0) / (state.setOf.length * state.inputs);
}

function setSizes(state: Dependence): number[] {
  if (state.sets === null) return new Array<number>(state.inputs).fill(1);
  return state.sets.map((set) => set.reduce((sum, word) => sum + bitCount(word), 0));
}

/** Bits set in a 32-bit word, added up in parallel. */
function bitCount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
