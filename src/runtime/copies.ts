/**
 * @file Copies as the kernels take them (assembly/copy.ts): planes of lines, a line in runs.
 */

import { outputShape } from "../network/layer-shape.ts";
import type { PadLayer, SpaceToDepthLayer } from "../network/network.ts";
import type { BareStep, Surroundings } from "./steps-of.ts";

/** Neighbouring pixels; `from` is −1 for zeros. */
export interface Run {
  readonly from: number;
  readonly count: number;
}

/** What is copied, in pixels. */
export interface Lines {
  /** Where in a plane each line begins; −1: a line of zeros. */
  readonly lines: readonly number[];
  readonly runs: readonly Run[];
  /** From pixel to pixel within a run. */
  readonly step: number;
}

export interface Planes extends Lines {
  readonly planes: number;
  /** From plane to plane of what is copied from. */
  readonly planeSize: number;
}

/** Lines without a step. */
export function linesOf(lines: readonly number[], runs: readonly Run[]): Lines {
  return { lines, runs, step: 1 };
}

/** Pixels `step` apart in one run, others and zeros (−1) in others. */
export function runsOf(pixels: ArrayLike<number>, step: number): Run[] {
  const runs: { from: number; count: number }[] = [];
  for (let i = 0; i < pixels.length; i++) {
    const last = runs[runs.length - 1];
    const follows = i > 0 && (pixels[i] < 0 ? pixels[i - 1] < 0 : pixels[i - 1] >= 0 && pixels[i] - pixels[i - 1] === step);
    if (follows) last.count++;
    else runs.push({ from: pixels[i], count: 1 });
  }
  return runs;
}

/** What padding and space-to-depth copy. */
export function movedLines(layer: PadLayer | SpaceToDepthLayer): Planes {
  const { channels, height, width } = layer.input;
  const planes = { planes: channels, planeSize: height * width };
  const output = outputShape(layer);
  if (layer.kind === "pad") {
    const [above, left] = [output.height - height, output.width - width].map((more) => Math.floor(more / 2));
    const inside = (i: number, side: number) => (i < 0 || i >= side ? -1 : i);
    const rows = Array.from({ length: output.height }, (_, p) => inside(p - above, height));
    const columns = Array.from({ length: output.width }, (_, q) => inside(q - left, width));
    return { ...planes, ...linesOf(rows.map((i) => (i < 0 ? -1 : i * width)), runsOf(columns, 1)) };
  }
  const { side } = layer;
  const lines: number[] = [];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      for (let p = 0; p < output.height; p++) lines.push((p * side + i) * width + j);
    }
  }
  return { ...planes, lines, runs: [{ from: 0, count: output.width }], step: side };
}

/** The step, its tables in memory. */
export function copyStep(
  { planes, planeSize, lines, runs, step }: Planes,
  from: number,
  to: number,
  { rowBytes, memory }: Pick<Surroundings, "rowBytes" | "memory">,
): BareStep {
  const bytes = (pixels: number) => (pixels < 0 ? 0xffffffff : pixels * rowBytes);
  const lineTable = memory.words(Uint32Array.from(lines, bytes));
  const runTable = memory.words(runs.flatMap((run) => [bytes(run.from), run.count]));
  const lineSize = runs.reduce((sum, { count }) => sum + count, 0);
  return {
    kind: "copy",
    from,
    to,
    words: [
      ...[planes, planeSize * rowBytes, lineTable, lines.length, runTable, runs.length],
      ...[lineSize * rowBytes, step * rowBytes],
    ],
  };
}
