/**
 * @file A layer's input plus an earlier layer's output, the shortcut: every s-th pixel of it where its image is s times
 * as high and wide, and nothing for channels that it does not have. The input's channels are images of their own,
 * [pixel][sample]; the shortcut lies as the layer after it wanted it.
 */

import { activate, differentiateInPlace } from "./elementwise";
import { part, Part } from "./header";

export function addForward(layer: usize, x: usize, shortcut: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const width = part(layer, Part.OutputWidth);
  const rows = part(layer, Part.OutputPixels) / width;
  const stride = part(layer, Part.Stride);
  const line = part(layer, Part.FromWidth);
  const known = part(layer, Part.FromChannels) << 2;
  for (let c: usize = 0; c < part(layer, Part.Rows) << 2; c += 4) {
    let to = out + <usize>load<u32>(places + c);
    const image = c < known ? shortcut + <usize>load<u32>(part(layer, Part.FromPlaces) + c) : 0;
    const step = c < known ? <usize>load<u32>(part(layer, Part.FromSteps) + c) : 0;
    for (let p: usize = 0; p < rows; p++) {
      for (let q: usize = 0; q < width; q++) {
        if (c < known) {
          const from = image + (p * line + q) * stride * step;
          for (let s: usize = 0; s < rowBytes; s += 16) v128.store(to + s, f32x4.add(v128.load(x + s), v128.load(from + s)));
        } else {
          memory.copy(to, x, rowBytes);
        }
        x += rowBytes;
        to += <usize>load<u32>(steps + c);
      }
    }
  }
  activate(part(layer, Part.Activation), out, part(layer, Part.OutputBytes));
}

/**
 * From the gradient of the output y, which it overwrites, to the input's at `out`, and to the shortcut's, which it
 * adds to what other layers have left at `joint`.
 */
export function addBackward(layer: usize, gradient: usize, y: usize, out: usize, joint: usize, rowBytes: usize): void {
  differentiateInPlace(part(layer, Part.Activation), gradient, y, part(layer, Part.OutputBytes));
  if (part(layer, Part.ShortcutFirst) != 0) memory.fill(joint, 0, part(layer, Part.ShortcutBytes));
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const width = part(layer, Part.OutputWidth);
  const rows = part(layer, Part.OutputPixels) / width;
  const stride = part(layer, Part.Stride);
  const line = part(layer, Part.FromWidth);
  const known = part(layer, Part.FromChannels) << 2;
  for (let c: usize = 0; c < part(layer, Part.Rows) << 2; c += 4) {
    let from = gradient + <usize>load<u32>(places + c);
    const image = c < known ? joint + <usize>load<u32>(part(layer, Part.FromPlaces) + c) : 0;
    const step = c < known ? <usize>load<u32>(part(layer, Part.FromSteps) + c) : 0;
    for (let p: usize = 0; p < rows; p++) {
      for (let q: usize = 0; q < width; q++) {
        memory.copy(out, from, rowBytes);
        if (c < known) {
          const to = image + (p * line + q) * stride * step;
          for (let s: usize = 0; s < rowBytes; s += 16) v128.store(to + s, f32x4.add(v128.load(to + s), v128.load(from + s)));
        }
        out += rowBytes;
        from += <usize>load<u32>(steps + c);
      }
    }
  }
}

/** Adds what `addBackward` left for the output that a layer takes to that output's gradient. */
export function join(layer: usize, gradient: usize, arena: usize): void {
  const joint = arena + part(layer, Part.Joins);
  for (let b: usize = 0; b < part(layer, Part.JoinsBytes); b += 16) {
    v128.store(gradient + b, f32x4.add(v128.load(gradient + b), v128.load(joint + b)));
  }
}
