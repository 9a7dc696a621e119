/**
 * @file The C functions of the steps that mix numbers without weights, or with one a channel: pooling, batch
 * normalization that stays, addition. In float32 they give pre-activations; in int8 `put` takes them pixel by pixel.
 */

import type { Element } from "./image-code.ts";
import type { Operation } from "./program.ts";

type Mixes = Readonly<Record<"POOL" | "SCALE" | "ADD", string>>;

/** Those in use. */
export function mixesText(used: ReadonlySet<Operation>, element: Element): string[] {
  const mixes = element === "float" ? FLOAT : INT8;
  return (["POOL", "SCALE", "ADD"] as const).filter((name) => used.has(name)).map((name) => mixes[name]);
}

const FLOAT: Mixes = {
  POOL: `/* Means over windows. */
static void pool(const struct geometry *g, const float *x, float *y)
{
  const float count = (float)(g->side * g->across);
  uint32_t p, q, i, j, c;
  for (p = 0; p < g->out_height; p++) for (q = 0; q < g->out_width; q++, y += g->channels) {
    for (c = 0; c < g->channels; c++) y[c] = 0.0f;
    for (i = 0; i < g->side; i++) for (j = 0; j < g->across; j++) {
      const float *from = x + ((p * g->side + i) * g->width + q * g->across + j) * g->channels;
      for (c = 0; c < g->channels; c++) y[c] += from[c];
    }
    for (c = 0; c < g->channels; c++) y[c] /= count;
  }
}
`,
  SCALE: `/* Each channel times its factor, and moved. */
static void scale(const struct geometry *g, const float *factor, const float *x, float *y)
{
  const uint32_t pixels = g->height * g->width;
  uint32_t p, c;
  for (p = 0; p < pixels; p++) for (c = 0; c < g->channels; c++) *y++ = *x++ * factor[2u * c] + factor[2u * c + 1u];
}
`,
  ADD: `/* Of an earlier image, every so many pixels, to the first channels. */
static void add(const struct geometry *g, const float *x, const float *earlier, float *y)
{
  const uint32_t apart = g->height / g->out_height;
  uint32_t p, q, c;
  for (p = 0; p < g->out_height; p++) for (q = 0; q < g->out_width; q++) {
    const float *from = earlier + (p * g->width + q) * apart * g->channels;
    for (c = 0; c < g->out_channels; c++) *y++ = *x++ + (c < g->channels ? from[c] : 0.0f);
  }
}
`,
};

const INT8: Mixes = {
  POOL: `/* Means over windows. */
static void pool(const struct geometry *g, const int8_t *x, const struct target *to)
{
  const float count = (float)(g->side * g->across);
  uint32_t p, q, i, j, c;
  for (p = 0; p < g->out_height; p++) for (q = 0; q < g->out_width; q++) {
    for (c = 0; c < g->channels; c++) {
      int32_t sum = 0;
      for (i = 0; i < g->side; i++) for (j = 0; j < g->across; j++) {
        sum += x[((p * g->side + i) * g->width + q * g->across + j) * g->channels + c];
      }
      results[c] = ((float)sum / count - to->unit->shift) * to->unit->step;
    }
    put(to, p * g->out_width + q, g->channels);
  }
}
`,
  SCALE: `/* Each channel times its factor, and moved. */
static void scale_channels(const struct geometry *g, const float *factor, const int8_t *x, const struct target *to)
{
  const uint32_t pixels = g->height * g->width;
  uint32_t p, c;
  for (p = 0; p < pixels; p++) {
    for (c = 0; c < g->channels; c++) {
      results[c] = ((float)*x++ - to->unit->shift) * to->unit->step * factor[2u * c] + factor[2u * c + 1u];
    }
    put(to, p, g->channels);
  }
}
`,
  ADD: `/* Of an earlier image, every so many pixels, to the first channels. */
static void add(const struct geometry *g, const int8_t *x, const int8_t *earlier, const struct target *to)
{
  const uint32_t apart = g->height / g->out_height;
  uint32_t p, q, c;
  for (p = 0; p < g->out_height; p++) for (q = 0; q < g->out_width; q++) {
    const int8_t *from = earlier + (p * g->width + q) * apart * g->channels;
    for (c = 0; c < g->out_channels; c++) {
      const float added = c < g->channels ? ((float)from[c] - to->unit->earlier_shift) * to->unit->earlier_step : 0.0f;
      results[c] = ((float)*x++ - to->unit->shift) * to->unit->step + added;
    }
    put(to, p * g->out_width + q, g->out_channels);
  }
}
`,
};
