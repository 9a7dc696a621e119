/**
 * @file The tables of a C file for networks that have images: steps, and their geometries, equal ones described once.
 */

import { ACTIVATION_CODES } from "./c-model.ts";
import { unsignedBits } from "./c-text.ts";
import { OUTPUT, type Step } from "./program.ts";

/** A row of the table of geometries, in the order of its fields in C. */
type Geometry = readonly number[];

/** Steps as numbers in tables. */
export interface StepTables {
  readonly geometries: readonly Geometry[];
  /** [steps] */
  readonly geometryOf: readonly number[];
  /** [steps] The shape of a step's weights; 0 for one that has none. */
  readonly shapeOf: readonly number[];
}

/** The tables of these steps; `shapes` holds the number of each weighted layer's shape, in order. */
export function tabulateSteps(steps: readonly Step[], shapes: readonly number[]): StepTables {
  const geometries: Geometry[] = [];
  const known = new Map<string, number>();
  let weighted = 0;
  return {
    geometries,
    geometryOf: steps.map((step) => {
      const geometry = geometryOf(step);
      const key = geometry.join();
      const found = known.get(key) ?? geometries.push(geometry) - 1;
      known.set(key, found);
      return found;
    }),
    shapeOf: steps.map(({ operation }) => (operation === "CONVOLVE" ? shapes[weighted++] : 0)),
  };
}

function geometryOf({ layer, taken, given }: Step): Geometry {
  return [...sidesOf(taken), ...sidesOf(given), ...windowOf(layer)];
}

function sidesOf({ height, width, channels }: Step["taken"]): number[] {
  return [height, width, channels];
}

/** side, across, stride, dilation, circular. */
function windowOf(layer: Step["layer"]): number[] {
  switch (layer.kind) {
    case "convolution": {
      const { kernelSize, stride, dilation, padding } = layer;
      return [kernelSize, kernelSize, stride, dilation, padding === "circular" ? 1 : 0];
    }
    case "averagePool":
      return [layer.window.height, layer.window.width, 1, 1, 0];
    case "spaceToDepth":
      return [layer.side, layer.side, 1, 1, 0];
    default:
      return [1, 1, 1, 1, 0];
  }
}

const GEOMETRY_BYTES = 44;

/** Bytes of the tables in memory. */
export function stepTableBytes({ geometries, geometryOf, shapeOf }: StepTables): number {
  const numbers = unsignedBits(Math.max(...geometryOf, ...shapeOf)) / 8;
  const step = Math.ceil((12 + 2 * numbers + 2) / 4) * 4;
  return geometries.length * GEOMETRY_BYTES + geometryOf.length * step;
}

/** The types and tables. */
export function stepsText(steps: readonly Step[], tables: StepTables): string {
  const { geometries, geometryOf, shapeOf } = tables;
  const operations = [...new Set(steps.map(({ operation }) => operation))];
  const place = (at: number) => (at === OUTPUT ? "OUTPUT" : `${at}`);
  const rows = steps.map(({ operation, activation, from, to, otherFrom }, i) => {
    const places = `${from}, ${place(to)}, ${otherFrom}`;
    return `  {${places}, ${geometryOf[i]}, ${shapeOf[i]}, ${operation}, ${ACTIVATION_CODES[activation]}}`;
  });
  const numberType = `uint${unsignedBits(Math.max(...geometryOf, ...shapeOf))}_t`;
  const direct = steps.some(({ to }) => to === OUTPUT);
  return `/*
 * Images lie in memory pixel by pixel, the channels of a pixel side by side. side, across: of a kernel, of a window, or
 * of the squares that become channels.
 */
struct geometry {
  uint32_t height, width, channels;
  uint32_t out_height, out_width, out_channels;
  uint32_t side, across, stride, dilation, circular;
};

static const struct geometry geometries[${geometries.length}] = {
${geometries.map((geometry) => `  {${geometry.join(", ")}}`).join(",\n")}
};

enum { ${operations.join(", ")} };
${direct ? `/* In the place of a place in memory: the caller's array. */\n#define OUTPUT ${OUTPUT}u\n` : ""}
struct step {
  uint32_t from, to, other; /* where its images lie */
  ${numberType} geometry, shape;
  uint8_t operation;
  uint8_t activation; /* 0 linear, 1 tanh, 2 relu, 3 hardtanh */
};

#define STEPS ${steps.length}u
static const struct step steps[STEPS] = {
${rows.join(",\n")}
};
`;
}
