/**
 * @file Where one thread keeps a shard's activations. Backward needs every layer's output. Where memory does not
 * allow that, only the last output of each segment of layers is kept, and backward makes a segment's others again
 * before it goes through it (Chen et al., arXiv:1604.06174): one more forward pass, bit for bit the same results, and
 * memory of the order of the square root of the depth.
 */

import type { LinearLayer } from "../network/network.ts";
import { groupCount, type Topology } from "../topology/topology.ts";

/** Offsets in bytes from an arena's start, and its size. */
export interface Arena {
  /** Layers in a segment; all of them: every output is kept. */
  readonly segment: number;
  /** [layers] of each layer's output. */
  readonly outputs: readonly number[];
  /** Gradients of two layers' outputs in turn. */
  readonly gradientA: number;
  readonly gradientB: number;
  /** One group's deltas, as they are and transposed. */
  readonly delta: number;
  readonly transposed: number;
  readonly bytes: number;
}

/** The arena of at most `budget` bytes that recomputes nothing if it can; the smallest there is when none fits. */
export function chooseArena(layers: readonly LinearLayer[], rowBytes: number, budget: number): Arena {
  const needs = {
    rows: layers.map(({ topology }) => topology.rows),
    group: layers.reduce((most, { topology }) => Math.max(most, rowsAtOnce(topology)), 0),
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

/** Rows of each layer's output, those whose deltas are held together at most, and bytes of a row. */
interface Needs {
  readonly rows: readonly number[];
  readonly group: number;
  readonly rowBytes: number;
}

function planArena({ rows, group, rowBytes }: Needs, segment: number): Arena {
  let end = 0;
  const take = (units: number): number => {
    const start = end;
    // A line between, so that threads never share one.
    end += Math.ceil((units * rowBytes) / 64) * 64 + 64;
    return start;
  };
  const widest = rows.reduce((most, units) => Math.max(most, units), 0);
  const isKept = (layer: number) => layer % segment === segment - 1 || layer === rows.length - 1;
  const shared = Array.from({ length: segment }, () => 0);
  rows.forEach((units, i) => {
    if (!isKept(i)) shared[i % segment] = Math.max(shared[i % segment], units);
  });
  const sharedAt = shared.map((units) => (units > 0 ? take(units) : 0));
  return {
    segment,
    outputs: rows.map((units, i) => (isKept(i) ? take(units) : sharedAt[i % segment])),
    gradientA: take(widest),
    gradientB: take(widest),
    delta: take(group),
    transposed: take(group),
    bytes: end,
  };
}

/** Rows whose deltas the kernels hold together: a group's. */
function rowsAtOnce(topology: Topology): number {
  if (topology.kind === "edges") return topology.rows;
  const { rowOffsets } = topology;
  let most = 0;
  for (let q = 0; q < groupCount(topology); q++) most = Math.max(most, rowOffsets[q + 1] - rowOffsets[q]);
  return most;
}
