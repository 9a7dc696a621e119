/**
 * @file What a convolution is: which channels connect to which, and k × k taps for each pair that does.
 *
 * Sparsity is counted in kernels. A topology over the channels, blocks or edges, says which pairs (output channel,
 * input channel) have a kernel, so a grouped convolution is a topology of that many blocks, and memory is in
 * proportion to the kernels kept (docs/theory.md, section 7).
 */

import { ArgumentError } from "../../errors.ts";
import { nonZeros, type Topology } from "../../topology/topology.ts";

/** What lies beyond an image's border: zeros, or its opposite side. */
export type Padding = "zeros" | "circular";

/** Height and width in pixels, at least 1. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Images of some channels, laid out channel by channel, each row by row: [channels, height, width]. */
export interface ImageShape extends ImageSize {
  /** At least 1. */
  readonly channels: number;
}

/**
 * How kernels are laid over an image. With c = ⌊(k − 1)/2⌋, output pixel (p, q) reads input pixel
 * (s·p + (a − c)·δ, s·q + (b − c)·δ) through tap (a, b): the centre tap (c, c) sits on the pixel itself, and an image
 * of side N becomes one of side ⌈N/s⌉. That is PyTorch's and ONNX's "same" padding at stride 1 and dilation 1.
 */
export interface ConvolutionGeometry {
  /** k, taps a side; at least 1. For even k the centre tap is the first of the two middle ones. */
  readonly kernelSize: number;
  /** s, at least 1. */
  readonly stride: number;
  /** δ, pixels from tap to tap; at least 1. */
  readonly dilation: number;
  readonly padding: Padding;
}

/** A convolution without bias, kernel-sparse. */
export interface Convolution extends ConvolutionGeometry {
  /** [output channels, input channels]; a connection is a kernel. */
  readonly topology: Topology;
  /** [non-zeros, k, k] float32: kernels in the order of the topology's weights. */
  readonly weights: Float32Array;
}

/** Larger kernels than this are mistakes. */
export const largestKernel = 1024;

/** Pixels that a side of an image may have. */
export const largestSide = 2 ** 16;

/** The place a = b = ⌊(k − 1)/2⌋ of the centre tap along one side. */
export function centreTap(kernelSize: number): number {
  return Math.floor((kernelSize - 1) / 2);
}

/** The image that a convolution makes of one of size `image`. */
export function outputImage({ stride }: Pick<ConvolutionGeometry, "stride">, image: ImageSize): ImageSize {
  return { height: Math.ceil(image.height / stride), width: Math.ceil(image.width / stride) };
}

/** Throws ArgumentError (`"bad-kernel-size"`, `"bad-stride"`, `"bad-dilation"`, `"bad-padding"`). */
export function checkGeometry({ kernelSize, stride, dilation, padding }: ConvolutionGeometry): void {
  requireWhole("kernel-size", kernelSize, largestKernel);
  requireWhole("stride", stride, largestKernel);
  requireWhole("dilation", dilation, largestSide);
  if (padding !== "zeros" && padding !== "circular") {
    throw new ArgumentError("bad-padding", `padding must be zeros or circular, not ${padding}`);
  }
}

/** Throws as `checkGeometry`, and ArgumentError (`"bad-kernels"`) unless there are k × k weights for each kernel. */
export function checkConvolution(convolution: Convolution): void {
  checkGeometry(convolution);
  const { topology, kernelSize, weights } = convolution;
  const expected = nonZeros(topology) * kernelSize ** 2;
  if (weights.length !== expected) {
    throw new ArgumentError(
      "bad-kernels",
      `${nonZeros(topology)} kernels of ${kernelSize} x ${kernelSize} are ${expected} weights, not ${weights.length}`,
    );
  }
}

/** Throws ArgumentError (`"bad-image"`) unless both sides are whole numbers from 1 to 65536. */
export function checkImage(image: ImageSize | undefined): void {
  if (typeof image !== "object") {
    throw new ArgumentError("bad-image", "an image's size is needed, e.g. image: { height: 32, width: 32 }");
  }
  const { height, width } = image;
  for (const [name, side] of Object.entries({ height, width })) {
    if (!isWhole(side, largestSide)) {
      throw new ArgumentError(
        "bad-image",
        `an image's ${name} must be a whole number from 1 to ${largestSide}, not ${side}`,
      );
    }
  }
}

function requireWhole(name: string, value: number, largest: number): void {
  if (isWhole(value, largest)) return;
  throw new ArgumentError(
    `bad-${name}`,
    `a convolution's ${name.replace("-", " ")} must be a whole number from 1 to ${largest}, not ${value}`,
  );
}

function isWhole(value: number, largest: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= largest;
}
