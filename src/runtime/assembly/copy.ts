/**
 * @file Copies of images line by line, a line in runs: what spreads an image out for a convolution, and gathers it
 * again, pads, turns squares of pixels into channels, and puts units into the order of a layer's groups.
 */

/** In the place of where to copy from: zeros. */
const NOWHERE: u32 = 0xffffffff;

/** `bytes` (a multiple of 4) from one place to another. */
// @ts-ignore: decorator
@inline
function move(to: usize, from: usize, bytes: usize): void {
  let b: usize = 0;
  for (; b + 16 <= bytes; b += 16) v128.store(to + b, v128.load(from + b));
  for (; b < bytes; b += 4) store<f32>(to + b, load<f32>(from + b));
}

// @ts-ignore: decorator
@inline
function clear(to: usize, bytes: usize): void {
  const zero = f32x4.splat(0);
  let b: usize = 0;
  for (; b + 16 <= bytes; b += 16) v128.store(to + b, zero);
  for (; b < bytes; b += 4) store<f32>(to + b, 0);
}

/**
 * `planes` planes of `lines` lines, one after the other to `out`, from planes `planeBytes` apart. `lines` holds where each
 * line begins in the plane, `runs` pairs: where in a line (or NOWHERE), and how many pixels, which lie `stepBytes` apart.
 */
export function copyLines(x: usize, out: usize, planes: usize, planeBytes: usize, lines: usize, lineCount: usize, runs: usize, runCount: usize, lineBytes: usize, stepBytes: usize, rowBytes: usize): void {
  const lastLine = lines + (lineCount << 2);
  const lastRun = runs + (runCount << 3);
  for (; planes > 0; planes--) {
    for (let line = lines; line < lastLine; line += 4) {
      const begin = load<u32>(line);
      if (begin == NOWHERE) {
        clear(out, lineBytes);
        out += lineBytes;
        continue;
      }
      for (let run = runs; run < lastRun; run += 8) {
        const place = load<u32>(run);
        const bytes = <usize>load<u32>(run, 4) * rowBytes;
        if (place == NOWHERE) {
          clear(out, bytes);
        } else if (stepBytes == rowBytes) {
          move(out, x + <usize>begin + <usize>place, bytes);
        } else {
          let from = x + <usize>begin + <usize>place;
          for (let to = out; to < out + bytes; to += rowBytes) {
            move(to, from, rowBytes);
            from += stepBytes;
          }
        }
        out += bytes;
      }
    }
    x += planeBytes;
  }
}
