/** @file The passes over one convolution, on one core, in memory laid out by the engine's own plan. */

import { compiledKernels, kernelBinary } from "./compile-kernels.mjs";
import { convolutions, repeat } from "./engine.mjs";
import { makePlan, networkInput, randomStream, represent, sizeOf, writePlan } from "./isosparse.mjs";
import { peakContestants } from "./kernel-contestants.mjs";
import { kernelModule } from "./kernel-module.mjs";
import { interleave, ratio, spread } from "./measure.mjs";

/** Samples a shard. */
export const SHARD = 32;
/** Topologies by what they run as. */
export const FORMS = { blocks: "sao", edges: "fixed-fan-in" };
export const PASSES = ["forward", "tanh", "derivative", "gradient", "backward"];
/** Passes whose work is in proportion to the kernels. */
export const PRODUCTS = ["forward", "gradient", "backward"];

const TANH = 1;
const TAPS = 9;
const PAGE = 65536;

/** What there is at 1 ÷ share of the kernels: all of them are one block. */
export const formsOf = (factor) => Object.keys(FORMS).filter((form) => factor > 1 || form === "blocks");

/** The passes over one layer at every share, one core; milliseconds of a shard, and ratios to the dense layer's share. */
export async function measurePasses(variant, { channels, side }, factors, options) {
  const contestants = {};
  const rows = factors.flatMap((factor) => formsOf(factor).map((form) => ({ form, factor })));
  for (const { form, factor } of rows) {
    const shape = { channels, side, topology: FORMS[form], factor };
    const runs = await convolutionContestants(variant, shape, SHARD);
    for (const [name, run] of Object.entries(runs)) contestants[`${form} ${factor} ${name}`] = run;
  }
  const peaks = peakContestants(await compiledKernels(variant));
  for (const { name, run } of peaks) contestants[name] = run;
  const times = await interleave(contestants, { least: 8, ...options });
  const peak = peaks
    .map(({ name, flops }) => times[name].map((ms) => flops / ms / 1e6))
    .reduce((a, b) => (spread(a).median >= spread(b).median ? a : b));
  const flops = (factor) => (2 * TAPS * channels ** 2 * insideShare(side) * side ** 2 * SHARD) / factor;
  const own = ({ form, factor }) => passTimes(times, `${form} ${factor}`);
  const dense = own(rows[0]);
  return rows.map((row) => ({
    variant,
    ...row,
    peakGflops: spread(peak),
    passes: Object.fromEntries(
      PASSES.map((pass) => {
        const ms = own(row)[pass];
        const rate = ms.map((value) => flops(row.factor) / value / 1e6);
        return [
          pass,
          {
            ms: spread(ms),
            ...(PRODUCTS.includes(pass) && {
              gflops: spread(rate),
              ofPeak: ratio(rate, peak),
              toShare: ratio(
                ms,
                dense[pass].map((value) => value / row.factor),
              ),
            }),
          },
        ];
      }),
    ),
  }));
}

/** Of the passes one by one: backward does three things in one call, and two of them, and one, are timed too. */
function passTimes(times, name) {
  const of = (what) => times[`${name} ${what}`];
  const minus = (a, b) => a.map((value, round) => value - b[round]);
  return {
    forward: of("forward"),
    tanh: of("tanh"),
    derivative: of("derivative"),
    gradient: minus(of("gradients"), of("derivative")),
    backward: minus(of("backward"), of("gradients")),
  };
}

/** The share of taps that fall on the image and not off its edge. */
function insideShare(side) {
  return ((3 * side - 2) / (3 * side)) ** 2;
}

/**
 * Contestants by what they do: `forward`, `tanh`, `derivative`, `gradients` (derivative and weight gradient) and
 * `backward` (both and the input's gradient), each of one shard of samples.
 */
async function convolutionContestants(variant, shape, shard) {
  const { network } = represent(convolutions({ ...shape, layers: 1, head: false }));
  const plan = makePlan(network, { shardSize: shard, shards: 1, lanes: 1, threads: 1, stateVectors: 0 });
  const binary = await kernelBinary(variant, "convolutions.ts");
  const { kernels, memory } = await kernelModule(binary, Math.ceil(plan.bytes / PAGE) * PAGE);
  fillWithNoise(memory, plan.fields);
  writePlan(plan, memory.buffer);
  const { descriptors: layer, rowBytes, gradients, inputs, arenas, gradientA, gradientB } = plan.fields;
  const [from, to, output] = [arenas + gradientA, arenas + gradientB, kernels.outputOf(layer, arenas)];
  const kind = network.layers[0].topology.kind === "edges" ? "edgeConvolution" : "convolution";
  const backward = (place) => () =>
    kernels[`${kind}Backward`](layer, from, inputs, output, place, arenas, gradients, rowBytes, false);
  const bytes = sizeOf(networkInput(network)) * rowBytes;
  return {
    forward: repeat(() => kernels[`${kind}Forward`](layer, inputs, output, rowBytes)),
    tanh: repeat(() => kernels.activate(TANH, to, bytes)),
    derivative: repeat(() => kernels.derivative(layer, from, output, arenas, gradients, rowBytes)),
    gradients: repeat(backward(0)),
    backward: repeat(backward(to)),
  };
}

/** Numbers between −1 and 1 everywhere from the parameters on: zeros or garbage could be faster or slower than numbers. */
function fillWithNoise(memory, { parameters }) {
  const random = randomStream(12);
  const few = Float32Array.from({ length: 4099 }, () => Math.tanh(random.normal()));
  const values = new Float32Array(memory.buffer, parameters);
  for (let at = 0; at < values.length; at += few.length) {
    values.set(few.subarray(0, Math.min(few.length, values.length - at)), at);
  }
}
