/**
 * @file Takes the tensors of layers out of those of a file, each of the type and shape that it must have, and says
 * what is wrong with a file.
 */

import { FormatError } from "../errors.ts";
import { quote } from "../formats/quote.ts";
import type { Tensor } from "../formats/tensor.ts";

/** An object of JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export class TensorReader {
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

  /** A vector, or a tensor whose last sides are `inner`: [n, …inner]. */
  floats(name: string, inner: readonly number[] = []): Float32Array {
    const { data, dtype } = this.#take(name, inner);
    if (dtype === "F32" && data instanceof Float32Array) return data;
    return this.fail(`tensor ${quote(name)} must be F32, not ${dtype}`);
  }

  integers(name: string): Int32Array {
    const { data, dtype } = this.#take(name, []);
    if (data instanceof Int32Array) return data;
    return this.fail(`tensor ${quote(name)} must be I32, not ${dtype}`);
  }

  /** Each tensor is taken once, so that a small file cannot ask for much work. */
  #take(name: string, inner: readonly number[]): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) return this.fail(`tensor ${quote(name)} is missing`);
    this.#tensors.delete(name);
    const { shape } = tensor;
    if (shape.length === 1 + inner.length && inner.every((side, i) => shape[i + 1] === side)) return tensor;
    const wanted = inner.length === 0 ? "a vector" : `of shape [n,${inner}]`;
    return this.fail(`tensor ${quote(name)} must be ${wanted}, not [${shape}]`);
  }
}
