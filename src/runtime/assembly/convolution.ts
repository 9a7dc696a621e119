/**
 * @file Convolutions at neighbouring pixels at once: pixels lie in the lanes of vectors, beside one another as in
 * memory, and with several samples, those too. The input is spread out first (copy.ts), zeros or the other side around
 * it, so that what a tap reads for the pixels of a line is a line; `offsets` say where it begins. Weights lie in the
 * engine's panels, [panel][tap][column][row in panel], and every sum is taken in the engine's order: bias, then tap by
 * tap, column by column.
 */

import { madd } from "../../engine/kernels/assembly/simd";

/** The `height` (1 to 4) rows of a panel for `bytes` (a multiple of 32) of a line. `steps`: the bytes of its offsets. */
// @ts-ignore: decorator
@inline
function panelLine(height: i32, w: usize, steps: usize, x: usize, offsets: usize, places: usize, out: usize, bias: usize, bytes: usize): void {
  const r0 = out + <usize>load<u32>(places);
  const r1 = height > 1 ? out + <usize>load<u32>(places, 4) : 0;
  const r2 = height > 2 ? out + <usize>load<u32>(places, 8) : 0;
  const r3 = height > 3 ? out + <usize>load<u32>(places, 12) : 0;
  const end = offsets + steps;
  for (let s: usize = 0; s < bytes; s += 32) {
    let a0 = v128.load_splat<f32>(bias);
    let b0 = a0;
    let a1 = height > 1 ? v128.load_splat<f32>(bias, 4) : a0;
    let b1 = a1;
    let a2 = height > 2 ? v128.load_splat<f32>(bias, 8) : a0;
    let b2 = a2;
    let a3 = height > 3 ? v128.load_splat<f32>(bias, 12) : a0;
    let b3 = a3;
    const at = x + s;
    let weight = w;
    // block-forward.ts of the engine says why branches stand between loads.
    for (let offset = offsets; offset < end; offset += 4) {
      const column = at + <usize>load<u32>(offset);
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
      weight += height << 2;
    }
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

/** One line of a group's m output channels, whose offsets take `steps` bytes; `places` are the channels' in the output. */
export function blockLine(w: usize, m: usize, steps: usize, x: usize, offsets: usize, places: usize, out: usize, bias: usize, bytes: usize): void {
  for (; m >= 4; m -= 4) {
    panelLine(4, w, steps, x, offsets, places, out, bias, bytes);
    w += steps << 2;
    places += 16;
    bias += 16;
  }
  if (m == 3) panelLine(3, w, steps, x, offsets, places, out, bias, bytes);
  else if (m == 2) panelLine(2, w, steps, x, offsets, places, out, bias, bytes);
  else if (m == 1) panelLine(1, w, steps, x, offsets, places, out, bias, bytes);
}
