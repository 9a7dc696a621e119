/**
 * @file Average pooling over windows beside one another. Every input channel is an image of its own, [pixel][sample].
 */

import { part, Part } from "./header";

export function averagePoolForward(layer: usize, x: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const lineBytes = part(layer, Part.InputWidth) * rowBytes;
  const windowBytes = part(layer, Part.WindowWidth) * rowBytes;
  const height = part(layer, Part.WindowHeight);
  const width = part(layer, Part.OutputWidth);
  const rows = part(layer, Part.OutputPixels) / width;
  const share = f32x4.splat(<f32>1 / <f32>(height * part(layer, Part.WindowWidth)));
  for (let c: usize = 0; c < part(layer, Part.Rows) << 2; c += 4) {
    let to = out + <usize>load<u32>(places + c);
    for (let p: usize = 0; p < rows; p++) {
      for (let q: usize = 0; q < width; q++) {
        const window = x + p * height * lineBytes + q * windowBytes;
        for (let s: usize = 0; s < rowBytes; s += 16) {
          let sum = f32x4.splat(0);
          for (let line = window; line < window + height * lineBytes; line += lineBytes) {
            for (let at = line; at < line + windowBytes; at += rowBytes) sum = f32x4.add(sum, v128.load(at + s));
          }
          v128.store(to + s, f32x4.mul(sum, share));
        }
        to += <usize>load<u32>(steps + c);
      }
    }
    x += part(layer, Part.InputPixels) * rowBytes;
  }
}

export function averagePoolBackward(layer: usize, gradient: usize, out: usize, rowBytes: usize): void {
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const lineBytes = part(layer, Part.InputWidth) * rowBytes;
  const windowBytes = part(layer, Part.WindowWidth) * rowBytes;
  const height = part(layer, Part.WindowHeight);
  const width = part(layer, Part.OutputWidth);
  const rows = part(layer, Part.OutputPixels) / width;
  const imageBytes = part(layer, Part.InputPixels) * rowBytes;
  const share = f32x4.splat(<f32>1 / <f32>(height * part(layer, Part.WindowWidth)));
  // Rows and columns that fill no window have no part in the outputs.
  memory.fill(out, 0, part(layer, Part.Rows) * imageBytes);
  for (let c: usize = 0; c < part(layer, Part.Rows) << 2; c += 4) {
    let from = gradient + <usize>load<u32>(places + c);
    for (let p: usize = 0; p < rows; p++) {
      for (let q: usize = 0; q < width; q++) {
        const window = out + p * height * lineBytes + q * windowBytes;
        for (let s: usize = 0; s < rowBytes; s += 16) {
          const g = f32x4.mul(v128.load(from + s), share);
          for (let line = window; line < window + height * lineBytes; line += lineBytes) {
            for (let at = line; at < line + windowBytes; at += rowBytes) v128.store(at + s, g);
          }
        }
        from += <usize>load<u32>(steps + c);
      }
    }
    out += imageBytes;
  }
}
