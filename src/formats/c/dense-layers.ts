/**
 * @file A network with every layer a full matrix, or full kernels: the same numbers, and zeros where there is no connection. Takes
 * rows × columns floats a layer, which is what dense means.
 */

import { type AnyNetwork, isWeighted, type WeightedLayer } from "../../network/network.ts";
import { forEachConnection } from "../../topology/connections.ts";
import type { BlockTopology } from "../../topology/topology.ts";
import { refuseTooDense } from "../dense-size.ts";

/** Throws ArgumentError ("too-large") for one that does not fit in memory, before anything is made. */
export function denseNetwork({ layers, provenance }: AnyNetwork): AnyNetwork {
  refuseTooDense(layers.filter(isWeighted), "together");
  return { layers: layers.map((layer) => (isWeighted(layer) ? denseLayer(layer) : layer)), provenance };
}

function denseLayer<L extends WeightedLayer>(layer: L): L {
  const { rows, columns } = layer.topology;
  const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
  const weights = new Float32Array(rows * columns * taps);
  let next = 0;
  forEachConnection(layer.topology, (row, column) => {
    weights.set(layer.weights.subarray(next, next + taps), (row * columns + column) * taps);
    next += taps;
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
