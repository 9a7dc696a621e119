/**
 * @file Whether a network is what its type says: for networks that come from files or from a user's own layers.
 */

import { ArgumentError } from "../errors.ts";
import { nonZeros } from "../topology/topology.ts";
import type { LinearLayer, Network, Provenance } from "./network.ts";

/**
 * Throws ArgumentError ("bad-network"), naming the layer, unless there is a layer, names are unique, each
 * layer's columns are the rows of the one before, weights are as many as non-zeros, biases as many as rows, and
 * all are finite. Topologies are taken to be sound: a reader of files checks theirs first.
 */
export function validateNetwork(network: Network): void {
  if (network.layers.length === 0)
    throw new ArgumentError("bad-network", "a network needs at least one layer");
  const names = new Set<string>();
  for (const [index, layer] of network.layers.entries()) {
    if (names.has(layer.name)) fail(layer, "another layer has the same name");
    names.add(layer.name);
    const previous = network.layers[index - 1];
    if (previous !== undefined && previous.topology.rows !== layer.topology.columns) {
      fail(
        layer,
        `it takes ${layer.topology.columns} inputs, but ${previous.name} before it has ${previous.topology.rows} outputs`,
      );
    }
    validateParameters(layer);
  }
}

/** A checked network from layers made elsewhere; throws as `validateNetwork` does. */
export function fromLayers(
  layers: readonly LinearLayer[],
  provenance: Provenance = { seed: 0, start: "none" },
): Network {
  const network: Network = { layers: [...layers], provenance };
  validateNetwork(network);
  return network;
}

function validateParameters(layer: LinearLayer): void {
  const { topology, weights, bias } = layer;
  const expected = nonZeros(topology);
  if (weights.length !== expected) {
    fail(layer, `its topology has ${expected} non-zeros, but it has ${weights.length} weights`);
  }
  if (bias.length !== topology.rows) {
    fail(layer, `it has ${topology.rows} outputs, but ${bias.length} biases`);
  }
  for (const [what, values] of [
    ["weight", weights],
    ["bias", bias],
  ] as const) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) fail(layer, `${what} ${bad} is ${values[bad]}; it must be finite`);
  }
}

function fail(layer: LinearLayer, problem: string): never {
  const { rows, columns } = layer.topology;
  throw new ArgumentError("bad-network", `${layer.name} (${rows} x ${columns}): ${problem}`);
}
