/**
 * @file A network as named tensors, and back: the non-zeros and what places them, O(rows + columns) more.
 *
 * For a layer called `layers.0`: `layers.0.bias`; on blocks `layers.0.blocks.weight`, `.row_order`,
 * `.column_order`, `.row_offsets`, `.column_offsets`; on edges `layers.0.edges.weight`, `.row_pointers`,
 * `.column_indices` and, where there is one, the construction: `layers.0.givens.pairs` and `.offsets` (the
 * stages one after the other), or `layers.0.clifford.shifts` and `.signs`. Weights are F32, indices I32, all
 * vectors, laid out as in topology.ts and network.ts, but for the weights of a convolution, [non-zeros, k, k]. Batch
 * normalization has `.weight` and `.bias`, [channels], and `.statistics`, [2, channels]. Layers of other kinds have
 * no tensors. Everything else is JSON in the metadata.
 */

import { ArgumentError, FormatError } from "../errors.ts";
import type { AnyNetwork, Layer, WeightedLayer } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import type { EdgeTopology, Topology } from "../topology/topology.ts";
import { networkFault } from "./network-fault.ts";
import type { DescriptionOf, LayerDescription, TopologyDescription } from "./network-layer-schema.ts";
import { FORMAT_VERSION, PLAIN_LAYERS } from "./network-limits.ts";
import { describeNetwork, parseDescription } from "./network-schema.ts";
import { TensorTaker } from "./network-tensor-taker.ts";
import { quote } from "./quote.ts";
import type { TensorFile } from "./safetensors.ts";
import { float32Tensor, int32Tensor, type Tensor } from "./tensor.ts";
import { MAX_STAGES } from "./topology-fault.ts";

/** A network and whatever else is kept with it: optimizer vectors, random states, progress. */
export interface Checkpoint extends TensorFile {
  readonly network: AnyNetwork;
}

/**
 * The tensors and metadata of a network (arrays are not copied). Throws ArgumentError ("bad-network") for one
 * that could not be read back.
 */
export function networkToTensors(network: AnyNetwork): TensorFile {
  validateNetwork(network);
  const tensors = new Map<string, Tensor>();
  for (const layer of network.layers) {
    for (const [suffix, tensor] of layerTensors(layer)) {
      const name = `${layer.name}.${suffix}`;
      if (tensors.has(name)) {
        throw new ArgumentError(
          "bad-network",
          `cannot save the network: two of its layers have a tensor ${quote(name)}; rename ${quote(layer.name)}`,
        );
      }
      tensors.set(name, tensor);
    }
  }
  const metadata = new Map([
    ["isosparse", FORMAT_VERSION],
    ["network", describeNetwork(network)],
  ]);
  try {
    networkFromTensors({ tensors, metadata });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new ArgumentError("bad-network", `cannot save the network: ${error.message}`, { cause: error });
  }
  return { tensors, metadata };
}

/**
 * The network in `contents`, and the tensors and metadata that are not part of it. Arrays are shared with
 * `contents`, not copied. `file` names the file in errors. Throws FormatError for anything that does not
 * describe a sound network, so that the engine may trust every index.
 */
export function networkFromTensors(contents: TensorFile, file = "network"): Checkpoint {
  const metadata = new Map(contents.metadata);
  const version = metadata.get("isosparse");
  if (version !== FORMAT_VERSION) {
    throw new FormatError(
      "not-a-network-file",
      version === undefined
        ? `${file}: a safetensors file without the isosparse metadata; give one that isosparse saved`
        : `${file}: layout version ${quote(version)}, but this isosparse reads version ${FORMAT_VERSION}; update isosparse`,
    );
  }
  const text = metadata.get("network");
  if (text === undefined) throw new FormatError("bad-network-file", `${file}: metadata "network" is missing`);
  metadata.delete("isosparse");
  metadata.delete("network");

  const tensors = new Map(contents.tensors);
  const description = parseDescription(text, PLAIN_LAYERS * (tensors.size + 1), file);
  const layers = description.layers.map((layer) =>
    takeLayer(layer, new TensorTaker(tensors, layer.name, file)),
  );
  const network: AnyNetwork = { layers, provenance: description.provenance };
  checkNetwork(network, file);
  return { network, tensors, metadata };
}

function checkNetwork(network: AnyNetwork, file: string): void {
  const fault = networkFault(network);
  if (fault !== undefined) throw new FormatError("bad-network-file", `${file}: ${fault}`);
  try {
    validateNetwork(network);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError("bad-network-file", `${file}: ${error.message}`, { cause: error });
  }
}

type NamedTensor = readonly [suffix: string, tensor: Tensor];

function layerTensors(layer: Layer): NamedTensor[] {
  switch (layer.kind) {
    case "linear":
    case "convolution":
      return [...weightTensors(layer), ["bias", float32Tensor(layer.bias)]];
    case "batchNorm":
      return [
        ["weight", float32Tensor(layer.weights)],
        ["bias", float32Tensor(layer.bias)],
        ["statistics", float32Tensor(layer.statistics, [2, layer.input.channels])],
      ];
    default:
      return [];
  }
}

function weightTensors(layer: WeightedLayer): NamedTensor[] {
  const { topology, weights } = layer;
  const taps = tapsOf(layer);
  const kernels = weights.length / taps.reduce((product, side) => product * side, 1);
  const weight: NamedTensor = [`${topology.kind}.weight`, float32Tensor(weights, [kernels, ...taps])];
  const indices = topologyArrays(topology).map(
    ([suffix, array]): NamedTensor => [suffix, int32Tensor(array)],
  );
  return [weight, ...indices];
}

/** Sides of what one connection has: k × k taps in a convolution, a number elsewhere. */
function tapsOf(layer: WeightedLayer | DescriptionOf<"linear" | "convolution">): readonly number[] {
  return layer.kind === "convolution" ? [layer.kernelSize, layer.kernelSize] : [];
}

type NamedArray = readonly [suffix: string, array: Int32Array];

function topologyArrays(topology: Topology): NamedArray[] {
  if (topology.kind === "blocks") {
    return [
      ["blocks.row_order", topology.rowOrder],
      ["blocks.column_order", topology.columnOrder],
      ["blocks.row_offsets", topology.rowOffsets],
      ["blocks.column_offsets", topology.columnOffsets],
    ];
  }
  return [
    ["edges.row_pointers", topology.rowPointers],
    ["edges.column_indices", topology.columnIndices],
    ...constructionArrays(topology),
  ];
}

function constructionArrays({ construction }: EdgeTopology): NamedArray[] {
  if (construction === undefined) return [];
  if (construction.kind === "clifford") {
    return [
      ["clifford.shifts", construction.shifts],
      ["clifford.signs", construction.signs],
    ];
  }
  const { stages } = construction;
  const offsets = new Int32Array(stages.length + 1);
  for (let s = 0; s < stages.length; s++) offsets[s + 1] = offsets[s] + stages[s].length;
  const pairs = new Int32Array(offsets[stages.length]);
  for (let s = 0; s < stages.length; s++) pairs.set(stages[s], offsets[s]);
  return [
    ["givens.pairs", pairs],
    ["givens.offsets", offsets],
  ];
}

function takeLayer(described: LayerDescription, taker: TensorTaker): Layer {
  switch (described.kind) {
    case "linear":
    case "convolution":
      return {
        ...described,
        topology: takeTopology(described.topology, taker),
        weights: taker.float32(`${described.topology.kind}.weight`, tapsOf(described)),
        bias: taker.float32("bias"),
      };
    case "batchNorm":
      return {
        ...described,
        weights: taker.float32("weight"),
        bias: taker.float32("bias"),
        statistics: taker.float32("statistics", [described.input.channels]),
      };
    default:
      return described;
  }
}

function takeTopology(described: TopologyDescription, taker: TensorTaker): Topology {
  const { name, rows, columns, arrangement } = described;
  if (described.kind === "blocks") {
    return {
      kind: "blocks",
      name,
      ...(arrangement === undefined ? {} : { arrangement }),
      rows,
      columns,
      rowOrder: taker.int32("blocks.row_order"),
      columnOrder: taker.int32("blocks.column_order"),
      rowOffsets: taker.int32("blocks.row_offsets"),
      columnOffsets: taker.int32("blocks.column_offsets"),
    };
  }
  const construction = takeConstruction(described.construction, taker);
  return {
    kind: "edges",
    name,
    rows,
    columns,
    rowPointers: taker.int32("edges.row_pointers"),
    columnIndices: taker.int32("edges.column_indices"),
    ...(construction === undefined ? {} : { construction }),
  };
}

function takeConstruction(
  kind: "givens" | "clifford" | undefined,
  taker: TensorTaker,
): EdgeTopology["construction"] {
  if (kind === undefined) return undefined;
  if (kind === "clifford") {
    return { kind, shifts: taker.int32("clifford.shifts"), signs: taker.int32("clifford.signs") };
  }
  const pairs = taker.int32("givens.pairs");
  const offsets = taker.int32("givens.offsets");
  if (offsets.length > MAX_STAGES + 1) {
    taker.fail("givens.offsets", `has ${offsets.length - 1} stages, over the limit of ${MAX_STAGES}`);
  }
  if (offsets[0] !== 0 || offsets[offsets.length - 1] !== pairs.length) {
    taker.fail("givens.offsets", "must rise from 0 to the number of paired units");
  }
  const stages: Int32Array[] = [];
  for (let s = 0; s + 1 < offsets.length; s++) {
    if (offsets[s + 1] <= offsets[s]) taker.fail("givens.offsets", `do not rise at stage ${s}`);
    stages.push(pairs.subarray(offsets[s], offsets[s + 1]));
  }
  return { kind, stages };
}
