/**
 * @file What the tables of a comparison's report share: columns that know their cells, and how numbers are written.
 */

import { sortableTable, type TableCell, type TableColumn } from "../../report/html.ts";
import { count } from "../../words.ts";
import { describeModel, type NetworkSpec } from "../grid.ts";
import type { Estimate } from "../statistics.ts";

/** One column: its heading, and its cell for a row. */
export interface Column<T> extends TableColumn {
  readonly cell: (row: T) => TableCell;
}

export function table<T>(caption: string, columns: readonly Column<T>[], rows: readonly T[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  return rows.length === 0 ? "" : sortableTable(caption, columns, cells);
}

export const dash = "–";

export function number(value: number | null, show: (value: number) => string): TableCell {
  return value === null ? { text: dash, sort: null } : { text: show(value), sort: value };
}

export const text = (value: string): TableCell => ({ text: value });
export const plain = (value: number | null): TableCell => number(value, String);
export const whole = (value: number | null): TableCell => number(value, count);

/** `1.2e+12` as `1.2 T`. */
export function large(value: number): string {
  if (value === 0) return "0";
  const units = ["", "k", "M", "G", "T", "P", "E"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${(value / 1000 ** power).toPrecision(3)} ${units[power]}`.trim();
}

/** `94.12 ± 0.31 %`: mean and half of the interval. */
export function accuracyText({ mean, high }: Estimate): string {
  const half = high === null ? "" : ` ± ${(100 * (high - mean)).toFixed(2)}`;
  return `${(100 * mean).toFixed(2)}${half} %`;
}

/** Method, then what tells its lines apart; of columns that are the same everywhere only the first two. */
export function specColumns<T extends NetworkSpec>(
  title: (row: T) => string,
  rows: readonly T[],
): Column<T>[] {
  const optional: (Column<T> & { readonly value: (row: T) => unknown })[] = [
    { title: "model", value: describeModel, cell: (row) => text(describeModel(row)) },
    { title: "width", numeric: true, value: ({ width }) => width, cell: ({ width }) => plain(width) },
    {
      title: "activation",
      value: ({ activation }) => activation,
      cell: ({ activation }) => text(activation),
    },
    { title: "start", value: ({ start }) => start, cell: ({ start }) => text(start) },
  ];
  return [
    { title: "method", cell: (row) => text(title(row)) },
    { title: "depth", numeric: true, cell: ({ depth }) => plain(depth) },
    {
      title: "sparsity",
      hint: "asked for: share of connections left out",
      numeric: true,
      cell: ({ sparsity }) => plain(sparsity),
    },
    ...optional.filter(({ value }) => new Set(rows.map(value)).size > 1),
  ];
}
