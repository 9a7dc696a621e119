/**
 * @file Copies as the kernels take them (assembly/copy.ts): planes of lines, a line in runs.
 */

import { outputShape } from "../network/layer-shape.ts";
import type { PadLayer, SpaceToDepthLayer } from "../network/network.ts";
import type { BareStep, Surroundings } from "./steps-of.ts";

/** Pixels that lie `step` apart, and then side by side. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What is copied, in pixels. What no line reaches becomes 0. */
export interface Planes {
  readonly planes: number;
  /** From plane to plane of what is copied from, and to. */
  readonly fromPlane: number;
  readonly toPlane: number;
  /** Where in a plane each line begins, in the one and in the other. */
  readonly lines: readonly (readonly [from: number, to: number])[];
  /** Of a line. */
  readonly runs: readonly Run[];
  readonly step: number;
}

/** The pixels of a line, −1 for what stays 0, as runs of pixels `step` apart. */
export function runsOf(pixels: ArrayLike<number>, step: number): Run[] {
  const runs: { from: number; to: number; count: number }[] = [];
  for (let to = 0; to < pixels.length; to++) {
    if (pixels[to] < 0) continue;
    const last = runs[runs.length - 1];
    const follows = last && last.to + last.count === to && last.from + last.count * step === pixels[to];
    if (follows) last.count++;
    else runs.push({ from: pixels[to], to, count: 1 });
  }
  return runs;
}

/** What padding and space-to-depth copy. */
export function movedPlanes(layer: PadLayer | SpaceToDepthLayer): Planes {
  const { channels, height, width } = layer.input;
  const output = outputShape(layer);
  const planes = { planes: channels, fromPlane: height * width };
  if (layer.kind === "pad") {
    const [above, left] = [output.height - height, output.width - width].map((more) => Math.floor(more / 2));
    return {
      ...planes,
      toPlane: output.height * output.width,
      lines: Array.from({ length: height }, (_, i) => [i * width, (above + i) * output.width] as const),
      runs: [{ from: 0, to: left, count: width }],
      step: 1,
    };
  }
  const { side } = layer;
  const lines: [number, number][] = [];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      for (let p = 0; p < output.height; p++) {
        lines.push([(p * side + i) * width + j, lines.length * output.width]);
      }
    }
  }
  const runs = [{ from: 0, to: 0, count: output.width }];
  return { ...planes, toPlane: height * width, lines, runs, step: side };
}

/** The step, its tables in memory. */
export function copyStep(
  { planes, fromPlane, toPlane, lines, runs, step }: Planes,
  from: number,
  to: number,
  { rowBytes, memory }: Pick<Surroundings, "rowBytes" | "memory">,
): BareStep {
  const lineTable = memory.words(lines.flat().map((pixels) => pixels * rowBytes));
  const runTable = memory.words(
    runs.flatMap((run) => [run.from, run.to, run.count].map((pixels) => pixels * rowBytes)),
  );
  const copied = lines.length * runs.reduce((sum, { count }) => sum + count, 0);
  return {
    kind: "copy",
    from,
    to,
    words: [
      ...[planes, fromPlane * rowBytes, toPlane * rowBytes, lineTable, lines.length, runTable, runs.length],
      ...[step * rowBytes, copied < toPlane ? 1 : 0],
    ],
  };
}
