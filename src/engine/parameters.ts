/**
 * @file Parameters between a network's own arrays and the flat vectors of a plan: all weights, then all biases,
 * blocks in panels, biases in the order of the rows.
 */

import type { LinearLayer, Network } from "../network/network.ts";
import { fromPanels, toPanels } from "./panels.ts";
import type { Plan } from "./plan.ts";
import { rowOrder } from "./unit-order.ts";

/** One layer's parameters, or anything of their shape: gradients, momentum. */
export interface LayerParameters {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** Copies per-layer arrays into the flat vector at `address`. */
export function writeParameters(
  network: Network,
  plan: Plan,
  buffer: ArrayBufferLike,
  address: number,
  parameters: readonly LayerParameters[],
): void {
  network.layers.forEach((layer, i) => {
    const { weights, bias } = plan.places[i];
    writeWeights(layer, buffer, address + weights * 4, parameters[i].weights);
    const order = rowOrder(layer.topology);
    const values = parameters[i].bias;
    const stored = new Float32Array(buffer, address + bias * 4, values.length);
    for (let r = 0; r < values.length; r++) stored[r] = values[order ? order[r] : r];
  });
}

/** Per-layer copies of the flat vector at `address`, in the network's own order. */
export function readParameters(
  network: Network,
  plan: Plan,
  buffer: ArrayBufferLike,
  address: number,
): { weights: Float32Array; bias: Float32Array }[] {
  return network.layers.map((layer, i) => {
    const stored = new Float32Array(buffer, address + plan.places[i].weights * 4, layer.weights.length);
    const weights = Float32Array.from(stored);
    if (layer.topology.kind === "blocks") fromPanels(layer.topology, stored, weights);
    const order = rowOrder(layer.topology);
    const values = new Float32Array(buffer, address + plan.places[i].bias * 4, layer.bias.length);
    const bias = new Float32Array(values.length);
    for (let r = 0; r < bias.length; r++) bias[order ? order[r] : r] = values[r];
    return { weights, bias };
  });
}

/** All weights, then all biases, without padding: how optimizer state is kept in files. */
export function flatten(layers: readonly LayerParameters[]): Float32Array {
  const flat = new Float32Array(
    layers.reduce((sum, layer) => sum + layer.weights.length + layer.bias.length, 0),
  );
  let end = 0;
  for (const part of [...layers.map((layer) => layer.weights), ...layers.map((layer) => layer.bias)]) {
    flat.set(part, end);
    end += part.length;
  }
  return flat;
}

/** The inverse of `flatten` for a network of these shapes. */
export function unflatten(network: Network, flat: Float32Array): LayerParameters[] {
  let end = 0;
  const take = (length: number) => {
    end += length;
    return flat.subarray(end - length, end);
  };
  const weights = network.layers.map((layer) => take(layer.weights.length));
  return network.layers.map((layer, i) => ({ weights: weights[i], bias: take(layer.bias.length) }));
}

function writeWeights(
  layer: LinearLayer,
  buffer: ArrayBufferLike,
  address: number,
  weights: Float32Array,
): void {
  const stored = new Float32Array(buffer, address, weights.length);
  if (layer.topology.kind === "blocks") toPanels(layer.topology, weights, stored);
  else stored.set(weights);
}
