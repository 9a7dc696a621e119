/**
 * @file The float32 C file's arrays and code for networks that have images.
 */

import type { WeightedLayer } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import { ACTIVATION_TEXT, BY_ROWS_TEXT, type Needs, totals } from "./c-code.ts";
import { type CBody, IMAGE_CODE } from "./c-float.ts";
import { ACTIVATION_CODES } from "./c-model.ts";
import { toCPanels } from "./c-panels.ts";
import { rowsInOrder } from "./c-rows.ts";
import { arrayText, floatText, joined } from "./c-text.ts";
import { interleaved, looked } from "./image-code.ts";
import { mixesText } from "./image-mixes.ts";
import { type ImageParts, imageParts } from "./image-parts.ts";
import { type Operation, OUTPUT, type Program } from "./program.ts";

/** Pixels that share the weights. */
const TOGETHER = 4;

/** The body for this program; `prefix` names the function. */
export function imageFloatBody(program: Program, prefix: string, scaling: InputScaling | undefined): CBody {
  const parts = imageParts(program, scaling, "float");
  const { weighted, used, activations, blocks, edgeBits } = parts;
  const { weightCount, rowCount } = totals(weighted);
  const seen = weighted.length > 0 ? looked(program.steps, TOGETHER) : 0;
  const text = [
    parts.tables,
    weighted.length > 0 ? `${arraysText(weighted)}static float seen[${seen}];\n` : "",
    parts.functions,
    weighted.length > 0 ? BY_ROWS_TEXT : "",
    blocks ? BLOCKS : "",
    ...edgeBits.map(edgesText),
    ...mixesText(used, "float"),
    activateText(activations),
    predictText(program, prefix, parts),
  ];
  return {
    text: text.filter((part) => part !== "").join("\n"),
    flash: {
      weights: 4 * weightCount,
      biases: 4 * rowCount,
      scales: parts.factorBytes,
      tables: parts.tableBytes,
    },
    ram: 4 * (program.memory + seen),
    ...IMAGE_CODE,
  };
}

function arraysText(weighted: readonly WeightedLayer[]): string {
  const { weightCount, rowCount } = totals(weighted);
  const weights = joined(new Float32Array(weightCount), weighted.map(inCOrder));
  const biases = joined(
    new Float32Array(rowCount),
    weighted.map(({ topology, bias }) => Float32Array.from(rowsInOrder(topology).rows, (row) => bias[row])),
  );
  return `${arrayText("float", "weights", weights, floatText)}
/* In the order in which the code goes through a layer's rows. */
${arrayText("float", "biases", biases, floatText)}
`;
}

function inCOrder(layer: WeightedLayer): Float32Array {
  const { topology, weights } = layer;
  const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
  return topology.kind === "blocks" ? toCPanels(topology, weights, taps) : weights;
}

const BLOCKS = `/* Outputs of \`height\` rows of a block for one pixel; their weights lie column by column, tap by tap. */
static inline void panel(uint32_t height, const float *w, const float *bias, const float *x, uint32_t columns, uint32_t taps,
                         uint32_t channels, float *sums)
{
  uint32_t r, c, t;
  float s[8];
  for (r = 0; r < height; r++) s[r] = bias[r];
  for (t = 0; t < taps; t++, x += channels) for (c = 0; c < columns; c++, w += height) {
    BY_ROWS;
    for (r = 0; r < height; r++) s[r] += w[r] * x[c];
  }
  for (r = 0; r < height; r++) sums[r] = s[r];
}

/* Likewise for four, which share the weights. */
static inline void four_panels(uint32_t height, const float *w, const float *bias, const float *x0, uint32_t columns, uint32_t taps,
                               uint32_t channels, float *sums)
{
  const float *x1 = x0 + taps * channels, *x2 = x1 + taps * channels, *x3 = x2 + taps * channels;
  uint32_t r, c, t;
  float s0[8], s1[8], s2[8], s3[8];
  for (r = 0; r < height; r++) s0[r] = s1[r] = s2[r] = s3[r] = bias[r];
  for (t = 0; t < taps; t++, x0 += channels, x1 += channels, x2 += channels, x3 += channels) for (c = 0; c < columns; c++, w += height) {
    BY_ROWS;
    for (r = 0; r < height; r++) {
      s0[r] += w[r] * x0[c];
      s1[r] += w[r] * x1[c];
      s2[r] += w[r] * x2[c];
      s3[r] += w[r] * x3[c];
    }
  }
  for (r = 0; r < height; r++) {
    sums[r] = s0[r];
    sums[height + r] = s1[r];
    sums[2u * height + r] = s2[r];
    sums[3u * height + r] = s3[r];
  }
}

static void blocks(const struct geometry *g, const struct shape *layer, const float *weight, const float *bias, const float *x, float *y)
{
  const uint32_t pixels = g->out_height * g->out_width, taps = g->side * g->side, channels = layer->columns;
  uint32_t pixel, together, group, p, r;
  for (pixel = 0; pixel < pixels; pixel += together) {
    const float *w = weight, *b = bias, *part = seen;
    uint32_t first = 0;
    together = pixels - pixel >= ${TOGETHER}u ? ${TOGETHER}u : 1u;
    for (p = 0; p < together; p++) look(g, layer, pixel + p, x, 0.0f, seen + p * taps * channels, 1);
    for (group = 0; group < layer->groups; group++) {
      const uint32_t rows = share(layer, group, 0), columns = share(layer, group, 1);
      uint32_t done, height;
      for (done = 0; done < rows; done += height, w += height * columns * taps, b += height) {
        float sums[32];
        height = rows - done >= 8u ? 8u : rows - done >= 4u ? 4u : 1u;
        /* With the height a constant, a compiler keeps the sums in registers. */
        if (together == 1u) {
          if (height == 8u) panel(8, w, b, part, columns, taps, channels, sums);
          else panel(height, w, b, part, columns, taps, channels, sums);
        } else {
          if (height == 8u) four_panels(8, w, b, part, columns, taps, channels, sums);
          else if (height == 4u) four_panels(4, w, b, part, columns, taps, channels, sums);
          else four_panels(1, w, b, part, columns, taps, channels, sums);
        }
        for (p = 0; p < together; p++) for (r = 0; r < height; r++) {
          y[(pixel + p) * layer->rows + row_of(layer, group, first, done + r)] = sums[p * height + r];
        }
      }
      first += rows;
      part += columns;
    }
  }
}
`;

function edgesText(bits: 8 | 16 | 32): string {
  return `static void edges_${bits}(const struct geometry *g, const struct shape *layer, const float *weight, const float *bias, const float *x, float *y)
{
  const uint32_t pixels = g->out_height * g->out_width, taps = g->side * g->side;
  uint32_t pixel, p, r, k, t;
  for (pixel = 0; pixel < pixels; pixel += ${TOGETHER}u) {
    const uint${bits}_t *column = indices_${bits} + layer->column_order;
    const uint32_t together = pixels - pixel >= ${TOGETHER}u ? ${TOGETHER}u : pixels - pixel;
    const float *w = weight;
    for (p = 0; p < together; p++) look(g, layer, pixel + p, x, 0.0f, seen + p, ${TOGETHER});
    for (r = 0; r < layer->rows; r++) {
      const uint32_t count = layer->sizes == EVEN ? layer->groups : indices_${bits}[layer->sizes + r];
      float sums[${TOGETHER}] = {${Array(TOGETHER).fill("bias[r]").join(", ")}};
      for (k = 0; k < count; k++, column++) {
        const float *part = seen + ${TOGETHER}u * *column;
        for (t = 0; t < taps; t++, w++, part += ${TOGETHER}u * layer->columns) {
          BY_ROWS;
          for (p = 0; p < ${TOGETHER}u; p++) sums[p] += *w * part[p];
        }
      }
      for (p = 0; p < together; p++) y[(pixel + p) * layer->rows + r] = sums[p];
    }
  }
}
`;
}

/** One loop for each activation in use, so that each becomes vector instructions. */
function activateText(activations: Needs["activations"]): string {
  if (activations.length === 0) return "";
  const loops = activations.map(
    (activation) => `  if (activation == ${ACTIVATION_CODES[activation]}) {
    for (i = 0; i < count; i++) {
      const float z = y[i];
      y[i] = ${ACTIVATION_TEXT[activation]};
    }
  }`,
  );
  return `static void activate(uint8_t activation, float *y, uint32_t count)
{
  uint32_t i;
${loops.join("\n")}
}
`;
}

function predictText(
  { steps, memory, input, output, inputAt, outputAt }: Program,
  prefix: string,
  { used, blocks, edgeBits, activations, inputs }: ImageParts,
): string {
  const upper = prefix.toUpperCase();
  const kinds = [
    ...(blocks ? ["if (!layer->edges) blocks(g, layer, w, bias, x, y);"] : []),
    ...edgeBits.map(
      (bits) => `if (layer->edges && layer->index_bits == ${bits}) edges_${bits}(g, layer, w, bias, x, y);`,
    ),
  ];
  const cases: Readonly<Record<Operation, string>> = {
    CONVOLVE: `{
      const struct shape *layer = &shapes[step->shape];
${kinds.map((kind) => `      ${kind}\n`).join("")}      w += layer->weights;
      bias += layer->rows;
      break;
    }`,
    POOL: "pool(g, x, y); break;",
    SEPARATE: "separate(g, x, y); break;",
    TO_DEPTH: "to_depth(g, x, y); break;",
    PAD: "pad(g, x, 0.0f, y); break;",
    MAX_MIN: "max_min(g, x, y); break;",
    SCALE: "scale(g, factor, x, y); factor += 2u * g->channels; break;",
    ADD: "add(g, x, memory + step->other, y); break;",
  };
  const direct = steps.some(({ to }) => to === OUTPUT);
  const pointers = [
    ...(used.has("CONVOLVE") ? ["*w = weights", "*bias = biases"] : []),
    ...(used.has("SCALE") ? ["*factor = factors"] : []),
  ];
  const finish = `  for (i = 0; i < ${upper}_OUTPUTS; i++) output[i] = memory[${outputAt}u + ${interleaved(output)}];\n`;
  return `static float memory[${memory}];

void ${prefix}_predict(const float *input, float *output)
{
${pointers.length > 0 ? `  const float ${pointers.join(", ")};\n` : ""}  uint32_t i;
  for (i = 0; i < ${upper}_INPUTS; i++) memory[${inputAt}u + ${interleaved(input)}] = ${inputs.input};
  for (i = 0; i < STEPS; i++) {
    const struct step *step = &steps[i];
    const struct geometry *g = &geometries[step->geometry];
    const float *x = memory + step->from;
    float *y = ${direct ? "step->to == OUTPUT ? output : " : ""}memory + step->to;
    switch (step->operation) {
${[...used].map((operation) => `    case ${operation}: ${cases[operation]}\n`).join("")}    }
${activations.length > 0 ? "    activate(step->activation, y, g->out_height * g->out_width * g->out_channels);\n" : ""}  }
${direct ? "" : finish}}
`;
}
