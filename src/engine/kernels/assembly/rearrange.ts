/**
 * @file Layers that only move numbers: flattening, space-to-depth, padding with zeros.
 */

import { part, Part } from "./header";

const NOWHERE: u32 = 0xffffffff;

export function rearrangeForward(layer: usize, x: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const pixels = part(layer, Part.OutputPixels);
  let source = part(layer, Part.Sources);
  for (let c: usize = 0; c < part(layer, Part.Rows) << 2; c += 4) {
    let to = out + <usize>load<u32>(places + c);
    for (let p = pixels; p > 0; p--) {
      const from = load<u32>(source);
      if (from == NOWHERE) memory.fill(to, 0, rowBytes);
      else memory.copy(to, x + <usize>from, rowBytes);
      source += 4;
      to += <usize>load<u32>(steps + c);
    }
  }
}

/** Every input goes to one output at most. */
export function rearrangeBackward(layer: usize, gradient: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const pixels = part(layer, Part.OutputPixels);
  let source = part(layer, Part.Sources);
  for (let c: usize = 0; c < part(layer, Part.Rows) << 2; c += 4) {
    let from = gradient + <usize>load<u32>(places + c);
    for (let p = pixels; p > 0; p--) {
      const to = load<u32>(source);
      if (to != NOWHERE) memory.copy(out + <usize>to, from, rowBytes);
      source += 4;
      from += <usize>load<u32>(steps + c);
    }
  }
}
