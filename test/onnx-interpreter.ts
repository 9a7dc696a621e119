/**
 * @file For tests: runs the graphs that are written as ONNX, operator by operator as the ONNX documents define them
 * (onnx, docs/Operators.md), in float64 and written to be read.
 */

import type { BuiltGraph, Operation } from "../src/formats/onnx/graph-builder.ts";

interface Value {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** The output of `graph` on inputs [count, ...], sample after sample. */
export function interpret(graph: BuiltGraph, inputs: readonly number[], count: number): Value {
  const values = new Map<string, Value>();
  for (const { name, shape, data } of graph.constants)
    values.set(name, { shape, data: Array.from(data, Number) });
  const sides = graph.input.shape.slice(1).map(Number);
  values.set(graph.input.name, { shape: [count, ...sides], data: inputs });
  for (const operation of graph.operations) {
    const operands = operation.inputs.map((name) => values.get(name)!);
    if (values.has(operation.output)) throw new Error(`${operation.output} is made twice`);
    const value = OPERATORS[operation.opType](operands, operation.attributes);
    if (value.data.length !== size(value.shape)) throw new Error(`${operation.output} has not its shape`);
    values.set(operation.output, value);
  }
  for (const { name, shape } of graph.values) {
    const actual = values.get(name)!.shape;
    const fixed = shape.map((side, axis) => (typeof side === "number" ? side : actual[axis]));
    if (String(fixed) !== String(actual)) throw new Error(`${name} is [${actual}], not [${shape}]`);
  }
  return values.get(graph.output.name)!;
}

type Operator = (operands: Value[], attributes: Operation["attributes"]) => Value;

const OPERATORS: Record<string, Operator> = {
  Reshape: ([x, target]) => {
    const known = target.data.reduce((product, side) => (side === -1 ? product : product * side), 1);
    return { shape: target.data.map((side) => (side === -1 ? x.data.length / known : side)), data: x.data };
  },
  Transpose: ([x], { perm }) => {
    const axes = perm as readonly number[];
    return build(
      axes.map((axis) => x.shape[axis]),
      (index) =>
        at(
          x,
          x.shape.map((_, axis) => index[axes.indexOf(axis)]),
        ),
    );
  },
  Gather: ([x, indices], { axis }) => {
    const [before, behind] = [x.shape.slice(0, Number(axis)), x.shape.slice(Number(axis) + 1)];
    return build([...before, ...indices.shape, ...behind], (index) => {
      const place = index.slice(before.length, before.length + indices.shape.length);
      const rest = index.slice(before.length + indices.shape.length);
      return at(x, [...index.slice(0, before.length), at(indices, place), ...rest]);
    });
  },
  Slice: ([x, starts, ends, axes, steps]) => {
    const from = x.shape.map(() => 0);
    const step = x.shape.map(() => 1);
    const shape = [...x.shape];
    for (const [k, axis] of axes.data.entries()) {
      from[axis] = starts.data[k];
      step[axis] = steps?.data[k] ?? 1;
      shape[axis] = Math.ceil((ends.data[k] - from[axis]) / step[axis]);
    }
    return build(shape, (index) =>
      at(
        x,
        index.map((place, axis) => from[axis] + place * step[axis]),
      ),
    );
  },
  Identity: ([x]) => x,
  Pad: ([x, pads]) => {
    const axes = x.shape.length;
    const shape = x.shape.map((side, axis) => pads.data[axis] + side + pads.data[axes + axis]);
    return build(shape, (index) =>
      orZero(
        x,
        index.map((place, axis) => place - pads.data[axis]),
      ),
    );
  },
  Max: ([a, b]) => build(a.shape, (index) => Math.max(at(a, index), at(b, index))),
  Min: ([a, b]) => build(a.shape, (index) => Math.min(at(a, index), at(b, index))),
  BatchNormalization: ([x, scale, bias, mean, variance], { epsilon }) => {
    const { float } = epsilon as { float: number };
    return build(x.shape, (index) => {
      const [, c] = index;
      const normed = (at(x, index) - mean.data[c]) / Math.sqrt(variance.data[c] + float);
      return scale.data[c] * normed + bias.data[c];
    });
  },
  GlobalAveragePool: ([x]) => {
    const [, , height, width] = x.shape;
    const pixels = height * width;
    return build(
      [...x.shape.slice(0, 2), 1, 1],
      ([n, c]) => sum(pixels, (p) => at(x, [n, c, Math.floor(p / width), p % width])) / pixels,
    );
  },
  AveragePool: ([x], { kernel_shape, strides }) => {
    const [height, width] = kernel_shape as readonly number[];
    const [down, right] = strides as readonly number[];
    const pixels = height * width;
    const shape = [
      ...x.shape.slice(0, 2),
      Math.floor((x.shape[2] - height) / down) + 1,
      Math.floor((x.shape[3] - width) / right) + 1,
    ];
    return build(
      shape,
      ([n, c, i, j]) =>
        sum(pixels, (p) => at(x, [n, c, down * i + Math.floor(p / width), right * j + (p % width)])) / pixels,
    );
  },
  Conv: ([x, weights, bias], attributes) => {
    const [kernel, strides] = ["kernel_shape", "strides"].map(
      (name) => attributes[name] as readonly number[],
    );
    const { group = 1, dilations: steps = [1, 1], pads: around = [0, 0, 0, 0] } = attributes;
    const [dilations, pads] = [steps, around] as (readonly number[])[];
    const [rows, columns] = weights.shape;
    const sides = [0, 1].map((axis) => {
      const padded = x.shape[2 + axis] + pads[axis] + pads[2 + axis];
      return Math.floor((padded - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis]) + 1;
    });
    return build([x.shape[0], rows, ...sides], ([n, row, i, j]) => {
      const first = Math.floor(row / (rows / Number(group))) * columns;
      const taps = kernel[0] * kernel[1];
      const products = sum(columns * taps, (k) => {
        const [column, a, b] = [Math.floor(k / taps), Math.floor((k % taps) / kernel[1]), k % kernel[1]];
        const y = strides[0] * i + a * dilations[0] - pads[0];
        const z = strides[1] * j + b * dilations[1] - pads[1];
        return at(weights, [row, column, a, b]) * orZero(x, [n, first + column, y, z]);
      });
      return products + (bias?.data[row] ?? 0);
    });
  },
  Concat: (operands, { axis }) => {
    const along = Number(axis);
    const shape = operands[0].shape.with(
      along,
      sum(operands.length, (k) => operands[k].shape[along]),
    );
    return build(shape, (index) => {
      let place = index[along];
      let k = 0;
      for (; place >= operands[k].shape[along]; k++) place -= operands[k].shape[along];
      return at(operands[k], index.with(along, place));
    });
  },
  MatMul: ([a, b]) => {
    const [rows, inner] = a.shape.slice(-2);
    return build([...a.shape.slice(0, -2), rows, b.shape.at(-1)!], (index) => {
      const [batch, [i, j]] = [index.slice(0, -2), index.slice(-2)];
      return sum(inner, (k) => at(a, [...batch, i, k]) * at(b, [...batch, k, j]));
    });
  },
  Gemm: ([a, b, c], { transB = 0 }) =>
    build([a.shape[0], b.shape[transB === 1 ? 0 : 1]], ([i, j]) => {
      const product = sum(a.shape[1], (k) => at(a, [i, k]) * at(b, transB === 1 ? [j, k] : [k, j]));
      return product + broadcast(c, [i, j]);
    }),
  Add: ([a, b]) => build(a.shape, (index) => at(a, index) + broadcast(b, index)),
  Sub: ([a, b]) => build(a.shape, (index) => at(a, index) - broadcast(b, index)),
  Div: ([a, b]) => build(a.shape, (index) => at(a, index) / broadcast(b, index)),
  Tanh: ([x]) => ({ ...x, data: x.data.map(Math.tanh) }),
  Relu: ([x]) => ({ ...x, data: x.data.map((value) => Math.max(0, value)) }),
  Clip: ([x, low, high]) => ({
    ...x,
    data: x.data.map((value) => Math.min(high.data[0], Math.max(low.data[0], value))),
  }),
};

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function sum(count: number, term: (k: number) => number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total += term(k);
  return total;
}

function build(shape: readonly number[], entry: (index: number[]) => number): Value {
  const data = Array.from({ length: size(shape) }, (_, flat) => {
    let rest = flat;
    const index = shape
      .toReversed()
      .map((side) => {
        const digit = rest % side;
        rest = (rest - digit) / side;
        return digit;
      })
      .reverse();
    return entry(index);
  });
  return { shape, data };
}

function at({ shape, data }: Value, index: readonly number[]): number {
  if (index.some((digit, axis) => !(digit >= 0 && digit < shape[axis])))
    throw new Error(`[${index}] of [${shape}]`);
  return data[index.reduce((flat, digit, axis) => flat * shape[axis] + digit, 0)];
}

/** An entry, or zero beside the value. */
function orZero(value: Value, index: readonly number[]): number {
  return index.every((digit, axis) => digit >= 0 && digit < value.shape[axis]) ? at(value, index) : 0;
}

/** The entry of a value that stands for all along axes of size 1 or missing at the front. */
function broadcast(value: Value, index: readonly number[]): number {
  const last = index.slice(index.length - value.shape.length);
  return at(
    value,
    last.map((digit, axis) => (value.shape[axis] === 1 ? 0 : digit)),
  );
}
