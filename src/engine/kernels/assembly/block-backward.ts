/**
 * @file A block's gradient with respect to its inputs: the transposed block times the deltas of its rows, in tiles of
 * 4 columns × 8 samples, a panel of four rows a turn (block-forward.ts says how weights lie in panels, and why
 * branches stand between loads).
 */

import { LINE, pair } from "./block-pair";
import { madd } from "./simd";

/**
 * out[c] = Σ_r W[r, c] · delta[r] over the full panels of n columns, `panelBytes` apart, for four columns; `w` is the
 * first one's place in the first.
 *
 * In a convolution the sum is over taps besides: the entries from `tap` to `lastTap`, of which there may be none, are
 * pairs (output pixel, tap), with `pixelBytes` of deltas to a pixel.
 */
// @ts-ignore: decorator
@inline
export function tileBackward(convolution: bool, w: usize, m: usize, n: usize, panelBytes: usize, delta: usize, tap: usize, lastTap: usize, pixelBytes: usize, out: usize, rowBytes: usize): void {
  const tapBytes = n << 4;
  const blockBytes = (m >> 2) * panelBytes;
  const turn = panelBytes - 12;
  for (let s: usize = 0; s < rowBytes; s += 32) {
    let a0 = f32x4.splat(0);
    let b0 = a0;
    let a1 = a0;
    let b1 = a0;
    let a2 = a0;
    let b2 = a0;
    let a3 = a0;
    let b3 = a0;
    let row = delta + s;
    let at = w;
    let entry = tap;
    while (!convolution || entry < lastTap) {
      if (convolution) {
        row = delta + s + <usize>load<u32>(entry) * pixelBytes;
        at = w + <usize>load<u32>(entry, 4) * tapBytes;
        entry += 8;
      }
      const end = at + blockBytes;
      while (at < end) {
        const x0 = v128.load(row);
        const y0 = v128.load(row, 16);
        const w00 = v128.load_splat<f32>(at);
        a0 = madd(w00, x0, a0);
        b0 = madd(w00, y0, b0);
        const w01 = v128.load_splat<f32>(at, 16);
        a1 = madd(w01, x0, a1);
        b1 = madd(w01, y0, b1);
        if (at == 1) break;
        const w02 = v128.load_splat<f32>(at, 32);
        a2 = madd(w02, x0, a2);
        b2 = madd(w02, y0, b2);
        const w03 = v128.load_splat<f32>(at, 48);
        a3 = madd(w03, x0, a3);
        b3 = madd(w03, y0, b3);
        row += rowBytes;
        at += 4;
        if (at == 2) break;
        const x1 = v128.load(row);
        const y1 = v128.load(row, 16);
        const w10 = v128.load_splat<f32>(at);
        a0 = madd(w10, x1, a0);
        b0 = madd(w10, y1, b0);
        const w11 = v128.load_splat<f32>(at, 16);
        a1 = madd(w11, x1, a1);
        b1 = madd(w11, y1, b1);
        if (at == 3) break;
        const w12 = v128.load_splat<f32>(at, 32);
        a2 = madd(w12, x1, a2);
        b2 = madd(w12, y1, b2);
        const w13 = v128.load_splat<f32>(at, 48);
        a3 = madd(w13, x1, a3);
        b3 = madd(w13, y1, b3);
        row += rowBytes;
        at += 4;
        if (at == 4) break;
        const x2 = v128.load(row);
        const y2 = v128.load(row, 16);
        const w20 = v128.load_splat<f32>(at);
        a0 = madd(w20, x2, a0);
        b0 = madd(w20, y2, b0);
        const w21 = v128.load_splat<f32>(at, 16);
        a1 = madd(w21, x2, a1);
        b1 = madd(w21, y2, b1);
        if (at == 5) break;
        const w22 = v128.load_splat<f32>(at, 32);
        a2 = madd(w22, x2, a2);
        b2 = madd(w22, y2, b2);
        const w23 = v128.load_splat<f32>(at, 48);
        a3 = madd(w23, x2, a3);
        b3 = madd(w23, y2, b3);
        row += rowBytes;
        at += 4;
        if (at == 6) break;
        const x3 = v128.load(row);
        const y3 = v128.load(row, 16);
        const w30 = v128.load_splat<f32>(at);
        a0 = madd(w30, x3, a0);
        b0 = madd(w30, y3, b0);
        const w31 = v128.load_splat<f32>(at, 16);
        a1 = madd(w31, x3, a1);
        b1 = madd(w31, y3, b1);
        if (at == 7) break;
        const w32 = v128.load_splat<f32>(at, 32);
        a2 = madd(w32, x3, a2);
        b2 = madd(w32, y3, b2);
        const w33 = v128.load_splat<f32>(at, 48);
        a3 = madd(w33, x3, a3);
        b3 = madd(w33, y3, b3);
        row += rowBytes;
        at += turn;
      }
      if (!convolution) break;
    }
    let to = out + s;
    v128.store(to, a0);
    v128.store(to, b0, 16);
    to += rowBytes;
    v128.store(to, a1);
    v128.store(to, b1, 16);
    to += rowBytes;
    v128.store(to, a2);
    v128.store(to, b2, 16);
    to += rowBytes;
    v128.store(to, a3);
    v128.store(to, b3, 16);
  }
}

/** Adds the last panel, of less than four rows, for four columns: it is `height` bytes from column to column. */
export function restBackward(w: usize, height: usize, delta: usize, out: usize, rowBytes: usize): void {
  for (const end = w + (height << 2); w < end; w += height) {
    for (let s: usize = 0; s < rowBytes; s += 16) {
      let sum = v128.load(out + s);
      let row = delta + s;
      for (let at = w; at < w + height; at += 4) {
        sum = madd(v128.load_splat<f32>(at), v128.load(row), sum);
        row += rowBytes;
      }
      v128.store(out + s, sum);
    }
    out += rowBytes;
  }
}

/** One column of the same, over all rows; `rest` is its place in the last panel, which may be lower than the others. */
// @ts-ignore: decorator
@inline
export function columnBackward(convolution: bool, w: usize, rest: usize, m: usize, n: usize, panelBytes: usize, delta: usize, tap: usize, lastTap: usize, pixelBytes: usize, out: usize, rowBytes: usize): void {
  const blockBytes = (m >> 2) * panelBytes;
  const height = (m & 3) << 2;
  for (let s: usize = 0; s < rowBytes; s += 32) {
    let a = f32x4.splat(0);
    let b = a;
    let row = delta + s;
    let first = w;
    let last = rest;
    let entry = tap;
    while (!convolution || entry < lastTap) {
      if (convolution) {
        const columns = <usize>load<u32>(entry, 4) * n;
        row = delta + s + <usize>load<u32>(entry) * pixelBytes;
        first = w + (columns << 4);
        last = rest + columns * height;
        entry += 8;
      }
      for (let panel = first; panel < first + blockBytes; panel += panelBytes) {
        for (let at = panel; at < panel + 16; at += 4) {
          const weight = v128.load_splat<f32>(at);
          a = madd(weight, v128.load(row), a);
          b = madd(weight, v128.load(row, 16), b);
          row += rowBytes;
        }
      }
      for (let at = last; at < last + height; at += 4) {
        const weight = v128.load_splat<f32>(at);
        a = madd(weight, v128.load(row), a);
        b = madd(weight, v128.load(row, 16), b);
        row += rowBytes;
      }
      if (!convolution) break;
    }
    v128.store(out + s, a);
    v128.store(out + s, b, 16);
  }
}

// Functions of their own, so that the engine's compiler sees one loop nest at a time.
function linearTile(w: usize, m: usize, n: usize, delta: usize, out: usize, rowBytes: usize): void {
  tileBackward(false, w, m, n, n << 4, delta, 0, 0, 0, out, rowBytes);
}

function linearColumn(w: usize, rest: usize, m: usize, n: usize, delta: usize, out: usize, rowBytes: usize): void {
  columnBackward(false, w, rest, m, n, n << 4, delta, 0, 0, 0, out, rowBytes);
}

/** Two columns of a panel of four rows. */
function pairBackward(w: usize, delta: usize, out: usize): void {
  pair(f32x4.splat(0), f32x4.splat(0), w, 16, 4, delta, out, out + LINE);
}

/** One block's gradient with respect to its inputs, written (not added) from `out` on. */
export function blockBackward(w: usize, m: usize, n: usize, delta: usize, out: usize, rowBytes: usize): void {
  const height = (m & 3) << 2;
  const restDelta = delta + (m & ~3) * rowBytes;
  let rest = w + (m >> 2) * (n << 4);
  const pairs = m == 4 && rowBytes == LINE;
  let columns = n;
  for (; columns >= 4; columns -= 4) {
    if (pairs) {
      pairBackward(w, delta, out);
      pairBackward(w + 32, delta, out + 2 * LINE);
    } else {
      linearTile(w, m, n, delta, out, rowBytes);
    }
    if (height != 0) restBackward(rest, height, restDelta, out, rowBytes);
    w += 64;
    rest += height << 2;
    out += rowBytes << 2;
  }
  for (; columns > 0; columns--) {
    linearColumn(w, rest, m, n, delta, out, rowBytes);
    w += 16;
    rest += height;
    out += rowBytes;
  }
}
