/**
 * @file The C text that float32 and int8 files of networks with images share: what only moves numbers. What a network
 * does not use is not written. `Element` is the C type of an activation.
 */

import { isWeighted, type WeightedLayer } from "../../network/network.ts";
import { groupCount } from "../../topology/topology.ts";
import { indexAtText, rowOfText, shareText } from "./c-code.ts";
import { CONTIGUOUS, DEALT, EVEN, type Tables } from "./c-model.ts";
import { isVector, type Operation, type Program, type Step } from "./program.ts";

export type Element = "float" | "int8_t";

/** `share`, `row_of` and `look`, as far as needed. */
export function lookText(tables: Tables, steps: readonly Step[], element: Element): string {
  const { shapes, indices } = tables;
  const blocks = shapes.filter(({ edges }) => edges === 0);
  const listed = (order: number) => order !== CONTIGUOUS && order !== DEALT;
  const rows = blocks.some(({ rowOrder }) => listed(rowOrder));
  const columns = blocks.some(({ columnOrder }) => listed(columnOrder));
  const sized = blocks.some(({ sizes }) => sizes !== EVEN);
  const circular = steps.some(({ layer }) => layer.kind === "convolution" && layer.padding === "circular");
  return [
    rows || columns || sized ? indexAtText([...indices.keys()]) : "",
    blocks.length > 0 ? `${shareText(sized)}\n${rowOfText(rows)}` : "",
    `${circular ? AROUND : ""}${pixelsText(tables, element, circular)}`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

const AROUND = `/* The row or column \`at\` - \`back\` of \`side\`, beyond whose end it begins anew. */
static uint32_t around(uint32_t at, uint32_t back, uint32_t side)
{
  return (at % side + side - back % side) % side;
}

`;

function pixelsText({ shapes }: Tables, element: Element, circular: boolean): string {
  const wide = element === "float" ? "float" : "int16_t";
  const wrapped = (side: string, text: string) => (circular ? `\n${side}if (g->circular) ${text};` : "");
  const wrapRow = wrapped("    ", "i = around(row + a * g->dilation, back, g->height)");
  const wrapColumn = wrapped("      ", "j = around(column + b * g->dilation, back, g->width)");
  const orders = shapes.filter(({ edges }) => edges === 0).map(({ columnOrder }) => columnOrder);
  const dealt = orders.includes(DEALT);
  const listed = orders.some((order) => order !== CONTIGUOUS && order !== DEALT);
  const inOrder = dealt || listed ? "if (layer->edges || layer->column_order == CONTIGUOUS) " : "";
  const others = [
    ...(listed
      ? [
          `${dealt ? "else if (layer->column_order != DEALT) " : "else "}{
          for (c = 0; c < g->channels; c++) to[c * apart] = from[index_at(layer, layer->column_order + c)];
        }`,
        ]
      : []),
    ...(dealt
      ? [
          `else {
          uint32_t group, at = 0;
          for (group = 0; group < layer->groups; group++) {
            for (c = group; c < g->channels; c += layer->groups) to[at++ * apart] = from[c];
          }
        }`,
        ]
      : []),
  ];
  return `/*
 * What an output pixel sees, tap after tap, the channels in the order of the layer's groups, to every so many numbers of
 * \`to\`. Beyond the border is \`zero\`: there a row or column number, which has no sign, is larger than any.
 */
static inline void look(const struct geometry *g, const struct shape *layer, uint32_t pixel, const ${element} *x, ${wide} zero, ${wide} *to, uint32_t apart)
{
  const uint32_t row = pixel / g->out_width * g->stride, column = pixel % g->out_width * g->stride;
  const uint32_t back = (g->side - 1u) / 2u * g->dilation;
  uint32_t a, b, c;
${dealt || listed ? "" : "  (void)layer;\n"}  for (a = 0; a < g->side; a++) {
    uint32_t i = row + a * g->dilation - back;${wrapRow}
    for (b = 0; b < g->side; b++, to += g->channels * apart) {
      uint32_t j = column + b * g->dilation - back;${wrapColumn}
      if (i < g->height && j < g->width) {
        const ${element} *from = x + (i * g->width + j) * g->channels;
        ${inOrder}for (c = 0; c < g->channels; c++) to[c * apart] = from[c];
${others.map((other) => `        ${other}\n`).join("")}      } else {
        for (c = 0; c < g->channels; c++) to[c * apart] = zero;
      }
    }
  }
}
`;
}

/** Numbers that a look takes, at most, of `together` pixels; of one where blocks have no more. */
export function looked(steps: readonly Step[], together: number): number {
  const sizes = steps.map(({ layer, taken, given }) => {
    const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
    if (!isWeighted(layer)) return 0;
    const one = layer.topology.kind === "blocks" && given.height * given.width < together;
    return taken.channels * taps * (one ? 1 : together);
  });
  return Math.max(1, ...sizes);
}

/** Of that, what the widest group sees of layers that have more than one; 0 where none has. */
export function widestGroupLook(layers: readonly WeightedLayer[]): number {
  const sizes = layers.map((layer) => {
    const { topology } = layer;
    if (topology.kind === "edges" || groupCount(topology) === 1) return 0;
    const { columnOffsets } = topology;
    const widths = columnOffsets.map((end, q) => end - (columnOffsets[q - 1] ?? 0));
    return Math.max(...widths) * (layer.kind === "convolution" ? layer.kernelSize ** 2 : 1);
  });
  return Math.max(0, ...sizes);
}

/** Functions of the operations that only move numbers. */
export function movesText(steps: readonly Step[], element: Element): string {
  const used = new Set(steps.map(({ operation }) => operation));
  return (Object.keys(MOVES) as (keyof typeof MOVES)[])
    .filter((operation) => used.has(operation))
    .map((operation) => `${MOVES[operation](element)}\n`)
    .join("");
}

const MOVES = {
  SEPARATE: (element) => `/* Channel by channel. */
static void separate(const struct geometry *g, const ${element} *x, ${element} *y)
{
  const uint32_t pixels = g->height * g->width;
  uint32_t p, c;
  for (c = 0; c < g->channels; c++) for (p = 0; p < pixels; p++) *y++ = x[p * g->channels + c];
}
`,
  TO_DEPTH: (element) => `/* Squares of pixels as channels. */
static void to_depth(const struct geometry *g, const ${element} *x, ${element} *y)
{
  uint32_t p, q, c, i, j;
  for (p = 0; p < g->height; p += g->side) for (q = 0; q < g->width; q += g->side) {
    const ${element} *from = x + (p * g->width + q) * g->channels;
    for (c = 0; c < g->channels; c++) for (i = 0; i < g->side; i++) for (j = 0; j < g->side; j++) {
      *y++ = from[(i * g->width + j) * g->channels + c];
    }
  }
}
`,
  PAD: (element) => `/* Zeros around; the odd ones right and below. */
static void pad(const struct geometry *g, const ${element} *x, ${element} zero, ${element} *y)
{
  const uint32_t above = (g->out_height - g->height) / 2u, left = (g->out_width - g->width) / 2u;
  uint32_t p, q, c;
  for (p = 0; p < g->out_height; p++) for (q = 0; q < g->out_width; q++) {
    const uint32_t i = p - above, j = q - left;
    for (c = 0; c < g->channels; c++) *y++ = i < g->height && j < g->width ? x[(i * g->width + j) * g->channels + c] : zero;
  }
}
`,
  MAX_MIN: (element) => `/* The larger of each pair of channels, then the smaller. */
static void max_min(const struct geometry *g, const ${element} *x, ${element} *y)
{
  const uint32_t pixels = g->height * g->width, half = g->channels / 2u;
  uint32_t p, c;
  for (p = 0; p < pixels; p++, x += g->channels, y += g->channels) for (c = 0; c < half; c++) {
    const ${element} first = x[c], second = x[c + half];
    y[c] = first > second ? first : second;
    y[c + half] = first > second ? second : first;
  }
}
`,
} satisfies Partial<Record<Operation, (element: Element) => string>>;

/** `i`, a place in the caller's array, as a place in memory, where images lie pixel by pixel. */
export function interleaved(shape: Program["input"]): string {
  if (isVector(shape)) return "i";
  const pixels = shape.height * shape.width;
  return `i % ${pixels}u * ${shape.channels}u + i / ${pixels}u`;
}
