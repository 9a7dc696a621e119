/**
 * @file What the tables of a certificate's summary tell of layers, column by column.
 */

import type { ImageSize } from "../init/convolution/convolution.ts";
import type { Column, TableLayer } from "./layer-runs.ts";
import { number, range } from "./text.ts";
import type { SingularValueRange } from "./weight-spectrum.ts";

export const size: Column = {
  header: "out x in",
  cell: ([{ rows, columns }]) => `${rows} x ${columns}`,
};

export const topology: Column = {
  header: "topology",
  cell: ([{ topology, arrangement }]) => (arrangement === null ? topology : `${topology} ${arrangement}`),
};

export const runsAs: Column = { header: "runs as", cell: ([layer]) => layer.runsAs.kind };

export const asked: Column = {
  header: "asked",
  cell([layer]) {
    if (!("asked" in layer)) return "-";
    const { field, value } = layer.asked;
    return field === null ? "dense" : `${field} ${number(value!)}`;
  },
};

export const achieved: Column = {
  header: "achieved",
  cell: (layers) => range(layers.map((layer) => ("asked" in layer ? layer.asked.achieved : null))),
};

export const sparsity: Column = {
  header: "sparsity",
  cell: (layers) =>
    range(
      layers.map((layer) => layer.sparsity),
      4,
    ),
};

/** Taps, with stride and dilation where they are not 1. */
export const taps: Column = {
  header: "taps",
  cell([layer]) {
    if (layer.kind !== "convolution") return "-";
    const { kernelSize, stride, dilation } = layer;
    return `${kernelSize} x ${kernelSize}${stride > 1 ? ` /${stride}` : ""}${dilation > 1 ? ` *${dilation}` : ""}`;
  },
};

export const images: Column = {
  header: "images",
  cell: ([layer]) => (layer.kind === "convolution" ? imageSize(layer.image) : "-"),
};

export const padding: Column = {
  header: "padding",
  cell: ([layer]) => (layer.kind === "convolution" ? layer.padding : "-"),
};

export const energy: Column = {
  header: "energy",
  cell: (layers) =>
    range(
      layers.map((layer) => (layer.kind === "convolution" ? layer.energy : null)),
      3,
    ),
};

export const method: Column = {
  header: "found from",
  cell: ([layer]) => (layer.kind === "convolution" && layer.method) || "-",
};

/** What made the weights, where that is known, and whether they have twins. */
export const initializer: Column = {
  header: "weights",
  cell([layer]) {
    const { rows, columns } = layer.mirrored;
    if (!("initializer" in layer)) return rows || columns ? "mirrored" : "-";
    return layer.initializer + (rows || columns ? " (mirrored)" : "");
  },
};

export const gain: Column = { header: "gain", cell: (layers) => range(layers.map(({ gain }) => gain)) };

export const error: Column = {
  header: "error",
  cell(layers) {
    const errors = layers.flatMap(({ orthogonalityError: error }) => (error === null ? [] : [error]));
    return errors.length === 0 ? "-" : number(Math.max(...errors), 2);
  },
};

export const singularValues: Column = {
  header: "singular values",
  cell(layers) {
    const measured = layers.flatMap(({ singularValues: values }) => (values === null ? [] : [values]));
    const some = measured.length < layers.length && measured.length > 0 ? ` (of ${measured.length})` : "";
    return ends(measured) + some;
  },
};

export const inDegree: Column = {
  header: "in",
  cell: (layers) => range(layers.flatMap(({ rowDegrees: d }) => [d.smallest, d.largest])),
};

export const outDegree: Column = {
  header: "out",
  cell: (layers) => range(layers.flatMap(({ columnDegrees: d }) => [d.smallest, d.largest])),
};

export const components: Column = {
  header: "parts",
  cell: (layers) => range(layers.map((layer) => layer.components)),
};

export const spectralRatio: Column = {
  header: "s2/s1",
  cell: (layers) =>
    range(
      masks(layers).map((mask) => mask.sigma2 / mask.sigma1),
      4,
    ),
};

export const ramanujanBound: Column = {
  header: "bound/s1",
  cell: (layers) =>
    range(
      masks(layers).map(({ ramanujanBound: bound, sigma1 }) => (bound === null ? null : bound / sigma1)),
      4,
    ),
};

export const ramanujan: Column = {
  header: "Ramanujan",
  cell(layers) {
    const answers = masks(layers).map(({ ramanujan }) =>
      ramanujan === null ? "-" : ramanujan ? "yes" : "no",
    );
    return [...new Set(answers)].join(", ");
  },
};

export function imageSize({ height, width }: ImageSize): string {
  return `${height} x ${width}`;
}

/** Ends over all, with a + where the true ones may lie further out. What is rounding of the largest reads 0. */
export function ends(values: readonly SingularValueRange[], digits = 5): string {
  const inner = values.some(({ kind }) => kind === "inner") ? "+" : "";
  const noise = 1e-14 * Math.max(...values.map(({ largest }) => largest));
  const both = values.flatMap(({ smallest, largest }) => [smallest, largest]);
  return (
    range(
      both.map((value) => (value < noise ? 0 : value)),
      digits,
    ) + inner
  );
}

function masks(layers: readonly TableLayer[]) {
  return layers.flatMap(({ mask }) => (mask === null || mask.sigma1 === 0 ? [] : [mask]));
}
