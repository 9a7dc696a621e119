/**
 * @file The engine's kernels over one whole layer, block after block as the engine calls them, so that no call
 * from JavaScript to WebAssembly is in what is measured.
 */

import { blockBackward } from "../../src/engine/kernels/assembly/block-backward";
import { blockForward } from "../../src/engine/kernels/assembly/block-forward";
import { blockGradient } from "../../src/engine/kernels/assembly/block-gradient";

export { edgesBackward, edgesForward, edgesGradient } from "../../src/engine/kernels/assembly/edges";
export { activate, differentiate } from "../../src/engine/kernels/assembly/elementwise";
export * from "./peak";

/** `groups` blocks of degree × degree, forward, `count` times over; arguments as `blockForward`'s. */
export function layerForward(count: i32, groups: usize, degree: usize, w: usize, x: usize, rows: usize, out: usize, bias: usize, rowBytes: usize): void {
  const step = degree << 2;
  for (let i = 0; i < count; i++) {
    for (let q: usize = 0; q < groups; q++) {
      blockForward(w + q * degree * step, degree, degree, x + q * degree * rowBytes, rows + q * step, out, bias + q * step, 0, rowBytes);
    }
  }
}

/** The gradient of the inputs; arguments as `blockBackward`'s. */
export function layerBackward(count: i32, groups: usize, degree: usize, w: usize, delta: usize, out: usize, rowBytes: usize): void {
  for (let i = 0; i < count; i++) {
    for (let q: usize = 0; q < groups; q++) {
      const at = q * degree * rowBytes;
      blockBackward(w + ((q * degree * degree) << 2), degree, degree, delta + at, out + at, rowBytes);
    }
  }
}

/** The gradient of the weights, added to `g`; arguments as `blockGradient`'s. */
export function layerGradient(count: i32, groups: usize, degree: usize, g: usize, delta: usize, transposed: usize, x: usize, rowBytes: usize): void {
  for (let i = 0; i < count; i++) {
    for (let q: usize = 0; q < groups; q++) {
      const at = q * degree * rowBytes;
      blockGradient(g + ((q * degree * degree) << 2), degree, degree, delta + at, transposed + at, x + at, rowBytes, true);
    }
  }
}
