/**
 * @file An ONNX graph in the making: operations in order, and constants, equal ones kept once.
 */

/** The numbers that a constant here can have: float32, int32 or int64. */
export type ConstantData = Float32Array | Int32Array | BigInt64Array;

/** An initializer. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ConstantData;
}

/** An operation's attribute: an integer, a list of them, or a float. */
export type AttributeValue = number | readonly number[] | { readonly float: number };

/** An operation of ONNX's own domain, with one output. */
export interface Operation {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A float32 value of the graph: sizes, or a name where the size is not fixed. */
export interface GraphValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** A graph of one input and one output. */
export interface BuiltGraph {
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly constants: readonly Constant[];
  readonly input: GraphValue;
  readonly output: GraphValue;
  /** Shapes of values in between. */
  readonly values: readonly GraphValue[];
}

/** The name of the size that is not fixed: how many samples. */
export const BATCH = "batch";

/** Names of the graph's input and output. */
export const INPUT = "input";
export const OUTPUT = "output";

/** Collects a graph of one input, called `INPUT`. What is asked to be called like something else gets a number. */
export class GraphBuilder {
  readonly #operations: Operation[] = [];
  readonly #constants: Constant[] = [];
  readonly #values: GraphValue[] = [];
  readonly #taken = new Set([INPUT, OUTPUT]);
  /** Constants that are shared, by what is in them. */
  readonly #shared = new Map<string, string>();

  /** A constant; returns its name, `name` where that is free. */
  constant(name: string, data: ConstantData, shape: readonly number[] = [data.length]): string {
    const free = this.#free(name);
    this.#constants.push({ name: free, shape, data });
    return free;
  }

  /** Small integers, e.g. a shape or where to cut: the same constant whenever the same are asked for. */
  integers(values: readonly number[]): string {
    return this.#share(`integers ${values}`, "integers", () => [BigInt64Array.from(values, BigInt)]);
  }

  /** One float32 without dimensions; shared likewise. */
  scalar(value: number): string {
    return this.#share(`scalar ${value}`, "scalar", () => [Float32Array.of(value), []]);
  }

  /** Indices for Gather; shared likewise. */
  indices(values: Int32Array, shape: readonly number[]): string {
    return this.#share(`indices ${shape} ${values}`, "indices", () => [values, shape]);
  }

  /** Appends an operation; returns the name of its output, `output` where that is free. */
  add(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: Operation["attributes"] = {},
  ): string {
    const free = this.#free(output);
    this.#operations.push({ opType, inputs, output: free, attributes });
    return free;
  }

  /**
   * Appends a Reshape to `shape`, in which one size is `BATCH`. The shape is recorded too: from −1 a runtime cannot
   * tell that this size is the same in all layers, and onnxruntime 1.30 then takes time that grows with the square of
   * the depth to plan its memory (5 s instead of 0.2 s for 1000 layers).
   */
  reshape(input: string, shape: GraphValue["shape"], output: string): string {
    const target = this.integers(shape.map((size) => (typeof size === "number" ? size : -1)));
    const name = this.add("Reshape", [input, target], output);
    this.#values.push({ name, shape });
    return name;
  }

  /** Entries `begin` … `end` − 1 along an axis. */
  slice(input: string, axis: number, [begin, end]: readonly [number, number], output: string): string {
    const ends = [begin, end].map((place) => this.integers([place]));
    return this.add("Slice", [input, ...ends, this.integers([axis])], output);
  }

  /**
   * The graph from [batch, ...inputs] to [batch, ...outputs] whose output is that of the last operation, called
   * `OUTPUT`.
   */
  finish(name: string, inputs: readonly number[], outputs: readonly number[]): BuiltGraph {
    if (this.#operations.length === 0) this.add("Identity", [INPUT], OUTPUT);
    const last = this.#operations[this.#operations.length - 1];
    return {
      name,
      operations: [...this.#operations.slice(0, -1), { ...last, output: OUTPUT }],
      constants: this.#constants,
      input: { name: INPUT, shape: [BATCH, ...inputs] },
      output: { name: OUTPUT, shape: [BATCH, ...outputs] },
      values: this.#values.filter((value) => value.name !== last.output),
    };
  }

  #share(
    contents: string,
    name: string,
    make: () => [data: ConstantData, shape?: readonly number[]],
  ): string {
    const known = this.#shared.get(contents);
    if (known !== undefined) return known;
    const made = this.constant(name, ...make());
    this.#shared.set(contents, made);
    return made;
  }

  #free(name: string): string {
    let free = name;
    for (let n = 2; this.#taken.has(free); n++) free = `${name}_${n}`;
    this.#taken.add(free);
    return free;
  }
}
