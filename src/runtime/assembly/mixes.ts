/**
 * @file Layers that mix numbers without a mask: pooling, MaxMin, batch normalization by running statistics, addition.
 * Images lie channel by channel, [channel][pixel][sample]; operations and their order are the engine's.
 */

/** The means of windows, each line by line. `windowBytes` are those of a window's line. */
export function pool(x: usize, out: usize, channels: usize, planeBytes: usize, rows: usize, width: usize, lineBytes: usize, height: usize, windowBytes: usize, share: f32, rowBytes: usize): void {
  const shares = f32x4.splat(share);
  for (; channels > 0; channels--) {
    for (let p: usize = 0; p < rows; p++) {
      for (let q: usize = 0; q < width; q++) {
        const window = x + p * height * lineBytes + q * windowBytes;
        const last = window + height * lineBytes;
        let s: usize = 0;
        for (; s + 16 <= rowBytes; s += 16) {
          let sum = f32x4.splat(0);
          for (let line = window; line < last; line += lineBytes) {
            for (let at = line; at < line + windowBytes; at += rowBytes) sum = f32x4.add(sum, v128.load(at + s));
          }
          v128.store(out + s, f32x4.mul(sum, shares));
        }
        for (; s < rowBytes; s += 4) {
          let sum: f32 = 0;
          for (let line = window; line < last; line += lineBytes) {
            for (let at = line; at < line + windowBytes; at += rowBytes) sum += load<f32>(at + s);
          }
          store<f32>(out + s, sum * share);
        }
        out += rowBytes;
      }
    }
    x += planeBytes;
  }
}

/** The larger of each pair of channels, then the smaller; `bytes` are those of half the channels. May be in place. */
export function maxMin(x: usize, out: usize, bytes: usize): void {
  let b: usize = 0;
  for (; b + 16 <= bytes; b += 16) {
    const first = v128.load(x + b);
    const second = v128.load(x + bytes + b);
    const larger = f32x4.ge(first, second);
    v128.store(out + b, v128.bitselect(first, second, larger));
    v128.store(out + bytes + b, v128.bitselect(second, first, larger));
  }
  for (; b < bytes; b += 4) {
    const first = load<f32>(x + b);
    const second = load<f32>(x + bytes + b);
    store<f32>(out + b, first >= second ? first : second);
    store<f32>(out + bytes + b, first >= second ? second : first);
  }
}

/** (x − mean) · scale + shift of each channel; `scales` holds the three of each. May be in place. */
export function scaleChannels(x: usize, out: usize, channels: usize, planeBytes: usize, scales: usize): void {
  for (; channels > 0; channels--) {
    const mean = load<f32>(scales);
    const scale = load<f32>(scales, 4);
    const shift = load<f32>(scales, 8);
    let b: usize = 0;
    for (; b + 16 <= planeBytes; b += 16) {
      const centred = f32x4.sub(v128.load(x + b), f32x4.splat(mean));
      v128.store(out + b, f32x4.add(f32x4.mul(centred, f32x4.splat(scale)), f32x4.splat(shift)));
    }
    for (; b < planeBytes; b += 4) store<f32>(out + b, (load<f32>(x + b) - mean) * scale + shift);
    x += planeBytes;
    out += planeBytes;
    scales += 12;
  }
}

/** The sum of two stretches of `bytes`. May be in place. */
function addAll(x: usize, other: usize, out: usize, bytes: usize): void {
  let b: usize = 0;
  for (; b + 16 <= bytes; b += 16) v128.store(out + b, f32x4.add(v128.load(x + b), v128.load(other + b)));
  for (; b < bytes; b += 4) store<f32>(out + b, load<f32>(x + b) + load<f32>(other + b));
}

/**
 * Adds every `stride`-th pixel of every `stride`-th line of an earlier image to the first `known` channels of `lines`
 * lines of `lineBytes`; `rest` bytes, the other channels, stay as they are. May be in place.
 */
export function addEarlier(x: usize, earlier: usize, out: usize, known: usize, lines: usize, lineBytes: usize, stride: usize, earlierLine: usize, earlierPlane: usize, rest: usize, rowBytes: usize): void {
  const planeBytes = lines * lineBytes;
  for (; known > 0; known--) {
    if (stride == 1) {
      addAll(x, earlier, out, planeBytes);
    } else {
      for (let line: usize = 0; line < lines; line++) {
        let from = earlier + line * stride * earlierLine;
        for (let b = line * lineBytes; b < (line + 1) * lineBytes; b += rowBytes) {
          addAll(x + b, from, out + b, rowBytes);
          from += stride * rowBytes;
        }
      }
    }
    x += planeBytes;
    out += planeBytes;
    earlier += earlierPlane;
  }
  if (x != out) memory.copy(out, x, rest);
}
