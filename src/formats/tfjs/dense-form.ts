/**
 * @file The form of stock layers alone, with zeros where nothing connects, for networks that have images.
 */

import { ArgumentError } from "../../errors.ts";
import type { ConvolutionLayer, WeightedLayer } from "../../network/network.ts";
import { margins } from "../../tfjs/convolution.ts";
import { cropConfig, type Emitter, type GraphForm, stockActivation } from "../../tfjs/graph.ts";
import type { Scaling, WeightSpec } from "../../tfjs/layer-spec.ts";
import { forEachConnection } from "../../topology/connections.ts";

/** The form, for `inputs` numbers that are raw if there is a scaling, else standardised. */
export function denseForm(inputs: number, scaling: Scaling | undefined): GraphForm {
  return {
    weighted: (layer, name, input, to) =>
      layer.kind === "linear" ? dense(layer, name, input, to) : convolution(layer, name, input, to),
    activation(activation, input, to) {
      if (activation === "hardtanh") throw noHardtanh(input);
      return stockActivation(activation, input, to);
    },
    scaling: (input, to) => (scaling === undefined ? input : standardised(scaling, inputs, input, to)),
  };
}

/** The error for a layer that no stock layer can be. */
export function noHardtanh(layer: string): ArgumentError {
  return new ArgumentError(
    "no-such-activation",
    `${layer}: the stock layers of TensorFlow.js have no hardtanh; export with --form fast`,
  );
}

function dense(layer: WeightedLayer, name: string, input: string, to: Emitter): string {
  const { rows, columns } = layer.topology;
  const weights = [{ name: "kernel", shape: [columns, rows], data: fullKernel(layer, 1) }, biasSpec(layer)];
  return to.emit("Dense", { units: rows, activation: layer.activation }, [input], { weights, name });
}

/** Margins of their own, as TensorFlow's are not the same on both sides where the stride is even; then the product. */
function convolution(layer: ConvolutionLayer, name: string, input: string, to: Emitter): string {
  const { topology, kernelSize, stride, dilation, activation } = layer;
  const [before, after] = margins(layer);
  const taps = kernelSize ** 2;
  const kernel = {
    name: "kernel",
    shape: [kernelSize, kernelSize, topology.columns, topology.rows],
    data: fullKernel(layer, taps),
  };
  // TensorFlow has no stride and dilation together.
  const [inside, outside] = dilation > 1 ? [1, stride] : [stride, 1];
  const config = {
    filters: topology.rows,
    kernelSize: [kernelSize, kernelSize],
    strides: [inside, inside],
    dilationRate: [dilation, dilation],
    padding: "valid",
    activation,
  };
  const weights = [kernel, biasSpec(layer)];
  const made = to.emit("Conv2D", config, [withMargins(layer, input, before, after, to)], { weights, name });
  if (outside === 1) return made;
  return to.emit("AveragePooling2D", { poolSize: [1, 1], strides: [outside, outside], padding: "valid" }, [
    made,
  ]);
}

function withMargins(
  { input: image, padding }: ConvolutionLayer,
  input: string,
  before: number,
  after: number,
  to: Emitter,
): string {
  if (before + after === 0) return input;
  const sides = [
    [before, after],
    [before, after],
  ];
  if (padding === "zeros") return to.emit("ZeroPadding2D", { padding: sides }, [input]);
  const down = around(input, image.height, 1, before, after, to);
  return around(down, image.width, 2, before, after, to);
}

/** An image continued by itself along an axis, 1 down, 2 across. */
function around(
  input: string,
  side: number,
  axis: 1 | 2,
  before: number,
  after: number,
  to: Emitter,
): string {
  const cut = (from: number, end: number) =>
    to.emit("Cropping2D", axis === 1 ? cropConfig(from, end, 0, 0) : cropConfig(0, 0, from, end), [input]);
  const [rest, more] = [before % side, after % side];
  const parts = [
    ...(rest > 0 ? [cut(side - rest, 0)] : []),
    ...Array<string>(1 + Math.floor(before / side) + Math.floor(after / side)).fill(input),
    ...(more > 0 ? [cut(0, side - more)] : []),
  ];
  return parts.length === 1 ? input : to.emit("Concatenate", { axis }, parts);
}

/** [taps, columns, rows] with zeros where nothing connects. */
function fullKernel({ topology, weights }: WeightedLayer, taps: number): Float32Array {
  const { rows, columns } = topology;
  const full = new Float32Array(rows * columns * taps);
  let next = 0;
  forEachConnection(topology, (row, column) => {
    for (let tap = 0; tap < taps; tap++) full[(tap * columns + column) * rows + row] = weights[next++];
  });
  return full;
}

function biasSpec({ bias }: WeightedLayer): WeightSpec {
  return { name: "bias", shape: [bias.length], data: bias };
}

/** Batch normalization with fixed statistics: zeros around an image come after it, so that it cannot go into weights. */
function standardised({ mean, deviation }: Scaling, inputs: number, input: string, to: Emitter): string {
  const each = (values: Float32Array, of: (value: number) => number) =>
    Float32Array.from({ length: inputs }, (_, i) => of(values[values.length === 1 ? 0 : i]));
  const weights = [
    { name: "moving_mean", shape: [inputs], data: each(mean, (value) => value) },
    { name: "moving_variance", shape: [inputs], data: each(deviation, (value) => value * value) },
  ];
  const config = { axis: -1, epsilon: 0, center: false, scale: false, trainable: false };
  return to.emit("BatchNormalization", config, [input], { weights, name: "scaling" });
}
