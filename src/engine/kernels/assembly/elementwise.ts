/**
 * @file Activations over whole layers, forward in place and backward from the output alone (tanh' = 1 − y²,
 * relu' = [y > 0], hardtanh' = [|y| < 1]), with the bias gradient summed on the way.
 *
 * tanh is a rational minimax fit x·P(x²)/Q(x²), degrees 4 and 4, of x clamped to ±LIMIT (our own fit, by iteratively
 * reweighted least squares, then a search over roundings of the coefficients): at most 5.6 units in the last
 * place of float32 from tanh. LIMIT is as large as may be: from 8.097 on some results would exceed 1.
 * pmin and pmax are one instruction where min and max are many; the value comes first, so NaN stays NaN.
 */

import { accumulate, madd, sums, total } from "./simd";

/**
 * LIMIT, P4 … P0, Q4 … Q1 (Q0 = P0), −LIMIT, 1. In memory, because engines build a vector constant anew at each use,
 * in three instructions, but keep a loaded one in a register.
 */
const TABLE = memory.data<f32>([
  8.09, 2.2092990548117086e-8, 3.2211064535658807e-5, 0.005294768139719963, 0.1999611109495163, 1.4886778593063354,
  1.2461206324587693e-6, 0.0005041332915425301, 0.03886687755584717, 0.6961869597434998, -8.09, 1,
]);

// @ts-ignore: decorator
@inline
function constant(index: i32): v128 {
  return v128.load_splat<f32>(TABLE + (<usize>index << 2));
}

/** tanh of `bytes` (a multiple of 16) in place. */
function tanhAll(at: usize, bytes: usize): void {
  const limit = constant(0);
  const p4 = constant(1);
  const p3 = constant(2);
  const p2 = constant(3);
  const p1 = constant(4);
  const p0 = constant(5);
  const q4 = constant(6);
  const q3 = constant(7);
  const q2 = constant(8);
  const q1 = constant(9);
  const low = constant(10);
  for (const end = at + bytes; at < end; at += 16) {
    const x = f32x4.pmin(f32x4.pmax(v128.load(at), low), limit);
    const u = f32x4.mul(x, x);
    let p = madd(p4, u, p3);
    let q = madd(q4, u, q3);
    p = madd(p, u, p2);
    q = madd(q, u, q2);
    p = madd(p, u, p1);
    q = madd(q, u, q1);
    p = madd(p, u, p0);
    q = madd(q, u, p0);
    v128.store(at, f32x4.div(f32x4.mul(x, p), q));
  }
}

// @ts-ignore: decorator
@inline
function bounded(y: v128): v128 {
  return f32x4.pmin(f32x4.pmax(y, f32x4.splat(-1)), f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function activation(kind: i32, z: v128): v128 {
  if (kind == 2) return f32x4.pmax(z, f32x4.splat(0));
  return bounded(z);
}

// @ts-ignore: decorator
@inline
function activateAll(kind: i32, at: usize, bytes: usize): void {
  const end = at + bytes;
  for (; at < end; at += 32) {
    const a = activation(kind, v128.load(at));
    const b = activation(kind, v128.load(at, 16));
    v128.store(at, a);
    v128.store(at, b, 16);
  }
}

/** z ← activation(z) over `bytes` (a multiple of 32). */
export function activate(kind: usize, at: usize, bytes: usize): void {
  if (kind == 1) tanhAll(at, bytes);
  else if (kind == 2) activateAll(2, at, bytes);
  else if (kind == 3) activateAll(3, at, bytes);
}

// @ts-ignore: decorator
@inline
function derivative(kind: i32, one: v128, y: v128, delta: v128): v128 {
  if (kind == 1) return f32x4.mul(delta, f32x4.sub(one, f32x4.mul(y, y)));
  if (kind == 2) return v128.and(delta, f32x4.gt(y, f32x4.sub(one, one)));
  if (kind == 3) return v128.and(delta, f32x4.lt(f32x4.abs(y), one));
  return delta;
}

// @ts-ignore: decorator
@inline
function differentiateAll(convolution: bool, kind: i32, rows: usize, places: usize, steps: usize, pixels: usize, gradient: usize, outputs: usize, delta: usize, deltaRow: usize, deltaPixel: usize, transposed: usize, transposedPixel: usize, bias: usize, rowBytes: usize, add: bool): void {
  const one = constant(11);
  for (; rows >= 4; rows -= 4) {
    let p0 = <usize>load<u32>(places);
    let p1 = <usize>load<u32>(places, 4);
    let p2 = <usize>load<u32>(places, 8);
    let p3 = <usize>load<u32>(places, 12);
    let d0 = delta;
    let pixel = pixels;
    let t = transposed;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (;;) {
      const d1 = d0 + deltaRow;
      const d2 = d1 + deltaRow;
      const d3 = d2 + deltaRow;
      for (let s: usize = 0; s < rowBytes; s += 16) {
        const g = gradient + s;
        const y = outputs + s;
        const a = derivative(kind, one, v128.load(y + p0), v128.load(g + p0));
        v128.store(d0 + s, a);
        s0 = f32x4.add(s0, a);
        const b = derivative(kind, one, v128.load(y + p1), v128.load(g + p1));
        v128.store(d1 + s, b);
        s1 = f32x4.add(s1, b);
        const c = derivative(kind, one, v128.load(y + p2), v128.load(g + p2));
        v128.store(d2 + s, c);
        s2 = f32x4.add(s2, c);
        const d = derivative(kind, one, v128.load(y + p3), v128.load(g + p3));
        v128.store(d3 + s, d);
        s3 = f32x4.add(s3, d);
        if (transposed == 0) continue;
        const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
        const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
        v128.store(t, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
        v128.store(t, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
        const ba = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
        const dc = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
        v128.store(t, v128.shuffle<f32>(ba, dc, 0, 1, 4, 5), 32);
        v128.store(t, v128.shuffle<f32>(ba, dc, 2, 3, 6, 7), 48);
        t += 64;
      }
      if (!convolution || --pixel == 0) break;
      p0 += <usize>load<u32>(steps);
      p1 += <usize>load<u32>(steps, 4);
      p2 += <usize>load<u32>(steps, 8);
      p3 += <usize>load<u32>(steps, 12);
      d0 += deltaPixel;
      t += transposedPixel - (rowBytes << 2);
    }
    accumulate(bias, sums(s0, s1, s2, s3), add);
    places += 16;
    if (convolution) steps += 16;
    bias += 16;
    delta += deltaRow << 2;
    transposed += transposed == 0 ? 0 : rowBytes << 2;
  }
  for (; rows > 0; rows--) {
    let place = <usize>load<u32>(places);
    let d0 = delta;
    let pixel = pixels;
    let sum = f32x4.splat(0);
    for (;;) {
      for (let s: usize = 0; s < rowBytes; s += 16) {
        const a = derivative(kind, one, v128.load(outputs + place + s), v128.load(gradient + place + s));
        v128.store(d0 + s, a);
        sum = f32x4.add(sum, a);
      }
      if (!convolution || --pixel == 0) break;
      place += <usize>load<u32>(steps);
      d0 += deltaPixel;
    }
    store<f32>(bias, add ? total(sum) + load<f32>(bias) : total(sum));
    places += 4;
    if (convolution) steps += 4;
    bias += 4;
    delta += deltaRow;
  }
}

/**
 * delta = gradient · activation'(z), from the outputs y, for the `rows` units at the byte offsets `places`; delta is
 * contiguous, in that order. Its full panels of four rows go to `transposed` too, [panel][sample][row in panel], unless
 * that is 0. The rows' sums go to (or are added to) the bias gradient.
 */
export function differentiate(kind: usize, rows: usize, places: usize, gradient: usize, y: usize, delta: usize, transposed: usize, bias: usize, rowBytes: usize, add: bool): void {
  if (kind == 0) differentiateAll(false, 0, rows, places, 0, 1, gradient, y, delta, rowBytes, 0, transposed, 0, bias, rowBytes, add);
  else if (kind == 1) differentiateAll(false, 1, rows, places, 0, 1, gradient, y, delta, rowBytes, 0, transposed, 0, bias, rowBytes, add);
  else if (kind == 2) differentiateAll(false, 2, rows, places, 0, 1, gradient, y, delta, rowBytes, 0, transposed, 0, bias, rowBytes, add);
  else differentiateAll(false, 3, rows, places, 0, 1, gradient, y, delta, rowBytes, 0, transposed, 0, bias, rowBytes, add);
}

/**
 * The same for `pixels` pixels of each channel, `steps` bytes apart (one step a channel). A delta's rows lie `deltaRow`
 * bytes apart, its pixels `deltaPixel`, those of the transposed one `transposedPixel`.
 */
export function differentiateImages(kind: usize, rows: usize, places: usize, steps: usize, pixels: usize, gradient: usize, y: usize, delta: usize, deltaRow: usize, deltaPixel: usize, transposed: usize, transposedPixel: usize, bias: usize, rowBytes: usize, add: bool): void {
  if (kind == 0) differentiateAll(true, 0, rows, places, steps, pixels, gradient, y, delta, deltaRow, deltaPixel, transposed, transposedPixel, bias, rowBytes, add);
  else if (kind == 1) differentiateAll(true, 1, rows, places, steps, pixels, gradient, y, delta, deltaRow, deltaPixel, transposed, transposedPixel, bias, rowBytes, add);
  else if (kind == 2) differentiateAll(true, 2, rows, places, steps, pixels, gradient, y, delta, deltaRow, deltaPixel, transposed, transposedPixel, bias, rowBytes, add);
  else differentiateAll(true, 3, rows, places, steps, pixels, gradient, y, delta, deltaRow, deltaPixel, transposed, transposedPixel, bias, rowBytes, add);
}

/**
 * gradient ← gradient · activation'(z) in place, from the outputs y: `bytes` (a multiple of 16) that lie alike.
 */
export function differentiateInPlace(kind: usize, gradient: usize, y: usize, bytes: usize): void {
  if (kind == 1) scaleAll(1, gradient, y, bytes);
  else if (kind == 2) scaleAll(2, gradient, y, bytes);
  else if (kind == 3) scaleAll(3, gradient, y, bytes);
}

// @ts-ignore: decorator
@inline
function scaleAll(kind: i32, gradient: usize, y: usize, bytes: usize): void {
  const one = constant(11);
  for (let b: usize = 0; b < bytes; b += 16) {
    v128.store(gradient + b, derivative(kind, one, v128.load(y + b), v128.load(gradient + b)));
  }
}
