/**
 * @file The main figures of ours on other Nodes and in headless Chromium, all taking turns with this Node and with the
 * rivals that the targets name. A column a place; columns of places that are not measured again are kept.
 */

import { kernelBinary } from "../compile-kernels.mjs";
import { classifier, classifierWidths } from "../engine.mjs";
import { CALLS, DEGREES, PASSES, PEAK_SHAPES, QUICK_DEGREES, WIDTH } from "../kernel-contestants.mjs";
import { cores, kernelVariants, occasion } from "../machine.mjs";
import { inProcess, interleave, ratio, spread } from "../measure.mjs";
import { LEAST, peakOf } from "../peak.mjs";
import { startOnnxRuntime, writeModel } from "../peers/onnxruntime.mjs";
import { PYTORCH_KINDS, pytorchSettings, startPyTorch } from "../peers/pytorch.mjs";
import { rank } from "../peers/settings.mjs";
import { SHARD } from "../platform/columns.mjs";
import { startPlaces } from "../platform/places.mjs";
import { temporaryFolder } from "../temporary-folder.mjs";

export { markdown } from "../platform/columns.mjs";

export const title = "Other Nodes, and a browser";

const BATCH = 128;
const DEEP = { depth: 1000, width: 128, degree: 16 };
const WIDE = { depth: 100, width: 512, degree: 16 };
const nameOf = ({ depth, width }) => `${depth} × ${width}`;

export async function run({ rounds, quick, node, browser, python, progress }) {
  progress("starting other Nodes, Chromium and the other libraries");
  const { places, absent } = await startPlaces(node, browser);
  const options = quick ? { rounds: 2, seconds: 1 } : { rounds, seconds: 20 };
  const binaries = {};
  for (const variant of kernelVariants) {
    binaries[variant] = Buffer.from(await kernelBinary(variant)).toString("base64");
  }
  try {
    for (const { ask } of places) await ask({ do: "binaries", modules: binaries });
    const deep = quick ? { ...DEEP, depth: 20 } : DEEP;
    const wide = quick ? { ...WIDE, depth: 4 } : WIDE;
    progress("networks");
    const networks = await networkTimes(places, { deep, wide }, python, {
      ...options,
      least: quick ? 5 : 100,
    });
    const kernels = {};
    for (const variant of kernelVariants) {
      progress(`kernels, ${variant}`);
      kernels[variant] = await kernelRates(places, variant, quick ? QUICK_DEGREES : DEGREES, {
        ...options,
        least: quick ? 2 : LEAST,
      });
    }
    progress("TensorFlow.js");
    const shape = { ...deep, depth: deep.depth / 10 };
    const tensorflow = await tensorflowTimes(places, shape, {
      ...options,
      least: quick ? 5 : 60,
      seconds: 12,
    });
    const when = occasion();
    const columns = places.map((place, i) => ({
      ...{ name: place.name, usual: place.usual, when, ...networks[i] },
      kernels: Object.fromEntries(kernelVariants.map((variant) => [variant, kernels[variant][i]])),
      tensorflow: tensorflow[i],
    }));
    return { deep: nameOf(deep), wide: nameOf(wide), shallow: nameOf(shape), columns, absent };
  } finally {
    for (const { stop } of places) await stop();
  }
}

/** Columns of an earlier run whose places were not measured again stay, behind the fresh ones. */
export function join(earlier, fresh) {
  const kept = earlier.columns.filter(({ name }) => fresh.columns.every((column) => column.name !== name));
  return { ...fresh, columns: [...fresh.columns, ...kept] };
}

/** Prepares each task in each place; times by task and place number. */
async function compareTasks(places, tasks, rivals, options) {
  const contestants = { ...rivals };
  const facts = {};
  const prepared = [];
  for (const [name, task] of Object.entries(tasks)) {
    for (const [i, place] of places.entries()) {
      const { run, drop, ...told } = await place.prepare(task);
      contestants[`${name} | ${i}`] = inProcess(place.name, run);
      facts[name] = told;
      prepared.push(drop);
    }
  }
  // A place's contestants together, so that few turns need a rest before them.
  const process = ([, run]) => `${run.process}`;
  const sorted = Object.entries(contestants).toSorted((a, b) => process(a).localeCompare(process(b)));
  const times = await interleave(Object.fromEntries(sorted), options);
  for (const drop of prepared) await drop();
  return { facts, times, of: (name, i) => times[`${name} | ${i}`] };
}

/** By place: milliseconds of the main networks, ratios to the first place's, and how many times rivals take. */
async function networkTimes(places, { deep, wide }, python, options) {
  const threads = Math.min(2, cores);
  const names = {
    one: `step, ${nameOf(deep)}, 1 thread`,
    two: `step, ${nameOf(deep)}, ${threads} threads`,
    wideOne: `step, ${nameOf(wide)}, 1 thread`,
    wide: `step, ${nameOf(wide)}, ${threads} threads`,
    infer: `inference of one sample, ${nameOf(deep)}`,
  };
  const tasks = {
    [names.one]: { kind: "train", ...deep, threads: 1 },
    [names.two]: { kind: "train", ...deep, threads },
    [names.wideOne]: { kind: "train", ...wide, threads: 1 },
    [names.wide]: { kind: "train", ...wide, threads },
    [names.infer]: { kind: "infer", ...deep, batch: 1 },
  };
  const rivals = await startRivals({ deep, wide }, python);
  const { of, times } = await compareTasks(places, tasks, rivals.runs, options);
  await rivals.stop();
  const against = (name, task, i) => times[name] && { task, name, toOurs: ratio(times[name], of(task, i)) };
  return places.map((_, i) => ({
    networks: Object.keys(tasks).map((task) => ({
      task,
      ms: spread(of(task, i)),
      toFirst: ratio(of(task, i), of(task, 0)),
    })),
    speedUpOfTwoThreads: ratio(of(names.one, i), of(names.two, i)),
    speedUpOfTwoThreadsWide: ratio(of(names.wideOne, i), of(names.wide, i)),
    rivals: [
      against(rivals.names.deep, names.two, i),
      against(rivals.names.wide, names.wide, i),
      against(rivals.names.infer, names.infer, i),
    ].filter(Boolean),
  }));
}

/** PyTorch masked-dense on both networks and onnxruntime-node on the dense one, each with its best threads. */
async function startRivals({ deep, wide }, python) {
  const pytorch = await startPyTorch(python);
  const onnx = await startOnnxRuntime("onnxruntime-node", [...new Set([1, cores])]);
  const folder = await temporaryFolder();
  const names = {
    deep: `${PYTORCH_KINDS.masked}, ${nameOf(deep)}`,
    wide: `${PYTORCH_KINDS.masked}, ${nameOf(wide)}`,
    infer: `onnxruntime-node, dense, ${nameOf(deep)}`,
  };
  const runs = {};
  const add = async (name, built, work, settings) => {
    const [best] = await rank(built[work], settings);
    runs[name] = inProcess(built.processOf(best), (count) => built[work](count, best));
  };
  for (const [name, shape] of pytorch.absent
    ? []
    : [
        [names.deep, deep],
        [names.wide, wide],
      ]) {
    const dims = classifierWidths(shape);
    const network = { kind: "masked", dims, degree: shape.degree, batch: BATCH, loss: "crossEntropy" };
    await add(name, await pytorch.build(network), "train", pytorchSettings(cores));
  }
  if (!onnx.absent) {
    const path = `${folder.path}/dense.onnx`;
    await writeModel(classifier(deep), "dense", path);
    const built = await onnx.build({ path, width: classifierWidths(deep)[0], batch: 1 });
    await add(names.infer, built, "infer", onnx.settings);
  }
  return {
    names,
    runs,
    stop: async () => {
      folder.remove();
      for (const peer of [pytorch, onnx]) await peer.stop?.();
    },
  };
}

/** By place: the peak, each kernel's rate and its fraction of it, and tanh. */
async function kernelRates(places, variant, degrees, options) {
  const passes = Object.entries(degrees).flatMap(([form, list]) =>
    list.flatMap((degree) => PASSES.map((pass) => ({ form, degree, pass }))),
  );
  const name = ({ form, degree, pass }) => `${form} of degree ${degree}, ${pass}`;
  const tasks = {
    ...Object.fromEntries(
      passes.map((kernel) => [name(kernel), { kind: "kernel", variant, shard: SHARD, ...kernel }]),
    ),
    ...Object.fromEntries(PEAK_SHAPES.map((shape) => [shape, { kind: "peak", variant, shape }])),
    tanh: { kind: "tanh", variant, shard: SHARD },
  };
  const { facts, of } = await compareTasks(places, tasks, {}, options);
  return places.map((_, i) => {
    const { peak } = peakOf(
      Object.fromEntries(PEAK_SHAPES.map((shape) => [shape, of(shape, i)])),
      Object.fromEntries(PEAK_SHAPES.map((shape) => [shape, facts[shape].flops])),
    );
    return {
      peakGflops: spread(peak),
      passes: passes.map((kernel) => {
        const flops = CALLS * 2 * WIDTH * kernel.degree * SHARD;
        const own = of(name(kernel), i).map((ms) => flops / ms / 1e6);
        return { ...kernel, name: name(kernel), gflops: spread(own), ofPeak: ratio(own, peak) };
      }),
      tanhNs: spread(of("tanh", i).map((ms) => (ms * 1e6) / (WIDTH * SHARD))),
    };
  });
}

/** By place: a dense step of TensorFlow.js there beside ours of the same shape; null where it is absent. */
async function tensorflowTimes(places, shape, options) {
  const results = [];
  for (const place of places) {
    const tensorflow = await place.tensorflow();
    if (tensorflow === null) {
      results.push(null);
      continue;
    }
    const network = { kind: "explicit", dims: classifierWidths(shape), batch: BATCH, loss: "crossEntropy" };
    const theirs = await tensorflow.build(network);
    const ours = await place.prepare({ kind: "train", ...shape, threads: Math.min(2, cores) });
    const contestants = {
      ours: inProcess("ours", ours.run),
      theirs: inProcess("theirs", (count) => theirs.train(count)),
    };
    const times = await interleave(contestants, options);
    await ours.drop();
    await tensorflow.stop?.();
    results.push({
      version: tensorflow.version,
      threads: tensorflow.threads,
      ms: spread(times.theirs),
      oursMs: spread(times.ours),
      toOurs: ratio(times.theirs, times.ours),
    });
  }
  return results;
}
