/**
 * @file A graph as the bytes of an ONNX model (onnx.proto, ModelProto), in pieces, so that the weights are not
 * copied.
 */

import { PbfWriter } from "pbf";
import { ArgumentError } from "../../errors.ts";
import { ONNX_FLOAT, ONNX_INT32, ONNX_INT64 } from "./data-type.ts";
import type {
  AttributeValue,
  BuiltGraph,
  Constant,
  ConstantData,
  GraphValue,
  Operation,
} from "./graph-builder.ts";
import {
  Attribute,
  AttributeType,
  Dimension,
  Entry,
  Graph,
  Model,
  Node,
  OperatorSetId,
  Shape,
  Tensor,
  TensorType,
  Type,
  ValueInfo,
  Wire,
} from "./proto.ts";

/** Of ONNX's own operators: in every runtime since 2020 (ONNX 1.8), onnxruntime 1.6 and later for one. */
export const OPSET = 13;

/** The IR version that came with that operator set (onnx.proto, Version: IR_VERSION_2020_5_8). */
export const IR_VERSION = 7;

/** What is said of a model beside its graph. */
export interface ModelDescription {
  /** One or two sentences. */
  readonly doc: string;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Protocol buffers end here (protobuf.dev, "Proto Limits"), and with them ONNX models in one file. */
export const MOST_BYTES = 2 ** 31 - 1;

/** The bytes of a model, one array after the other. Throws ArgumentError ("too-large") for more than `MOST_BYTES`. */
export function encodeOnnx(graph: BuiltGraph, { doc, metadata }: ModelDescription): Uint8Array[] {
  const body = graphPieces(graph);
  const start = new PbfWriter();
  start.writeVarintField(Model.irVersion, IR_VERSION);
  start.writeStringField(Model.producerName, "isosparse");
  start.writeStringField(Model.docString, doc);
  start.writeMessage(Model.opsetImport, (_, pbf) => pbf.writeVarintField(OperatorSetId.version, OPSET), null);
  for (const [key, value] of metadata) {
    start.writeMessage(Model.metadataProps, writeEntry, { key, value });
  }
  start.writeTag(Model.graph, Wire.bytes);
  start.writeVarint(totalLength(body));
  const pieces = [start.finish(), ...body];
  const bytes = totalLength(pieces);
  if (bytes > MOST_BYTES) {
    throw new ArgumentError(
      "too-large",
      `the model takes ${bytes} bytes, and an ONNX file holds ${MOST_BYTES}; export to another format`,
    );
  }
  return pieces;
}

function graphPieces(graph: BuiltGraph): Uint8Array[] {
  const structure = new PbfWriter();
  for (const operation of graph.operations) structure.writeMessage(Graph.node, writeOperation, operation);
  structure.writeStringField(Graph.name, graph.name);
  structure.writeMessage(Graph.input, writeValue, graph.input);
  structure.writeMessage(Graph.output, writeValue, graph.output);
  for (const value of graph.values) structure.writeMessage(Graph.valueInfo, writeValue, value);
  return [structure.finish(), ...graph.constants.flatMap(constantPieces)];
}

function writeEntry({ key, value }: { key: string; value: string }, pbf: PbfWriter): void {
  pbf.writeStringField(Entry.key, key);
  pbf.writeStringField(Entry.value, value);
}

function writeOperation({ opType, inputs, output, attributes }: Operation, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(Node.input, input);
  pbf.writeStringField(Node.output, output);
  pbf.writeStringField(Node.name, output);
  pbf.writeStringField(Node.opType, opType);
  for (const attribute of Object.entries(attributes)) {
    pbf.writeMessage(Node.attribute, writeAttribute, attribute);
  }
}

function writeAttribute([name, value]: [name: string, value: AttributeValue], pbf: PbfWriter): void {
  pbf.writeStringField(Attribute.name, name);
  if (typeof value === "number") {
    pbf.writeVarintField(Attribute.int, value);
    pbf.writeVarintField(Attribute.type, AttributeType.int);
    return;
  }
  if ("float" in value) {
    pbf.writeFloatField(Attribute.float, value.float);
    pbf.writeVarintField(Attribute.type, AttributeType.float);
    return;
  }
  // Not packed: onnx.proto is proto2, where repeated integers are not unless they say so.
  for (const item of value) pbf.writeVarintField(Attribute.ints, item);
  pbf.writeVarintField(Attribute.type, AttributeType.ints);
}

function writeValue({ name, shape }: GraphValue, pbf: PbfWriter): void {
  pbf.writeStringField(ValueInfo.name, name);
  pbf.writeMessage(
    ValueInfo.type,
    (_, type) => {
      type.writeMessage(Type.tensorType, writeTensorType, shape);
    },
    null,
  );
}

function writeTensorType(shape: GraphValue["shape"], pbf: PbfWriter): void {
  pbf.writeVarintField(TensorType.elemType, ONNX_FLOAT);
  pbf.writeMessage(
    TensorType.shape,
    (_, sizes) => {
      for (const size of shape) sizes.writeMessage(Shape.dim, writeDimension, size);
    },
    null,
  );
}

function writeDimension(size: number | string, pbf: PbfWriter): void {
  if (typeof size === "number") pbf.writeVarintField(Dimension.value, size);
  else pbf.writeStringField(Dimension.param, size);
}

/** A tensor as a field of the graph: everything up to the numbers, and the numbers as they lie in memory. */
function constantPieces({ name, shape, data }: Constant): [head: Uint8Array, numbers: Uint8Array] {
  const inner = new PbfWriter();
  for (const size of shape) inner.writeVarintField(Tensor.dims, size);
  inner.writeVarintField(Tensor.dataType, dataTypeOf(data));
  inner.writeStringField(Tensor.name, name);
  inner.writeTag(Tensor.rawData, Wire.bytes);
  inner.writeVarint(data.byteLength);
  const start = inner.finish();
  const outer = new PbfWriter();
  outer.writeTag(Graph.initializer, Wire.bytes);
  outer.writeVarint(start.length + data.byteLength);
  const before = outer.finish();
  const head = new Uint8Array(before.length + start.length);
  head.set(before);
  head.set(start, before.length);
  return [head, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

function dataTypeOf(data: ConstantData): number {
  if (data instanceof Float32Array) return ONNX_FLOAT;
  return data instanceof Int32Array ? ONNX_INT32 : ONNX_INT64;
}

function totalLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
