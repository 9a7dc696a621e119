/**
 * @file Takes the tensors of one layer out of those of a file, each of the type and shape that it must have.
 */

import { FormatError } from "../errors.ts";
import { quote } from "./quote.ts";
import type { Tensor } from "./tensor.ts";

/** The tensors `LAYER.suffix`; whatever is wrong with one is a FormatError naming it. */
export class TensorTaker {
  readonly #tensors: Map<string, Tensor>;
  readonly #layer: string;
  readonly #file: string;

  /** Those taken are removed from `tensors`; `file` names the file in errors. */
  constructor(tensors: Map<string, Tensor>, layer: string, file: string) {
    this.#tensors = tensors;
    this.#layer = layer;
    this.#file = file;
  }

  /** A vector, or a tensor whose last sides are `inner`: [n, …inner]. */
  float32(suffix: string, inner: readonly number[] = []): Float32Array {
    const { data, dtype } = this.#take(suffix, inner);
    if (dtype === "F32" && data instanceof Float32Array) return data;
    return this.fail(suffix, `must be F32, not ${dtype}`);
  }

  int32(suffix: string): Int32Array {
    const { data, dtype } = this.#take(suffix, []);
    if (data instanceof Int32Array) return data;
    return this.fail(suffix, `must be I32, not ${dtype}`);
  }

  fail(suffix: string, message: string): never {
    const name = quote(`${this.#layer}.${suffix}`);
    throw new FormatError("bad-network-file", `${this.#file}: tensor ${name} ${message}`);
  }

  #take(suffix: string, inner: readonly number[]): Tensor {
    const name = `${this.#layer}.${suffix}`;
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) return this.fail(suffix, "is missing");
    const { shape } = tensor;
    if (shape.length !== 1 + inner.length || inner.some((side, i) => shape[i + 1] !== side)) {
      const wanted = inner.length === 0 ? "a vector" : `of shape [n,${inner}]`;
      return this.fail(suffix, `must be ${wanted}, not [${shape}]`);
    }
    this.#tensors.delete(name);
    return tensor;
  }
}
