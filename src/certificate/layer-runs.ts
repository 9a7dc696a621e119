/**
 * @file Layers in a row that are alike, told once: what the tables of a certificate's summary are made of.
 */

import type { BareConvolutionCertificate } from "./convolution/layer.ts";
import type { WeightedLayerCertificate } from "./layer.ts";
import { table } from "./text.ts";

/** What tables are about. */
export type TableLayer = WeightedLayerCertificate | BareConvolutionCertificate;

/** Consecutive layers that are alike. */
export interface LayerRun {
  /** Which they are: `0`, `1-298`, `layers.0-31`, `stages.0.* (6)`. */
  readonly label: string;
  readonly layers: readonly TableLayer[];
}

/** One thing that a table tells of the layers of a run. */
export interface Column {
  readonly header: string;
  readonly cell: (layers: readonly TableLayer[]) => string;
}

/** Rows of a layer table at most; networks that change at every layer have the rest in the JSON. */
export const mostRows = 10;

const longestLabel = 16;

/** Runs of layers that have one row each; `named`: layers are called by their names, else by their numbers. */
export function layerRuns(layers: readonly TableLayer[], named: boolean): LayerRun[] {
  const runs: TableLayer[][] = [];
  let previous = "";
  for (const layer of layers) {
    const key = likeness(layer);
    if (key === previous) runs[runs.length - 1].push(layer);
    else runs.push([layer]);
    previous = key;
  }
  let first = 0;
  return runs.map((run) => {
    const last = first + run.length - 1;
    const numbers = last === first ? `${first}` : `${first}-${last}`;
    first = last + 1;
    return { label: named ? clip(commonName(run)) : numbers, layers: run };
  });
}

/** One row for each run. */
export function runTable(runs: readonly LayerRun[], columns: readonly Column[]): string {
  const hidden = Math.max(0, runs.length - mostRows);
  const shown = hidden === 0 ? runs : [...runs.slice(0, mostRows - 2), ...runs.slice(-2)];
  const rows = shown.map(({ label, layers }) => [label, ...columns.map(({ cell }) => cell(layers))]);
  const lines = table(["layer", ...columns.map(({ header }) => header)], rows);
  return hidden === 0 ? lines : `${lines}\n(${hidden} more kinds before the last two)`;
}

/** Equal for layers that are alike but for what is measured on their weights. */
function likeness(layer: TableLayer): string {
  const { rows, columns, topology, arrangement, groups, mirrored, runsAs } = layer;
  const origin = "asked" in layer ? [layer.initializer, layer.asked.value] : [];
  const mask = [rows, columns, topology, arrangement, groups, mirrored, runsAs.kind];
  if (layer.kind !== "convolution") return JSON.stringify([...mask, ...origin]);
  const { kernelSize, stride, dilation, padding, image, method } = layer;
  return JSON.stringify([...mask, ...origin, kernelSize, stride, dilation, padding, image, method]);
}

/** What the names of a run have in common. */
function commonName(run: readonly TableLayer[]): string {
  const [first, last] = [run[0].name, run[run.length - 1].name];
  if (run.length === 1) return first;
  const [a, b] = [first, last].map((name) => name.split("."));
  let same = 0;
  while (same < a.length - 1 && a[same] === b[same]) same++;
  const prefix = a.slice(0, same).join(".");
  const [from, to] = [a, b].map((parts) => parts.slice(same).join("."));
  if (/^\d+$/.test(from) && /^\d+$/.test(to)) return `${prefix}.${from}-${to}`;
  return prefix === "" ? `${first} ... (${run.length})` : `${prefix}.* (${run.length})`;
}

/** Ends of names say more than their beginnings. */
function clip(label: string): string {
  return label.length <= longestLabel ? label : `..${label.slice(2 - longestLabel)}`;
}
