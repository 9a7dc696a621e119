/**
 * @file The C text that float32 and int8 files share: the table of shapes, index arrays, where rows are, gathering
 * columns. What a network does not use is not written, as compilers warn of it.
 */

import type { Activation, LinearLayer, WeightedLayer } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import { ACTIVATION_CODES, CONTIGUOUS, DEALT, EVEN, type Shape, type Tables, tabulate } from "./c-model.ts";
import { type ScalingText, scalingText } from "./c-scaling.ts";
import { arrayText, unsignedBits } from "./c-text.ts";

/** What of the code a network needs. */
export interface Needs {
  readonly blocks: boolean;
  /** Bits of the indices of layers of edges. */
  readonly edgeBits: readonly (8 | 16 | 32)[];
  /** Blocks whose columns are not side by side, and whether index arrays say where they are. */
  readonly gather: boolean;
  readonly gatherIndices: boolean;
  readonly rowIndices: boolean;
  readonly sizes: boolean;
  /** Those in use, linear apart. */
  readonly activations: readonly Curved[];
}

type Curved = Exclude<Activation, "linear">;

/** Each activation of `z` as a C expression. */
export const ACTIVATION_TEXT: Readonly<Record<Curved, string>> = {
  tanh: "tanh_of(z)",
  relu: "z > 0.0f ? z : 0.0f",
  hardtanh: "z < -1.0f ? -1.0f : z > 1.0f ? 1.0f : z",
};

/** An instruction that does nothing, for loops that should be vectors. */
export const BY_ROWS_TEXT = `/*
 * An empty instruction in a loop: gcc then makes vectors of the rows, which are side by side, and not of the columns,
 * whose float sums it may not reorder and would add one by one (gcc 12, -O3: a quarter of the speed).
 */
#ifdef __GNUC__
#define BY_ROWS __asm__ volatile("")
#else
#define BY_ROWS ((void)0)
#endif

`;

/** What these tables need. */
export function needsOf({ shapes }: Tables): Needs {
  const blocks = shapes.filter(({ edges }) => edges === 0);
  const edges = shapes.filter((shape) => shape.edges === 1);
  const isPlace = (order: number) => order !== CONTIGUOUS && order !== DEALT;
  return {
    blocks: blocks.length > 0,
    edgeBits: ([8, 16, 32] as const).filter((bits) => edges.some(({ indexBits }) => indexBits === bits)),
    gather: blocks.some(({ columnOrder }) => columnOrder !== CONTIGUOUS),
    gatherIndices: blocks.some(({ columnOrder }) => isPlace(columnOrder)),
    rowIndices: blocks.some(({ rowOrder }) => isPlace(rowOrder)),
    sizes: blocks.some(({ sizes }) => sizes !== EVEN),
    activations: (["tanh", "relu", "hardtanh"] as const).filter((name) =>
      shapes.some(({ activation }) => activation === ACTIVATION_CODES[name]),
    ),
  };
}

/** What the float32 and the int8 file of a chain of linear layers both begin with. */
export interface ChainParts {
  readonly tables: Tables;
  readonly needs: Needs;
  readonly inputs: ScalingText;
  readonly buffers: readonly [first: number, second: number];
  readonly weightCount: number;
  readonly rowCount: number;
}

/** `withInput`: the inputs, too, go through a buffer. */
export function chainParts(
  layers: readonly LinearLayer[],
  scaling: InputScaling | undefined,
  withInput: boolean,
): ChainParts {
  const tables = tabulate(layers);
  return {
    tables,
    needs: needsOf(tables),
    inputs: scalingText(scaling),
    buffers: bufferWidths(layers, withInput),
    ...totals(layers),
  };
}

/** Weights and rows of all layers together. */
export function totals(layers: readonly WeightedLayer[]): { weightCount: number; rowCount: number } {
  let [weightCount, rowCount] = [0, 0];
  for (const { weights, bias } of layers) {
    weightCount += weights.length;
    rowCount += bias.length;
  }
  return { weightCount, rowCount };
}

/** Most columns that are gathered at once; 0 if none are. */
export function gatheredColumns({ shapes }: Tables): number {
  const gathered = shapes.filter(({ edges, columnOrder }) => edges === 0 && columnOrder !== CONTIGUOUS);
  return gathered.reduce((most, { columns }) => Math.max(most, columns), 0);
}

/** Seven words and three bytes, padded: `struct shape`. */
const SHAPE_BYTES = 32;

/** Bytes of the tables in memory: shapes, their numbers by layer, index arrays. */
export function tableBytes({ shapes, shapeOf, indices }: Tables): number {
  let bytes = shapes.length * SHAPE_BYTES + (shapeOf.length * unsignedBits(shapes.length - 1)) / 8;
  for (const [bits, values] of indices) bytes += (values.length * bits) / 8;
  return bytes;
}

/** The types and tables. */
export function tablesText({ shapes, shapeOf, indices }: Tables): string {
  return `#define LAYERS ${shapeOf.length}u
${shapesText(shapes)}
${arrayText(`uint${unsignedBits(shapes.length - 1)}_t`, "shape_of", shapeOf)}
${indicesText(indices)}`;
}

/** The type and table of shapes. */
export function shapesText(shapes: readonly Shape[]): string {
  return `/* In the place of an index array: units side by side, dealt out like cards, or shares as equal as can be. */
#define CONTIGUOUS ${CONTIGUOUS}u
#define DEALT ${DEALT}u
#define EVEN ${EVEN}u

struct shape {
  uint32_t rows, columns;
  uint32_t groups; /* edges: how many to a row */
  uint32_t weights;
  uint32_t row_order, column_order, sizes; /* where they begin among the indices, or a rule */
  uint8_t activation; /* 0 linear, 1 tanh, 2 relu, 3 hardtanh */
  uint8_t edges; /* 0: dense blocks; 1: rows of single connections */
  uint8_t index_bits;
};

static const struct shape shapes[${shapes.length}] = {
${shapes.map(shapeText).join(",\n")}
};
`;
}

/** The index arrays. */
export function indicesText(indices: Tables["indices"]): string {
  return [...indices]
    .map(([bits, values]) => `${arrayText(`uint${bits}_t`, `indices_${bits}`, values)}\n`)
    .join("");
}

function shapeText(shape: Shape): string {
  const { rows, columns, groups, weights, activation, edges, indexBits } = shape;
  const order = (place: number) =>
    place === CONTIGUOUS ? "CONTIGUOUS" : place === DEALT ? "DEALT" : `${place}`;
  const orders = `${order(shape.rowOrder)}, ${order(shape.columnOrder)}`;
  const sizes = shape.sizes === EVEN ? "EVEN" : `${shape.sizes}`;
  return `  {${rows}, ${columns}, ${groups}, ${weights}, ${orders}, ${sizes}, ${activation}, ${edges}, ${indexBits}}`;
}

/** `index_at`, `share`, `row_of` and `gather`, as far as needed. `element`: the C type of an activation. */
export function placesText(tables: Tables, needs: Needs, element: string): string {
  if (!needs.blocks) return "";
  const parts = [shareText(needs.sizes), rowOfText(needs.rowIndices)];
  if (needs.gatherIndices || needs.rowIndices || needs.sizes) {
    parts.unshift(indexAtText([...tables.indices.keys()]));
  }
  if (needs.gather) parts.push(gatherText(element, gatheredColumns(tables), needs.gatherIndices));
  return `${parts.join("\n")}\n`;
}

export function indexAtText(widths: readonly number[]): string {
  const choices = widths
    .slice(0, -1)
    .map((bits) => `  if (layer->index_bits == ${bits}) return indices_${bits}[at];`);
  const first = choices.length > 0 ? choices.join("\n") : "  (void)layer;";
  return `static uint32_t index_at(const struct shape *layer, uint32_t at)
{
${first}
  return indices_${widths.at(-1)}[at];
}
`;
}

export function shareText(sized: boolean): string {
  const explicit = "  if (layer->sizes != EVEN) return index_at(layer, layer->sizes + 2u * group + side);\n";
  return `/* Units of group \`group\`: side 0, rows; 1, columns. */
static uint32_t share(const struct shape *layer, uint32_t group, uint32_t side)
{
  const uint32_t total = side == 0 ? layer->rows : layer->columns;
${sized ? explicit : ""}  return total / layer->groups + (group < total % layer->groups ? 1u : 0u);
}
`;
}

export function rowOfText(indexed: boolean): string {
  const explicit =
    "  if (layer->row_order != DEALT) return index_at(layer, layer->row_order + first + unit);\n";
  return `/* The row that is unit \`unit\` of group \`group\`, before which come \`first\` rows of other groups. */
static uint32_t row_of(const struct shape *layer, uint32_t group, uint32_t first, uint32_t unit)
{
  if (layer->row_order == CONTIGUOUS) return first + unit;
${indexed ? explicit : ""}  return group + unit * layer->groups;
}
`;
}

function gatherText(element: string, columns: number, indexed: boolean): string {
  const explicit = `  if (layer->column_order != DEALT) {
    for (; i < layer->columns; i++) gathered[i] = x[index_at(layer, layer->column_order + i)];
    return gathered;
  }
`;
  return `static ${element} gathered[${columns}];

/* The columns in the order of the groups. */
static const ${element} *gather(const struct shape *layer, const ${element} *x)
{
  uint32_t i = 0, group, column;
${indexed ? explicit : ""}  for (group = 0; group < layer->groups; group++) {
    for (column = group; column < layer->columns; column += layer->groups) gathered[i++] = x[column];
  }
  return gathered;
}
`;
}

/**
 * Widths of the two buffers that layers write to in turn, the second one first; the first also takes the inputs if
 * `withInput`. The last layer writes to the caller's array. 1 where nothing is written.
 */
function bufferWidths(layers: readonly LinearLayer[], withInput: boolean): [first: number, second: number] {
  const widths: [number, number] = [withInput ? layers[0].topology.columns : 1, 1];
  for (const [i, { topology }] of layers.slice(0, -1).entries()) {
    const side = i % 2 === 0 ? 1 : 0;
    widths[side] = Math.max(widths[side], topology.rows);
  }
  return widths;
}
