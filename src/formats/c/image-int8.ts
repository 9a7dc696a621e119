/**
 * @file The int8 C file's arrays and code for networks that have images.
 */

import type { WeightedLayer } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import { ACTIVATION_TEXT, type Needs, totals } from "./c-code.ts";
import { type CBody, IMAGE_CODE } from "./c-float.ts";
import { ACTIVATION_CODES } from "./c-model.ts";
import { arrayText, floatText, joined } from "./c-text.ts";
import { interleaved, looked, widestGroupLook } from "./image-code.ts";
import { mixesText } from "./image-mixes.ts";
import { type ImageParts, imageParts } from "./image-parts.ts";
import { type Operation, OUTPUT, type Program } from "./program.ts";
import type { QuantisedLayer } from "./quantise.ts";
import type { QuantisedProgram } from "./quantise-program.ts";
import { tapsFirst } from "./taps-first.ts";

/** The body for this program; `prefix` names the function. */
export function imageInt8Body(
  program: Program,
  quantised: QuantisedProgram,
  prefix: string,
  scaling: InputScaling | undefined,
): CBody {
  const parts = imageParts(program, scaling, "int8_t");
  const { weighted, used, activations, blocks, edgeBits } = parts;
  const { weightCount, rowCount } = totals(weighted);
  const seen = weighted.length > 0 ? looked(program.steps, 1) : 0;
  const own = widestGroupLook(weighted);
  const channels = Math.max(...program.steps.map(({ given }) => given.channels));
  const text = [
    parts.tables,
    weighted.length > 0 ? `${arraysText(weighted, quantised.layers)}\n${buffersText(seen, own)}` : "",
    unitsText(program, quantised),
    parts.functions,
    finishText(activations, channels),
    blocks ? blocksText(own > 0) : "",
    ...edgeBits.map(edgesText),
    ...mixesText(used, "int8_t"),
    predictText(program, quantised.scales, prefix, parts),
  ];
  return {
    text: text.filter((part) => part !== "").join("\n"),
    flash: {
      weights: weightCount,
      biases: 2 * rowCount,
      scales: 2 * rowCount + UNIT_BYTES * program.steps.length + parts.factorBytes,
      tables: parts.tableBytes,
    },
    ram: program.memory + 4 * channels + 2 * (seen + own),
    ...IMAGE_CODE,
  };
}

function buffersText(seen: number, own: number): string {
  return `/* Wide enough for products, so that compilers make vectors of them. */
static int16_t seen[${seen}]${own > 0 ? `, own[${own}]` : ""};
`;
}

function arraysText(weighted: readonly WeightedLayer[], quantised: readonly QuantisedLayer[]): string {
  const { weightCount, rowCount } = totals(weighted);
  const weights = quantised.map((layer, i) => tapsFirst(weighted[i], layer.weights));
  const all = <T extends Int16Array | Uint16Array>(whole: T, of: (layer: QuantisedLayer) => T) =>
    joined(whole, quantised.map(of));
  return [
    arrayText("int8_t", "weights", joined(new Int8Array(weightCount), weights)),
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
  ].join("\n");
}

const UNIT_BYTES = 32;

function unitsText({ steps }: Program, { layers, scales }: QuantisedProgram): string {
  let weighted = 0;
  const rows = steps.map(({ operation, value, other }, i) => {
    const own = operation === "CONVOLVE" ? layers[weighted++] : { scaleUnit: 0, biasUnit: 0 };
    const [taken, earlier, given] = [scales[value], scales[other], scales[i + 1]];
    const numbers = [
      ...[own.scaleUnit, own.biasUnit, 1 / taken.factor, taken.shift, 1 / earlier.factor, earlier.shift],
      ...[given.factor, given.shift],
    ];
    return `  {${numbers.map(floatText).join(", ")}}`;
  });
  return `/*
 * Units of the scales and biases; whole numbers q stand for (q - shift) * step in what a step takes, and in an earlier
 * image that it adds; x is written as x * factor + given_shift, rounded.
 */
struct units {
  float scale, bias, step, shift, earlier_step, earlier_shift, factor, given_shift;
};

static const struct units units[STEPS] = {
${rows.join(",\n")}
};
`;
}

function finishText(activations: Needs["activations"], most: number): string {
  const loops = activations.map(
    (activation) => `  if (to->activation == ${ACTIVATION_CODES[activation]}) {
    for (c = 0; c < channels; c++) {
      const float z = results[c];
      results[c] = ${ACTIVATION_TEXT[activation]};
    }
  }
`,
  );
  return `static int8_t to_int8(float factor, float shift, float x)
{
  const float scaled = x * factor + shift;
  const float v = !(scaled > -128.0f) ? -128.0f : scaled > 127.0f ? 127.0f : scaled;
  return (int8_t)(v + (v < 0.0f ? -0.5f : 0.5f));
}

/* Where a step's outputs go: floats for the caller, whole numbers otherwise. */
struct target {
  const struct units *unit;
  uint8_t activation;
  int8_t *hidden;
  float *output;
};

/* The channels of one pixel, before the activation. */
static float results[${most}];

static void put(const struct target *to, uint32_t pixel, uint32_t channels)
{
  uint32_t c;
${loops.join("")}  if (to->output) {
    for (c = 0; c < channels; c++) to->output[pixel * channels + c] = results[c];
  } else {
    for (c = 0; c < channels; c++) to->hidden[pixel * channels + c] = to_int8(to->unit->factor, to->unit->given_shift, results[c]);
  }
}
`;
}

function blocksText(grouped: boolean): string {
  const gather = `      if (layer->groups > 1) {
        int16_t *next = own;
        for (t = 0; t < taps; t++) for (c = 0; c < columns; c++) *next++ = part[t * channels + c];
        v = own;
      }
`;
  return `static void blocks(const struct geometry *g, const struct shape *layer, const int8_t *weight, const uint16_t *scale,
                   const int16_t *bias, const int8_t *x, const struct target *to)
{
  const uint32_t pixels = g->out_height * g->out_width, taps = g->side * g->side${grouped ? ", channels = layer->columns" : ""};
  uint32_t pixel, group, r, c${grouped ? ", t" : ""};
  for (pixel = 0; pixel < pixels; pixel++) {
    const int8_t *w = weight;
    const int16_t *part = seen;
    uint32_t first = 0;
    look(g, layer, pixel, x, (int16_t)to->unit->shift, seen, 1);
    for (group = 0; group < layer->groups; group++) {
      const uint32_t rows = share(layer, group, 0), columns = share(layer, group, 1), length = columns * taps;
      const int16_t *v = part;
${grouped ? gather : ""}      for (r = 0; r < rows; r++, w += length) {
        int32_t sum = 0;
        for (c = 0; c < length; c++) sum += (int16_t)w[c] * v[c];
        results[row_of(layer, group, first, r)] =
          (float)sum * (to->unit->scale * (float)scale[first + r]) + to->unit->bias * (float)bias[first + r];
      }
      first += rows;
      part += columns;
    }
    put(to, pixel, layer->rows);
  }
}
`;
}

function edgesText(bits: 8 | 16 | 32): string {
  return `static void edges_${bits}(const struct geometry *g, const struct shape *layer, const int8_t *weight, const uint16_t *scale,
                     const int16_t *bias, const int8_t *x, const struct target *to)
{
  const uint32_t pixels = g->out_height * g->out_width, taps = g->side * g->side;
  uint32_t pixel, r, k, t;
  for (pixel = 0; pixel < pixels; pixel++) {
    const uint${bits}_t *column = indices_${bits} + layer->column_order;
    const int8_t *w = weight;
    look(g, layer, pixel, x, (int16_t)to->unit->shift, seen, 1);
    for (r = 0; r < layer->rows; r++) {
      const uint32_t count = layer->sizes == EVEN ? layer->groups : indices_${bits}[layer->sizes + r];
      int32_t sum = 0;
      for (k = 0; k < count; k++, column++) for (t = 0; t < taps; t++) sum += (int32_t)*w++ * seen[t * layer->columns + *column];
      results[r] = (float)sum * (to->unit->scale * (float)scale[r]) + to->unit->bias * (float)bias[r];
    }
    put(to, pixel, layer->rows);
  }
}
`;
}

function predictText(
  { steps, memory, input, output, inputAt, outputAt }: Program,
  scales: QuantisedProgram["scales"],
  prefix: string,
  { used, blocks, edgeBits, inputs }: ImageParts,
): string {
  const upper = prefix.toUpperCase();
  const kinds = [
    ...(blocks ? ["if (!layer->edges) blocks(g, layer, w, scale, bias, x, &to);"] : []),
    ...edgeBits.map(
      (bits) =>
        `if (layer->edges && layer->index_bits == ${bits}) edges_${bits}(g, layer, w, scale, bias, x, &to);`,
    ),
  ];
  const cases: Readonly<Record<Operation, string>> = {
    CONVOLVE: `{
      const struct shape *layer = &shapes[step->shape];
${kinds.map((kind) => `      ${kind}\n`).join("")}      w += layer->weights;
      scale += layer->rows;
      bias += layer->rows;
      break;
    }`,
    POOL: "pool(g, x, &to); break;",
    SEPARATE: "separate(g, x, to.hidden); break;",
    TO_DEPTH: "to_depth(g, x, to.hidden); break;",
    PAD: "pad(g, x, (int8_t)to.unit->shift, to.hidden); break;",
    MAX_MIN: "max_min(g, x, to.hidden); break;",
    SCALE: "scale_channels(g, factor, x, &to); factor += 2u * g->channels; break;",
    ADD: "add(g, x, memory + step->other, &to); break;",
  };
  const direct = steps.some(({ to }) => to === OUTPUT);
  const [first, last] = [scales[0], scales[steps.length]];
  const target = direct
    ? "    to.hidden = step->to == OUTPUT ? 0 : memory + step->to;\n    to.output = step->to == OUTPUT ? output : 0;\n"
    : "    to.hidden = memory + step->to;\n    to.output = 0;\n";
  const finish = `  for (i = 0; i < ${upper}_OUTPUTS; i++) {
    output[i] = ((float)memory[${outputAt}u + ${interleaved(output)}] - ${constant(last.shift)}) * ${constant(1 / last.factor)};
  }
`;
  return `static int8_t memory[${memory}];

void ${prefix}_predict(const float *input, float *output)
{
${used.has("CONVOLVE") ? "  const int8_t *w = weights;\n  const uint16_t *scale = scales;\n  const int16_t *bias = biases;\n" : ""}${used.has("SCALE") ? "  const float *factor = factors;\n" : ""}  struct target to;
  uint32_t i;
  for (i = 0; i < ${upper}_INPUTS; i++) {
    memory[${inputAt}u + ${interleaved(input)}] = to_int8(${floatText(first.factor)}, ${floatText(first.shift)}, ${inputs.input});
  }
  for (i = 0; i < STEPS; i++) {
    const struct step *step = &steps[i];
    const struct geometry *g = &geometries[step->geometry];
    const int8_t *x = memory + step->from;
    to.unit = &units[i];
    to.activation = step->activation;
${target}    switch (step->operation) {
${[...used].map((operation) => `    case ${operation}: ${cases[operation]}\n`).join("")}    }
  }
${direct ? "" : finish}}
`;
}

function constant(value: number): string {
  const text = floatText(value);
  return text.startsWith("-") ? `(${text})` : text;
}
