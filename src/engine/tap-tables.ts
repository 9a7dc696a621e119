/**
 * @file Which pixels a convolution's taps read, as the kernels want to know it. They depend on geometry and image alone,
 * so layers that have these in common share them.
 */

import {
  type ConvolutionGeometry,
  centreTap,
  type ImageSize,
  outputImage,
} from "../init/convolution/convolution.ts";

/** Entries for each pixel of an image, those of pixel p from `pointers[p]` to `pointers[p + 1]`, in bytes. */
export interface TapList {
  /** [pixels + 1] */
  readonly pointers: Uint32Array;
  /** [entries, 2] pixel of the other image, and tap (a · k + b); of runs [entries, 3], with the number of taps. */
  readonly entries: Uint32Array;
}

export interface TapTables {
  /** Of each output pixel: the input pixels it reads. */
  readonly forward: TapList;
  /** Of each input pixel: the output pixels that read it. */
  readonly backward: TapList;
  /** [output rows + 1] where each row's runs begin, in bytes. */
  readonly runPointers: Uint32Array;
  /** [runs, 4] tap, first output pixel, first input pixel, pixels; from one to the next the input moves by the stride. */
  readonly runs: Uint32Array;
}

/** One reading: output pixel, input pixel, tap. Ordered by output row, then tap, then output pixel. */
interface Reading {
  readonly output: number;
  readonly input: number;
  readonly tap: number;
}

/** The tables of one geometry on one image. */
export function tapTables(geometry: ConvolutionGeometry, image: ImageSize): TapTables {
  const output = outputImage(geometry, image);
  const rows = Array.from({ length: output.height }, (_, p) => rowReadings(geometry, image, output, p));
  const runsOf = rows.map((readings) => runs(readings, geometry.stride));
  return {
    forward: tapList(output.height * output.width, rows, "output", "input"),
    backward: tapList(image.height * image.width, rows, "input", "output"),
    runPointers: pointers(runsOf.map((list) => list.length * 4)),
    runs: Uint32Array.from(runsOf.flat()),
  };
}

function rowReadings(
  { kernelSize, stride, dilation, padding }: ConvolutionGeometry,
  image: ImageSize,
  output: ImageSize,
  p: number,
): Reading[] {
  const centre = centreTap(kernelSize);
  const inside = (at: number, side: number) => {
    if (padding === "circular") return ((at % side) + side) % side;
    return at >= 0 && at < side ? at : -1;
  };
  const readings: Reading[] = [];
  for (let a = 0; a < kernelSize; a++) {
    const y = inside(stride * p + (a - centre) * dilation, image.height);
    if (y < 0) continue;
    for (let b = 0; b < kernelSize; b++) {
      for (let q = 0; q < output.width; q++) {
        const x = inside(stride * q + (b - centre) * dilation, image.width);
        if (x < 0) continue;
        readings.push({ output: p * output.width + q, input: y * image.width + x, tap: a * kernelSize + b });
      }
    }
  }
  return readings;
}

function tapList(
  pixels: number,
  rows: readonly Reading[][],
  own: "input" | "output",
  other: "input" | "output",
): TapList {
  const counts = new Array<number>(pixels).fill(0);
  for (const readings of rows) for (const reading of readings) counts[reading[own]]++;
  const starts = pointers(counts.map((count) => count * 8));
  const next = starts.slice();
  const entries = new Uint32Array(starts[pixels] / 4);
  for (const readings of rows) {
    for (const reading of readings) {
      const at = next[reading[own]] / 4;
      entries[at] = reading[other];
      entries[at + 1] = reading.tap;
      next[reading[own]] += 8;
    }
  }
  return { pointers: starts, entries };
}

/** The list with neighbouring taps that read neighbouring pixels as one entry: blocks take them at once. */
export function mergeTaps({ pointers: starts, entries }: TapList): TapList {
  const runsOf: number[][] = [];
  for (let pixel = 0; pixel + 1 < starts.length; pixel++) {
    const found: number[] = [];
    for (let at = starts[pixel] / 4; at < starts[pixel + 1] / 4; at += 2) {
      const last = found.length - 3;
      const [other, tap] = [entries[at], entries[at + 1]];
      const taps = found[last + 2];
      if (last >= 0 && other === found[last] + taps && tap === found[last + 1] + taps) found[last + 2]++;
      else found.push(other, tap, 1);
    }
    runsOf.push(found);
  }
  return {
    pointers: pointers(runsOf.map((list) => list.length * 4)),
    entries: Uint32Array.from(runsOf.flat()),
  };
}

/** The runs of one row, four numbers each. */
function runs(readings: readonly Reading[], stride: number): number[] {
  const result: number[] = [];
  let last: Reading | undefined;
  for (const reading of readings) {
    const follows =
      last !== undefined &&
      reading.tap === last.tap &&
      reading.output === last.output + 1 &&
      reading.input === last.input + stride;
    if (follows) result[result.length - 1]++;
    else result.push(reading.tap, reading.output, reading.input, 1);
    last = reading;
  }
  return result;
}

/** Running sums, from 0. */
function pointers(sizes: readonly number[]): Uint32Array {
  const result = new Uint32Array(sizes.length + 1);
  for (const [i, size] of sizes.entries()) result[i + 1] = result[i] + size;
  return result;
}
