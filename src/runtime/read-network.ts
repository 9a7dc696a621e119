/**
 * @file A network out of the bytes of a compact file, checked throughout: the same rules as in
 * src/formats/network-tensors.ts, for what inference needs, in little code.
 */

import { ArgumentError, FormatError } from "../errors.ts";
import { parseBoundedJson } from "../formats/bounded-json.ts";
import { quote } from "../formats/quote.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../formats/tensor.ts";
import { topologyFault } from "../formats/topology-fault.ts";
import type { Activation, LinearLayer, Network } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import type { Topology } from "../topology/topology.ts";

/** The layout that is read: that of src/formats/network-schema.ts. */
export const LAYOUT_VERSION = "1";

const ACTIVATIONS: readonly Activation[] = ["linear", "tanh", "relu", "hardtanh"];

/**
 * The network in `bytes`; `file` names it in errors. Arrays are views of the bytes where they can be. What inference
 * does not need (how a layer was made, optimizer state) is neither kept nor checked. Throws FormatError.
 */
export function readNetwork(bytes: Uint8Array, file: string): Network {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const version = metadata.get("isosparse");
  if (version !== LAYOUT_VERSION) {
    throw new FormatError(
      "not-a-network-file",
      version === undefined
        ? `${file}: a safetensors file without the isosparse metadata; give one that isosparse saved`
        : `${file}: layout version ${quote(version)}, but this runtime reads version ${LAYOUT_VERSION}; update isosparse`,
    );
  }
  const reader: Reader = new Reader(tensors, file);
  const text = metadata.get("network");
  if (text === undefined) reader.fail('metadata "network" is missing');
  const description = parseBoundedJson(text, `${file}: metadata "network"`);
  const { layers } = reader.object(description, "the description");
  if (!Array.isArray(layers)) reader.fail("layers must be an array");
  if (layers.length > tensors.size) {
    reader.fail(`${layers.length} layers are more than the file has tensors for`);
  }
  const network: Network = {
    layers: layers.map((layer, i) => reader.layer(layer, `layers[${i}]`)),
    provenance: { seed: 0, start: "none" },
  };
  try {
    validateNetwork(network);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError("bad-network-file", `${file}: ${error.message}`, { cause: error });
  }
  return network;
}

type Fields = Readonly<Record<string, unknown>>;

class Reader {
  readonly #tensors: Map<string, Tensor>;
  readonly #file: string;

  constructor(tensors: ReadonlyMap<string, Tensor>, file: string) {
    this.#tensors = new Map(tensors);
    this.#file = file;
  }

  fail(message: string): never {
    throw new FormatError("bad-network-file", `${this.#file}: ${message}`);
  }

  object(value: unknown, what: string): Fields {
    if (typeof value !== "object" || value === null) this.fail(`${what} must be an object`);
    return value as Fields;
  }

  layer(value: unknown, what: string): LinearLayer {
    const { kind, name, activation, topology: described } = this.object(value, what);
    if (typeof name !== "string") this.fail(`${what} has no name`);
    const where = `layer ${quote(name)}`;
    if (kind !== "linear") {
      const given = typeof kind === "string" ? quote(kind) : "none";
      this.fail(`${where} is of a kind that this runtime does not know: ${given}`);
    }
    const known = ACTIVATIONS.find((other) => other === activation);
    if (known === undefined) this.fail(`${where} has no activation that is known`);
    const topology = this.#topology(this.object(described, `the topology of ${where}`), name);
    const fault = topologyFault(topology);
    if (fault !== undefined) this.fail(`${where} ${fault}`);
    const weights = this.#floats(`${name}.${topology.kind}.weight`);
    const bias = this.#floats(`${name}.bias`);
    return { kind, name, topology, weights, bias, activation: known, asked: {}, initializer: "" };
  }

  #topology({ kind, rows, columns }: Fields, layer: string): Topology {
    if (typeof rows !== "number" || typeof columns !== "number") {
      this.fail(`layer ${quote(layer)} has no rows and columns`);
    }
    const common = { name: "", rows, columns };
    const take = (part: string) => this.#integers(`${layer}.${part}`);
    if (kind === "blocks") {
      return {
        kind,
        ...common,
        rowOrder: take("blocks.row_order"),
        columnOrder: take("blocks.column_order"),
        rowOffsets: take("blocks.row_offsets"),
        columnOffsets: take("blocks.column_offsets"),
      };
    }
    if (kind !== "edges") this.fail(`layer ${quote(layer)} has neither blocks nor edges`);
    return {
      kind,
      ...common,
      rowPointers: take("edges.row_pointers"),
      columnIndices: take("edges.column_indices"),
    };
  }

  #floats(name: string): Float32Array {
    const { data, dtype } = this.#vector(name);
    if (dtype === "F32" && data instanceof Float32Array) return data;
    return this.fail(`tensor ${quote(name)} must be F32, not ${dtype}`);
  }

  #integers(name: string): Int32Array {
    const { data, dtype } = this.#vector(name);
    if (data instanceof Int32Array) return data;
    return this.fail(`tensor ${quote(name)} must be I32, not ${dtype}`);
  }

  /** Each tensor is taken once, so that a small file cannot ask for much work. */
  #vector(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) return this.fail(`tensor ${quote(name)} is missing`);
    this.#tensors.delete(name);
    if (tensor.shape.length === 1) return tensor;
    return this.fail(`tensor ${quote(name)} must be a vector, not [${tensor.shape}]`);
  }
}
