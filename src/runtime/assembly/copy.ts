/**
 * @file Copies of images line by line, a line in runs: what spreads an image out for a convolution, and gathers it
 * again, pads, turns squares of pixels into channels, and puts units into the order of a layer's groups.
 */

/** `bytes` (a multiple of 4) from one place to another. */
// @ts-ignore: decorator
@inline
function move(to: usize, from: usize, bytes: usize): void {
  let b: usize = 0;
  for (; b + 16 <= bytes; b += 16) v128.store(to + b, v128.load(from + b));
  for (; b < bytes; b += 4) store<f32>(to + b, load<f32>(from + b));
}

/** Every pixel that lies `stepBytes` further, to `bytes` side by side. */
// @ts-ignore: decorator
@inline
function pick(to: usize, from: usize, bytes: usize, stepBytes: usize, rowBytes: usize): void {
  const end = to + bytes;
  if (rowBytes == 4 && stepBytes == 8) {
    for (; to + 16 <= end; to += 16) {
      v128.store(to, v128.shuffle<f32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6));
      from += 32;
    }
  }
  for (; to < end; to += rowBytes) {
    move(to, from, rowBytes);
    from += stepBytes;
  }
}

/** Zeros to `bytes`, a multiple of 4. */
// @ts-ignore: decorator
@inline
function clear(to: usize, bytes: usize): void {
  const zero = f32x4.splat(0);
  let b: usize = 0;
  for (; b + 16 <= bytes; b += 16) v128.store(to + b, zero);
  for (; b < bytes; b += 4) store<f32>(to + b, 0);
}

/**
 * The lines of `planes` planes, `planeBytes` apart, to planes `toBytes` apart, which are cleared first if `gaps`. `lines`
 * holds pairs: where each line begins in the one and in the other; `runs` where in a line, likewise, and how many bytes.
 * Pixels of a run lie `stepBytes` apart, then side by side.
 */
export function copyLines(x: usize, out: usize, planes: usize, planeBytes: usize, toBytes: usize, lines: usize, lineCount: usize, runs: usize, runCount: usize, stepBytes: usize, gaps: usize, rowBytes: usize): void {
  const lastLine = lines + (lineCount << 3);
  const lastRun = runs + runCount * 12;
  for (; planes > 0; planes--) {
    if (gaps) clear(out, toBytes);
    for (let line = lines; line < lastLine; line += 8) {
      for (let run = runs; run < lastRun; run += 12) {
        const from = x + <usize>load<u32>(line) + <usize>load<u32>(run);
        const to = out + <usize>load<u32>(line, 4) + <usize>load<u32>(run, 4);
        const bytes = <usize>load<u32>(run, 8);
        if (stepBytes == rowBytes) move(to, from, bytes);
        else pick(to, from, bytes, stepBytes, rowBytes);
      }
    }
    x += planeBytes;
    out += toBytes;
  }
}
