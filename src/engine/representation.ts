/**
 * @file A network as the engine holds it: each layer on the topology that it runs fastest on (network/representation.ts),
 * with parameters carried between the network's own order and that one's.
 */

import {
  type AnyNetwork,
  isWeighted,
  type Layer,
  type LayerParameters,
  parametersOf,
} from "../network/network.ts";
import { representationOf } from "../network/representation.ts";

/** The network to plan and run, and the way between its weights and those of the network it stands for. */
export interface Represented {
  readonly network: AnyNetwork;
  /** Per-layer arrays of the network that was given, in the order of `network`. */
  arrange(parameters: readonly LayerParameters[]): readonly LayerParameters[];
  /** The inverse; weights are fresh arrays where the order differs. */
  restore(parameters: readonly LayerParameters[]): LayerParameters[];
}

/** Chooses for every layer; layers that stay as they are share their arrays with `network`. */
export function represent(network: AnyNetwork): Represented {
  const chosen = network.layers.map((layer) => (isWeighted(layer) ? representationOf(layer) : undefined));
  const arrange = (parameters: readonly LayerParameters[]) =>
    parameters.map((layer, i) => {
      const order = chosen[i]?.order;
      return order === undefined ? layer : { ...layer, weights: reordered(layer.weights, order, "take") };
    });
  const restore = (parameters: readonly LayerParameters[]) =>
    parameters.map((layer, i) => {
      const order = chosen[i]?.order;
      return order === undefined ? layer : { ...layer, weights: reordered(layer.weights, order, "put back") };
    });
  const arranged = arrange(network.layers.map(parametersOf));
  const layers = network.layers.map((layer, i): Layer => {
    const representation = chosen[i];
    if (representation === undefined || !isWeighted(layer)) return layer;
    return { ...layer, weights: arranged[i].weights, topology: representation.topology };
  });
  return { network: { ...network, layers }, arrange, restore };
}

/** Weights by connections, `order[k]` being where connection k comes from (or goes back to), taps together. */
function reordered(weights: Float32Array, order: Int32Array, way: "take" | "put back"): Float32Array {
  const taps = weights.length / order.length;
  const result = new Float32Array(weights.length);
  for (let k = 0; k < order.length; k++) {
    const [to, from] = way === "take" ? [k, order[k]] : [order[k], k];
    for (let tap = 0; tap < taps; tap++) result[to * taps + tap] = weights[from * taps + tap];
  }
  return result;
}
