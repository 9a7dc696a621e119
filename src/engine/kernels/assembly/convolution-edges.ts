/**
 * @file Convolutions with any mask of kernels, kernel by kernel: one output channel × 32 samples of a pixel at a time
 * in 8 accumulators, so that a tap of a kernel costs one pointer, one splatted weight and 8 vectors of samples.
 *
 * Every channel is an image of its own, [pixel][sample]. Weights lie [kernel][tap]; `tapsBytes` are those of a kernel.
 */

import { fourDots } from "./edges";
import { differentiateImages } from "./elementwise";
import { field, Field, part, Part } from "./header";
import { madd, stridedDot } from "./simd";

/**
 * start + Σ w · x over the kernels [first, last) (bytes, 4 a kernel) and the entries (pixel, tap) from `tap` to
 * `lastTap`; `sources` are byte offsets of the kernels' images in `x`, `places` (backward) their weights'.
 */
// @ts-ignore: decorator
@inline
function pixelTile(vectors: i32, transposed: bool, start: v128, first: usize, last: usize, sources: usize, places: usize, weights: usize, tapsBytes: usize, tap: usize, lastTap: usize, x: usize, to: usize, rowBytes: usize): void {
  let a0 = start;
  let a1 = start;
  let a2 = start;
  let a3 = start;
  let a4 = start;
  let a5 = start;
  let a6 = start;
  let a7 = start;
  for (; tap < lastTap; tap += 8) {
    const pixel = x + <usize>load<u32>(tap) * rowBytes;
    const tapWeights = weights + (<usize>load<u32>(tap, 4) << 2);
    let next = tapWeights + (first >> 2) * tapsBytes;
    for (let kernel = first; kernel < last; kernel += 4) {
      const address = pixel + <usize>load<u32>(sources + kernel);
      const w = v128.load_splat<f32>(transposed ? tapWeights + <usize>load<u32>(places + kernel) : next);
      a0 = madd(w, v128.load(address), a0);
      a1 = madd(w, v128.load(address, 16), a1);
      if (vectors > 2) {
        a2 = madd(w, v128.load(address, 32), a2);
        a3 = madd(w, v128.load(address, 48), a3);
        if (address == 1) break;
        a4 = madd(w, v128.load(address, 64), a4);
        a5 = madd(w, v128.load(address, 80), a5);
        a6 = madd(w, v128.load(address, 96), a6);
        a7 = madd(w, v128.load(address, 112), a7);
      }
      next += tapsBytes;
    }
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  if (vectors > 2) {
    v128.store(to, a2, 32);
    v128.store(to, a3, 48);
    v128.store(to, a4, 64);
    v128.store(to, a5, 80);
    v128.store(to, a6, 96);
    v128.store(to, a7, 112);
  }
}

/** The pixels whose pointers into `taps` lie from `pointers` on, `step` bytes apart in `to`. */
// @ts-ignore: decorator
@inline
function image(transposed: bool, start: v128, first: usize, last: usize, sources: usize, places: usize, weights: usize, tapsBytes: usize, pointers: usize, taps: usize, pixels: usize, x: usize, to: usize, step: usize, rowBytes: usize): void {
  const end = pointers + (pixels << 2);
  for (let pointer = pointers; pointer < end; pointer += 4) {
    const tap = taps + <usize>load<u32>(pointer);
    const lastTap = taps + <usize>load<u32>(pointer, 4);
    let s: usize = 0;
    for (; s + 128 <= rowBytes; s += 128) pixelTile(8, transposed, start, first, last, sources, places, weights, tapsBytes, tap, lastTap, x + s, to + s, rowBytes);
    for (; s < rowBytes; s += 32) pixelTile(2, transposed, start, first, last, sources, places, weights, tapsBytes, tap, lastTap, x + s, to + s, rowBytes);
    to += step;
  }
}

/** W * x + b, without the activation. */
export function edgeConvolutionForward(layer: usize, x: usize, out: usize, rowBytes: usize): void {
  const parameters = field(Field.Parameters);
  const weights = parameters + part(layer, Part.Weights);
  const bias = parameters + part(layer, Part.Bias);
  const pointers = part(layer, Part.RowPointers);
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  let first = <usize>load<u32>(pointers) << 2;
  for (let r: usize = 0; r < part(layer, Part.Rows) << 2; r += 4) {
    const last = <usize>load<u32>(pointers + r, 4) << 2;
    image(false, v128.load_splat<f32>(bias + r), first, last, part(layer, Part.ColumnBytes), 0, weights, part(layer, Part.Taps) << 2, part(layer, Part.ForwardPointers), part(layer, Part.ForwardTaps), part(layer, Part.OutputPixels), x, out + <usize>load<u32>(places + r), <usize>load<u32>(steps + r), rowBytes);
    first = last;
  }
}

/** From the gradient of the output y to the parameters' gradients and, unless `out` is 0, the input's. */
export function edgeConvolutionBackward(layer: usize, gradient: usize, x: usize, y: usize, out: usize, arena: usize, parameterGradients: usize, rowBytes: usize, add: bool): void {
  const rows = part(layer, Part.Rows);
  const pixels = part(layer, Part.OutputPixels);
  const delta = arena + field(Field.Delta);
  const imageBytes = pixels * rowBytes;
  differentiateImages(part(layer, Part.Activation), rows, part(layer, Part.Places), part(layer, Part.Steps), pixels, gradient, y, delta, imageBytes, rowBytes, 0, 0, parameterGradients + part(layer, Part.Bias), rowBytes, add);
  const g = parameterGradients + part(layer, Part.Weights);
  const pointers = part(layer, Part.RowPointers);
  const kernels = <usize>load<u32>(pointers + (rows << 2));
  if (!add) memory.fill(g, 0, kernels * (part(layer, Part.Taps) << 2));
  for (let r: usize = 0; r < rows; r++) {
    const first = <usize>load<u32>(pointers + (r << 2)) << 2;
    const last = <usize>load<u32>(pointers + (r << 2), 4) << 2;
    channelGradient(layer, g, first, last, delta + r * imageBytes, x, rowBytes);
  }
  if (out == 0) return;
  const weights = field(Field.Parameters) + part(layer, Part.Weights);
  const columns = part(layer, Part.ColumnPointers);
  const inputPixels = part(layer, Part.InputPixels);
  let first = <usize>load<u32>(columns) << 2;
  for (let c: usize = 0; c < part(layer, Part.Columns) << 2; c += 4) {
    const last = <usize>load<u32>(columns + c, 4) << 2;
    image(true, f32x4.splat(0), first, last, part(layer, Part.RowBytes), part(layer, Part.WeightBytes), weights, 0, part(layer, Part.BackwardPointers), part(layer, Part.BackwardTaps), inputPixels, delta, out, rowBytes, rowBytes);
    out += inputPixels * rowBytes;
    first = last;
  }
}

/** Adds the gradient of one output channel's kernels, four at a time, run by run of the pixels that a tap sees. */
function channelGradient(layer: usize, g: usize, first: usize, last: usize, delta: usize, x: usize, rowBytes: usize): void {
  const columns = part(layer, Part.ColumnBytes);
  const tapsBytes = part(layer, Part.Taps) << 2;
  const runs = part(layer, Part.Runs);
  const pointers = part(layer, Part.RunPointers);
  const rows = part(layer, Part.OutputPixels) / part(layer, Part.OutputWidth);
  const firstRun = runs + <usize>load<u32>(pointers);
  const lastRun = runs + <usize>load<u32>(pointers + (rows << 2));
  const strideBytes = part(layer, Part.Stride) * rowBytes;
  let kernel = first;
  for (; kernel + 16 <= last; kernel += 16) {
    for (let run = firstRun; run < lastRun; run += 16) {
      const at = x + <usize>load<u32>(run, 8) * rowBytes;
      fourKernels(g + (kernel >> 2) * tapsBytes + (<usize>load<u32>(run) << 2), tapsBytes, delta + <usize>load<u32>(run, 4) * rowBytes, at + <usize>load<u32>(columns + kernel), at + <usize>load<u32>(columns + kernel, 4), at + <usize>load<u32>(columns + kernel, 8), at + <usize>load<u32>(columns + kernel, 12), <usize>load<u32>(run, 12), strideBytes, rowBytes);
    }
  }
  for (; kernel < last; kernel += 4) {
    const image = x + <usize>load<u32>(columns + kernel);
    for (let run = firstRun; run < lastRun; run += 16) {
      const to = g + (kernel >> 2) * tapsBytes + (<usize>load<u32>(run) << 2);
      const value = stridedDot(delta + <usize>load<u32>(run, 4) * rowBytes, image + <usize>load<u32>(run, 8) * rowBytes, <usize>load<u32>(run, 12), rowBytes, strideBytes, rowBytes);
      store<f32>(to, value + load<f32>(to));
    }
  }
}

/** One tap of four kernels of the same output channel, which share its deltas. */
function fourKernels(g: usize, tapsBytes: usize, delta: usize, x0: usize, x1: usize, x2: usize, x3: usize, pixels: usize, strideBytes: usize, rowBytes: usize): void {
  const gradient = fourDots(true, delta, x0, x1, x2, x3, pixels, strideBytes, rowBytes);
  add(g, f32x4.extract_lane(gradient, 0));
  add(g + tapsBytes, f32x4.extract_lane(gradient, 1));
  add(g + 2 * tapsBytes, f32x4.extract_lane(gradient, 2));
  add(g + 3 * tapsBytes, f32x4.extract_lane(gradient, 3));
}

// @ts-ignore: decorator
@inline
function add(at: usize, value: f32): void {
  store<f32>(at, value + load<f32>(at));
}
