/**
 * @file Two sums of four products each, for blocks of degree 4 in shards of 32 samples. Their eight weights stay in
 * registers while the samples go by, so that two loads serve as many multiplications as three do in a tile; and
 * with the lines of samples a known distance apart there is no loop and no pointer to advance. Sums are added up in
 * the order of the tiles (block-forward.ts, block-backward.ts), so their bits are the same.
 */

import { madd } from "./simd";

/** Bytes of the 32 samples of a line. */
export const LINE: usize = 128;

// @ts-ignore: decorator
@inline
function sum(first: v128, w0: v128, w1: v128, w2: v128, w3: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  return madd(w3, x3, madd(w2, x2, madd(w1, x1, madd(w0, x0, first))));
}

/**
 * At r0 and r1: first + Σ_k W[k] · x[k] over the four lines from `x` on. Weights of a sum lie `column` bytes apart,
 * those of the two sums `row`. Written out, as AssemblyScript takes offsets of loads and stores as literals alone.
 */
// @ts-ignore: decorator
@inline
export function pair(first0: v128, first1: v128, w: usize, row: usize, column: usize, x: usize, r0: usize, r1: usize): void {
  const w00 = v128.load_splat<f32>(w);
  const w10 = v128.load_splat<f32>(w + row);
  w += column;
  const w01 = v128.load_splat<f32>(w);
  const w11 = v128.load_splat<f32>(w + row);
  w += column;
  const w02 = v128.load_splat<f32>(w);
  const w12 = v128.load_splat<f32>(w + row);
  w += column;
  const w03 = v128.load_splat<f32>(w);
  const w13 = v128.load_splat<f32>(w + row);
  const a0 = v128.load(x);
  const a1 = v128.load(x, 128);
  const a2 = v128.load(x, 256);
  const a3 = v128.load(x, 384);
  v128.store(r0, sum(first0, w00, w01, w02, w03, a0, a1, a2, a3));
  v128.store(r1, sum(first1, w10, w11, w12, w13, a0, a1, a2, a3));
  const b0 = v128.load(x, 16);
  const b1 = v128.load(x, 144);
  const b2 = v128.load(x, 272);
  const b3 = v128.load(x, 400);
  v128.store(r0, sum(first0, w00, w01, w02, w03, b0, b1, b2, b3), 16);
  v128.store(r1, sum(first1, w10, w11, w12, w13, b0, b1, b2, b3), 16);
  const c0 = v128.load(x, 32);
  const c1 = v128.load(x, 160);
  const c2 = v128.load(x, 288);
  const c3 = v128.load(x, 416);
  v128.store(r0, sum(first0, w00, w01, w02, w03, c0, c1, c2, c3), 32);
  v128.store(r1, sum(first1, w10, w11, w12, w13, c0, c1, c2, c3), 32);
  const d0 = v128.load(x, 48);
  const d1 = v128.load(x, 176);
  const d2 = v128.load(x, 304);
  const d3 = v128.load(x, 432);
  v128.store(r0, sum(first0, w00, w01, w02, w03, d0, d1, d2, d3), 48);
  v128.store(r1, sum(first1, w10, w11, w12, w13, d0, d1, d2, d3), 48);
  const e0 = v128.load(x, 64);
  const e1 = v128.load(x, 192);
  const e2 = v128.load(x, 320);
  const e3 = v128.load(x, 448);
  v128.store(r0, sum(first0, w00, w01, w02, w03, e0, e1, e2, e3), 64);
  v128.store(r1, sum(first1, w10, w11, w12, w13, e0, e1, e2, e3), 64);
  const f0 = v128.load(x, 80);
  const f1 = v128.load(x, 208);
  const f2 = v128.load(x, 336);
  const f3 = v128.load(x, 464);
  v128.store(r0, sum(first0, w00, w01, w02, w03, f0, f1, f2, f3), 80);
  v128.store(r1, sum(first1, w10, w11, w12, w13, f0, f1, f2, f3), 80);
  const g0 = v128.load(x, 96);
  const g1 = v128.load(x, 224);
  const g2 = v128.load(x, 352);
  const g3 = v128.load(x, 480);
  v128.store(r0, sum(first0, w00, w01, w02, w03, g0, g1, g2, g3), 96);
  v128.store(r1, sum(first1, w10, w11, w12, w13, g0, g1, g2, g3), 96);
  const h0 = v128.load(x, 112);
  const h1 = v128.load(x, 240);
  const h2 = v128.load(x, 368);
  const h3 = v128.load(x, 496);
  v128.store(r0, sum(first0, w00, w01, w02, w03, h0, h1, h2, h3), 112);
  v128.store(r1, sum(first1, w10, w11, w12, w13, h0, h1, h2, h3), 112);
}
