/**
 * @file Convolutions, for the reference forward pass: tap by tap, from the definition in
 * src/init/convolution/convolution.ts.
 */

import { centreTap } from "../../init/convolution/convolution.ts";
import { forEachConnection } from "../../topology/connections.ts";
import { outputShape } from "../layer-shape.ts";
import type { ConvolutionLayer } from "../network.ts";

/** W * x + b for x [input channels, height, width, count]: [output channels, output height, output width, count]. */
export function convolve(layer: ConvolutionLayer, x: Float64Array, count: number): Float64Array {
  const { topology, weights, bias, input, kernelSize } = layer;
  const { height, width } = outputShape(layer);
  const pixels = height * width;
  const y = new Float64Array(topology.rows * pixels * count);
  for (let out = 0; out < topology.rows; out++)
    y.fill(bias[out], out * pixels * count, (out + 1) * pixels * count);
  const rowsRead = Array.from({ length: kernelSize }, (_, a) => pixelsRead(layer, a, height, input.height));
  const columnsRead = Array.from({ length: kernelSize }, (_, b) => pixelsRead(layer, b, width, input.width));
  let next = 0;
  forEachConnection(topology, (out, channel) => {
    for (let a = 0; a < kernelSize; a++) {
      for (let b = 0; b < kernelSize; b++) {
        const weight = weights[next++];
        if (weight === 0) continue;
        for (const [p, i] of rowsRead[a].entries()) {
          for (const [q, j] of columnsRead[b].entries()) {
            if (i < 0 || j < 0) continue;
            const to = ((out * height + p) * width + q) * count;
            const from = ((channel * input.height + i) * input.width + j) * count;
            for (let s = 0; s < count; s++) y[to + s] += weight * x[from + s];
          }
        }
      }
    }
  });
  return y;
}

/** Along one side: for each output pixel the input pixel that a tap reads, −1 for the zeros beyond the border. */
function pixelsRead(layer: ConvolutionLayer, tap: number, outputSide: number, inputSide: number): number[] {
  const { kernelSize, stride, dilation, padding } = layer;
  return Array.from({ length: outputSide }, (_, p) => {
    const place = stride * p + (tap - centreTap(kernelSize)) * dilation;
    if (padding === "circular") return ((place % inputSide) + inputSide) % inputSide;
    return place < 0 || place >= inputSide ? -1 : place;
  });
}
