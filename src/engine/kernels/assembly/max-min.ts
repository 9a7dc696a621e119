/**
 * @file MaxMin: channels c and c + C/2 become the larger and the smaller of the two. Every input channel is an image of
 * its own, [pixel][sample]. Of equal values the first counts as the larger.
 */

import { part, Part } from "./header";

export function maxMinForward(layer: usize, x: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const half = part(layer, Part.Rows) << 1;
  const pixels = part(layer, Part.OutputPixels);
  let second = x + (part(layer, Part.Rows) >> 1) * pixels * rowBytes;
  for (let c: usize = 0; c < half; c += 4) {
    let larger = out + <usize>load<u32>(places + c);
    let smaller = out + <usize>load<u32>(places + c + half);
    for (let p = pixels; p > 0; p--) {
      for (let s: usize = 0; s < rowBytes; s += 16) {
        const a = v128.load(x + s);
        const b = v128.load(second + s);
        const first = f32x4.ge(a, b);
        v128.store(larger + s, v128.bitselect(a, b, first));
        v128.store(smaller + s, v128.bitselect(b, a, first));
      }
      x += rowBytes;
      second += rowBytes;
      larger += <usize>load<u32>(steps + c);
      smaller += <usize>load<u32>(steps + c + half);
    }
  }
}

export function maxMinBackward(layer: usize, gradient: usize, x: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const half = part(layer, Part.Rows) << 1;
  const pixels = part(layer, Part.OutputPixels);
  const halfBytes = (part(layer, Part.Rows) >> 1) * pixels * rowBytes;
  for (let c: usize = 0; c < half; c += 4) {
    let larger = gradient + <usize>load<u32>(places + c);
    let smaller = gradient + <usize>load<u32>(places + c + half);
    for (let p = pixels; p > 0; p--) {
      for (let s: usize = 0; s < rowBytes; s += 16) {
        const first = f32x4.ge(v128.load(x + s), v128.load(x + halfBytes + s));
        const a = v128.load(larger + s);
        const b = v128.load(smaller + s);
        v128.store(out + s, v128.bitselect(a, b, first));
        v128.store(out + halfBytes + s, v128.bitselect(b, a, first));
      }
      x += rowBytes;
      out += rowBytes;
      larger += <usize>load<u32>(steps + c);
      smaller += <usize>load<u32>(steps + c + half);
    }
  }
}
