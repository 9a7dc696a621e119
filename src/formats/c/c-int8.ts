/**
 * @file The int8 C file's arrays and code: products and sums in whole numbers, one float32 scaling, activation and
 * rounding an output.
 */

import type { LinearLayer } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import {
  ACTIVATION_TEXT,
  chainParts,
  gatheredColumns,
  type Needs,
  placesText,
  tableBytes,
  tablesText,
} from "./c-code.ts";
import { type CBody, CHAIN_CODE } from "./c-float.ts";
import { ACTIVATION_CODES } from "./c-model.ts";
import { tanhText } from "./c-tanh.ts";
import { arrayText, floatText, joined } from "./c-text.ts";
import type { QuantisedLayer } from "./quantise.ts";

/** The body for these layers; `prefix` names the function. */
export function int8Body(
  layers: readonly LinearLayer[],
  quantised: readonly QuantisedLayer[],
  prefix: string,
  scaling: InputScaling | undefined,
): CBody {
  const { tables, needs, inputs, buffers, weightCount, rowCount } = chainParts(layers, scaling, true);
  const all = <T extends Int8Array | Int16Array | Uint16Array>(whole: T, of: (layer: QuantisedLayer) => T) =>
    joined(whole, quantised.map(of));
  const text = [
    tablesText(tables),
    arrayText(
      "int8_t",
      "weights",
      all(new Int8Array(weightCount), (layer) => layer.weights),
    ),
    "/* In the order in which the code goes through a layer's rows: factors on its sums, and biases. */",
    arrayText(
      "uint16_t",
      "scales",
      all(new Uint16Array(rowCount), (layer) => layer.scales),
    ),
    arrayText(
      "int16_t",
      "biases",
      all(new Int16Array(rowCount), (layer) => layer.biases),
    ),
    unitsText(quantised),
    inputs.arrays,
    placesText(tables, needs, "int8_t"),
    needs.activations.includes("tanh") ? tanhText() : "",
    finishText(needs.activations),
    needs.blocks ? BLOCKS : "",
    ...needs.edgeBits.map(edgesText),
    predictText(prefix, needs, inputs.input, buffers),
  ];
  return {
    text: text.filter((part) => part !== "").join("\n"),
    flash: {
      weights: weightCount,
      biases: 2 * rowCount,
      scales: 2 * rowCount + 16 * layers.length + inputs.bytes,
      tables: tableBytes(tables),
    },
    ram: buffers[0] + buffers[1] + gatheredColumns(tables),
    ...CHAIN_CODE,
  };
}

function unitsText(quantised: readonly QuantisedLayer[]): string {
  const rows = quantised.map(({ scaleUnit, biasUnit, input }) => {
    const values = [scaleUnit, biasUnit, input.factor, input.shift];
    return `  {${values.map(floatText).join(", ")}}`;
  });
  return `/* Units of the scales and biases; an input x is stored as x * factor + shift, rounded. */
struct units {
  float scale, bias, factor, shift;
};

static const struct units units[LAYERS] = {
${rows.join(",\n")}
};
`;
}

function finishText(activations: Needs["activations"]): string {
  const cases = activations.map(
    (activation) =>
      `  if (layer->activation == ${ACTIVATION_CODES[activation]}) return ${ACTIVATION_TEXT[activation]};\n`,
  );
  return `static int8_t to_int8(const struct units *unit, float x)
{
  const float scaled = x * unit->factor + unit->shift;
  const float v = !(scaled > -128.0f) ? -128.0f : scaled > 127.0f ? 127.0f : scaled;
  return (int8_t)(v + (v < 0.0f ? -0.5f : 0.5f));
}

static float activated(const struct shape *layer, float z)
{
${cases.length > 0 ? cases.join("") : "  (void)layer;\n"}  return z;
}

/* Where a layer's outputs go: floats after the last layer, whole numbers before. */
struct target {
  const struct units *unit;
  const uint16_t *scale;
  const int16_t *bias;
  const struct units *next;
  int8_t *hidden;
  float *output;
};

/* A row's sum becomes an output; rows come in the order of the scales and biases. */
static void finish(const struct shape *layer, struct target *to, uint32_t row, int32_t sum)
{
  const float z = (float)sum * (to->unit->scale * (float)*to->scale++) + to->unit->bias * (float)*to->bias++;
  const float y = activated(layer, z);
  if (to->output) to->output[row] = y;
  else to->hidden[row] = to_int8(to->next, y);
}
`;
}

const BLOCKS = `static void blocks(const struct shape *layer, const int8_t *w, const int8_t *x, struct target *to)
{
  uint32_t group, first = 0, r, c;
  for (group = 0; group < layer->groups; group++) {
    const uint32_t rows = share(layer, group, 0), columns = share(layer, group, 1);
    for (r = 0; r < rows; r++, w += columns) {
      int32_t sum = 0;
      for (c = 0; c < columns; c++) sum += (int32_t)w[c] * x[c];
      finish(layer, to, row_of(layer, group, first, r), sum);
    }
    first += rows;
    x += columns;
  }
}
`;

function edgesText(bits: 8 | 16 | 32): string {
  return `static void edges_${bits}(const struct shape *layer, const int8_t *w, const int8_t *x, struct target *to)
{
  const uint${bits}_t *column = indices_${bits} + layer->column_order;
  uint32_t r, k;
  for (r = 0; r < layer->rows; r++) {
    const uint32_t count = layer->sizes == EVEN ? layer->groups : indices_${bits}[layer->sizes + r];
    int32_t sum = 0;
    for (k = 0; k < count; k++) sum += (int32_t)w[k] * x[column[k]];
    finish(layer, to, r, sum);
    w += count;
    column += count;
  }
}
`;
}

function predictText(
  prefix: string,
  needs: Needs,
  input: string,
  [first, second]: readonly [number, number],
): string {
  const gather = "if (!layer->edges && layer->column_order != CONTIGUOUS) x = gather(layer, x);";
  const steps = [
    ...(needs.gather ? [gather] : []),
    ...(needs.blocks ? ["if (!layer->edges) blocks(layer, w, x, &to);"] : []),
    ...needs.edgeBits.map(
      (bits) => `if (layer->edges && layer->index_bits == ${bits}) edges_${bits}(layer, w, x, &to);`,
    ),
  ];
  return `static int8_t first[${first}], second[${second}];

void ${prefix}_predict(const float *input, float *output)
{
  const int8_t *w = weights, *x = first;
  struct target to;
  uint32_t i;
  to.scale = scales;
  to.bias = biases;
  for (i = 0; i < ${prefix.toUpperCase()}_INPUTS; i++) first[i] = to_int8(&units[0], ${input});
  for (i = 0; i < LAYERS; i++) {
    const struct shape *layer = &shapes[shape_of[i]];
    const int last = i + 1u == LAYERS;
    to.unit = &units[i];
    to.next = last ? 0 : &units[i + 1u];
    to.hidden = i % 2u == 0u ? second : first;
    to.output = last ? output : 0;
${steps.map((step) => `    ${step}\n`).join("")}    w += layer->weights;
    x = to.hidden;
  }
}
`;
}
