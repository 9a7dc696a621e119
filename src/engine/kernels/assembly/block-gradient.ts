/**
 * @file A block's weight gradient: for each sample the outer product of its deltas and its inputs, in tiles of 8 rows ×
 * 4 columns, four samples a turn. With the deltas transposed panel by panel (elementwise.ts), a panel's four rows are
 * one vector, and so is the gradient of a column in it: nothing is summed across lanes. block-forward.ts says why
 * branches stand between loads.
 */

import { accumulate, dot, madd } from "./simd";

/**
 * dW[r, c] = Σ_s delta[r, s] · x[c, s] for two panels of rows and four columns. `delta` is transposed:
 * [panel][sample][row in panel].
 *
 * In a convolution the sum is over `pixels` pixels besides, which lie `xBytes` and `deltaBytes` apart.
 */
// @ts-ignore: decorator
@inline
export function tileGradient(convolution: bool, g: usize, panelBytes: usize, delta: usize, x: usize, pixels: usize, xBytes: usize, deltaBytes: usize, rowBytes: usize, add: bool): void {
  let a0 = f32x4.splat(0);
  let b0 = a0;
  let a1 = a0;
  let b1 = a0;
  let a2 = a0;
  let b2 = a0;
  let a3 = a0;
  let b3 = a0;
  do {
    let x0 = x;
    let x1 = x0 + rowBytes;
    let x2 = x1 + rowBytes;
    let x3 = x2 + rowBytes;
    const end = delta + (rowBytes << 2);
    let e = end;
    for (let d = delta; d < end; d += 64) {
      const d0 = v128.load(d);
      const e0 = v128.load(e);
      const x00 = v128.load_splat<f32>(x0);
      a0 = madd(x00, d0, a0);
      b0 = madd(x00, e0, b0);
      const x01 = v128.load_splat<f32>(x1);
      a1 = madd(x01, d0, a1);
      b1 = madd(x01, e0, b1);
      if (d == 1) break;
      const x02 = v128.load_splat<f32>(x2);
      a2 = madd(x02, d0, a2);
      b2 = madd(x02, e0, b2);
      const x03 = v128.load_splat<f32>(x3);
      a3 = madd(x03, d0, a3);
      b3 = madd(x03, e0, b3);
      if (d == 2) break;
      const d1 = v128.load(d, 16);
      const e1 = v128.load(e, 16);
      const x10 = v128.load_splat<f32>(x0, 4);
      a0 = madd(x10, d1, a0);
      b0 = madd(x10, e1, b0);
      const x11 = v128.load_splat<f32>(x1, 4);
      a1 = madd(x11, d1, a1);
      b1 = madd(x11, e1, b1);
      if (d == 3) break;
      const x12 = v128.load_splat<f32>(x2, 4);
      a2 = madd(x12, d1, a2);
      b2 = madd(x12, e1, b2);
      const x13 = v128.load_splat<f32>(x3, 4);
      a3 = madd(x13, d1, a3);
      b3 = madd(x13, e1, b3);
      if (d == 4) break;
      const d2 = v128.load(d, 32);
      const e2 = v128.load(e, 32);
      const x20 = v128.load_splat<f32>(x0, 8);
      a0 = madd(x20, d2, a0);
      b0 = madd(x20, e2, b0);
      const x21 = v128.load_splat<f32>(x1, 8);
      a1 = madd(x21, d2, a1);
      b1 = madd(x21, e2, b1);
      if (d == 5) break;
      const x22 = v128.load_splat<f32>(x2, 8);
      a2 = madd(x22, d2, a2);
      b2 = madd(x22, e2, b2);
      const x23 = v128.load_splat<f32>(x3, 8);
      a3 = madd(x23, d2, a3);
      b3 = madd(x23, e2, b3);
      if (d == 6) break;
      const d3 = v128.load(d, 48);
      const e3 = v128.load(e, 48);
      const x30 = v128.load_splat<f32>(x0, 12);
      a0 = madd(x30, d3, a0);
      b0 = madd(x30, e3, b0);
      const x31 = v128.load_splat<f32>(x1, 12);
      a1 = madd(x31, d3, a1);
      b1 = madd(x31, e3, b1);
      if (d == 7) break;
      const x32 = v128.load_splat<f32>(x2, 12);
      a2 = madd(x32, d3, a2);
      b2 = madd(x32, e3, b2);
      const x33 = v128.load_splat<f32>(x3, 12);
      a3 = madd(x33, d3, a3);
      b3 = madd(x33, e3, b3);
      x0 += 16;
      x1 += 16;
      x2 += 16;
      x3 += 16;
      e += 64;
    }
    if (!convolution) break;
    x += xBytes;
    delta += deltaBytes;
  } while (--pixels);
  accumulate(g, a0, add);
  accumulate(g + 16, a1, add);
  accumulate(g + 32, a2, add);
  accumulate(g + 48, a3, add);
  g += panelBytes;
  accumulate(g, b0, add);
  accumulate(g + 16, b1, add);
  accumulate(g + 32, b2, add);
  accumulate(g + 48, b3, add);
}

/** The same for one panel and `width` (1 or 4) columns; even and odd samples in sums of their own. */
// @ts-ignore: decorator
@inline
export function panelGradient(convolution: bool, width: i32, g: usize, delta: usize, x: usize, pixels: usize, xBytes: usize, deltaBytes: usize, rowBytes: usize, add: bool): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  do {
    let x0 = x;
    let x1 = x0 + rowBytes;
    let x2 = x1 + rowBytes;
    let x3 = x2 + rowBytes;
    const end = delta + (rowBytes << 2);
    for (let d = delta; d < end; d += 64) {
      const d0 = v128.load(d);
      a0 = madd(v128.load_splat<f32>(x0), d0, a0);
      if (width > 1) {
        a1 = madd(v128.load_splat<f32>(x1), d0, a1);
        if (d == 1) break;
        a2 = madd(v128.load_splat<f32>(x2), d0, a2);
        a3 = madd(v128.load_splat<f32>(x3), d0, a3);
        if (d == 2) break;
      }
      const d1 = v128.load(d, 16);
      b0 = madd(v128.load_splat<f32>(x0, 4), d1, b0);
      if (width > 1) {
        b1 = madd(v128.load_splat<f32>(x1, 4), d1, b1);
        if (d == 3) break;
        b2 = madd(v128.load_splat<f32>(x2, 4), d1, b2);
        b3 = madd(v128.load_splat<f32>(x3, 4), d1, b3);
      }
      if (d == 4) break;
      const d2 = v128.load(d, 32);
      a0 = madd(v128.load_splat<f32>(x0, 8), d2, a0);
      if (width > 1) {
        a1 = madd(v128.load_splat<f32>(x1, 8), d2, a1);
        if (d == 5) break;
        a2 = madd(v128.load_splat<f32>(x2, 8), d2, a2);
        a3 = madd(v128.load_splat<f32>(x3, 8), d2, a3);
        if (d == 6) break;
      }
      const d3 = v128.load(d, 48);
      b0 = madd(v128.load_splat<f32>(x0, 12), d3, b0);
      if (width > 1) {
        b1 = madd(v128.load_splat<f32>(x1, 12), d3, b1);
        if (d == 7) break;
        b2 = madd(v128.load_splat<f32>(x2, 12), d3, b2);
        b3 = madd(v128.load_splat<f32>(x3, 12), d3, b3);
      }
      x0 += 16;
      x1 += 16;
      x2 += 16;
      x3 += 16;
    }
    if (!convolution) break;
    x += xBytes;
    delta += deltaBytes;
  } while (--pixels);
  a0 = f32x4.add(a0, b0);
  if (width > 1) {
    a1 = f32x4.add(a1, b1);
    a2 = f32x4.add(a2, b2);
    a3 = f32x4.add(a3, b3);
  }
  accumulate(g, a0, add);
  if (width > 1) {
    accumulate(g + 16, a1, add);
    accumulate(g + 32, a2, add);
    accumulate(g + 48, a3, add);
  }
}

function linearTile(g: usize, panelBytes: usize, delta: usize, x: usize, rowBytes: usize, add: bool): void {
  tileGradient(false, g, panelBytes, delta, x, 1, 0, 0, rowBytes, add);
}

/**
 * One block's weight gradient, in the layout of its weights, from delta as it is and transposed panel by panel.
 * Rows that fill no panel take dot products.
 */
export function blockGradient(g: usize, m: usize, n: usize, delta: usize, transposed: usize, x: usize, rowBytes: usize, add: bool): void {
  const panelBytes = n << 4;
  const deltaBytes = rowBytes << 2;
  for (; m >= 8; m -= 8) {
    let column = x;
    let c = n;
    for (; c >= 4; c -= 4) {
      linearTile(g, panelBytes, transposed, column, rowBytes, add);
      g += 64;
      column += deltaBytes;
    }
    for (; c > 0; c--) {
      panelGradient(false, 1, g, transposed, column, 1, 0, 0, rowBytes, add);
      panelGradient(false, 1, g + panelBytes, transposed + deltaBytes, column, 1, 0, 0, rowBytes, add);
      g += 16;
      column += rowBytes;
    }
    g += panelBytes;
    transposed += deltaBytes << 1;
    delta += rowBytes << 3;
  }
  if (m >= 4) {
    let column = x;
    let c = n;
    for (; c >= 4; c -= 4) {
      panelGradient(false, 4, g, transposed, column, 1, 0, 0, rowBytes, add);
      g += 64;
      column += deltaBytes;
    }
    for (; c > 0; c--) {
      panelGradient(false, 1, g, transposed, column, 1, 0, 0, rowBytes, add);
      g += 16;
      column += rowBytes;
    }
    delta += deltaBytes;
    m -= 4;
  }
  if (m == 0) return;
  const xEnd = x + n * rowBytes;
  const deltaEnd = delta + m * rowBytes;
  for (let column = x; column < xEnd; column += rowBytes) {
    for (let row = delta; row < deltaEnd; row += rowBytes) {
      const value = dot(row, column, rowBytes);
      store<f32>(g, add ? value + load<f32>(g) : value);
      g += 4;
    }
  }
}
