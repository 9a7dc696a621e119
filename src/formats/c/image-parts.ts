/**
 * @file What the float32 and the int8 file of a network with images have in common: tables, what is used, and the text
 * that opens both.
 */

import { channelScales } from "../../network/fold-batch-norm.ts";
import { isWeighted, type Layer, type WeightedLayer } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import { indicesText, type Needs, shapesText, tableBytes } from "./c-code.ts";
import { type Shape, tabulate } from "./c-model.ts";
import { type ScalingText, scalingText } from "./c-scaling.ts";
import { tanhText } from "./c-tanh.ts";
import { arrayText, floatText } from "./c-text.ts";
import { type Element, lookText, movesText } from "./image-code.ts";
import { stepsText, stepTableBytes, tabulateSteps } from "./image-tables.ts";
import type { Operation, Program } from "./program.ts";

export interface ImageParts {
  /** Layers with weights, in the order of the steps. */
  readonly weighted: readonly WeightedLayer[];
  readonly used: ReadonlySet<Operation>;
  /** Those in use, linear apart. */
  readonly activations: Needs["activations"];
  readonly blocks: boolean;
  /** Bits of the indices of layers of edges. */
  readonly edgeBits: readonly (8 | 16 | 32)[];
  readonly inputs: ScalingText;
  /** Tables; factors of batch normalizations that stay. */
  readonly tables: string;
  /** Functions that only move numbers, and tanh. */
  readonly functions: string;
  /** Bytes of the tables, and of factors and what inputs are standardised by. */
  readonly tableBytes: number;
  readonly factorBytes: number;
}

export function imageParts(
  program: Program,
  scaling: InputScaling | undefined,
  element: Element,
): ImageParts {
  const { steps } = program;
  const layers = steps.map(({ layer }) => layer);
  const weighted = layers.filter(isWeighted);
  const shapes = tabulate(weighted);
  const stepTables = tabulateSteps(steps, shapes.shapeOf);
  const factors = scaleFactors(layers);
  const inputs = scalingText(scaling, program.input);
  const activations = (["tanh", "relu", "hardtanh"] as const).filter((name) =>
    steps.some(({ activation }) => activation === name),
  );
  const tables = [
    weighted.length > 0 ? `${shapesText(shapes.shapes)}\n${indicesText(shapes.indices)}` : "",
    `${stepsText(steps, stepTables)}\n`,
    factors.length === 0 ? "" : `/* Of each channel: a factor, and what is added. */\n`,
    factors.length === 0 ? "" : `${arrayText("float", "factors", factors, floatText)}\n`,
    inputs.arrays,
  ];
  const functions = [
    weighted.length > 0 ? `${lookText(shapes, steps, element)}\n` : "",
    activations.includes("tanh") ? `${tanhText()}\n` : "",
    movesText(steps, element),
  ];
  return {
    weighted,
    used: new Set(steps.map(({ operation }) => operation)),
    activations,
    blocks: shapes.shapes.some(({ edges }) => edges === 0),
    edgeBits: edgeBits(shapes.shapes),
    inputs,
    tables: tables.join(""),
    functions: functions.join(""),
    tableBytes: tableBytes({ ...shapes, shapeOf: [] }) + stepTableBytes(stepTables),
    factorBytes: 4 * factors.length + inputs.bytes,
  };
}

/** [factor, shift] of each channel of each batch normalization. */
export function scaleFactors(layers: readonly Layer[]): number[] {
  return layers.flatMap((layer) => {
    if (layer.kind !== "batchNorm") return [];
    const { factors, shifts } = channelScales(layer);
    return Array.from(factors, (factor, c) => [factor, shifts[c]]).flat();
  });
}

/** Each once. */
function edgeBits(shapes: readonly Shape[]): (8 | 16 | 32)[] {
  return ([8, 16, 32] as const).filter((bits) =>
    shapes.some(({ edges, indexBits }) => edges === 1 && indexBits === bits),
  );
}
