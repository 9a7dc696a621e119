/**
 * @file A layer out of a file's description and tensors, one reader for each kind. Sizes are checked here as far as they
 * must make sense before anyone counts with them; that layers fit is for `validateNetwork`.
 */

import { MOST_NUMBERS } from "../formats/network-limits.ts";
import { quote } from "../formats/quote.ts";
import { type ImageShape, largestKernel, largestSide } from "../init/convolution/convolution.ts";
import { sizeOf } from "../network/layer-shape.ts";
import type { Activation, Layer } from "../network/network.ts";
import type { Topology } from "../topology/topology.ts";
import type { Fields, TensorReader } from "./tensor-reader.ts";

const ACTIVATIONS: readonly Activation[] = ["linear", "tanh", "relu", "hardtanh"];

interface Source {
  readonly name: string;
  /** For messages. */
  readonly where: string;
  readonly fields: Fields;
  readonly reader: TensorReader;
}

/** Under the name of each kind. */
export const layerReaders: { readonly [K in Layer["kind"]]: (source: Source) => Layer } = {
  linear: (source) => {
    const topology = topologyOf(source);
    return { kind: "linear", ...weighted(source, topology, []) };
  },
  convolution: (source) => {
    const { fields } = source;
    const kernelSize = whole(source, "kernelSize", fields.kernelSize, largestKernel);
    const { padding } = fields;
    if (padding !== "zeros" && padding !== "circular") {
      return source.reader.fail(`${source.where} has no padding that is known`);
    }
    return {
      kind: "convolution",
      ...weighted(source, topologyOf(source), [kernelSize, kernelSize]),
      kernelSize,
      stride: whole(source, "stride", fields.stride, largestKernel),
      dilation: whole(source, "dilation", fields.dilation, largestSide),
      padding,
      input: inputOf(source),
    };
  },
  averagePool: (source) => {
    const window = source.reader.object(source.fields.window, `the window of ${source.where}`);
    return {
      kind: "averagePool",
      name: source.name,
      input: inputOf(source),
      window: sidesOf(source, window),
    };
  },
  flatten: (source) => ({ kind: "flatten", name: source.name, input: inputOf(source) }),
  spaceToDepth: (source) => ({
    kind: "spaceToDepth",
    name: source.name,
    input: inputOf(source),
    side: whole(source, "side", source.fields.side, largestSide),
  }),
  pad: (source) => ({
    kind: "pad",
    name: source.name,
    input: inputOf(source),
    ...sidesOf(source, source.fields),
  }),
  maxMin: (source) => ({ kind: "maxMin", name: source.name, input: inputOf(source) }),
  batchNorm: (source) => {
    const { name, reader, fields } = source;
    const input = inputOf(source);
    const { epsilon } = fields;
    if (typeof epsilon !== "number") return reader.fail(`${source.where} has no epsilon`);
    return {
      kind: "batchNorm",
      name,
      input,
      weights: reader.floats(`${name}.weight`),
      bias: reader.floats(`${name}.bias`),
      statistics: reader.floats(`${name}.statistics`, [input.channels]),
      epsilon,
      momentum: 1,
      activation: activationOf(source),
    };
  },
  add: (source) => {
    const { from } = source.fields;
    if (typeof from !== "string") return source.reader.fail(`${source.where} has no layer to add`);
    return {
      kind: "add",
      name: source.name,
      input: inputOf(source),
      from,
      activation: activationOf(source),
    };
  },
};

/** What linear layers and convolutions have in common. */
function weighted(source: Source, topology: Topology, taps: readonly number[]) {
  const { name, reader } = source;
  return {
    name,
    topology,
    weights: reader.floats(`${name}.${topology.kind}.weight`, taps),
    bias: reader.floats(`${name}.bias`),
    activation: activationOf(source),
    asked: {},
    initializer: "",
  };
}

function activationOf({ where, fields, reader }: Source): Activation {
  const known = ACTIVATIONS.find((other) => other === fields.activation);
  return known ?? reader.fail(`${where} has no activation that is known`);
}

function topologyOf({ name, where, fields, reader }: Source): Topology {
  const { kind, rows, columns } = reader.object(fields.topology, `the topology of ${where}`);
  if (typeof rows !== "number" || typeof columns !== "number") {
    return reader.fail(`${where} has no rows and columns`);
  }
  const common = { name: "", rows, columns };
  const take = (part: string) => reader.integers(`${name}.${part}`);
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
  if (kind !== "edges") return reader.fail(`${where} has neither blocks nor edges`);
  return {
    kind,
    ...common,
    rowPointers: take("edges.row_pointers"),
    columnIndices: take("edges.column_indices"),
  };
}

function inputOf(source: Source): ImageShape {
  const { where, fields, reader } = source;
  const input = reader.object(fields.input, `the input of ${where}`);
  const shape = {
    channels: whole(source, "channels", input.channels, MOST_NUMBERS),
    ...sidesOf(source, input),
  };
  if (sizeOf(shape) > MOST_NUMBERS) reader.fail(`${where} takes images of more than ${MOST_NUMBERS} numbers`);
  return shape;
}

function sidesOf(source: Source, { height, width }: Fields) {
  return {
    height: whole(source, "height", height, largestSide),
    width: whole(source, "width", width, largestSide),
  };
}

function whole({ where, reader }: Source, what: string, value: unknown, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  return reader.fail(`${where}: its ${quote(what)} must be a whole number from 1 to ${most}`);
}
