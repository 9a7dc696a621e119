/**
 * @file Inference alone: a table of steps, each run forward, with the engine's own kernels where they fit. Values are
 * [unit][sample], images channel by channel, each row by row.
 */

import { panelsForward } from "../../engine/kernels/assembly/block-forward";
import { edgesForward } from "../../engine/kernels/assembly/edges";
import { activate } from "../../engine/kernels/assembly/elementwise";
import { blockLine } from "./convolution";
import { copyLines } from "./copy";
import { addEarlier, maxMin, pool, scaleChannels } from "./mixes";
import { blockForwardOne, edgesForwardOne } from "./one-sample";

/** Bytes of a unit when there is one sample. */
const ONE: usize = 4;

/** What a step does, as ../steps.ts numbers it. */
const enum Kind {
  Blocks,
  Edges,
  BlockConvolution,
  EdgeConvolution,
  Copy,
  Pool,
  MaxMin,
  Scale,
  Add,
}

/**
 * Words of a step in the table, which ../steps.ts writes in this order. Addresses and counts are in bytes. After the
 * first four, what a word is depends on the kind.
 */
const enum Word {
  Kind,
  In,
  Out,
  /** 0 linear, 1 tanh, 2 relu, 3 hardtanh. */
  Activation,
  OutputBytes,
  A,
  B,
  C,
  D,
  E,
  F,
  G,
  H,
  I,
  Size,
}

/** Of steps with weights. */
const enum Weighted {
  Rows = Word.A,
  Groups = Word.B,
  Weights = Word.C,
  Bias = Word.D,
  /** [rows] offsets in the output of the rows' samples or images, in the order in which the layer has them. */
  Places = Word.E,
  /** Blocks: [groups + 1] where each group's rows begin. Edges: [rows + 1] counts of edges, each tap one. */
  RowPointers = Word.F,
  /** Blocks: [groups + 1] where each group's columns begin. */
  ColumnOffsets = Word.G,
  /** Edges: offsets of what each reads. Convolutions of blocks: of what each tap of each column reads. */
  Offsets = Word.G,
  /** Convolutions: [lines, bytes of a line, bytes from line to line of the input, and of the output, taps]. */
  Lines = Word.H,
  /** Convolutions of blocks: as ColumnOffsets. */
  Columns = Word.I,
}

// @ts-ignore: decorator
@inline
function word(step: usize, index: i32): usize {
  return load<u32>(step + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
function groupSize(offset: usize): usize {
  return <usize>load<u32>(offset, 4) - <usize>load<u32>(offset);
}

function blocks(step: usize, x: usize, out: usize, rowBytes: usize): void {
  let weights = word(step, Weighted.Weights);
  let bias = word(step, Weighted.Bias);
  let places = word(step, Weighted.Places);
  let rowOffset = word(step, Weighted.RowPointers);
  let columnOffset = word(step, Weighted.ColumnOffsets);
  for (let q = word(step, Weighted.Groups); q > 0; q--) {
    const m = groupSize(rowOffset);
    const n = groupSize(columnOffset);
    if (rowBytes == ONE) blockForwardOne(weights, m, n, x, places, out, bias);
    else panelsForward(weights, m, n, x, places, out, bias, 0, rowBytes);
    weights += (m * n) << 2;
    bias += m << 2;
    places += m << 2;
    x += n * rowBytes;
    rowOffset += 4;
    columnOffset += 4;
  }
}

function edges(step: usize, x: usize, out: usize, rowBytes: usize): void {
  const weights = word(step, Weighted.Weights);
  const rows = word(step, Weighted.Rows);
  const pointers = word(step, Weighted.RowPointers);
  const offsets = word(step, Weighted.Offsets);
  const places = word(step, Weighted.Places);
  const bias = word(step, Weighted.Bias);
  if (rowBytes == ONE) edgesForwardOne(weights, rows, pointers, offsets, x, places, out, bias);
  else edgesForward(weights, rows, pointers, offsets, x, places, out, bias, rowBytes);
}

/** Line by line, so that what a line needs stays in the cache while all of a group's rows use it. */
function blockConvolution(step: usize, x: usize, out: usize): void {
  const lines = word(step, Weighted.Lines);
  const count = load<u32>(lines);
  const bytes = <usize>load<u32>(lines, 4);
  const taps = <usize>load<u32>(lines, 16);
  let weights = word(step, Weighted.Weights);
  let bias = word(step, Weighted.Bias);
  let places = word(step, Weighted.Places);
  let offsets = word(step, Weighted.Offsets);
  let rowOffset = word(step, Weighted.RowPointers);
  let columnOffset = word(step, Weighted.Columns);
  for (let q = word(step, Weighted.Groups); q > 0; q--) {
    const m = groupSize(rowOffset);
    const steps = (groupSize(columnOffset) * taps) << 2;
    let from = x;
    let to = out;
    for (let line = count; line > 0; line--) {
      blockLine(weights, m, steps, from, offsets, places, to, bias, bytes);
      from += <usize>load<u32>(lines, 8);
      to += <usize>load<u32>(lines, 12);
    }
    weights += m * steps;
    bias += m << 2;
    places += m << 2;
    offsets += steps;
    rowOffset += 4;
    columnOffset += 4;
  }
}

function edgeConvolution(step: usize, x: usize, out: usize): void {
  const lines = word(step, Weighted.Lines);
  const bytes = <usize>load<u32>(lines, 4);
  for (let line = load<u32>(lines); line > 0; line--) {
    edgesForward(word(step, Weighted.Weights), word(step, Weighted.Rows), word(step, Weighted.RowPointers), word(step, Weighted.Offsets), x, word(step, Weighted.Places), out, word(step, Weighted.Bias), bytes);
    x += <usize>load<u32>(lines, 8);
    out += <usize>load<u32>(lines, 12);
  }
}

function other(kind: usize, step: usize, x: usize, out: usize, rowBytes: usize): void {
  const a = word(step, Word.A);
  const b = word(step, Word.B);
  const c = word(step, Word.C);
  const d = word(step, Word.D);
  const e = word(step, Word.E);
  const f = word(step, Word.F);
  const g = word(step, Word.G);
  if (kind == Kind.Copy) copyLines(x, out, a, b, c, d, e, f, g, word(step, Word.H), word(step, Word.I), rowBytes);
  else if (kind == Kind.Pool) pool(x, out, a, b, c, d, e, f, g, load<f32>(step + (Word.H << 2)), rowBytes);
  else if (kind == Kind.MaxMin) maxMin(x, out, a);
  else if (kind == Kind.Scale) scaleChannels(x, out, a, b, c);
  else addEarlier(x, a, out, b, c, d, e, f, g, word(step, Word.H), rowBytes);
}

/** The steps of a table, for samples that take `rowBytes` a unit. */
export function forward(table: usize, steps: usize, rowBytes: usize): void {
  for (; steps > 0; steps--) {
    const kind = word(table, Word.Kind);
    const x = word(table, Word.In);
    const out = word(table, Word.Out);
    if (kind == Kind.Blocks) blocks(table, x, out, rowBytes);
    else if (kind == Kind.Edges) edges(table, x, out, rowBytes);
    else if (kind == Kind.BlockConvolution) blockConvolution(table, x, out);
    else if (kind == Kind.EdgeConvolution) edgeConvolution(table, x, out);
    else other(kind, table, x, out, rowBytes);
    activate(word(table, Word.Activation), out, word(table, Word.OutputBytes));
    table += Word.Size << 2;
  }
}
