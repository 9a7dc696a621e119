/**
 * @file A network with every layer a full matrix: the same numbers, and zeros where there is no connection. Takes
 * rows × columns floats a layer, which is what dense means.
 */

import type { LinearLayer, Network } from "../../network/network.ts";
import { forEachConnection } from "../../topology/connections.ts";
import type { BlockTopology } from "../../topology/topology.ts";
import { refuseTooDense } from "../dense-size.ts";

/** Throws ArgumentError ("too-large") for one that does not fit in memory, before anything is made. */
export function denseNetwork({ layers, provenance }: Network): Network {
  refuseTooDense(layers, "together");
  return { layers: layers.map(denseLayer), provenance };
}

function denseLayer(layer: LinearLayer): LinearLayer {
  const { rows, columns } = layer.topology;
  const weights = new Float32Array(rows * columns);
  let next = 0;
  forEachConnection(layer.topology, (row, column) => {
    weights[row * columns + column] = layer.weights[next++];
  });
  const topology: BlockTopology = {
    kind: "blocks",
    name: "dense",
    rows,
    columns,
    rowOrder: upTo(rows),
    columnOrder: upTo(columns),
    rowOffsets: Int32Array.of(0, rows),
    columnOffsets: Int32Array.of(0, columns),
  };
  return { ...layer, topology, weights };
}

function upTo(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
