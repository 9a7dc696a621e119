/**
 * @file A convolution as steps: the input spread out so that taps read lines (reach.ts), the products line by line, and,
 * where lines are no whole number of vectors, the output gathered from an image computed in one stretch, with what lies
 * between its lines computed for nothing.
 */

import { outputPlaces } from "../engine/unit-order.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import { outputShape } from "../network/layer-shape.ts";
import type { ConvolutionLayer } from "../network/network.ts";
import { copyStep, runsOf } from "./copies.ts";
import type { Reach } from "./reach.ts";
import type { BareStep, Surroundings } from "./steps-of.ts";

/** Bytes that are computed at once. */
const TILE = 32;

/** How an image lies in memory, in pixels. */
export interface Layout {
  /** From line to line, and from channel to channel. */
  readonly line: number;
  readonly plane: number;
}

/** An image without gaps. */
export function plainLayout({ height, width }: Pick<ImageShape, "height" | "width">): Layout {
  return { line: width, plane: height * width };
}

/** How a convolution computes its output: without gaps where lines are whole numbers of vectors, else in one stretch. */
export function computedLayout(
  layer: ConvolutionLayer,
  [, across]: readonly [Reach, Reach],
  rowBytes: number,
): Layout {
  const output = outputShape(layer);
  if (isWhole(output.width, rowBytes)) return plainLayout(output);
  const line = across.parts[0].length;
  const bytes = ((output.height - 1) * line + output.width) * rowBytes;
  return { line, plane: (Math.ceil(bytes / TILE) * TILE) / rowBytes };
}

/** Whether a line is a whole number of vectors. */
function isWhole(width: number, rowBytes: number): boolean {
  return (width * rowBytes) % TILE === 0;
}

/** `given`: how the output is to lie, as it is computed or without gaps. */
export function convolutionSteps(
  layer: ConvolutionLayer,
  taken: Layout,
  given: Layout,
  around: Surroundings,
): BareStep[] {
  const { topology } = layer;
  const { placed, to, rowBytes, memory, buffer } = around;
  const [down, across] = placed.reaches!;
  const { height, width } = outputShape(layer);
  const spread = spreadOut(layer, taken, around);
  const computed = computedLayout(layer, [down, across], rowBytes);
  const same = computed.plane === given.plane && computed.line === given.line;
  const target = same ? to : buffer(topology.rows * computed.plane * rowBytes);
  const lines = isWhole(width, rowBytes) ? [height, width, spread.line, width] : [1, computed.plane, 0, 0];
  const places = outputPlaces(topology, undefined).map((channel) => channel * computed.plane * rowBytes);
  const words = [
    ...[topology.rows, placed.groups, placed.weights, placed.bias, memory.words(places), placed.rowPointers],
    memory.words(tapOffsets(layer, spread, [down, across]).map((pixels) => pixels * rowBytes)),
    memory.words([
      lines[0],
      ...lines.slice(1).map((pixels) => pixels * rowBytes),
      down.taps.length * across.taps.length,
    ]),
    placed.columnOffsets,
  ];
  const kind = topology.kind === "blocks" ? "blockConvolution" : "edgeConvolution";
  const steps: BareStep[] = [...spread.steps, { kind, from: spread.buffer, to: target, words }];
  if (same) return steps;
  const gathered = {
    planes: topology.rows,
    fromPlane: computed.plane,
    toPlane: given.plane,
    lines: Array.from({ length: height }, (_, p) => [p * computed.line, p * given.line] as const),
    runs: [{ from: 0, to: 0, count: width }],
    step: 1,
  };
  return [...steps, copyStep(gathered, target, to, around)];
}

/** The spread image: which buffer, and its sizes in pixels. */
interface Spread extends Layout {
  readonly steps: readonly BareStep[];
  readonly buffer: number;
  /** From part to part across. */
  readonly part: number;
}

/** Lays the image out as its taps read it: parts across outermost, then channels, then parts down, then lines. */
function spreadOut({ input, stride }: ConvolutionLayer, taken: Layout, around: Surroundings): Spread {
  const [down, across] = around.placed.reaches!;
  const [rows, line] = [down.parts.flatMap((part) => [...part]), across.parts[0].length];
  const plane = rows.length * line;
  const sizes = { line, plane, part: input.channels * plane };
  const inOrder = (pixels: ArrayLike<number>, side: number) =>
    pixels.length === side && Array.from(pixels).every((pixel, i) => pixel === i);
  const asItIs =
    inOrder(rows, input.height) && across.parts.length === 1 && inOrder(across.parts[0], input.width);
  if (asItIs) return { steps: [], buffer: around.from, ...taken, part: 0 };
  const { rowBytes } = around;
  const buffer = around.buffer(across.parts.length * sizes.part * rowBytes);
  const planes = { planes: input.channels, fromPlane: taken.plane, toPlane: plane, step: stride };
  const lines = rows.map((row, i) => [row * taken.line, i * line] as const).filter(([from]) => from >= 0);
  const steps = across.parts.map((columns, i) => ({
    ...copyStep({ ...planes, lines, runs: runsOf(columns, stride) }, around.from, buffer, around),
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
