/**
 * @file The engine's passes over one convolution, for measurement. Backward does three things one after the other,
 * group by group: the derivative of the activation, the gradient of the weights, the gradient of the input. The first
 * is here alone; without a place for the input's gradient the first two are done.
 */

import { differentiateImages } from "../../src/engine/kernels/assembly/elementwise";
import { field, Field, Kind, part, Part } from "../../src/engine/kernels/assembly/header";

export { convolutionBackward, convolutionForward } from "../../src/engine/kernels/assembly/convolution";
export { edgeConvolutionBackward, edgeConvolutionForward } from "../../src/engine/kernels/assembly/convolution-edges";
export { activate } from "../../src/engine/kernels/assembly/elementwise";

/** Where a layer leaves its output. */
export function outputOf(layer: usize, arena: usize): usize {
  return arena + part(layer, Part.Output);
}

/** The derivative of the activation, with the bias gradient: arguments as those of `convolutionBackward`. */
export function derivative(layer: usize, gradient: usize, y: usize, arena: usize, parameterGradients: usize, rowBytes: usize): void {
  const kind = part(layer, Part.Activation);
  const pixels = part(layer, Part.OutputPixels);
  const delta = arena + field(Field.Delta);
  const transposed = arena + field(Field.Transposed);
  let bias = parameterGradients + part(layer, Part.Bias);
  let places = part(layer, Part.Places);
  let steps = part(layer, Part.Steps);
  if (part(layer, Part.Kind) == <usize>Kind.EdgeConvolution) {
    differentiateImages(kind, part(layer, Part.Rows), places, steps, pixels, gradient, y, delta, pixels * rowBytes, rowBytes, 0, 0, bias, rowBytes, false);
    return;
  }
  let rowOffset = part(layer, Part.RowOffsets);
  for (let q = part(layer, Part.Groups); q > 0; q--) {
    const rows = <usize>load<u32>(rowOffset, 4) - <usize>load<u32>(rowOffset);
    differentiateImages(kind, rows, places, steps, pixels, gradient, y, delta, rowBytes, rows * rowBytes, transposed, (rows >> 2) * (rowBytes << 2), bias, rowBytes, false);
    bias += rows << 2;
    places += rows << 2;
    steps += rows << 2;
    rowOffset += 4;
  }
}
