/**
 * @file What a network file says of a layer in words: everything but its arrays, one schema for each kind.
 */

import { z } from "zod";
import {
  type ImageShape,
  type ImageSize,
  largestKernel,
  largestSide,
} from "../init/convolution/convolution.ts";
import { sizeOf } from "../network/layer-shape.ts";
import { type Activation, isWeighted, type Layer } from "../network/network.ts";
import type { SparsityRequest } from "../topology/request.ts";
import type { Topology } from "../topology/topology.ts";
import { MOST_NUMBERS } from "./network-limits.ts";

const ACTIVATIONS = ["linear", "tanh", "relu", "hardtanh"] as const satisfies readonly Activation[];

/** A word that can be shown. */
export const nameSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{C}*$/u, "holds characters that cannot be printed");

const upTo = (most: number) => z.int().min(1).max(most);
const size = upTo(2 ** 31 - 1);
const side = upTo(largestSide);
const kernel = upTo(largestKernel);
const activation = z.enum(ACTIVATIONS);

const imageFields = { channels: size, height: side, width: side } satisfies Record<
  keyof ImageShape,
  z.ZodType
>;
const image = z
  .strictObject(imageFields)
  .refine((shape) => sizeOf(shape) <= MOST_NUMBERS, `images of more than ${MOST_NUMBERS} numbers`);

const askedFields = {
  sparsity: z.number().min(0).lt(1).optional(),
  degree: z.number().positive().optional(),
  groups: z.int().min(1).optional(),
  compression: z.number().min(1).optional(),
} satisfies Record<keyof SparsityRequest, z.ZodType>;

const topology = z.strictObject({
  kind: z.enum(["blocks", "edges"]),
  name: nameSchema,
  arrangement: nameSchema.optional(),
  rows: size,
  columns: size,
  construction: z.enum(["givens", "clifford"]).optional(),
});

const weighted = {
  activation,
  asked: z
    .strictObject(askedFields)
    .refine((asked) => Object.keys(asked).length <= 1, "more than one kind of sparsity was asked for"),
  initializer: nameSchema,
  topology,
};

/** One schema for each kind of layer, under its name. */
export const layerSchemas = {
  linear: z.strictObject({ name: nameSchema, kind: z.literal("linear"), ...weighted }),
  convolution: z.strictObject({
    name: nameSchema,
    kind: z.literal("convolution"),
    ...weighted,
    kernelSize: kernel,
    stride: kernel,
    dilation: side,
    padding: z.enum(["zeros", "circular"]),
    input: image,
  }),
  averagePool: z.strictObject({
    name: nameSchema,
    kind: z.literal("averagePool"),
    input: image,
    window: z.strictObject({ height: side, width: side }),
  }),
  flatten: z.strictObject({ name: nameSchema, kind: z.literal("flatten"), input: image }),
  spaceToDepth: z.strictObject({
    name: nameSchema,
    kind: z.literal("spaceToDepth"),
    input: image,
    side,
  }),
  pad: z.strictObject({
    name: nameSchema,
    kind: z.literal("pad"),
    input: image,
    height: side,
    width: side,
  }),
  maxMin: z.strictObject({ name: nameSchema, kind: z.literal("maxMin"), input: image }),
  batchNorm: z.strictObject({
    name: nameSchema,
    kind: z.literal("batchNorm"),
    input: image,
    epsilon: z.number().positive(),
    momentum: z.number().positive().max(1),
    activation,
  }),
  add: z.strictObject({
    name: nameSchema,
    kind: z.literal("add"),
    input: image,
    from: nameSchema,
    activation,
  }),
} satisfies Record<Layer["kind"], z.ZodType>;

type Schemas = typeof layerSchemas;

/** A layer of one kind without its arrays. */
export type DescriptionOf<K extends Layer["kind"]> = z.infer<Schemas[K]>;

/** A layer of any kind without its arrays. */
export type LayerDescription = { [K in Layer["kind"]]: DescriptionOf<K> }[Layer["kind"]];

/** A topology without its arrays. */
export type TopologyDescription = DescriptionOf<"linear">["topology"];

/** The layer without its arrays, fields in the schema's order. */
export function describeLayer(layer: Layer): LayerDescription {
  const fields = Object.keys(layerSchemas[layer.kind].shape) as (keyof Layer)[];
  const described = Object.fromEntries(fields.map((field) => [field, layer[field]]));
  return {
    ...described,
    ...(isWeighted(layer) && { topology: describeTopology(layer.topology) }),
    ...(layer.kind !== "linear" && { input: describeImage(layer.input) }),
    ...(layer.kind === "averagePool" && { window: describeSize(layer.window) }),
  } as LayerDescription;
}

function describeTopology(topology: Topology): TopologyDescription {
  const { kind, name, rows, columns } = topology;
  return topology.kind === "blocks"
    ? { kind, name, rows, columns, arrangement: topology.arrangement }
    : { kind, name, rows, columns, construction: topology.construction?.kind };
}

/** Without fields of whatever else the image was taken from. */
function describeImage(image: ImageShape): ImageShape {
  return { channels: image.channels, ...describeSize(image) };
}

function describeSize({ height, width }: ImageSize): ImageSize {
  return { height, width };
}
