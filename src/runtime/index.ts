/**
 * @file isosparse/runtime: predicts with a network that isosparse saved, and does nothing else. Runs in Node and in
 * pages, on one thread, without any dependency; small enough to ship with a page (docs/runtime.md).
 */

import { ArgumentError } from "../errors.ts";
import { fetchBytes } from "./fetch-bytes.ts";
import { type Model, type Scaling, type Shape, startModel } from "./model.ts";
import { readNetwork } from "./read-network.ts";

export { ArgumentError, FileError, FormatError, IsosparseError } from "../errors.ts";
export type { Model, Scaling, Shape };

export interface LoadOptions {
  /** Given: `predict` takes raw inputs and standardises them. Absent: it takes standardised ones. */
  readonly scaling?: Scaling;
  /** Plain SIMD even where relaxed SIMD exists, so that different machines give the same bits. Default false. */
  readonly reproducible?: boolean;
}

/**
 * Loads a compact network file (a `.safetensors` that isosparse wrote: `save`, `sao init`, a run's checkpoint, `sao
 * export --to safetensors`) from its bytes or from a URL. Outputs have the bits of the engine's on the same machine.
 *
 * Throws FormatError for bytes that are anything else or unsound, FileError when the URL cannot be fetched,
 * ArgumentError for a bad scaling or for a network larger than the memory.
 */
export async function load(
  source: Uint8Array | ArrayBuffer | URL | string,
  options: LoadOptions = {},
): Promise<Model> {
  const bytes = await bytesOf(source);
  const name = typeof source === "string" || source instanceof URL ? String(source) : "network";
  const network = readNetwork(bytes, name);
  return startModel(network, options.scaling, options.reproducible ?? false);
}

async function bytesOf(source: Uint8Array | ArrayBuffer | URL | string): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof source === "string" || source instanceof URL) return fetchBytes(source);
  throw new ArgumentError("bad-source", "a network is loaded from its bytes (Uint8Array) or a URL");
}
