/**
 * @file Block layers with the samples last: [groups, rows, columns] × [groups, columns, batch].
 *
 * A unit's values for all samples lie together, so that putting units in order moves whole runs of memory, and the
 * products are long along the samples: the faster way for many samples at once.
 */

import type { LinearLayer } from "../../network/network.ts";
import type { BlockTopology } from "../../topology/topology.ts";
import { addActivation } from "./activation.ts";
import {
  type Bucket,
  bucketInputs,
  bucketOutputs,
  bucketsOf,
  bucketWeights,
  unitPositions,
} from "./buckets.ts";
import { enterFeatures, type Features, flatFeatures, product, reorderFeatures } from "./features.ts";
import { BATCH, type GraphBuilder } from "./graph-builder.ts";
import { inPlace, placedWeights } from "./placed-weights.ts";
import type { VectorStanding } from "./standing.ts";

/** A layer of several groups. */
export function addBlocksSamplesLast(
  graph: GraphBuilder,
  layer: LinearLayer,
  topology: BlockTopology,
  before: VectorStanding,
): Features {
  const { name } = layer;
  const buckets = bucketsOf(topology);
  const from = buckets.length > 1 ? turned(graph, before, topology.columns, name) : before;
  const products = buckets.map((bucket, k) => {
    const label = buckets.length === 1 ? name : `${name}.${k}`;
    const { groups, rows, columns } = bucket;
    const units = bucketInputs(topology, bucket);
    const sizes = [groups.length, columns];
    const input =
      from.layout === "features"
        ? reorderFeatures(graph, from.features, units, sizes, label)
        : enterFeatures(graph, from, units, sizes, label);
    const shape = [groups.length, rows, columns];
    const blocks = graph.constant(`${label}.blocks`, bucketWeights(layer, topology, bucket), shape);
    return graph.add("MatMul", [blocks, input], `${label}.product`);
  });
  return finishBlocks(graph, layer, topology, buckets, products);
}

/** Features first, in order, once for all batches. */
function turned(graph: GraphBuilder, from: VectorStanding, width: number, layer: string): VectorStanding {
  if (from.layout === "features") return from;
  const positions = inPlace(width);
  const name = enterFeatures(graph, from, positions, [width], layer);
  return { layout: "features", features: { name, sizes: [width], positions } };
}

/** Bias and activation of the products of a layer's batches, side by side where there are several. */
function finishBlocks(
  graph: GraphBuilder,
  { name, bias, activation }: LinearLayer,
  topology: BlockTopology,
  buckets: readonly Bucket[],
  products: readonly string[],
): Features {
  const units = Int32Array.from(buckets.flatMap((bucket) => [...bucketOutputs(topology, bucket)]));
  const one = buckets.length === 1;
  const sizes = one ? [buckets[0].groups.length, buckets[0].rows] : [units.length];
  const value = one ? products[0] : sideBySide(graph, name, buckets, products);
  const biases = Float32Array.from(units, (unit) => (unit < 0 ? 0 : bias[unit]));
  const sum = graph.add("Add", [value, graph.constant(`${name}.bias`, biases, [...sizes, 1])], `${name}.sum`);
  const positions = unitPositions(units, topology.rows);
  return { name: addActivation(graph, activation, sum, name), sizes, positions };
}

function sideBySide(
  graph: GraphBuilder,
  name: string,
  buckets: readonly Bucket[],
  products: readonly string[],
): string {
  const flat = products.map((value, k) => {
    const { groups, rows } = buckets[k];
    return graph.reshape(value, [groups.length * rows, BATCH], `${name}.${k}.flat`);
  });
  return graph.add("Concat", flat, `${name}.joined`, { axis: 0 });
}

/** A full layer between block layers: [rows, features] × [features, batch]. */
export function addFullBetween(graph: GraphBuilder, layer: LinearLayer, from: Features): Features {
  const { name, bias, activation, topology } = layer;
  const width = product(from.sizes);
  const input = flatFeatures(graph, from, name);
  const weights = placedWeights(layer, from.positions, width);
  const inputs = [
    graph.constant(`${name}.weight`, weights, [topology.rows, width]),
    input,
    graph.constant(`${name}.bias`, bias, [topology.rows, 1]),
  ];
  const sum = graph.add("Gemm", inputs, `${name}.sum`);
  return {
    name: addActivation(graph, activation, sum, name),
    sizes: [topology.rows],
    positions: inPlace(topology.rows),
  };
}
