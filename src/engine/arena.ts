/**
 * @file Where one thread keeps a shard's activations. Backward needs every layer's output. Where memory does not
 * allow that, only the last output of each segment of layers is kept, and backward makes a segment's others again
 * before it goes through it (Chen et al., arXiv:1604.06174): one more forward pass, bit for bit the same results, and
 * memory of the order of the square root of the depth.
 */

import { outputShape, sizeOf } from "../network/layer-shape.ts";
import type { Layer } from "../network/network.ts";
import { groupCount } from "../topology/topology.ts";

/** Bytes of a row of samples up to which it pays to claim outputs ahead: longer ones the prefetcher follows. */
const SHORT_ROW = 128;
/** Bytes of outputs that are still in a core's second-level cache when the next layer comes to write them. */
const AHEAD_BYTES = 65536;

/** A layer's part of an arena: offsets in bytes from its start. 0 where a layer has no such thing. */
export interface LayerSpace {
  readonly output: number;
  /** The next layer's output, where it pays to claim its memory while this layer is at work. */
  readonly ahead: number;
  /** Batch normalization's means and deviations. */
  readonly saved: number;
  /** Where an addition leaves its shortcut's gradient, and whether it is the first that does so (1) or not (0). */
  readonly shortcutGradient: number;
  readonly shortcutFirst: number;
  /** Such a gradient that belongs to this layer's input, and its bytes. */
  readonly joins: number;
  readonly joinsBytes: number;
}

/** Offsets in bytes from an arena's start, and its size. */
export interface Arena {
  /** Layers in a segment; all of them: every output is kept. */
  readonly segment: number;
  /** [layers] */
  readonly spaces: readonly LayerSpace[];
  /** Gradients of two layers' outputs in turn. */
  readonly gradientA: number;
  readonly gradientB: number;
  /** One group's deltas, as they are and transposed. */
  readonly delta: number;
  readonly transposed: number;
  readonly bytes: number;
}

/** The arena of at most `budget` bytes that recomputes nothing if it can; the smallest there is when none fits. */
export function chooseArena(layers: readonly Layer[], rowBytes: number, budget: number): Arena {
  const needs: Needs = {
    rows: layers.map((layer) => sizeOf(outputShape(layer))),
    saved: layers.map((layer) =>
      layer.kind === "batchNorm" ? Math.ceil((layer.input.channels * 8) / rowBytes) : 0,
    ),
    shortcuts: shortcutsOf(layers),
    together: layers.reduce((most, layer) => Math.max(most, rowsTogether(layer)), 0),
    rowBytes,
  };
  const whole = planArena(needs, layers.length);
  if (whole.bytes <= budget) return whole;
  let smallest = whole;
  // Every segment costs the same time. The best is near the square root of the depth, or off it where widths differ.
  const root = Math.sqrt(layers.length);
  for (let segment = Math.max(2, Math.floor(root / 2)); segment <= 2 * root + 2; segment++) {
    const arena = planArena(needs, Math.min(segment, layers.length));
    if (arena.bytes < smallest.bytes) smallest = arena;
  }
  return smallest;
}

/** The layers that additions read, and those that read them. */
interface Shortcut {
  readonly from: number;
  /** Ascending. */
  readonly to: readonly number[];
}

interface Needs {
  /** [layers] rows of samples of each output, and those that hold what backward needs besides. */
  readonly rows: readonly number[];
  readonly saved: readonly number[];
  readonly shortcuts: readonly Shortcut[];
  /** Rows whose deltas are held together at most. */
  readonly together: number;
  readonly rowBytes: number;
}

function planArena({ rows, saved, shortcuts, together, rowBytes }: Needs, segment: number): Arena {
  let end = 0;
  const take = (units: number): number => {
    const start = end;
    // A line between, so that threads never share one; and so that no offset but the first is 0.
    end += Math.ceil((units * rowBytes) / 64) * 64 + 64;
    return start;
  };
  const gradientA = take(rows.reduce((widest, units) => Math.max(widest, units), 0));
  const gradientB = take(rows.reduce((widest, units) => Math.max(widest, units), 0));
  const read = new Set(shortcuts.map(({ from }) => from));
  const isKept = (layer: number) =>
    layer % segment === segment - 1 || layer === rows.length - 1 || read.has(layer);
  const shared = Array.from({ length: segment }, () => 0);
  rows.forEach((units, i) => {
    if (!isKept(i)) shared[i % segment] = Math.max(shared[i % segment], units);
  });
  const sharedAt = shared.map((units) => (units > 0 ? take(units) : 0));
  const spaces = rows.map((units, i) => ({
    output: isKept(i) ? take(units) : sharedAt[i % segment],
    ahead: 0,
    saved: saved[i] > 0 ? take(saved[i]) : 0,
    shortcutGradient: 0,
    shortcutFirst: 0,
    joins: 0,
    joinsBytes: 0,
  }));
  for (let i = 0; i + 1 < spaces.length; i++) {
    const claims = segment === rows.length && rowBytes <= SHORT_ROW;
    const fits = rows[i + 1] >= rows[i] && rows[i] * rowBytes <= AHEAD_BYTES;
    if (claims && fits) spaces[i].ahead = spaces[i + 1].output;
  }
  const joints = placeJoints(shortcuts, rows, take);
  shortcuts.forEach(({ from, to }, i) => {
    for (const addition of to) spaces[addition].shortcutGradient = joints[i];
    // Backward meets the last of them first.
    spaces[to[to.length - 1]].shortcutFirst = 1;
    spaces[from + 1].joins = joints[i];
    spaces[from + 1].joinsBytes = rows[from] * rowBytes;
  });
  return {
    segment,
    spaces,
    gradientA,
    gradientB,
    delta: take(together),
    transposed: take(together),
    bytes: end,
  };
}

/** [shortcuts] where each one's gradient is kept; those that backward never needs at once share a place. */
function placeJoints(
  shortcuts: readonly Shortcut[],
  rows: readonly number[],
  take: (units: number) => number,
): number[] {
  const places: { end: number; units: number }[] = [];
  const chosen = shortcuts.map(({ from, to }) => {
    let i = places.findIndex(({ end }) => end <= from);
    if (i < 0) i = places.push({ end: 0, units: 0 }) - 1;
    places[i] = { end: to[to.length - 1], units: Math.max(places[i].units, rows[from]) };
    return i;
  });
  const offsets = places.map(({ units }) => take(units));
  return chosen.map((i) => offsets[i]);
}

function shortcutsOf(layers: readonly Layer[]): Shortcut[] {
  const to = new Map<string, number[]>();
  for (const [i, layer] of layers.entries()) {
    if (layer.kind === "add") to.set(layer.from, [...(to.get(layer.from) ?? []), i]);
  }
  return layers.flatMap(({ name }, from) => (to.has(name) ? [{ from, to: to.get(name)! }] : []));
}

/** Rows whose deltas the kernels hold together: a group's, of all pixels. */
function rowsTogether(layer: Layer): number {
  if (layer.kind !== "linear" && layer.kind !== "convolution") return 0;
  const { topology } = layer;
  const { height, width } = outputShape(layer);
  if (topology.kind === "edges") return topology.rows * height * width;
  const { rowOffsets } = topology;
  let most = 0;
  for (let q = 0; q < groupCount(topology); q++) most = Math.max(most, rowOffsets[q + 1] - rowOffsets[q]);
  return most * height * width;
}
