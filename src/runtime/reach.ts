/**
 * @file What a convolution's taps read along one side of an image, and how the image must be spread out for that: taps
 * and pixels that a stride keeps apart go to images of their own, one for each remainder, so that what a tap reads for
 * neighbouring pixels are always neighbours. Taps that only ever read beyond the border are left out, so that no
 * dilation makes images larger than about three times over.
 */

import { centreTap } from "../init/convolution/convolution.ts";
import type { ConvolutionLayer } from "../network/network.ts";

/** A tap along one side: which it is, and where in the spread image it begins to read. */
export interface TapReach {
  readonly tap: number;
  /** Number of its remainder's image. */
  readonly part: number;
  readonly begin: number;
}

/** One side. */
export interface Reach {
  readonly taps: readonly TapReach[];
  /** For each part the pixels that it holds, of equal number in all parts; −1: a zero. */
  readonly parts: readonly Int32Array[];
}

/** The reach of a convolution along a side of `input` pixels, which gives `output`. */
export function reachOf(layer: ConvolutionLayer, input: number, output: number): Reach {
  const { kernelSize, stride, dilation, padding } = layer;
  const circular = padding === "circular";
  const around = (pixel: number) => ((pixel % input) + input) % input;
  const starts = Array.from({ length: kernelSize }, (_, tap) => {
    const start = (tap - centreTap(kernelSize)) * dilation;
    return { tap, start: circular ? around(start) : start };
  }).filter(({ start }) => circular || reads(start, stride, input, output));
  const first = Math.min(...starts.map(({ start }) => start));
  const remainders = [...new Set(starts.map(({ start }) => (start - first) % stride))];
  const taps = starts.map(({ tap, start }) => ({
    tap,
    part: remainders.indexOf((start - first) % stride),
    begin: Math.floor((start - first) / stride),
  }));
  const length = output + Math.max(...taps.map(({ begin }) => begin));
  const inside = (pixel: number) => {
    if (circular) return around(pixel);
    return pixel < 0 || pixel >= input ? -1 : pixel;
  };
  const parts = remainders.map((remainder) =>
    Int32Array.from({ length }, (_, i) => inside(stride * i + remainder + first)),
  );
  return { taps, parts };
}

/** Whether stride · p + start lies in the image for some output pixel p. */
function reads(start: number, stride: number, input: number, output: number): boolean {
  const p = Math.max(0, Math.ceil(-start / stride));
  return p < output && stride * p + start < input;
}
