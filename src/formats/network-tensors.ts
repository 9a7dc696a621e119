/**
 * @file A network as named tensors, and back: the non-zeros and what places them, O(rows + columns) more.
 *
 * For a layer called `layers.0`: `layers.0.bias`; on blocks `layers.0.blocks.weight`, `.row_order`,
 * `.column_order`, `.row_offsets`, `.column_offsets`; on edges `layers.0.edges.weight`, `.row_pointers`,
 * `.column_indices` and, where there is one, the construction: `layers.0.givens.pairs` and `.offsets` (the
 * stages one after the other), or `layers.0.clifford.shifts` and `.signs`. Weights are F32, indices I32, all
 * vectors, laid out as in topology.ts and network.ts. Everything else is JSON in the metadata.
 */

import { ArgumentError, FormatError } from "../errors.ts";
import type { LinearLayer, Network } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import type { EdgeTopology, Topology } from "../topology/topology.ts";
import {
  describeNetwork,
  FORMAT_VERSION,
  type LayerDescription,
  parseDescription,
} from "./network-schema.ts";
import { quote } from "./quote.ts";
import type { TensorFile } from "./safetensors.ts";
import { float32Tensor, int32Tensor, type Tensor } from "./tensor.ts";
import { MAX_STAGES, topologyFault } from "./topology-fault.ts";

/** A network and whatever else is kept with it: optimizer vectors, random states, progress. */
export interface Checkpoint extends TensorFile {
  readonly network: Network;
}

/**
 * The tensors and metadata of a network (arrays are not copied). Throws ArgumentError ("bad-network") for one
 * that could not be read back.
 */
export function networkToTensors(network: Network): TensorFile {
  validateNetwork(network);
  const tensors = new Map<string, Tensor>();
  for (const layer of network.layers) {
    for (const [suffix, array] of layerArrays(layer)) {
      const tensor = array instanceof Float32Array ? float32Tensor(array) : int32Tensor(array);
      tensors.set(`${layer.name}.${suffix}`, tensor);
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
  const description = parseDescription(text, tensors.size, file);
  const layers = description.layers.map((layer) =>
    takeLayer(layer, new TensorTaker(tensors, layer.name, file)),
  );
  const network: Network = { layers, provenance: description.provenance };
  checkNetwork(network, file);
  return { network, tensors, metadata };
}

function checkNetwork(network: Network, file: string): void {
  for (const { name, topology } of network.layers) {
    const fault = topologyFault(topology);
    if (fault !== undefined)
      throw new FormatError("bad-network-file", `${file}: layer ${quote(name)} ${fault}`);
  }
  try {
    validateNetwork(network);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError("bad-network-file", `${file}: ${error.message}`, { cause: error });
  }
}

function layerArrays({
  topology,
  weights,
  bias,
}: LinearLayer): [suffix: string, Float32Array | Int32Array][] {
  if (topology.kind === "blocks") {
    return [
      ["blocks.weight", weights],
      ["blocks.row_order", topology.rowOrder],
      ["blocks.column_order", topology.columnOrder],
      ["blocks.row_offsets", topology.rowOffsets],
      ["blocks.column_offsets", topology.columnOffsets],
      ["bias", bias],
    ];
  }
  return [
    ["edges.weight", weights],
    ["edges.row_pointers", topology.rowPointers],
    ["edges.column_indices", topology.columnIndices],
    ...constructionArrays(topology),
    ["bias", bias],
  ];
}

function constructionArrays({ construction }: EdgeTopology): [suffix: string, Int32Array][] {
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

function takeLayer(described: LayerDescription, taker: TensorTaker): LinearLayer {
  const { name, kind, activation, asked, initializer } = described;
  const topology = takeTopology(described.topology, taker);
  const weights = taker.float32(`${topology.kind}.weight`);
  const bias = taker.float32("bias");
  return { kind, name, topology, weights, bias, activation, asked, initializer };
}

function takeTopology(described: LayerDescription["topology"], taker: TensorTaker): Topology {
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

/** Takes the tensors of one layer out of those of the file. */
class TensorTaker {
  readonly #tensors: Map<string, Tensor>;
  readonly #layer: string;
  readonly #file: string;

  constructor(tensors: Map<string, Tensor>, layer: string, file: string) {
    this.#tensors = tensors;
    this.#layer = layer;
    this.#file = file;
  }

  float32(suffix: string): Float32Array {
    const { data, dtype } = this.#take(suffix);
    if (dtype === "F32" && data instanceof Float32Array) return data;
    return this.fail(suffix, `must be F32, not ${dtype}`);
  }

  int32(suffix: string): Int32Array {
    const { data, dtype } = this.#take(suffix);
    if (data instanceof Int32Array) return data;
    return this.fail(suffix, `must be I32, not ${dtype}`);
  }

  fail(suffix: string, message: string): never {
    const name = quote(`${this.#layer}.${suffix}`);
    throw new FormatError("bad-network-file", `${this.#file}: tensor ${name} ${message}`);
  }

  #take(suffix: string): Tensor {
    const name = `${this.#layer}.${suffix}`;
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) return this.fail(suffix, "is missing");
    if (tensor.shape.length !== 1) return this.fail(suffix, `must be a vector, not [${tensor.shape}]`);
    this.#tensors.delete(name);
    return tensor;
  }
}
