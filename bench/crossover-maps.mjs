/** @file The maps of the crossover sections: tables, in which cells we lose, and plots. */

import { ratioMap } from "./plot.mjs";
import { figure, significant, table } from "./text.mjs";

const MAPS = [
  { title: "own dense ÷ blocks", value: ({ denseToBlocks }) => denseToBlocks },
  { title: "own dense ÷ edges", value: ({ denseToEdges }) => denseToEdges },
  { title: "best rival ÷ blocks", value: ({ rivalToBlocks }) => rivalToBlocks?.ratio ?? null },
  { title: "best rival ÷ edges", value: ({ rivalToEdges }) => rivalToEdges?.ratio ?? null },
];
/** The axes: where their cells are in the data, and the cells' key. */
const AXES = [
  { name: "byWidth", key: "width" },
  { name: "byBatch", key: "batch" },
  { name: "byDepth", key: "layers" },
];
/** Rivals' names as short as a table's reader needs them. */
const short = (rival) => rival.replace("PyTorch ", "").replace("onnxruntime-", "ort-");

/** A table for each map, rows by density and columns by `key`, and where we lose. */
function mapTables(cells, key) {
  const columns = [...new Set(cells.map((cell) => cell[key]))];
  const factors = [...new Set(cells.map(({ factor }) => factor))].toSorted((a, b) => a - b);
  const find = (factor, column) => cells.find((cell) => cell.factor === factor && cell[key] === column);
  const show = (found) => (found ? figure(found, 2) : "");
  return [
    ...MAPS.flatMap(({ title, value }) => [
      `*${title}*`,
      table(
        ["density", ...columns.map((column) => (key === "layers" ? `${column} layers` : `${key} ${column}`))],
        factors.map((factor) => [
          `1/${factor}`,
          ...columns.map((column) => {
            const cell = find(factor, column);
            return cell ? show(value(cell)) : "";
          }),
        ]),
      ),
    ]),
    losses(cells, key),
  ].join("\n\n");
}

/** Which cells a rival wins, and which are too close to call, in words. */
function losses(cells, key) {
  return [
    ["Blocks", ({ rivalToBlocks }) => rivalToBlocks],
    ["Edges", ({ rivalToEdges }) => rivalToEdges],
  ]
    .map(([form, against]) => {
      const compared = cells.filter((cell) => against(cell) !== null);
      if (compared.length === 0) return `${form}: no rival to compare with.`;
      const where = (cell) => {
        const { ratio, rival } = against(cell);
        return `${key} ${cell[key]}, density 1/${cell.factor} (${significant(ratio.median, 2)}, ${short(rival)})`;
      };
      const list = (chosen) =>
        chosen
          .toSorted((a, b) => against(a).ratio.median - against(b).ratio.median)
          .map(where)
          .join("; ");
      const lost = compared.filter((cell) => against(cell).ratio.high < 1);
      const even = compared.filter((cell) => against(cell).ratio.high >= 1 && against(cell).ratio.low <= 1);
      return (
        `${form} lose to the best rival in ${lost.length} of ${compared.length} cells${lost.length > 0 ? `: ${list(lost)}` : ""}.` +
        (even.length > 0 ? ` Too close to call, 1 being within the quartiles: ${list(even)}.` : "")
      );
    })
    .join(" ");
}

/** The maps as one plot. */
function mapPlot(work, cells, key) {
  const label = key === "layers" ? "depth" : key;
  return ratioMap({
    name: `crossover-${work}-${label}`,
    alt: `How many times as fast in ${work}, by density and ${label}`,
    xLabel: label,
    yLabel: "density",
    cells: MAPS.flatMap(({ title, value }) =>
      cells.flatMap((cell) => {
        const found = value(cell);
        return found ? [{ x: cell[key], y: `1/${cell.factor}`, facet: title, value: found.median }] : [];
      }),
    ),
  });
}

/** All maps in words and tables. */
export function mapsMarkdown({ peers, slower, ...maps }) {
  const { byWidth, byBatch, byDepth } = maps;
  const layers = [...new Map(byWidth.map((cell) => [cell.width, cell.layers]))]
    .map(([width, count]) => `${count} of width ${width}`)
    .join(", ");
  const titles = {
    byWidth: `**By width**, batch ${byWidth[0].batch}; layers: ${layers}.`,
    byBatch: `**By batch**, ${byBatch[0].layers} layers of width ${byBatch[0].width}.`,
    byDepth: `**By depth**, width ${byDepth[0].width}, batch ${byDepth[0].batch}.`,
  };
  return [
    peers
      .map(({ name, version, absent }) => (absent ? `${name} is absent: ${absent}.` : `${name} ${version}.`))
      .join(" "),
    ...(slower.length > 0 ? [slowerWords(slower)] : []),
    ...agreement(maps),
    ...AXES.flatMap(({ name, key }) => [titles[name], mapTables(maps[name], key)]),
  ].join("\n\n");
}

function slowerWords(slower) {
  const list = slower.map(
    ({ name, places, least, most }) =>
      `${name} (${places} ${places > 1 ? "networks" : "network"}, ${range(least, most)} times)`,
  );
  return (
    "No turns were given to rivals that, in the search for their threads, took over three times as long as another that" +
    ` is as widely usable: ${list.join("; ")}.`
  );
}

function range(least, most) {
  const [low, high] = [least, most].map((value) => significant(value, 2));
  return low === high ? low : `${low} to ${high}`;
}

/**
 * A full mask runs as dense, so where edges are one, they and the dense network are the same: what their ratio is off
 * 1 is the measurement's own error.
 */
export function denseCheck(maps) {
  const ratios = AXES.flatMap(({ name }) => maps[name])
    .filter(({ factor, denseToEdges }) => factor === 1 && denseToEdges !== null)
    .map(({ denseToEdges }) => denseToEdges.median);
  return (
    "At density 1/1 edges run as dense, so that own dense ÷ edges would be 1 but for the measurement's own error: it is" +
    ` ${significant(Math.min(...ratios), 3)} to ${significant(Math.max(...ratios), 3)} over the ${ratios.length} maps' columns.`
  );
}

/** What is measured twice, as two maps have the same network in them, shows how far a cell is to be trusted. */
function agreement(maps) {
  const cells = AXES.flatMap(({ name }) => maps[name]);
  const keyOf = ({ layers, width, batch, factor }) => `${layers} × ${width}, batch ${batch}, 1/${factor}`;
  const pairs = cells.flatMap((cell, i) =>
    cells.slice(i + 1).flatMap((other) => (keyOf(other) === keyOf(cell) ? [[cell, other]] : [])),
  );
  if (pairs.length === 0) return [];
  const off = (values) =>
    pairs.flatMap(([a, b]) =>
      values.flatMap((value) => (value(a) && value(b) ? [value(b).median / value(a).median] : [])),
    );
  const words = (ratios) => range(Math.min(...ratios), Math.max(...ratios));
  return [
    `${pairs.length} cells are in two of the maps, measured minutes apart. The second measurement ÷ the first is` +
      ` ${words(off([({ blocksMs }) => blocksMs, ({ edgesMs }) => edgesMs]))} for the times of blocks and edges, and` +
      ` ${words(off(MAPS.map(({ value }) => value)))} for the ratios in the maps: cells that are no further apart than that cannot be told apart.`,
  ];
}

/** All maps as plots; `work` is the first word of their names and texts. */
export function mapsPlots(work, maps) {
  return AXES.map(({ name, key }) => mapPlot(work, maps[name], key));
}
