/**
 * @file Any sparse mask, edge by edge: one output × 32 samples at a time in 8 accumulators, so that a
 * connection costs one pointer, one splatted weight and 8 vectors of samples. Backward is the same loop over the
 * transposed order, with each edge's place among the weights. block-forward.ts says why branches stand between loads.
 */

import { accumulate, dot, madd, sums } from "./simd";

// @ts-ignore: decorator
@inline
function weightOf(weights: usize, places: usize, edge: usize, transposed: bool): v128 {
  return v128.load_splat<f32>(transposed ? weights + <usize>load<u32>(places + edge) : weights + edge);
}

/** One output row over `vectors` (8 or 2) vectors of samples, for the edges [first, last) (bytes, 4 an edge). */
// @ts-ignore: decorator
@inline
function rowTile(vectors: i32, transposed: bool, start: v128, first: usize, last: usize, sources: usize, places: usize, weights: usize, x: usize, to: usize): void {
  let a0 = start;
  let a1 = start;
  let a2 = start;
  let a3 = start;
  let a4 = start;
  let a5 = start;
  let a6 = start;
  let a7 = start;
  for (let edge = first; edge < last; edge += 4) {
    const address = x + <usize>load<u32>(sources + edge);
    const w = weightOf(weights, places, edge, transposed);
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

/** out[places[r]] = bias[r] + Σ W[r, c] · x[c]; `pointers` counts edges, `columns` and `places` hold byte offsets. */
export function edgesForward(weights: usize, rows: usize, pointers: usize, columns: usize, x: usize, places: usize, out: usize, bias: usize, rowBytes: usize): void {
  let first = <usize>load<u32>(pointers) << 2;
  for (let r: usize = 0; r < rows << 2; r += 4) {
    const last = <usize>load<u32>(pointers + r, 4) << 2;
    const start = v128.load_splat<f32>(bias + r);
    const to = out + <usize>load<u32>(places + r);
    let s: usize = 0;
    for (; s + 128 <= rowBytes; s += 128) rowTile(8, false, start, first, last, columns, 0, weights, x + s, to + s);
    for (; s < rowBytes; s += 32) rowTile(2, false, start, first, last, columns, 0, weights, x + s, to + s);
    first = last;
  }
}

/** out[c] = Σ W[r, c] · delta[r] in the transposed order; `places` holds each edge's weight as a byte offset. */
export function edgesBackward(weights: usize, columns: usize, pointers: usize, rowOffsets: usize, places: usize, delta: usize, out: usize, rowBytes: usize): void {
  const start = f32x4.splat(0);
  let first = <usize>load<u32>(pointers) << 2;
  for (let c: usize = 0; c < columns << 2; c += 4) {
    const last = <usize>load<u32>(pointers + c, 4) << 2;
    let s: usize = 0;
    for (; s + 128 <= rowBytes; s += 128) rowTile(8, true, start, first, last, rowOffsets, places, weights, delta + s, out + s);
    for (; s < rowBytes; s += 32) rowTile(2, true, start, first, last, rowOffsets, places, weights, delta + s, out + s);
    out += rowBytes;
    first = last;
  }
}

/**
 * Σ over the samples of delta · x for four rows of samples; in a convolution over `pixels` pixels besides, which follow
 * one another in delta and are `strideBytes` apart in the others.
 */
// @ts-ignore: decorator
@inline
export function fourDots(convolution: bool, delta: usize, x0: usize, x1: usize, x2: usize, x3: usize, pixels: usize, strideBytes: usize, rowBytes: usize): v128 {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const skip = strideBytes - rowBytes;
  let d = delta;
  do {
    const end = d + rowBytes;
    for (; d < end; d += 32) {
      const da = v128.load(d);
      a0 = madd(da, v128.load(x0), a0);
      a1 = madd(da, v128.load(x1), a1);
      if (d == 1) break;
      a2 = madd(da, v128.load(x2), a2);
      a3 = madd(da, v128.load(x3), a3);
      if (d == 2) break;
      const db = v128.load(d, 16);
      b0 = madd(db, v128.load(x0, 16), b0);
      b1 = madd(db, v128.load(x1, 16), b1);
      if (d == 3) break;
      b2 = madd(db, v128.load(x2, 16), b2);
      b3 = madd(db, v128.load(x3, 16), b3);
      x0 += 32;
      x1 += 32;
      x2 += 32;
      x3 += 32;
    }
    if (!convolution) break;
    x0 += skip;
    x1 += skip;
    x2 += skip;
    x3 += skip;
  } while (--pixels);
  return sums(f32x4.add(a0, b0), f32x4.add(a1, b1), f32x4.add(a2, b2), f32x4.add(a3, b3));
}

/** dW of every edge: four edges of a row at a time share the row's samples. */
export function edgesGradient(g: usize, rows: usize, pointers: usize, columns: usize, delta: usize, x: usize, rowBytes: usize, add: bool): void {
  let edge = <usize>load<u32>(pointers) << 2;
  for (let r: usize = 0; r < rows; r++) {
    const last = <usize>load<u32>(pointers + ((r + 1) << 2)) << 2;
    for (; edge + 16 <= last; edge += 16) {
      const dots = fourDots(false, delta, x + <usize>load<u32>(columns + edge), x + <usize>load<u32>(columns + edge, 4), x + <usize>load<u32>(columns + edge, 8), x + <usize>load<u32>(columns + edge, 12), 1, 0, rowBytes);
      accumulate(g + edge, dots, add);
    }
    for (; edge < last; edge += 4) {
      const value = dot(delta, x + <usize>load<u32>(columns + edge), rowBytes);
      store<f32>(g + edge, add ? value + load<f32>(g + edge) : value);
    }
    delta += rowBytes;
  }
}
