/**
 * @file Convolutions, kernel-sparse over blocks of channels: the tiles of block-forward.ts, block-backward.ts and
 * block-gradient.ts at every pixel, summed over taps. Nothing is unfolded in memory.
 *
 * A group's channels lie together, pixel by pixel: [pixel][channel in group][sample]. So what a tap reads at a pixel
 * are neighbours, as in a linear layer, and neighbouring taps of a kernel read neighbours too. Weights lie in panels of
 * four output channels, [group][panel][tap][column][row in panel]. Taps that fall off the image are in no list
 * (tap-tables.ts), so padding costs nothing. Images are gone through row by row, so that what a
 * row needs stays in the second-level cache while all of a group's panels use it.
 */

import { columnBackward, restBackward, tileBackward } from "./block-backward";
import { panelForward } from "./block-forward";
import { panelGradient, tileGradient } from "./block-gradient";
import { differentiateImages } from "./elementwise";
import { field, Field, part, Part } from "./header";
import { stridedDot } from "./simd";

// @ts-ignore: decorator
@inline
function groupSize(offset: usize): usize {
  return <usize>load<u32>(offset, 4) - <usize>load<u32>(offset);
}

/** One panel's outputs at the pixels `first` to `end` (not included) of a row. */
// @ts-ignore: decorator
@inline
function panelRow(height: i32, layer: usize, w: usize, n: usize, x: usize, first: usize, end: usize, places: usize, steps: usize, out: usize, bias: usize, rowBytes: usize): void {
  const pointers = part(layer, Part.ForwardPointers);
  const taps = part(layer, Part.ForwardTaps);
  const pixelBytes = n * rowBytes;
  const t0 = <usize>load<u32>(steps);
  const t1 = height > 1 ? <usize>load<u32>(steps, 4) : 0;
  const t2 = height > 2 ? <usize>load<u32>(steps, 8) : 0;
  const t3 = height > 3 ? <usize>load<u32>(steps, 12) : 0;
  let r0 = out + <usize>load<u32>(places) + first * t0;
  let r1 = height > 1 ? out + <usize>load<u32>(places, 4) + first * t1 : 0;
  let r2 = height > 2 ? out + <usize>load<u32>(places, 8) + first * t2 : 0;
  let r3 = height > 3 ? out + <usize>load<u32>(places, 12) + first * t3 : 0;
  const last = pointers + (end << 2);
  for (let pointer = pointers + (first << 2); pointer < last; pointer += 4) {
    panelForward(true, height, w, n, x, taps + <usize>load<u32>(pointer), taps + <usize>load<u32>(pointer, 4), pixelBytes, r0, r1, r2, r3, bias, rowBytes);
    r0 += t0;
    r1 += t1;
    r2 += t2;
    r3 += t3;
  }
}

// Functions of their own, so that V8 sees one loop nest at a time.
function panelRow4(layer: usize, w: usize, n: usize, x: usize, first: usize, end: usize, places: usize, steps: usize, out: usize, bias: usize, rowBytes: usize): void {
  panelRow(4, layer, w, n, x, first, end, places, steps, out, bias, rowBytes);
}

function lastPanelRow(height: usize, layer: usize, w: usize, n: usize, x: usize, first: usize, end: usize, places: usize, steps: usize, out: usize, bias: usize, rowBytes: usize): void {
  if (height == 3) panelRow(3, layer, w, n, x, first, end, places, steps, out, bias, rowBytes);
  else if (height == 2) panelRow(2, layer, w, n, x, first, end, places, steps, out, bias, rowBytes);
  else if (height == 1) panelRow(1, layer, w, n, x, first, end, places, steps, out, bias, rowBytes);
}

/** W * x + b, without the activation. */
export function convolutionForward(layer: usize, x: usize, out: usize, rowBytes: usize): void {
  const parameters = field(Field.Parameters);
  const taps = part(layer, Part.Taps);
  const pixels = part(layer, Part.OutputPixels);
  const width = part(layer, Part.OutputWidth);
  const inputPixels = part(layer, Part.InputPixels);
  let weights = parameters + part(layer, Part.Weights);
  let bias = parameters + part(layer, Part.Bias);
  let places = part(layer, Part.Places);
  let steps = part(layer, Part.Steps);
  let rowOffset = part(layer, Part.RowOffsets);
  let columnOffset = part(layer, Part.ColumnOffsets);
  for (let q = part(layer, Part.Groups); q > 0; q--) {
    const m = groupSize(rowOffset);
    const n = groupSize(columnOffset);
    for (let first: usize = 0; first < pixels; first += width) {
      let w = weights;
      let rest = m;
      let place = places;
      let step = steps;
      let b = bias;
      for (; rest >= 4; rest -= 4) {
        panelRow4(layer, w, n, x, first, first + width, place, step, out, b, rowBytes);
        w += (taps * n) << 4;
        place += 16;
        step += 16;
        b += 16;
      }
      lastPanelRow(rest, layer, w, n, x, first, first + width, place, step, out, b, rowBytes);
    }
    weights += (taps * m * n) << 2;
    bias += m << 2;
    places += m << 2;
    steps += m << 2;
    x += n * inputPixels * rowBytes;
    rowOffset += 4;
    columnOffset += 4;
  }
}

/** From the gradient of the output y to the parameters' gradients and, unless `out` is 0, the input's. */
export function convolutionBackward(layer: usize, gradient: usize, x: usize, y: usize, out: usize, arena: usize, parameterGradients: usize, rowBytes: usize, add: bool): void {
  const kind = part(layer, Part.Activation);
  const taps = part(layer, Part.Taps);
  const pixels = part(layer, Part.OutputPixels);
  const inputPixels = part(layer, Part.InputPixels);
  const delta = arena + field(Field.Delta);
  const transposed = arena + field(Field.Transposed);
  let weights = field(Field.Parameters) + part(layer, Part.Weights);
  let weightGradient = parameterGradients + part(layer, Part.Weights);
  let biasGradient = parameterGradients + part(layer, Part.Bias);
  let places = part(layer, Part.Places);
  let steps = part(layer, Part.Steps);
  let rowOffset = part(layer, Part.RowOffsets);
  let columnOffset = part(layer, Part.ColumnOffsets);
  for (let q = part(layer, Part.Groups); q > 0; q--) {
    const m = groupSize(rowOffset);
    const n = groupSize(columnOffset);
    const weightBytes = (taps * m * n) << 2;
    differentiateImages(kind, m, places, steps, pixels, gradient, y, delta, rowBytes, m * rowBytes, transposed, (m >> 2) * (rowBytes << 2), biasGradient, rowBytes, add);
    if (!add) memory.fill(weightGradient, 0, weightBytes);
    groupGradient(layer, weightGradient, m, n, delta, transposed, x, rowBytes);
    if (out != 0) {
      groupBackward(layer, weights, m, n, delta, out, rowBytes);
      out += n * inputPixels * rowBytes;
    }
    weights += weightBytes;
    weightGradient += weightBytes;
    biasGradient += m << 2;
    places += m << 2;
    steps += m << 2;
    x += n * inputPixels * rowBytes;
    rowOffset += 4;
    columnOffset += 4;
  }
}

/** The gradient of a group's inputs, row by row of the image. */
function groupBackward(layer: usize, weights: usize, m: usize, n: usize, delta: usize, out: usize, rowBytes: usize): void {
  const pixels = part(layer, Part.InputPixels);
  const width = part(layer, Part.InputWidth);
  const pointers = part(layer, Part.BackwardPointers);
  const stepBytes = n * rowBytes;
  const height = (m & 3) << 2;
  const panels = ((m >> 2) * part(layer, Part.Taps) * n) << 4;
  for (let first: usize = 0; first < pixels; first += width) {
    const from = pointers + (first << 2);
    const to = from + (width << 2);
    let w = weights;
    // Each column's place in the last panel, which may be lower than the others.
    let rest = weights + panels;
    let columns = n;
    let at = out;
    for (; columns >= 4; columns -= 4) {
      columnsBackward(layer, w, rest, m, n, delta, from, to, at, rowBytes);
      w += 64;
      rest += height << 2;
      at += rowBytes << 2;
    }
    for (; columns > 0; columns--) {
      singleBackward(layer, w, rest, m, n, delta, from, to, at, rowBytes);
      w += 16;
      rest += height;
      at += rowBytes;
    }
    out += width * stepBytes;
  }
}

/** Four columns at the pixels whose pointers lie between `from` and `to`. */
function columnsBackward(layer: usize, w: usize, rest: usize, m: usize, n: usize, delta: usize, from: usize, to: usize, out: usize, rowBytes: usize): void {
  const taps = part(layer, Part.BackwardTaps);
  const panelBytes = (part(layer, Part.Taps) * n) << 4;
  const pixelBytes = m * rowBytes;
  const stepBytes = n * rowBytes;
  const height = (m & 3) << 2;
  const restDelta = delta + (m & ~3) * rowBytes;
  for (let pointer = from; pointer < to; pointer += 4) {
    const first = taps + <usize>load<u32>(pointer);
    const last = taps + <usize>load<u32>(pointer, 4);
    tileBackward(true, w, m, n, panelBytes, delta, first, last, pixelBytes, out, rowBytes);
    if (height != 0) {
      for (let entry = first; entry < last; entry += 8) {
        restBackward(rest + <usize>load<u32>(entry, 4) * n * height, height, restDelta + <usize>load<u32>(entry) * pixelBytes, out, rowBytes);
      }
    }
    out += stepBytes;
  }
}

function singleBackward(layer: usize, w: usize, rest: usize, m: usize, n: usize, delta: usize, from: usize, to: usize, out: usize, rowBytes: usize): void {
  const taps = part(layer, Part.BackwardTaps);
  const panelBytes = (part(layer, Part.Taps) * n) << 4;
  const pixelBytes = m * rowBytes;
  const stepBytes = n * rowBytes;
  for (let pointer = from; pointer < to; pointer += 4) {
    columnBackward(true, w, rest, m, n, panelBytes, delta, taps + <usize>load<u32>(pointer), taps + <usize>load<u32>(pointer, 4), pixelBytes, out, rowBytes);
    out += stepBytes;
  }
}

/** Adds a group's weight gradient to `g`: run by run of the pixels that a tap sees in a row. */
function groupGradient(layer: usize, g: usize, m: usize, n: usize, delta: usize, transposed: usize, x: usize, rowBytes: usize): void {
  const runs = part(layer, Part.Runs);
  const pointers = part(layer, Part.RunPointers);
  const width = part(layer, Part.OutputWidth);
  const rows = part(layer, Part.OutputPixels) / width;
  const first = runs + <usize>load<u32>(pointers);
  const last = runs + <usize>load<u32>(pointers + (rows << 2));
  const pixelBytes = n * rowBytes;
  const strideBytes = part(layer, Part.Stride) * pixelBytes;
  const deltaBytes = m * rowBytes;
  const transposedBytes = (m >> 2) * (rowBytes << 2);
  const panelBytes = (part(layer, Part.Taps) * n) << 4;
  for (let run = first; run < last; run += 16) {
    const output = <usize>load<u32>(run, 4);
    runGradient(g, <usize>load<u32>(run), panelBytes, m, n, delta + output * deltaBytes, transposed + output * transposedBytes, x + <usize>load<u32>(run, 8) * pixelBytes, <usize>load<u32>(run, 12), strideBytes, rowBytes);
  }
}

/** Adds one tap's gradient over a run of pixels to that of a group, whose panels lie `panelBytes` apart. */
function runGradient(group: usize, tap: usize, panelBytes: usize, m: usize, n: usize, delta: usize, transposed: usize, x: usize, pixels: usize, strideBytes: usize, rowBytes: usize): void {
  const lineBytes = rowBytes << 2;
  const transposedBytes = (m >> 2) * lineBytes;
  let panel = group + ((tap * n) << 4);
  let rest = m;
  for (; rest >= 8; rest -= 8) {
    let g = panel;
    let column = x;
    let c = n;
    for (; c >= 4; c -= 4) {
      tiles(g, panelBytes, transposed, column, pixels, strideBytes, transposedBytes, rowBytes);
      g += 64;
      column += lineBytes;
    }
    for (; c > 0; c--) {
      single(g, transposed, column, pixels, strideBytes, transposedBytes, rowBytes);
      single(g + panelBytes, transposed + lineBytes, column, pixels, strideBytes, transposedBytes, rowBytes);
      g += 16;
      column += rowBytes;
    }
    panel += panelBytes << 1;
    transposed += lineBytes << 1;
  }
  if (rest >= 4) {
    let g = panel;
    let column = x;
    let c = n;
    for (; c >= 4; c -= 4) {
      panels(g, transposed, column, pixels, strideBytes, transposedBytes, rowBytes);
      g += 64;
      column += lineBytes;
    }
    for (; c > 0; c--) {
      single(g, transposed, column, pixels, strideBytes, transposedBytes, rowBytes);
      g += 16;
      column += rowBytes;
    }
    rest -= 4;
  }
  if (rest == 0) return;
  let g = group + (m >> 2) * panelBytes + ((tap * n * rest) << 2);
  const deltaEnd = delta + m * rowBytes;
  const deltaFirst = deltaEnd - rest * rowBytes;
  for (let column = x; column < x + n * rowBytes; column += rowBytes) {
    for (let row = deltaFirst; row < deltaEnd; row += rowBytes) {
      store<f32>(g, load<f32>(g) + stridedDot(row, column, pixels, m * rowBytes, strideBytes, rowBytes));
      g += 4;
    }
  }
}

function tiles(g: usize, panelBytes: usize, delta: usize, x: usize, pixels: usize, xBytes: usize, deltaBytes: usize, rowBytes: usize): void {
  tileGradient(true, g, panelBytes, delta, x, pixels, xBytes, deltaBytes, rowBytes, true);
}

function panels(g: usize, delta: usize, x: usize, pixels: usize, xBytes: usize, deltaBytes: usize, rowBytes: usize): void {
  panelGradient(true, 4, g, delta, x, pixels, xBytes, deltaBytes, rowBytes, true);
}

function single(g: usize, delta: usize, x: usize, pixels: usize, xBytes: usize, deltaBytes: usize, rowBytes: usize): void {
  panelGradient(true, 1, g, delta, x, pixels, xBytes, deltaBytes, rowBytes, true);
}
