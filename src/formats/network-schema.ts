/**
 * @file What a network file says in words: everything but the arrays, as JSON in the metadata.
 */

import { z } from "zod";
import { FormatError } from "../errors.ts";
import type { Activation, CriticalScales, LinearLayer, Network, Provenance } from "../network/network.ts";
import type { SparsityRequest } from "../topology/request.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import { quote } from "./quote.ts";

/** The version of the layout, under the metadata key `"isosparse"`. */
export const FORMAT_VERSION = "1";

const ACTIVATIONS = ["linear", "tanh", "relu", "hardtanh"] as const satisfies readonly Activation[];

const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{C}*$/u, "holds characters that cannot be printed");
const size = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const askedFields = {
  sparsity: z.number().min(0).lt(1).optional(),
  degree: z.number().positive().optional(),
  groups: z.int().min(1).optional(),
  compression: z.number().min(1).optional(),
} satisfies Record<keyof SparsityRequest, z.ZodType>;

const criticalFields = {
  meanSquare: z.number().nonnegative(),
  gain: z.number().positive(),
  biasVariance: z.number().nonnegative(),
  outputGain: z.number().positive().optional(),
  inputScale: z.number().positive().optional(),
} satisfies Record<keyof CriticalScales, z.ZodType>;

const provenanceFields = {
  seed: z.int().min(0),
  start: z.enum(["none", "critical", "isometric", "looks-linear"]),
  critical: z.strictObject(criticalFields).optional(),
} satisfies Record<keyof Provenance, z.ZodType>;

const layerSchema = z.strictObject({
  name,
  kind: z.literal("linear"),
  activation: z.enum(ACTIVATIONS),
  asked: z
    .strictObject(askedFields)
    .refine((asked) => Object.keys(asked).length <= 1, "more than one kind of sparsity was asked for"),
  initializer: name,
  topology: z.strictObject({
    kind: z.enum(["blocks", "edges"]),
    name,
    arrangement: name.optional(),
    rows: size,
    columns: size,
    construction: z.enum(["givens", "clifford"]).optional(),
  }),
});

/** A layer without its arrays. */
export type LayerDescription = z.infer<typeof layerSchema>;

/** The metadata's `"network"`: layers without their arrays, and the provenance. */
export interface NetworkDescription {
  readonly layers: readonly LayerDescription[];
  readonly provenance: Provenance;
}

/** The JSON text of a network's description. */
export function describeNetwork({ layers, provenance }: Network): string {
  return JSON.stringify({ layers: layers.map(describeLayer), provenance });
}

function describeLayer({
  name,
  kind,
  activation,
  asked,
  initializer,
  topology,
}: LinearLayer): LayerDescription {
  const { rows, columns } = topology;
  const common = { kind: topology.kind, name: topology.name, rows, columns };
  const described =
    topology.kind === "blocks"
      ? { ...common, arrangement: topology.arrangement }
      : { ...common, construction: topology.construction?.kind };
  return { name, kind, activation, asked, initializer, topology: described };
}

/**
 * Reads a description back, of at most `mostLayers` layers. `file` names the file in errors. Throws FormatError
 * that names the layer and the field.
 */
export function parseDescription(text: string, mostLayers: number, file: string): NetworkDescription {
  const where = `${file}: metadata "network"`;
  const outer = check(
    z.strictObject({ layers: z.unknown(), provenance: z.unknown() }),
    parseBoundedJson(text, where),
    where,
  );
  if (!Array.isArray(outer.layers)) {
    throw new FormatError("bad-network-file", `${where}: layers must be an array`);
  }
  if (outer.layers.length > mostLayers) {
    throw new FormatError(
      "bad-network-file",
      `${where}: ${outer.layers.length} layers are more than the file has tensors for`,
    );
  }
  // One layer at a time, so that a hostile file costs one message and not millions.
  const layers = outer.layers.map((layer, i) => check(layerSchema, layer, `${where}: layers[${i}]`));
  return {
    layers,
    provenance: check(z.strictObject(provenanceFields), outer.provenance, `${where}: provenance`),
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.path.map(String).join(".");
  const field = path === "" ? "" : ` ${quote(path)}`;
  const message = issue.code === "unrecognized_keys" ? "a field that is not known" : issue.message;
  throw new FormatError("bad-network-file", `${where}${field}: ${message}`);
}
