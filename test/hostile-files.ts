/**
 * @file Network files with something changed, and what may come of reading them, for the tests of readers.
 */

import { FormatError } from "../src/errors.ts";
import { networkToTensors } from "../src/formats/network-tensors.ts";
import type { TensorFile } from "../src/formats/safetensors.ts";
import type { Tensor } from "../src/formats/tensor.ts";
import type { AnyNetwork } from "../src/network/network.ts";
import { followNetwork } from "./follow-network.ts";

/** Either a FormatError on one line, or a network that can be followed; says which. */
export function readsSafely(read: () => AnyNetwork): boolean {
  let found: AnyNetwork;
  try {
    found = read();
  } catch (error) {
    if (!(error instanceof FormatError) || /[\n\r]/.test(error.message)) throw error;
    return false;
  }
  followNetwork(found);
  return true;
}

/** The tensors and metadata of a network after a change to either. */
export function changed(
  original: AnyNetwork,
  change: (tensors: Map<string, Tensor>, metadata: Map<string, string>) => void,
): TensorFile {
  const file = networkToTensors(original);
  const tensors = new Map(
    [...file.tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }] as const),
  );
  const metadata = new Map(file.metadata);
  change(tensors, metadata);
  return { tensors, metadata };
}

/** Sets the value at `path` in the description; undefined removes it. */
export function put(metadata: Map<string, string>, path: readonly (string | number)[], value: unknown): void {
  const root: Record<string, unknown> = { root: JSON.parse(metadata.get("network")!) };
  let [parent, key] = [root, "root"];
  for (const step of path) {
    parent = parent[key] as Record<string, unknown>;
    key = String(step);
  }
  parent[key] = value;
  metadata.set("network", JSON.stringify(root.root));
}
