/**
 * @file One dense block times contiguous rows of samples. Here forward; block-backward.ts and block-gradient.ts have
 * the gradients of its inputs and of its weights.
 *
 * A block's weights are stored in panels of four rows: [panel][column][row in panel], the last panel 1 to 4 rows
 * high. Its inputs are neighbours in memory, and so are its deltas (shard.ts); only outputs go where they belong.
 * Every tile is 8 accumulators: 4 outputs × 8 samples, or 8 rows × 4 columns of weights. A step multiplies two
 * vectors by four splatted numbers.
 *
 * Why `if (pointer == 1) break` stands between loads, with a number that no pointer ever is: V8 moves all loads of a
 * basic block before its arithmetic. Six in a row starve the multipliers, and those of an unrolled loop need more
 * registers than there are, so accumulators go to the stack. A branch that is never taken costs one instruction,
 * ends the block, and leaves at most four loads together: 10 to 30 % faster (docs/benchmarks).
 */

import { LINE, pair } from "./block-pair";
import { madd } from "./simd";

/**
 * r[i] = bias[i] + Σ_k W[i, k] · x[k] for the `height` (1 to 4) rows of a panel, whose outputs begin at r0 … r3.
 *
 * In a convolution the sum is over taps besides: the entries from `tap` to `lastTap` are runs (input pixel, tap,
 * taps) of neighbouring taps that read neighbouring pixels, with `pixelBytes` of `x` to a pixel.
 */
// @ts-ignore: decorator
@inline
export function panelForward(convolution: bool, height: i32, w: usize, n: usize, x: usize, tap: usize, lastTap: usize, pixelBytes: usize, r0: usize, r1: usize, r2: usize, r3: usize, bias: usize, rowBytes: usize): void {
  const step: usize = height << 2;
  const tapBytes = n * step;
  for (let s: usize = 0; s < rowBytes; s += 32) {
    let a0 = v128.load_splat<f32>(bias);
    let b0 = a0;
    let a1 = height > 1 ? v128.load_splat<f32>(bias, 4) : a0;
    let b1 = a1;
    let a2 = height > 2 ? v128.load_splat<f32>(bias, 8) : a0;
    let b2 = a2;
    let a3 = height > 3 ? v128.load_splat<f32>(bias, 12) : a0;
    let b3 = a3;
    let weight = w;
    let column = x + s;
    let end = w + tapBytes;
    let entry = tap;
    do {
      if (convolution) {
        column = x + s + <usize>load<u32>(entry) * pixelBytes;
        weight = w + <usize>load<u32>(entry, 4) * tapBytes;
        end = weight + <usize>load<u32>(entry, 8) * tapBytes;
        entry += 12;
      }
      while (weight < end) {
        const xa = v128.load(column);
        const xb = v128.load(column, 16);
        const w0 = v128.load_splat<f32>(weight);
        a0 = madd(w0, xa, a0);
        b0 = madd(w0, xb, b0);
        if (height > 1) {
          if (weight == 1) break;
          const w1 = v128.load_splat<f32>(weight, 4);
          a1 = madd(w1, xa, a1);
          b1 = madd(w1, xb, b1);
        }
        if (height > 2) {
          const w2 = v128.load_splat<f32>(weight, 8);
          a2 = madd(w2, xa, a2);
          b2 = madd(w2, xb, b2);
        }
        if (height > 3) {
          if (weight == 2) break;
          const w3 = v128.load_splat<f32>(weight, 12);
          a3 = madd(w3, xa, a3);
          b3 = madd(w3, xb, b3);
        }
        weight += step;
        column += rowBytes;
      }
    } while (convolution && entry < lastTap);
    v128.store(r0 + s, a0);
    v128.store(r0 + s, b0, 16);
    if (height > 1) {
      v128.store(r1 + s, a1);
      v128.store(r1 + s, b1, 16);
    }
    if (height > 2) {
      v128.store(r2 + s, a2);
      v128.store(r2 + s, b2, 16);
    }
    if (height > 3) {
      v128.store(r3 + s, a3);
      v128.store(r3 + s, b3, 16);
    }
  }
}

/**
 * One block forward: m rows, n columns. `x` is its first input, `bias` its first row's. From `ahead` on, unless it is 0,
 * as many bytes are claimed as the outputs of full panels take: they must be free to be written over.
 */
export function blockForward(w: usize, m: usize, n: usize, x: usize, rows: usize, out: usize, bias: usize, ahead: usize, rowBytes: usize): void {
  // With plain SIMD a pair is no faster than a tile.
  if (ASC_FEATURE_RELAXED_SIMD && m == 4 && n == 4 && rowBytes == LINE) {
    if (ahead != 0) claim(ahead, rowBytes << 2);
    pairForward(w, x, rows, out, bias);
    pairForward(w + 8, x, rows + 8, out, bias + 8);
  } else {
    panelsForward(w, m, n, x, rows, out, bias, ahead, rowBytes);
  }
}

/**
 * Brings lines to the cache by writing to them. Outputs go to memory in an order that no prefetcher follows; those of
 * the next layer are claimed in order, a few at a time, while there is arithmetic to do: 4 % of a deep network's step.
 * A store does not hold up what comes after it as a load would (docs/performance.md).
 */
// @ts-ignore: decorator
@inline
function claim(from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 64) store<u32>(from, 0);
}

/**
 * The same without pairs: a function of its own, so that they take no registers from its loops, and that who must be
 * small (isosparse/runtime) can do without them.
 */
export function panelsForward(w: usize, m: usize, n: usize, x: usize, rows: usize, out: usize, bias: usize, ahead: usize, rowBytes: usize): void {
  for (; m >= 4; m -= 4) {
    if (ahead != 0) {
      claim(ahead, rowBytes << 2);
      ahead += rowBytes << 2;
    }
    linesForward(4, w, n, x, rows, out, bias, rowBytes);
    w += n << 4;
    rows += 16;
    bias += 16;
  }
  if (m == 3) linesForward(3, w, n, x, rows, out, bias, rowBytes);
  else if (m == 2) linesForward(2, w, n, x, rows, out, bias, rowBytes);
  else if (m == 1) linesForward(1, w, n, x, rows, out, bias, rowBytes);
}

/** A panel whose rows go to the byte offsets from `out` that `rows` points at. */
// @ts-ignore: decorator
@inline
function linesForward(height: i32, w: usize, n: usize, x: usize, rows: usize, out: usize, bias: usize, rowBytes: usize): void {
  const r0 = out + <usize>load<u32>(rows);
  const r1 = height > 1 ? out + <usize>load<u32>(rows, 4) : 0;
  const r2 = height > 2 ? out + <usize>load<u32>(rows, 8) : 0;
  const r3 = height > 3 ? out + <usize>load<u32>(rows, 12) : 0;
  panelForward(false, height, w, n, x, 0, 0, 0, r0, r1, r2, r3, bias, rowBytes);
}

/** Two rows of a panel of four columns. */
function pairForward(w: usize, x: usize, rows: usize, out: usize, bias: usize): void {
  pair(v128.load_splat<f32>(bias), v128.load_splat<f32>(bias, 4), w, 4, 16, x, out + <usize>load<u32>(rows), out + <usize>load<u32>(rows, 4));
}
