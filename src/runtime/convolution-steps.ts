/**
 * @file A convolution as steps: the input spread out so that taps read lines (reach.ts), the products line by line, and,
 * where lines are no whole number of vectors, the output gathered from an image computed in one stretch, with what lies
 * between its lines computed for nothing.
 */

import { outputShape } from "../network/layer-shape.ts";
import type { ConvolutionLayer } from "../network/network.ts";
import { outputPlaces } from "../engine/unit-order.ts";
import { copyStep, linesOf, runsOf } from "./copies.ts";
import type { Reach } from "./reach.ts";
import type { BareStep, Surroundings } from "./steps-of.ts";

/** Bytes that are computed at once. */
const TILE = 32;

/** The spread image: which buffer, and its sizes in pixels. */
interface Spread {
  readonly steps: readonly BareStep[];
  readonly buffer: number;
  /** From line to line, channel to channel, and part to part across. */
  readonly line: number;
  readonly plane: number;
  readonly part: number;
}

export function convolutionSteps(layer: ConvolutionLayer, around: Surroundings): BareStep[] {
  const { topology } = layer;
  const { placed, to, rowBytes, memory } = around;
  const { height, width } = outputShape(layer);
  const spread = spreadOut(layer, around);
  const exact = (width * rowBytes) % TILE === 0;
  const stretch = Math.ceil((((height - 1) * spread.line + width) * rowBytes) / TILE) * TILE;
  const planeBytes = exact ? height * width * rowBytes : stretch;
  const lines = exact
    ? [height, width * rowBytes, spread.line * rowBytes, width * rowBytes]
    : [1, stretch, 0, 0];
  const target = exact ? to : around.buffer(topology.rows * stretch);
  const places = outputPlaces(topology, undefined).map((channel) => channel * planeBytes);
  const [down, across] = placed.reaches!;
  const words = [
    ...[topology.rows, placed.groups, placed.weights, placed.bias, memory.words(places), placed.rowPointers],
    memory.words(tapOffsets(layer, spread, placed.reaches!).map((pixels) => pixels * rowBytes)),
    memory.words([...lines, down.taps.length * across.taps.length]),
    placed.columnOffsets,
  ];
  const kind = topology.kind === "blocks" ? "blockConvolution" : "edgeConvolution";
  const steps: BareStep[] = [...spread.steps, { kind, from: spread.buffer, to: target, words }];
  if (exact) return steps;
  const starts = Array.from({ length: height }, (_, p) => p * spread.line);
  const gathered = { ...linesOf(starts, [{ from: 0, count: width }]), planes: topology.rows };
  return [...steps, copyStep({ ...gathered, planeSize: stretch / rowBytes }, target, to, around)];
}

/** Lays the image out as its taps read it: parts across outermost, then channels, then parts down, then lines. */
function spreadOut({ input, stride }: ConvolutionLayer, around: Surroundings): Spread {
  const [down, across] = around.placed.reaches!;
  const [lineCount, line] = [down.parts.length * down.parts[0].length, across.parts[0].length];
  const plane = lineCount * line;
  const sizes = { line, plane, part: input.channels * plane };
  const asItIs = (reach: Reach, side: number) =>
    reach.parts.length === 1 && reach.parts[0].length === side && reach.parts[0].every((at, i) => at === i);
  if (asItIs(down, input.height) && asItIs(across, input.width)) {
    return { steps: [], buffer: around.from, ...sizes };
  }
  const { rowBytes } = around;
  const buffer = around.buffer(across.parts.length * sizes.part * rowBytes);
  const lines = down.parts.flatMap((rows) => [...rows].map((row) => (row < 0 ? -1 : row * input.width)));
  const steps = across.parts.map((columns, i) => ({
    ...copyStep(
      {
        lines,
        runs: runsOf(columns, stride),
        step: stride,
        planes: input.channels,
        planeSize: input.height * input.width,
      },
      around.from,
      buffer,
      around,
    ),
    offset: i * sizes.part * rowBytes,
  }));
  return { steps, buffer, ...sizes };
}

/**
 * Where in the spread image each tap of each connection begins to read: of blocks [groups, taps, columns], of edges
 * [rows, taps, edges]; the order of the weights.
 */
function tapOffsets(
  { topology }: ConvolutionLayer,
  { line, plane, part }: Spread,
  [down, across]: readonly [Reach, Reach],
): number[] {
  const taps = down.taps.flatMap((a) =>
    across.taps.map((b) => b.part * part + (a.part * down.parts[0].length + a.begin) * line + b.begin),
  );
  const blocks = topology.kind === "blocks";
  const columns = blocks ? topology.columnOrder : topology.columnIndices;
  const bounds = blocks ? topology.columnOffsets : topology.rowPointers;
  const offsets: number[] = [];
  for (let q = 0; q + 1 < bounds.length; q++) {
    for (const tap of taps) {
      for (let k = bounds[q]; k < bounds[q + 1]; k++) offsets.push(columns[k] * plane + tap);
    }
  }
  return offsets;
}
