/**
 * @file The inspection of a model as text for a terminal: tables where they fit, else a few lines for each layer.
 */

import { number, range, table, wrap } from "../certificate/text.ts";
import { plain } from "../formats/quote.ts";
import { said } from "./findings.ts";
import type { LayerInspection, ModelInspection } from "./inspect.ts";

/** Layers shown at most; those with findings come before others are left out. */
const MOST_LAYERS = 40;
const MOST_NOTES = 8;
/** Names are cut to the first of these lengths that lets the tables fit. */
const NAME_LENGTHS = [24, 18, 12];

/** A report of at most `width` columns, where words allow. */
export function inspectionText(inspection: ModelInspection, width: number): string {
  const { layers } = inspection;
  const sections = [
    title(inspection, width),
    verdictLines(inspection, width),
    layers.length === 0 ? "" : layerSections(inspection, width),
    layers.length === 0 ? "" : legend(layers, width),
    notes(inspection, width),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

function title({ file, format, layers }: ModelInspection, width: number): string {
  const weights = layers.reduce((sum, layer) => sum + layer.weights, 0);
  const nonZeros = layers.reduce((sum, layer) => sum + layer.nonZeros, 0);
  const counts = `${layers.length} ${layers.length === 1 ? "layer" : "layers"}`;
  const sparsity = weights === 0 ? "" : `, ${weights} weights, sparsity ${number(1 - nonZeros / weights, 4)}`;
  return wrap(`${plain(file)}: ${format}, ${counts}${sparsity}${inGroups(layers)}`, 2, width);
}

/** How sparse layers of groups are beside what they would be without groups, which a group's own sparsity does not tell. */
function inGroups(layers: readonly LayerInspection[]): string {
  const grouped = layers.filter(({ groups }) => groups > 1).length;
  if (grouped === 0) return "";
  const whole = layers.reduce((sum, { weights, groups }) => sum + weights * groups, 0);
  const nonZeros = layers.reduce((sum, layer) => sum + layer.nonZeros, 0);
  return ` (${grouped} in groups; beside the same without groups ${number(1 - nonZeros / whole, 4)})`;
}

function verdictLines({ verdict, layers }: ModelInspection, width: number): string {
  if (layers.length === 0) return "no linear or convolution layer was found";
  if (verdict.length === 0) return wrap("nothing in its layers should keep it from training", 0, width);
  const shown = verdict.slice(0, MOST_LAYERS);
  const lines = shown.map(({ severity, layer, text }) =>
    wrap(`${severity === "problem" ? "PROBLEM" : "warning"}  ${said(layer)}: ${text}`, 9, width),
  );
  const hidden = verdict.length - shown.length;
  return [...lines, ...(hidden > 0 ? [`(${hidden} more findings: --json)`] : [])].join("\n");
}

/** A column of the tables: its header, and a layer's cell. */
type Column = readonly [header: string, cell: (layer: LayerInspection) => string];

const structure: readonly Column[] = [
  ["out x in", size],
  ["sparsity", ({ sparsity }) => number(sparsity, 4)],
  [
    "kernels",
    ({ kernel, connectionSparsity }) => (kernel.length === 0 ? "-" : number(connectionSparsity, 4)),
  ],
  ["dead", ({ rowDegrees, columnDegrees }) => `${rowDegrees.dead}/${columnDegrees.dead}`],
  ["fan-in", ({ rowDegrees }) => degrees(rowDegrees)],
  ["fan-out", ({ columnDegrees }) => degrees(columnDegrees)],
  ["parts", ({ components }) => `${components}`],
];

const spectrum: readonly Column[] = [
  ["gain", ({ figures }) => optional(figures?.gain, 4)],
  ["error", ({ figures }) => optional(figures?.orthogonalityError, 2)],
  [
    "spread",
    ({ figures }) => `${figures?.spreadKind === "estimate" ? "~" : ""}${optional(figures?.spread, 3)}`,
  ],
  ["singular values", singularValues],
  ["s2/s1", ({ figures }) => optional(figures?.maskRatio, 3)],
  ["depends", ({ dependent }) => (dependent === null ? "-" : `${number(100 * dependent.pairs, 3)}%`)],
];

function layerSections(inspection: ModelInspection, width: number): string {
  const { shown, hidden } = chosenLayers(inspection);
  const more = hidden === 0 ? "" : `\n(${hidden} more layers: --json)`;
  for (const length of NAME_LENGTHS) {
    const tables = [structure, spectrum].map((columns) => layerTable(shown, columns, length));
    const fits = tables.every((text) => text.split("\n").every((line) => line.length <= width));
    if (fits) return tables.join("\n\n") + more;
  }
  return shown.map((layer) => card(layer, width)).join("\n") + more;
}

function layerTable(
  layers: readonly LayerInspection[],
  columns: readonly Column[],
  nameLength: number,
): string {
  return table(
    ["layer", ...columns.map(([header]) => header)],
    layers.map((layer) => [
      shorten(plain(layer.name), nameLength),
      ...columns.map(([, cell]) => cell(layer)),
    ]),
  );
}

/** A layer's figures as words, for terminals that tables do not fit. */
function card(layer: LayerInspection, width: number): string {
  const facts = [...structure, ...spectrum].map(([header, cell]) => `${header} ${cell(layer)}`);
  return wrap(`${plain(layer.name)}: ${facts.join(", ")}`, 2, width);
}

/** The first layers and the last, and all that something was found about, up to the limit. */
function chosenLayers({ layers, verdict }: ModelInspection): { shown: LayerInspection[]; hidden: number } {
  if (layers.length <= MOST_LAYERS) return { shown: [...layers], hidden: 0 };
  const found = new Set(verdict.map(({ layer }) => layer));
  const ranked = layers
    .map((layer, i) => ({ i, rank: found.has(layer.name) ? 0 : i === layers.length - 1 ? 1 : 2 }))
    .sort((a, b) => a.rank - b.rank || a.i - b.i)
    .slice(0, MOST_LAYERS);
  const chosen = ranked.map(({ i }) => i).sort((a, b) => a - b);
  return { shown: chosen.map((i) => layers[i]), hidden: layers.length - MOST_LAYERS };
}

function legend(layers: readonly LayerInspection[], width: number): string {
  const reshaped = layers.some(({ figures }) => figures?.measuredOn === "reshaped");
  const torus = layers.some(({ figures }) => figures?.measuredOn === "torus");
  const inner = layers.some(({ figures }) => figures?.singularValues?.kind === "inner");
  const estimated = layers.some(({ figures }) => figures?.spreadKind === "estimate");
  const lines = [
    "sparsity: share of weights that are 0; kernels: share of kernels all of whose weights are; dead: outputs/inputs " +
      "without weights; fan-in, fan-out: smallest-mean-largest number of connections, kernels being one; parts: " +
      "connected components",
    "gain: root mean square singular value; error: how far from orthogonal, 0 at best; spread: deviation / mean of " +
      "the squared singular values, 0 for an isometry, up to 1 for random weights; s2/s1 of the mask: 0 mixes " +
      "perfectly, 1 falls into parts; depends: share of the chain's inputs that an output depends on",
    ...(inner
      ? ["~ before singular values: found by Lanczos in few steps; the true ends are at least as far apart"]
      : []),
    ...(estimated ? ["~ before a spread: estimated from random vectors"] : []),
    ...(torus ? ["*: of the convolution at stride 1 on a small torus"] : []),
    ...(reshaped ? ["^: of the kernels reshaped to a matrix, not of the convolution"] : []),
  ];
  return wrap(`(${lines.join("; ")})`, 1, width);
}

function notes({ others, assumptions, layers }: ModelInspection, width: number): string {
  const lines = firstNotes(assumptions).map((text) => wrap(`note: ${text}`, 6, width));
  const skipped = layers.filter((layer) => layer.skipped.length > 0);
  if (skipped.length > 0) {
    const [first, ...rest] = skipped;
    const more = rest.length === 0 ? "" : `, and some of ${rest.length} more layers`;
    lines.push(wrap(`not measured: ${plain(first.name)} (${first.skipped.join(", ")})${more}`, 2, width));
  }
  if (others.length > 0) {
    const shown = others.slice(0, 5).map(({ name: tensor, reason }) => `${plain(tensor)} (${reason})`);
    const more = others.length > 5 ? `, and ${others.length - 5} more` : "";
    lines.push(wrap(`no layers: ${shown.join(", ")}${more}`, 2, width));
  }
  return lines.join("\n");
}

/** The first few of many notes, and how many more there are. */
export function firstNotes(texts: readonly string[]): string[] {
  if (texts.length <= MOST_NOTES) return [...texts];
  return [...texts.slice(0, MOST_NOTES - 1), `and ${texts.length - MOST_NOTES + 1} more like these.`];
}

function singularValues({ figures }: LayerInspection): string {
  const values = figures?.singularValues;
  if (figures == null || values == null) return "-";
  const mark = figures.measuredOn === "torus" ? "*" : figures.measuredOn === "reshaped" ? "^" : "";
  const text = range([values.smallest < 1e-12 * values.largest ? 0 : values.smallest, values.largest], 3);
  return `${values.kind === "inner" ? "~" : ""}${text}${mark}`;
}

function degrees({ smallest, mean, largest }: LayerInspection["rowDegrees"]): string {
  return smallest === largest ? `${smallest}` : `${smallest}-${number(mean, 4)}-${largest}`;
}

function optional(value: number | null | undefined, digits: number): string {
  return value == null ? "-" : number(value, digits);
}

/** `64x32 3x3`, `64x64 3x3 /2` with two groups */
function size({ rows, columns, kernel, groups }: LayerInspection): string {
  const taps = kernel.length === 0 ? "" : ` ${kernel.join("x")}`;
  return `${rows}x${columns}${taps}${groups > 1 ? ` /${groups}` : ""}`;
}

/** A name cut in the middle. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const start = Math.floor((length - 2) / 3);
  return `${text.slice(0, start)}..${text.slice(text.length - (length - 2 - start))}`;
}
