/**
 * @file A network in training goes on with other connections.
 */

import { flatten, unflatten } from "../engine/parameters.ts";
import { type AnyNetwork, isWeighted } from "../network/network.ts";
import { nonZeros, type Topology } from "../topology/topology.ts";
import type { OptimizerState, UpdateRequest, UpdateResult } from "./method.ts";
import { gather, placesOf, scatter } from "./places.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

/**
 * The network and optimizer state on new topologies, one for each layer with connections. Connections that stay keep
 * their weights and state, new ones begin with zeros in both; everything else and the count of updates stay.
 */
export function changeTopologies(
  { task, network, optimizerState, memory }: UpdateRequest,
  topologies: readonly Topology[],
): UpdateResult {
  const weighted = weightedLayers(network);
  const next = new Map(weighted.map(({ name }, i) => [name, topologies[i]]));
  const layers = network.layers.map((layer) => {
    const topology = next.get(layer.name);
    if (topology === undefined || !isWeighted(layer) || topology === layer.topology) return layer;
    const weights = move(layer.topology, layer.weights, topology, tapsOf(layer));
    return { ...layer, topology, weights, asked: task.sparsity };
  });
  const kept = weighted.map((layer, i) => shared(layer.topology, topologies[i]));
  const difference = (side: readonly Topology[]) =>
    side.reduce((sum, topology, i) => sum + nonZeros(topology) - kept[i], 0);
  return {
    network: { ...network, layers },
    optimizerState: moveState(network, optimizerState, next),
    memory,
    removed: difference(weighted.map((layer) => layer.topology)),
    added: difference(topologies),
  };
}

function moveState(
  network: AnyNetwork,
  state: OptimizerState,
  next: ReadonlyMap<string, Topology>,
): OptimizerState {
  const vectors = Object.entries(state.vectors).map(([name, vector]) => {
    const parts = unflatten(network, vector).map(({ weights, bias }, i) => {
      const layer = network.layers[i];
      if (!isWeighted(layer)) return { weights, bias };
      return { weights: move(layer.topology, weights, next.get(layer.name)!, tapsOf(layer)), bias };
    });
    return [name, flatten(parts)] as const;
  });
  return { updates: state.updates, vectors: Object.fromEntries(vectors) };
}

function move(from: Topology, values: Float32Array, to: Topology, taps: number): Float32Array {
  return from === to ? values : gather(to, scatter(from, values, taps), taps);
}

/** The number of connections that both have. */
function shared(a: Topology, b: Topology): number {
  if (a === b) return nonZeros(a);
  const present = new Uint8Array(a.rows * a.columns);
  for (const place of placesOf(a)) present[place] = 1;
  return placesOf(b).reduce((sum, place) => sum + present[place], 0);
}
