/**
 * @file The opening comment of a C file: what the network is, what it takes, how to call it.
 */

import { type AnyCertificateData, summarize } from "../../certificate/index.ts";
import type { ImageShape } from "../../init/convolution/convolution.ts";
import { describeImage } from "../../network/describe-layer.ts";
import { networkInput, networkOutput, sizeOf } from "../../network/layer-shape.ts";
import { type AnyNetwork, isMlp } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import type { CBody } from "./c-float.ts";
import { commentText } from "./c-text.ts";
import { multiplyAdds, weightsKept } from "./multiply-adds.ts";
import { isVector } from "./program.ts";

/** What a C file takes. */
export interface CCosts {
  /** Bytes of constants: weights, biases, scales, tables. The code comes on top, 1 to 8 KiB. */
  readonly flash: number;
  /** Likewise with every layer a full matrix. */
  readonly denseFlash: number;
  /** Numbers among them that are weights, biases apart. */
  readonly weights: number;
  /** Bytes of static buffers. The stack takes less than 1000 bytes more. */
  readonly ram: number;
  /** Of one prediction. */
  readonly multiplyAdds: number;
}

/** What the comment tells. */
export interface Opening {
  readonly prefix: string;
  readonly headerFile: string;
  readonly precision: "float32" | "int8";
  readonly source?: string;
  readonly scaling?: InputScaling;
  readonly certificate?: AnyCertificateData;
  /** One line on how far int8 is from float32. */
  readonly fidelity?: string;
}

const LINE = 100;

export function costsOf({ flash, ram }: CBody, network: AnyNetwork): CCosts {
  const bytes = Object.values(flash).reduce((sum, count) => sum + count, 0);
  const kept = weightsKept(network);
  const added = (kept.dense - kept.sparse) * (flash.weights / kept.sparse || 1);
  return {
    flash: bytes,
    denseFlash: bytes + added,
    weights: kept.sparse,
    ram,
    multiplyAdds: multiplyAdds(network).sparse,
  };
}

/** The comment, for a network in the form in which it is written. */
export function openingComment(network: AnyNetwork, body: CBody, opening: Opening): string {
  const { prefix, precision, source, certificate, fidelity } = opening;
  const { flash, denseFlash, ram } = costsOf(body, network);
  const { weights, biases, scales, tables } = body.flash;
  const { sparse, dense } = multiplyAdds(network);
  const beside = (text: string) => (sparse < dense ? text : "");
  const sections = [
    `${prefix}: a network of ${endText(networkInput(network))} inputs, ${network.layers.length} layers and ${endText(networkOutput(network))} outputs for inference in ` +
      `${precision}, made by isosparse${source === undefined ? "" : ` from ${source}`}. C99; needs nothing of the C library.`,
    [
      `flash          ${count(flash)} bytes of constants: weights ${count(weights)}, biases ${count(biases)}, ` +
        `scales ${count(scales)}, tables ${count(tables)}${beside(` (dense: ${count(denseFlash)})`)}; and the code, ${body.code}`,
      `RAM            ${count(ram)} bytes, static; less than ${body.stack} bytes of stack`,
      `multiply-adds  ${count(sparse)} a prediction${beside(`, of ${count(dense)} dense`)}`,
      ...(fidelity === undefined ? [] : [`fidelity       ${fidelity}`]),
    ].join("\n"),
    ...(certificate === undefined ? [] : [`Certificate:\n${certificateText(certificate)}`]),
    useText(network, opening),
  ];
  const lines = sections.join("\n\n").split("\n").flatMap(wrapped);
  return `/*\n${lines.map((line) => ` * ${commentText(line)}`.trimEnd()).join("\n")}\n */\n`;
}

/** A number of units, or channels x height x width. */
function endText(shape: ImageShape): string {
  return isVector(shape) ? `${sizeOf(shape)}` : describeImage(shape);
}

function useText(network: AnyNetwork, { prefix, headerFile, precision, scaling }: Opening): string {
  const upper = prefix.toUpperCase();
  const taken =
    scaling === undefined
      ? "Inputs are standardised as for the training: (x - mean) / deviation, by the caller."
      : "Inputs are raw, in the units of the training data; they are standardised here.";
  const arithmetic =
    precision === "int8"
      ? "Products and sums are whole numbers; once an output, float32 scales, activates and rounds."
      : `${isMlp(network) ? "Sums run in the order of the engine's. " : ""}Compile with -O3 -fno-trapping-math for vector instructions.`;
  const images = isVector(networkInput(network)) ? "" : "Images come channel by channel, each row by row. ";
  return [
    "How to call it:",
    "",
    `  #include "${headerFile}"`,
    `  float input[${upper}_INPUTS], output[${upper}_OUTPUTS];`,
    `  ${prefix}_predict(input, output);`,
    "",
    `${images}${taken} Outputs are those of the last layer, before any softmax: in classification the largest names the class. ` +
      `${arithmetic} Not reentrant: the buffers are static. input and output must not overlap.`,
  ].join("\n");
}

/** Title and verdict. */
function certificateText(certificate: AnyCertificateData): string {
  const [title, verdict] = summarize(certificate).split("\n\n");
  return `${title}\n${verdict}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A line in pieces of at most LINE characters, the later ones indented as far as the first one's text. */
function wrapped(line: string): string[] {
  const indent = /^ {2}|^\S+ {2,}/.exec(line)?.[0].length ?? 0;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > LINE) {
    const at = rest.lastIndexOf(" ", LINE);
    if (at <= indent) break;
    lines.push(rest.slice(0, at));
    rest = " ".repeat(indent) + rest.slice(at + 1);
  }
  return [...lines, rest];
}
