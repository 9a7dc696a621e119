/** @file What the machine can do at best: multiply+add on registers, and moving bytes. One core. */

import { compiledKernels } from "../compile-kernels.mjs";
import { bandwidthContestants, MEMORY_SIZES, peakContestants } from "../kernel-contestants.mjs";
import { kernelVariants } from "../machine.mjs";
import { interleave, spread } from "../measure.mjs";
import { LEAST, peakOf } from "../peak.mjs";
import { bytes, figure, table } from "../text.mjs";

export const title = "The machine's limits, one core";

export async function run({ rounds, progress }) {
  const gflops = {};
  for (const variant of kernelVariants) {
    progress(variant);
    const contestants = peakContestants(await compiledKernels(variant));
    const times = await interleave(runs(contestants), { rounds, least: LEAST });
    const { rates } = peakOf(times, Object.fromEntries(contestants.map(({ name, flops }) => [name, flops])));
    gflops[variant] = Object.fromEntries(Object.entries(rates).map(([name, rate]) => [name, spread(rate)]));
  }
  progress("memory");
  const contestants = bandwidthContestants(await compiledKernels("simd"));
  const times = await interleave(runs(contestants), { rounds, least: 15 });
  const bandwidth = contestants.map(({ name, kind, level, bytes: moved }) => ({
    kind,
    level,
    gbps: spread(times[name].map((ms) => moved / ms / 1e6)),
  }));
  return { gflops, bandwidth };
}

function runs(contestants) {
  return Object.fromEntries(contestants.map(({ name, run }) => [name, run]));
}

export function markdown({ gflops, bandwidth }) {
  const names = Object.keys(gflops);
  const shapes = Object.keys(gflops[names[0]]);
  const kinds = [...new Set(bandwidth.map(({ kind }) => kind))];
  const levels = Object.keys(MEMORY_SIZES);
  const gbps = (kind, level) => bandwidth.find((entry) => entry.kind === kind && entry.level === level).gbps;
  return [
    "Multiply+add of 4 floats (fused with relaxed SIMD), GFLOP/s. A *chain* is a ← a·m + b; *products* are" +
      " a ← a + w·x with weights in registers and samples from the first-level cache. The best of all is the *peak*." +
      " The kernels' fractions below are not of the peak here: the section on kernels times the same shapes in the same" +
      " way again in the rounds of each of its rows, as the rate of one and the same loop moves by a few percent" +
      " between parts of a run.",
    table(
      ["", ...names],
      shapes.map((shape) => [shape, ...names.map((name) => figure(gflops[name][shape]))]),
    ),
    "Moving bytes over and over within so many, GB/s. A copy reads one half and writes the other; both count.",
    table(
      ["", ...levels.map((level) => `${level}: ${bytes(MEMORY_SIZES[level])}`)],
      kinds.map((kind) => [kind, ...levels.map((level) => figure(gbps(kind, level)))]),
    ),
  ].join("\n\n");
}
