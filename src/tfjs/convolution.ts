/**
 * @file Convolutions that keep to the kernels there are. TensorFlow.js has no grouped convolutions (tfjs-core 4.22,
 * conv2d asserts as many input channels in the filter as in the image), so the kernels are put into a full filter and
 * convolved with that: XNNPACK's dense product was faster than slices, one product a group and a concatenation in all our
 * trials of up to 64 channels on the wasm backend, and at 256 channels no slower than 1.6 times. Gradients are taken tap
 * by tap from operations that every backend has: the wasm one has none for filters, and none has one for dilated kernels.
 */

import type { ConvolutionGeometry } from "../init/convolution/convolution.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

/** How many pixels lie before the first pixel that the first tap reads, and how many after, along one side. */
export function margins({ kernelSize, dilation }: ConvolutionGeometry): [before: number, after: number] {
  const before = Math.floor((kernelSize - 1) / 2) * dilation;
  return [before, (kernelSize - 1) * dilation - before];
}

/** x [batch, height, width, channels] with the margins that `geometry` wants around. */
export function withMargins(tf: TensorFlow, x: Tensor, geometry: ConvolutionGeometry): Tensor {
  const [before, after] = margins(geometry);
  if (geometry.padding === "zeros") {
    return before + after === 0
      ? x
      : tf.pad(x, [
          [0, 0],
          [before, after],
          [before, after],
          [0, 0],
        ]);
  }
  return around(tf, around(tf, x, 1, before, after), 2, before, after);
}

/** x continued by itself along an axis. */
function around(tf: TensorFlow, x: Tensor, axis: number, before: number, after: number): Tensor {
  const side = x.shape[axis];
  const part = (begin: number, size: number) => {
    const [begins, sizes] = [x.shape.map(() => 0), [...x.shape]];
    [begins[axis], sizes[axis]] = [begin, size];
    return tf.slice(x, begins, sizes);
  };
  const [rest, more] = [before % side, after % side];
  const whole = 1 + Math.floor(before / side) + Math.floor(after / side);
  const parts = [
    ...(rest > 0 ? [part(side - rest, rest)] : []),
    ...Array<Tensor>(whole).fill(x),
    ...(more > 0 ? [part(0, more)] : []),
  ];
  return parts.length === 1 ? x : tf.concat(parts, axis);
}

/**
 * (x [batch, height, width, channels] with its margins, filter [k, k, channels, rows]) → [batch, output height, output
 * width, rows].
 */
export function convolution(
  tf: TensorFlow,
  geometry: ConvolutionGeometry,
): (x: Tensor, filter: Tensor) => Tensor {
  const { kernelSize, stride, dilation } = geometry;
  const taps = Array.from({ length: kernelSize ** 2 }, (_, tap) => ({
    down: Math.floor(tap / kernelSize),
    across: tap % kernelSize,
  }));
  /** Where tap (down, across) begins to read, and how far. */
  const window = (x: Tensor, dy: Tensor, { down, across }: (typeof taps)[number]) => {
    const [batch, height, width] = dy.shape;
    const begin = [0, down * dilation, across * dilation, 0];
    return { begin, size: [batch, (height - 1) * stride + 1, (width - 1) * stride + 1, x.shape[3]] };
  };
  const value = (x: Tensor, filter: Tensor) => {
    if (stride === 1 || dilation === 1) return tf.conv2d(x, filter, stride, "valid", "NHWC", dilation);
    const all = tf.conv2d(x, filter, 1, "valid", "NHWC", dilation);
    return tf.stridedSlice(all, [0, 0, 0, 0], all.shape, [1, stride, stride, 1]);
  };
  const inputGradient = (x: Tensor, filter: Tensor, dy: Tensor) => {
    const parts = taps.map((tap) => {
      const { begin, size } = window(x, dy, tap);
      const [, , channels, rows] = filter.shape;
      const own = tf.slice(filter, [tap.down, tap.across, 0, 0], [1, 1, channels, rows]);
      const spread = tf.conv2dTranspose(dy, own, size, stride, "valid");
      return tf.pad(
        spread,
        begin.map((at, axis) => [at, x.shape[axis] - at - size[axis]]),
      );
    });
    return parts.reduce((sum, part) => tf.add(sum, part));
  };
  const filterGradient = (x: Tensor, filter: Tensor, dy: Tensor) => {
    const [, , channels, rows] = filter.shape;
    const pixels = dy.shape[0] * dy.shape[1] * dy.shape[2];
    const parts = taps.map((tap) => {
      const { begin, size } = window(x, dy, tap);
      const end = begin.map((at, axis) => at + size[axis]);
      const read = tf.stridedSlice(x, begin, end, [1, stride, stride, 1]);
      const gradient = tf.matMul(tf.reshape(read, [pixels, channels]), tf.reshape(dy, [pixels, rows]), true);
      return tf.reshape(gradient, [1, channels, rows]);
    });
    return tf.reshape(tf.concat(parts, 0), filter.shape);
  };
  return tf.customGrad((...inputs) => {
    const [x, filter, save] = inputs as [Tensor, Tensor, (saved: Tensor[]) => void];
    save([x, filter]);
    return {
      value: value(x, filter),
      gradFunc: (dy, [input, kernels]) => [
        inputGradient(input, kernels, dy),
        filterGradient(input, kernels, dy),
      ],
    };
  });
}
