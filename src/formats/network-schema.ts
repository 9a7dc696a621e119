/**
 * @file What a network file says in words: everything but the arrays, as JSON in the metadata.
 */

import { z } from "zod";
import { FormatError } from "../errors.ts";
import type { AnyNetwork, CriticalScales, Layer, Provenance } from "../network/network.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import { describeLayer, type LayerDescription, layerSchemas } from "./network-layer-schema.ts";
import { quote } from "./quote.ts";

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

/** The metadata's `"network"`: layers without their arrays, and the provenance. */
export interface NetworkDescription {
  readonly layers: readonly LayerDescription[];
  readonly provenance: Provenance;
}

/** The JSON text of a network's description. */
export function describeNetwork({ layers, provenance }: AnyNetwork): string {
  return JSON.stringify({ layers: layers.map(describeLayer), provenance });
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
  const layers = outer.layers.map((layer, i) => parseLayer(layer, `${where}: layers[${i}]`));
  return {
    layers,
    provenance: check(z.strictObject(provenanceFields), outer.provenance, `${where}: provenance`),
  };
}

const kinded = z.looseObject({ kind: z.string() });

function parseLayer(value: unknown, where: string): LayerDescription {
  const { kind } = check(kinded, value, where);
  if (!Object.hasOwn(layerSchemas, kind)) {
    throw new FormatError(
      "bad-network-file",
      `${where} "kind": there is no layer ${quote(kind)} here; there are ${Object.keys(layerSchemas).join(", ")}; ` +
        "a later isosparse may have more",
    );
  }
  return check<LayerDescription>(layerSchemas[kind as Layer["kind"]], value, where);
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
