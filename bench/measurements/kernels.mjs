/**
 * @file Each kernel alone on one layer of width 128 in the caches, one core, as GFLOP/s and as a fraction of the
 * peak taken in the same rounds, and of what the machine allows at its ratio of arithmetic to memory (the roofline
 * of Williams, Waterman & Patterson, CACM 52(4), 2009).
 */

import { compiledKernels } from "../compile-kernels.mjs";
import {
  bandwidthContestants,
  CALLS,
  DEGREES,
  layerContestants,
  MEMORY_SIZES,
  PASSES,
  peakContestants,
  QUICK_DEGREES,
  WIDTH,
} from "../kernel-contestants.mjs";
import { kernelVariants } from "../machine.mjs";
import { interleave, ratio, spread } from "../measure.mjs";
import { LEAST, peakOf } from "../peak.mjs";
import { Plot, svg } from "../plot.mjs";
import { bytes, figure, significant, table } from "../text.mjs";

export const title = "Kernels, one core";

const SHARDS = [32, 64];

export async function run({ rounds, quick, progress }) {
  const readGBps = await readRates(rounds);
  const layers = [];
  for (const variant of kernelVariants) {
    const module = await compiledKernels(variant);
    for (const shard of quick ? SHARDS.slice(0, 1) : SHARDS) {
      progress(`${variant}, shards of ${shard}`);
      for (const [form, degrees] of Object.entries(quick ? QUICK_DEGREES : DEGREES)) {
        for (const degree of degrees) {
          const shape = { form, degree, shard };
          layers.push({ variant, ...shape, ...(await beside(module, shape, { rounds, readGBps })) });
        }
      }
    }
  }
  return { width: WIDTH, readGBps, layers };
}

/** GB/s of reading from each level of the caches. */
async function readRates(rounds) {
  const reads = bandwidthContestants(await compiledKernels("simd")).filter(({ kind }) => kind === "read");
  const times = await interleave(Object.fromEntries(reads.map(({ level, run }) => [level, run])), {
    rounds: Math.min(rounds, 5),
  });
  return Object.fromEntries(
    reads.map(({ level, bytes: moved }) => [
      level,
      spread(times[level].map((ms) => moved / ms / 1e6)).median,
    ]),
  );
}

/** Rates of the passes and their fractions of the best peak and of their own limit, round by round. */
async function beside(module, { form, degree, shard }, { rounds, readGBps }) {
  const shapes = peakContestants(module);
  const runs = Object.fromEntries(shapes.map(({ name, run }) => [name, run]));
  const times = await interleave(
    { ...layerContestants(module, form, degree, shard), ...runs },
    { rounds, least: LEAST },
  );
  const { peak } = peakOf(times, Object.fromEntries(shapes.map(({ name, flops }) => [name, flops])));
  const passes = PASSES.map((pass) => {
    const { flops, bytes: moved, workingSet } = traffic(pass, form, degree, shard);
    const own = times[pass].map((ms) => (CALLS * flops) / ms / 1e6);
    const memoryBound = (flops / moved) * readGBps[levelOf(workingSet)];
    const limit = peak.map((value) => Math.min(value, memoryBound));
    return [
      pass,
      {
        gflops: spread(own),
        ofPeak: ratio(own, peak),
        ofLimit: ratio(own, limit),
        boundBy: memoryBound < spread(peak).median ? levelOf(workingSet) : "arithmetic",
      },
    ];
  });
  return { peakGflops: spread(peak), ...Object.fromEntries(passes) };
}

/** FLOPs of a pass over the layer, and the bytes that it must read and write at least once each. */
function traffic(pass, form, degree, shard) {
  const weights = 4 * WIDTH * degree;
  const indices = form === "edges" ? weights * (pass === "backward" ? 2 : 1) : 0;
  const activations = 2 * 4 * WIDTH * shard;
  const workingSet = activations + weights + indices;
  return {
    flops: 2 * WIDTH * degree * shard,
    bytes: workingSet + (pass === "gradient" ? weights : 0),
    workingSet,
  };
}

function levelOf(size) {
  return Object.keys(MEMORY_SIZES).find((level) => size <= MEMORY_SIZES[level]);
}

export function markdown({ width, readGBps, layers }) {
  const header = [
    "",
    ...PASSES.map((pass) => `${pass} GFLOP/s`),
    "peak",
    ...PASSES.map((pass) => `${pass} ÷ peak`),
    ...PASSES.map((pass) => `${pass} ÷ own limit`),
  ];
  const limit = ({ ofLimit, boundBy }) =>
    `${significant(ofLimit.median, 2)}${boundBy === "arithmetic" ? "" : ` (${boundBy})`}`;
  const choices = formChoices(layers);
  const levels = Object.entries(MEMORY_SIZES).map(
    ([level, size]) => `${level} (${bytes(size)}) ${significant(readGBps[level])}`,
  );
  return [
    `One ${width} × ${width} layer, weights and samples in the caches. *Peak* is the best multiply+add rate` +
      " of any shape above, taken anew in the rounds of each row. A pass's *own limit* is the peak or, where that is less, the" +
      " rate at which what it must read and write could come from the level of the caches that holds it all (then" +
      ` named in brackets; GB/s of reading: ${levels.join(", ")}).`,
    table(
      header,
      layers.map((layer) => [
        `${layer.form} of degree ${layer.degree}, ${layer.variant}, shard ${layer.shard}`,
        ...PASSES.map((pass) => significant(layer[pass].gflops.median)),
        significant(layer.peakGflops.median),
        ...PASSES.map((pass) => figure(layer[pass].ofPeak, 2)),
        ...PASSES.map((pass) => limit(layer[pass])),
      ]),
    ),
    "**Blocks or edges.** The time of the three passes as edges ÷ that of as many connections as blocks: above 1 blocks" +
      " are faster. Edges here are scattered at random. The engine takes a layer's own form, with two exceptions" +
      " (src/network/representation.ts): edges that are full blocks of side 4 and more run as blocks, and linear layers of" +
      " blocks with a side below 4 and none of 16 or more run as edges. A nearly full irregular mask stays edges" +
      " (docs/performance.md says why). `sao train --verbose` and the certificate say which.",
    table(["degree", ...choices.columns], choices.rows),
  ].join("\n\n");
}

/** Blocks against edges by degree, a column for each build and shard. */
function formChoices(layers) {
  const settings = [...new Set(layers.map(({ variant, shard }) => `${variant}, shard ${shard}`))];
  const time = (form, degree, setting) => {
    const layer = layers.find(
      (one) => one.form === form && one.degree === degree && `${one.variant}, shard ${one.shard}` === setting,
    );
    return layer && PASSES.reduce((sum, pass) => sum + 1 / layer[pass].gflops.median, 0);
  };
  const degrees = [...new Set(layers.filter(({ form }) => form === "edges").map(({ degree }) => degree))];
  return {
    columns: settings,
    rows: degrees
      .filter((degree) => time("blocks", degree, settings[0]) !== undefined)
      .map((degree) => [
        degree,
        ...settings.map((setting) =>
          significant(time("edges", degree, setting) / time("blocks", degree, setting), 2),
        ),
      ]),
  };
}

export function plots({ layers }) {
  const variants = [...new Set(layers.map(({ variant }) => variant))];
  return variants.flatMap((variant) =>
    ["blocks", "edges"].map((form) => {
      const rows = layers.filter(
        (layer) => layer.variant === variant && layer.shard === SHARDS[0] && layer.form === form,
      );
      return kernelPlot(`kernels-${form}-${variant}`, `${form}, ${variant}, shards of ${SHARDS[0]}`, rows);
    }),
  );
}

function kernelPlot(name, what, rows) {
  const points = rows.flatMap((row) =>
    PASSES.map((pass) => ({ degree: row.degree, pass, gflops: row[pass].gflops })),
  );
  const last = points.filter(({ degree }) => degree === rows.at(-1).degree);
  const peak = rows.at(-1).peakGflops.median;
  const text = `Kernels of ${what}: GFLOP/s by degree, and the peak`;
  return {
    name,
    alt: text,
    svg: svg({
      x: { type: "log", base: 2, label: "degree", ticks: rows.map((row) => row.degree), tickFormat: String },
      y: { label: "GFLOP/s", domain: [0, peak * 1.1], grid: true },
      marks: [
        Plot.ruleY([peak], { strokeDasharray: "4 3" }),
        Plot.text([peak], {
          y: (at) => at,
          text: () => "peak",
          frameAnchor: "right",
          textAnchor: "end",
          lineAnchor: "bottom",
          dy: -4,
        }),
        Plot.line(points, { x: "degree", y: ({ gflops }) => gflops.median, stroke: "pass" }),
        Plot.ruleX(points, {
          x: "degree",
          y1: ({ gflops }) => gflops.low,
          y2: ({ gflops }) => gflops.high,
          stroke: "pass",
        }),
        Plot.dot(points, { x: "degree", y: ({ gflops }) => gflops.median, fill: "pass" }),
        Plot.text(apart(last, peak / 20), {
          x: "degree",
          y: "at",
          text: "pass",
          fill: "pass",
          textAnchor: "start",
          dx: 8,
        }),
      ],
    }),
  };
}

/** Labels of the points, moved up from one another by `gap` at least. */
function apart(points, gap) {
  let at = Number.NEGATIVE_INFINITY;
  return points
    .toSorted((a, b) => a.gflops.median - b.gflops.median)
    .map((point) => {
      at = Math.max(point.gflops.median, at + gap);
      return { ...point, at };
    });
}
