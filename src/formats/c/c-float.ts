/**
 * @file The float32 C file's arrays and code.
 */

import type { LinearLayer } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import {
  ACTIVATION_TEXT,
  BY_ROWS_TEXT,
  chainParts,
  gatheredColumns,
  type Needs,
  placesText,
  tableBytes,
  tablesText,
} from "./c-code.ts";
import { ACTIVATION_CODES } from "./c-model.ts";
import { toCPanels } from "./c-panels.ts";
import { rowsInOrder } from "./c-rows.ts";
import { tanhText } from "./c-tanh.ts";
import { arrayText, floatText, joined } from "./c-text.ts";

/** A file's body, after its opening comment and includes, and what it takes. */
export interface CBody {
  readonly text: string;
  /** Bytes of constants, by kind. */
  readonly flash: Readonly<Record<"weights" | "biases" | "scales" | "tables", number>>;
  /** Bytes of static buffers. */
  readonly ram: number;
  /** What the code takes besides, by compiler options. */
  readonly code: string;
  /** Bytes of stack that it stays under. */
  readonly stack: number;
}

/** Of the code for chains of linear layers. */
export const CHAIN_CODE = { code: "1 to 3 KiB", stack: 300 };
/** Of the code for networks with images. */
export const IMAGE_CODE = { code: "2 to 8 KiB", stack: 1000 };

/** The body for these layers; `prefix` names the function. */
export function floatBody(
  layers: readonly LinearLayer[],
  prefix: string,
  scaling: InputScaling | undefined,
): CBody {
  const { tables, needs, inputs, buffers, weightCount, rowCount } = chainParts(
    layers,
    scaling,
    scaling !== undefined,
  );
  const weights = joined(
    new Float32Array(weightCount),
    layers.map((layer) => inPanels(layer)),
  );
  const biases = joined(
    new Float32Array(rowCount),
    layers.map(({ topology, bias }) => Float32Array.from(rowsInOrder(topology).rows, (row) => bias[row])),
  );
  const text = [
    tablesText(tables),
    arrayText("float", "weights", weights, floatText),
    "/* In the order in which the code goes through a layer's rows. */",
    arrayText("float", "biases", biases, floatText),
    inputs.arrays,
    placesText(tables, needs, "float"),
    needs.activations.includes("tanh") ? tanhText() : "",
    needs.blocks ? `${BY_ROWS_TEXT}${BLOCKS}` : "",
    ...needs.edgeBits.map(edgesText),
    activateText(needs.activations),
    predictText(prefix, needs, scaling && inputs.input, buffers),
  ];
  return {
    text: text.filter((part) => part !== "").join("\n"),
    flash: {
      weights: 4 * weights.length,
      biases: 4 * biases.length,
      scales: inputs.bytes,
      tables: tableBytes(tables),
    },
    ram: 4 * (buffers[0] + buffers[1] + gatheredColumns(tables)),
    ...CHAIN_CODE,
  };
}

function inPanels({ topology, weights }: LinearLayer): Float32Array {
  return topology.kind === "blocks" ? toCPanels(topology, weights) : weights;
}

const BLOCKS = `/* Outputs of \`height\` rows of a block at once; their weights lie column by column. */
static inline void panel(uint32_t height, const float *w, const float *bias, const float *x, uint32_t columns, float *sums)
{
  uint32_t r, c;
  float s[8];
  for (r = 0; r < height; r++) s[r] = bias[r];
  for (c = 0; c < columns; c++, w += height) {
    BY_ROWS;
    for (r = 0; r < height; r++) s[r] += w[r] * x[c];
  }
  for (r = 0; r < height; r++) sums[r] = s[r];
}

static void blocks(const struct shape *layer, const float *w, const float *bias, const float *x, float *y)
{
  uint32_t group, first = 0, r;
  for (group = 0; group < layer->groups; group++) {
    const uint32_t rows = share(layer, group, 0), columns = share(layer, group, 1);
    uint32_t done = 0, height;
    for (; done < rows; done += height) {
      float sums[8];
      height = rows - done >= 8u ? 8u : rows - done >= 4u ? 4u : 1u;
      /* With the height a constant, a compiler keeps the sums in registers. */
      if (height == 8u) panel(8, w, bias, x, columns, sums);
      else if (height == 4u) panel(4, w, bias, x, columns, sums);
      else panel(1, w, bias, x, columns, sums);
      for (r = 0; r < height; r++) y[row_of(layer, group, first, done + r)] = sums[r];
      w += height * columns;
      bias += height;
    }
    first += rows;
    x += columns;
  }
}
`;

function edgesText(bits: 8 | 16 | 32): string {
  return `static void edges_${bits}(const struct shape *layer, const float *w, const float *bias, const float *x, float *y)
{
  const uint${bits}_t *column = indices_${bits} + layer->column_order;
  uint32_t r, k;
  for (r = 0; r < layer->rows; r++) {
    const uint32_t count = layer->sizes == EVEN ? layer->groups : indices_${bits}[layer->sizes + r];
    float sum = bias[r];
    for (k = 0; k < count; k++) sum += w[k] * x[column[k]];
    y[r] = sum;
    w += count;
    column += count;
  }
}
`;
}

/** One loop for each activation in use, so that each becomes vector instructions. */
function activateText(activations: Needs["activations"]): string {
  if (activations.length === 0) return "";
  const loops = activations.map(
    (activation) => `  if (layer->activation == ${ACTIVATION_CODES[activation]}) {
    for (i = 0; i < layer->rows; i++) {
      const float z = y[i];
      y[i] = ${ACTIVATION_TEXT[activation]};
    }
  }`,
  );
  return `static void activate(const struct shape *layer, float *y)
{
  uint32_t i;
${loops.join("\n")}
}
`;
}

function predictText(
  prefix: string,
  needs: Needs,
  standardised: string | undefined,
  [first, second]: readonly [number, number],
): string {
  const standardise = `  for (i = 0; i < ${prefix.toUpperCase()}_INPUTS; i++) first[i] = ${standardised};\n  x = first;\n`;
  const gather = "if (!layer->edges && layer->column_order != CONTIGUOUS) x = gather(layer, x);";
  const steps = [
    ...(needs.gather ? [gather] : []),
    ...(needs.blocks ? ["if (!layer->edges) blocks(layer, w, bias, x, y);"] : []),
    ...needs.edgeBits.map(
      (bits) => `if (layer->edges && layer->index_bits == ${bits}) edges_${bits}(layer, w, bias, x, y);`,
    ),
    ...(needs.activations.length > 0 ? ["activate(layer, y);"] : []),
  ];
  return `static float first[${first}], second[${second}];

void ${prefix}_predict(const float *input, float *output)
{
  const float *w = weights, *bias = biases, *x = input;
  uint32_t i;
${standardised === undefined ? "" : standardise}  for (i = 0; i < LAYERS; i++) {
    const struct shape *layer = &shapes[shape_of[i]];
    float *y = i + 1u == LAYERS ? output : i % 2u == 0u ? second : first;
${steps.map((step) => `    ${step}\n`).join("")}    w += layer->weights;
    bias += layer->rows;
    x = y;
  }
}
`;
}
