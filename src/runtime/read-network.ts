/**
 * @file A network out of the bytes of a compact file, checked throughout: the same rules as in
 * src/formats/network-tensors.ts, for what inference needs, in little code.
 */

import { ArgumentError, FormatError } from "../errors.ts";
import { parseBoundedJson } from "../formats/bounded-json.ts";
import { networkFault } from "../formats/network-fault.ts";
import { FORMAT_VERSION, PLAIN_LAYERS } from "../formats/network-limits.ts";
import { quote } from "../formats/quote.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import type { AnyNetwork, Layer } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import { layerReaders } from "./read-layer.ts";
import { type Fields, TensorReader } from "./tensor-reader.ts";

/**
 * The network in `bytes`; `file` names it in errors. Arrays are views of the bytes where they can be. What inference
 * does not need (how a layer was made, optimizer state) is neither kept nor checked. Throws FormatError.
 */
export function readNetwork(bytes: Uint8Array, file: string): AnyNetwork {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const version = metadata.get("isosparse");
  if (version !== FORMAT_VERSION) {
    throw new FormatError(
      "not-a-network-file",
      version === undefined
        ? `${file}: a safetensors file without the isosparse metadata; give one that isosparse saved`
        : `${file}: layout version ${quote(version)}, but this runtime reads version ${FORMAT_VERSION}; update isosparse`,
    );
  }
  const text = metadata.get("network");
  const reader: TensorReader = new TensorReader(tensors, file);
  if (text === undefined) reader.fail('metadata "network" is missing');
  const { layers } = reader.object(parseBoundedJson(text, `${file}: metadata "network"`), "the description");
  if (!Array.isArray(layers)) reader.fail("layers must be an array");
  if (layers.length > PLAIN_LAYERS * (tensors.size + 1)) {
    reader.fail(`${layers.length} layers are more than the file has tensors for`);
  }
  const network: AnyNetwork = {
    layers: layers.map((layer, i) => readLayer(reader.object(layer, `layers[${i}]`), i, reader)),
    provenance: { seed: 0, start: "none" },
  };
  const fault = networkFault(network);
  if (fault !== undefined) reader.fail(fault);
  try {
    validateNetwork(network);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new FormatError("bad-network-file", `${file}: ${error.message}`, { cause: error });
  }
  return network;
}

function readLayer(fields: Fields, i: number, reader: TensorReader): Layer {
  const { kind, name } = fields;
  if (typeof name !== "string") reader.fail(`layers[${i}] has no name`);
  const where = `layer ${quote(name)}`;
  if (typeof kind !== "string" || !Object.hasOwn(layerReaders, kind)) {
    const given = typeof kind === "string" ? quote(kind) : "none";
    reader.fail(`${where} is of a kind that this runtime does not know: ${given}`);
  }
  return layerReaders[kind as Layer["kind"]]({ name, where, fields, reader });
}
