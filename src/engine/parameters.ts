/**
 * @file Parameters between a network's own arrays and the flat vectors of a plan: all weights, then all biases, then
 * all statistics; blocks in panels, biases in the order of the rows.
 */

import {
  type AnyNetwork,
  isWeighted,
  type Layer,
  type LayerParameters,
  parametersOf,
} from "../network/network.ts";
import type { BlockTopology } from "../topology/topology.ts";
import { fromPanels, toPanels } from "./panels.ts";
import type { Plan } from "./plan.ts";
import { rowOrder } from "./unit-order.ts";

export type { LayerParameters };

/** Copies per-layer arrays into the flat vector at `address`. */
export function writeParameters(
  network: AnyNetwork,
  plan: Plan,
  buffer: ArrayBufferLike,
  address: number,
  parameters: readonly LayerParameters[],
): void {
  network.layers.forEach((layer, i) => {
    const { weights, bias, statistics } = parameters[i];
    const place = plan.places[i];
    const panels = panelsOf(layer);
    const storedWeights = new Float32Array(buffer, address + place.weights * 4, weights.length);
    if (panels) toPanels(panels.topology, weights, storedWeights, panels.taps);
    else storedWeights.set(weights);
    const order = biasOrder(layer);
    const storedBias = new Float32Array(buffer, address + place.bias * 4, bias.length);
    for (let r = 0; r < bias.length; r++) storedBias[r] = bias[order ? order[r] : r];
    if (statistics) {
      new Float32Array(buffer, address + place.statistics * 4, statistics.length).set(statistics);
    }
  });
}

/** Per-layer copies of the flat vector at `address`, in the network's own order. */
export function readParameters(
  network: AnyNetwork,
  plan: Plan,
  buffer: ArrayBufferLike,
  address: number,
): LayerParameters[] {
  return network.layers.map((layer, i) => {
    const own = parametersOf(layer);
    const place = plan.places[i];
    const take = (at: number, length: number) => new Float32Array(buffer, address + at * 4, length);
    const stored = take(place.weights, own.weights.length);
    const weights = Float32Array.from(stored);
    const panels = panelsOf(layer);
    if (panels) fromPanels(panels.topology, stored, weights, panels.taps);
    const order = biasOrder(layer);
    const values = take(place.bias, own.bias.length);
    const bias = new Float32Array(values.length);
    for (let r = 0; r < bias.length; r++) bias[order ? order[r] : r] = values[r];
    if (!own.statistics) return { weights, bias };
    return { weights, bias, statistics: take(place.statistics, own.statistics.length).slice() };
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
export function unflatten(network: AnyNetwork, flat: Float32Array): LayerParameters[] {
  let end = 0;
  const take = (length: number) => {
    end += length;
    return flat.subarray(end - length, end);
  };
  const shapes = network.layers.map(parametersOf);
  const weights = shapes.map((layer) => take(layer.weights.length));
  return shapes.map((layer, i) => ({ weights: weights[i], bias: take(layer.bias.length) }));
}

/** How a layer's weights lie in panels, if they do. */
function panelsOf(layer: Layer): { topology: BlockTopology; taps: number } | undefined {
  if (!isWeighted(layer) || layer.topology.kind !== "blocks") return undefined;
  return { topology: layer.topology, taps: layer.kind === "convolution" ? layer.kernelSize ** 2 : 1 };
}

function biasOrder(layer: Layer): Int32Array | undefined {
  return isWeighted(layer) ? rowOrder(layer.topology) : undefined;
}
