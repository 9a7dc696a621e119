/**
 * @file Batch normalization, per channel. In training the mean and variance are those of the shard's samples (ghost
 * batch normalization), left in the arena for backward; otherwise the running ones. Every input channel is an image of
 * its own, [pixel][sample]. Samples that only fill up a shard (label −1) count for nothing.
 */

import { activate, differentiateInPlace } from "./elementwise";
import { field, Field, part, Part } from "./header";
import { total } from "./simd";

/** `value` where the sample is one, else 0. */
// @ts-ignore: decorator
@inline
function masked(value: v128, labels: usize): v128 {
  return v128.andnot(value, i32x4.lt_s(v128.load(labels), i32x4.splat(0)));
}

function samples(labels: usize, rowBytes: usize): f64 {
  let count = 0;
  for (let s: usize = 0; s < rowBytes; s += 4) count += load<i32>(labels + s) >= 0 ? 1 : 0;
  return <f64>count;
}

/** Σ over a channel's pixels and samples of (x − centre), or of its square. */
// @ts-ignore: decorator
@inline
function moment(square: bool, x: usize, pixels: usize, centre: v128, labels: usize, rowBytes: usize): f64 {
  let result: f64 = 0;
  for (; pixels > 0; pixels--) {
    let sum = f32x4.splat(0);
    for (let s: usize = 0; s < rowBytes; s += 16) {
      const d = masked(f32x4.sub(v128.load(x + s), centre), labels + s);
      sum = f32x4.add(sum, square ? f32x4.mul(d, d) : d);
    }
    result += <f64>total(sum);
    x += rowBytes;
  }
  return result;
}

/** `labels` of the shard's samples: training; 0: not. */
export function batchNormForward(layer: usize, x: usize, out: usize, arena: usize, labels: usize, rowBytes: usize): void {
  const parameters = field(Field.Parameters);
  const channels = part(layer, Part.Rows) << 2;
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const pixels = part(layer, Part.OutputPixels);
  const statistics = parameters + part(layer, Part.Statistics);
  const scales = parameters + part(layer, Part.Weights);
  const shifts = parameters + part(layer, Part.Bias);
  const saved = arena + part(layer, Part.Saved);
  const epsilon = <f64>load<f32>(layer + (Part.Epsilon << 2));
  const count = labels == 0 ? 1 : samples(labels, rowBytes) * <f64>pixels;
  for (let c: usize = 0; c < channels; c += 4) {
    let mean = load<f32>(statistics + c);
    let variance = <f64>load<f32>(statistics + channels + c);
    if (labels != 0) {
      mean = <f32>(moment(false, x, pixels, f32x4.splat(0), labels, rowBytes) / count);
      variance = moment(true, x, pixels, f32x4.splat(mean), labels, rowBytes) / count;
      store<f32>(saved + c, mean);
    }
    const inverse = 1 / Math.sqrt(variance + epsilon);
    if (labels != 0) store<f32>(saved + channels + c, <f32>inverse);
    const scale = f32x4.splat(load<f32>(scales + c) * <f32>inverse);
    const centre = f32x4.splat(mean);
    const shift = f32x4.splat(load<f32>(shifts + c));
    let to = out + <usize>load<u32>(places + c);
    for (let p = pixels; p > 0; p--) {
      for (let s: usize = 0; s < rowBytes; s += 16) {
        v128.store(to + s, f32x4.add(f32x4.mul(f32x4.sub(v128.load(x + s), centre), scale), shift));
      }
      x += rowBytes;
      to += <usize>load<u32>(steps + c);
    }
  }
  activate(part(layer, Part.Activation), out, part(layer, Part.OutputBytes));
}

/**
 * From the gradient of the output y, which it overwrites, to the parameters' gradients and, unless `out` is 0, the
 * input's. What running statistics are to move by goes where their gradients would be.
 */
export function batchNormBackward(layer: usize, gradient: usize, x: usize, y: usize, out: usize, arena: usize, parameterGradients: usize, labels: usize, rowBytes: usize, add: bool): void {
  differentiateInPlace(part(layer, Part.Activation), gradient, y, part(layer, Part.OutputBytes));
  const parameters = field(Field.Parameters);
  const channels = part(layer, Part.Rows) << 2;
  const places = part(layer, Part.Places);
  const steps = part(layer, Part.Steps);
  const pixels = part(layer, Part.OutputPixels);
  const saved = arena + part(layer, Part.Saved);
  const count = samples(labels, rowBytes) * <f64>pixels;
  for (let c: usize = 0; c < channels; c += 4) {
    const centre = f32x4.splat(load<f32>(saved + c));
    const inverse = load<f32>(saved + channels + c);
    const deviations = f32x4.splat(inverse);
    const from = gradient + <usize>load<u32>(places + c);
    const step = <usize>load<u32>(steps + c);
    let sum: f64 = 0;
    let product: f64 = 0;
    for (let p: usize = 0; p < pixels; p++) {
      let sums = f32x4.splat(0);
      let products = sums;
      for (let s: usize = 0; s < rowBytes; s += 16) {
        const g = v128.load(from + p * step + s);
        const normal = f32x4.mul(f32x4.sub(v128.load(x + p * rowBytes + s), centre), deviations);
        sums = f32x4.add(sums, g);
        products = f32x4.add(products, f32x4.mul(g, normal));
      }
      sum += <f64>total(sums);
      product += <f64>total(products);
    }
    leave(parameterGradients + part(layer, Part.Bias) + c, <f32>sum, add);
    leave(parameterGradients + part(layer, Part.Weights) + c, <f32>product, add);
    moveStatistics(layer, c, channels, saved, parameterGradients, count, add);
    if (out != 0) {
      const scale = f32x4.splat(load<f32>(parameters + part(layer, Part.Weights) + c) * inverse);
      const meanSum = f32x4.splat(<f32>(sum / count));
      const meanProduct = f32x4.splat(<f32>(product / count));
      for (let p: usize = 0; p < pixels; p++) {
        for (let s: usize = 0; s < rowBytes; s += 16) {
          const g = v128.load(from + p * step + s);
          const normal = f32x4.mul(f32x4.sub(v128.load(x + p * rowBytes + s), centre), deviations);
          const d = f32x4.sub(f32x4.sub(g, meanSum), f32x4.mul(normal, meanProduct));
          v128.store(out + s, masked(f32x4.mul(d, scale), labels + s));
        }
        out += rowBytes;
      }
    }
    x += pixels * rowBytes;
  }
}

/** Leaves a channel's share of the step towards this shard's statistics: the variance divided by count − 1. */
function moveStatistics(layer: usize, c: usize, channels: usize, saved: usize, parameterGradients: usize, count: f64, add: bool): void {
  const running = field(Field.Parameters) + part(layer, Part.Statistics) + c;
  const to = parameterGradients + part(layer, Part.Statistics) + c;
  const share = <f64>load<f32>(layer + (Part.Momentum << 2)) / <f64>field(Field.Shards);
  const inverse = <f64>load<f32>(saved + channels + c);
  const variance = (1 / (inverse * inverse) - <f64>load<f32>(layer + (Part.Epsilon << 2))) * count / Math.max(count - 1, 1);
  leave(to, <f32>(share * (<f64>load<f32>(saved + c) - <f64>load<f32>(running))), add);
  leave(to + channels, <f32>(share * (Math.max(variance, 0) - <f64>load<f32>(running + channels))), add);
}

// @ts-ignore: decorator
@inline
function leave(at: usize, value: f32, add: bool): void {
  store<f32>(at, add ? value + load<f32>(at) : value);
}
