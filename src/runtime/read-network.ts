/**
 * @file A network out of the bytes of a compact file, checked throughout: the same rules as in
 * src/formats/network-tensors.ts, for what inference needs, in little code.
 */

import { ArgumentError, FormatError } from "../errors.ts";
import { parseBoundedJson } from "../formats/bounded-json.ts";
import { quote } from "../formats/quote.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import { topologyFault } from "../formats/topology-fault.ts";
import { outputShape, sizeOf } from "../network/layer-shape.ts";
import type { AnyNetwork, Layer } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import { layerReaders, MOST_NUMBERS } from "./read-layer.ts";
import { type Fields, TensorReader } from "./tensor-reader.ts";

/** The layout that is read: that of src/formats/network-schema.ts. */
export const LAYOUT_VERSION = "1";

/** Layers without tensors to one that has some, and numbers that all give for one sample: as when files are written. */
export const PLAIN_LAYERS = 8;
export const MOST_ACTIVATIONS = 2 ** 30;

/**
 * The network in `bytes`; `file` names it in errors. Arrays are views of the bytes where they can be. What inference
 * does not need (how a layer was made, optimizer state) is neither kept nor checked. Throws FormatError.
 */
export function readNetwork(bytes: Uint8Array, file: string): AnyNetwork {
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
  checkActivations(network, reader);
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
  const layer = layerReaders[kind as Layer["kind"]]({ name, where, fields, reader });
  const fault = "topology" in layer ? topologyFault(layer.topology) : undefined;
  if (fault !== undefined) reader.fail(`${where} ${fault}`);
  return layer;
}

/** Nothing in a file is as long as an image is large: refuses what it cannot mean to ask for. */
function checkActivations({ layers }: AnyNetwork, reader: TensorReader): void {
  let total = 0;
  for (const layer of layers) {
    const numbers = sizeOf(outputShape(layer));
    total += numbers;
    if ((layer.kind !== "linear" && numbers > MOST_NUMBERS) || total > MOST_ACTIVATIONS) {
      reader.fail(`layer ${quote(layer.name)} gives more numbers than any memory holds`);
    }
  }
}
