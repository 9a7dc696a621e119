/**
 * @file Networks and checkpoints on disk: one safetensors file, as large as the non-zeros.
 */

import { ArgumentError } from "../errors.ts";
import type { AnyNetwork } from "../network/network.ts";
import { type Checkpoint, networkFromTensors, networkToTensors } from "./network-tensors.ts";
import { quote } from "./quote.ts";
import type { TensorFile } from "./safetensors.ts";
import { readSafetensors, writeSafetensors } from "./safetensors-file.ts";

/**
 * Writes `network`, and the `tensors` and `metadata` to keep with it, in one step: the file at `path` is the
 * old one or the new one, never half. Throws ArgumentError for an unsound network or a name that the network
 * uses itself, FileError if the file cannot be written.
 */
export async function saveCheckpoint(
  path: string,
  { network, tensors = new Map(), metadata = new Map() }: Pick<Checkpoint, "network"> & Partial<TensorFile>,
): Promise<void> {
  const own = networkToTensors(network);
  const taken = [...tensors.keys()].find((name) => own.tensors.has(name));
  const takenKey = [...metadata.keys()].find((key) => own.metadata.has(key));
  if (taken !== undefined || takenKey !== undefined) {
    const name = quote(taken ?? takenKey ?? "");
    throw new ArgumentError(
      "name-taken",
      `the network itself uses the name ${name} in its file; use another`,
    );
  }
  await writeSafetensors(path, {
    tensors: new Map([...own.tensors, ...tensors]),
    metadata: new Map([...own.metadata, ...metadata]),
  });
}

/**
 * Reads what `saveCheckpoint` or `saveNetwork` wrote. Every index, length and name is checked. Throws
 * FormatError for a file that holds anything else, FileError if it cannot be read.
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  return networkFromTensors(await readSafetensors(path), path);
}

/** Writes a network, with `extra` tensors and metadata if there are any: see `saveCheckpoint`. */
export async function saveNetwork(
  network: AnyNetwork,
  path: string,
  extra: Partial<TensorFile> = {},
): Promise<void> {
  await saveCheckpoint(path, { ...extra, network });
}

/** Reads the network of a file, leaving aside what else is in it: see `loadCheckpoint`. */
export async function loadNetwork(path: string): Promise<AnyNetwork> {
  return (await loadCheckpoint(path)).network;
}
