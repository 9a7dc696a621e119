/**
 * @file Layers that a method left without connections: the network is then blind behind them, but it still trains
 * its biases.
 */

import type { AnyNetwork } from "../network/network.ts";
import { weightedLayers } from "./weighted-layers.ts";

/** Names of the layers without a single connection, for reports. */
export function collapsedLayers(network: AnyNetwork): string[] {
  return weightedLayers(network)
    .filter((layer) => layer.weights.length === 0)
    .map((layer) => layer.name);
}
