/**
 * @file Kernel-sparse convolutions: whether a share of the kernels takes that share of the time, pass by pass and
 * in a whole training step, and the step beside PyTorch's.
 */

import { FORMS, formsOf, measurePasses, PASSES, PRODUCTS, SHARD } from "../convolution-passes.mjs";
import { convolutions, startEngine } from "../engine.mjs";
import { cores, kernelVariants, usualKernels } from "../machine.mjs";
import { fastest, inProcess, interleave, ratio, spread } from "../measure.mjs";
import { PYTORCH_CONVOLUTIONS, pytorchSettings, startPyTorch } from "../peers/pytorch.mjs";
import { finalists, rank } from "../peers/settings.mjs";
import { figure, significant, table } from "../text.mjs";

export const title = "Convolutions";

const SHAPE = { channels: 64, side: 16, batch: 64, layers: 3 };
const QUICK_SHAPE = { channels: 16, side: 8, batch: 64, layers: 2 };
/** 1 ÷ share of the kernels kept. */
const FACTORS = [1, 2, 4, 8, 16];
const QUICK_FACTORS = [1, 4];

export async function run({ rounds, quick, python, progress }) {
  const shape = quick ? QUICK_SHAPE : SHAPE;
  const factors = quick ? QUICK_FACTORS : FACTORS;
  const passes = [];
  for (const variant of kernelVariants) {
    progress(`passes, ${variant}`);
    passes.push(...(await measurePasses(variant, shape, factors, { rounds, seconds: quick ? 1 : 10 })));
  }
  const steps = await measureSteps(shape, factors, python, {
    progress,
    options: quick ? { rounds: 2, least: 5, seconds: 1 } : { rounds, least: 60, seconds: 35 },
  });
  return { ...shape, passes, ...steps };
}

/** A whole step at every share, on one thread and on two, beside PyTorch's. */
async function measureSteps(shape, factors, python, { progress, options }) {
  progress("steps: starting PyTorch");
  const pytorch = await startPyTorch(python);
  const ours = await startOurs(shape, factors);
  const rivals = pytorch.absent ? [] : await startRivals(shape, factors, pytorch, progress);
  const contestants = { ...ours.runs };
  for (const { run, key } of rivals.flatMap((rival) => rival.contestants)) contestants[key] = run;
  progress("steps: taking turns");
  const times = await interleave(contestants, options);
  for (const { trainer } of ours.engines) trainer.dispose();
  await pytorch.stop?.();
  const best = rivals.map(({ contestants: own, ...rival }) => {
    const key = fastest(
      times,
      own.map((one) => one.key),
    );
    return { ...rival, ms: times[key], setting: own.find((one) => one.key === key).setting };
  });
  return {
    threads: ours.most,
    steps: ours.rows.map((row) => stepRow(row, shape.layers, times, ours.most, best)),
    rivals: best.map(({ ms, ...rival }) => ({ ...rival, ms: spread(ms) })),
    pytorch: pytorch.version ?? null,
    absent: pytorch.absent ?? null,
  };
}

const stepKey = (form, factor, threads, layers) => `isosparse, ${form}, 1/${factor}, ${threads}, ${layers}`;

function stepRow({ form, factor }, layers, times, most, rivals) {
  /** Milliseconds of a step, and of what a layer adds to it. */
  const taken = (own, its, threads) => {
    const [whole, single] = [layers, 1].map((count) => times[stepKey(own, its, threads, count)]);
    return { whole, layer: whole.map((ms, round) => (ms - single[round]) / (layers - 1)) };
  };
  const at = (threads) => {
    const own = taken(form, factor, threads);
    const dense = taken("blocks", 1, threads);
    const toShare = (what) =>
      ratio(
        own[what],
        dense[what].map((ms) => ms / factor),
      );
    return {
      ms: spread(own.whole),
      toShare: toShare("whole"),
      layerMs: spread(own.layer),
      layerToShare: toShare("layer"),
    };
  };
  const own = times[stepKey(form, factor, most, layers)];
  return {
    form,
    factor,
    one: at(1),
    all: at(most),
    rivals: rivals
      .filter((rival) => rival.factor === null || (rival.factor === factor && form === "blocks"))
      .map(({ name, ms }) => ({ name, toOurs: ratio(ms, own) })),
  };
}

async function startOurs({ channels, side, batch, layers }, factors) {
  const engines = [];
  const runs = {};
  const most = Math.min(2, cores);
  const rows = factors.flatMap((factor) => formsOf(factor).map((form) => ({ form, factor })));
  for (const { form, factor } of rows) {
    for (const count of [1, layers]) {
      const network = convolutions({ layers: count, channels, side, topology: FORMS[form], factor });
      for (const threads of [...new Set([1, most])]) {
        const engine = await startEngine(network, { batch, threads });
        engines.push(engine);
        runs[stepKey(form, factor, threads, count)] = engine.train;
      }
    }
  }
  return { engines, runs, rows, most };
}

/** PyTorch's networks with the thread settings that may be their best; `factor` null: of any share. */
async function startRivals({ channels, side, batch, layers }, factors, pytorch, progress) {
  const rivals = [];
  const kinds = [
    { kind: "conv-masked", factor: null },
    { kind: "conv-dense", factor: null },
    ...factors.filter((factor) => factor > 1).map((factor) => ({ kind: "conv-grouped", factor })),
  ];
  for (const { kind, factor } of kinds) {
    const name = PYTORCH_CONVOLUTIONS[kind];
    progress(`steps: ${name}${factor ? `, ${factor} groups` : ""}, looking for its best threads`);
    const groups = factor ?? factors.at(-1);
    const built = await pytorch.build({ kind, channels, layers, side, groups, batch });
    const contestants = finalists(await rank(built.train, pytorchSettings(cores))).map((setting) => ({
      key: `${name} ${factor} ${setting.threads} ${setting.blasThreads}`,
      setting,
      run: inProcess(built.processOf(setting), (count) => built.train(count, setting)),
    }));
    rivals.push({ name, factor, contestants });
  }
  return rivals;
}

export function markdown({ channels, side, batch, layers, threads, passes, steps, rivals, pytorch, absent }) {
  return [
    `${channels} → ${channels} channels, 3 × 3 taps, ${side} × ${side} pixels, tanh; kernels kept from all to 1/${steps.at(-1).factor},` +
      " in blocks (groups of channels that a de Bruijn layer mixes) and as edges (kernels scattered at random). *÷ share*" +
      " is time ÷ (time with all kernels × share kept): 1 is exactly proportional. FLOPs count the taps that fall on the" +
      " image.",
    `**One pass over one layer**, ${SHARD} samples, one core. Backward of the engine does the tanh's derivative (with the` +
      " bias gradient), the weights' gradient and the input's gradient in one call; the parts are differences of calls with" +
      " and without them. tanh and its derivative are per output, whatever the kernels kept.",
    ...[...new Set(passes.map(({ variant }) => variant))].map((variant) => passTable(variant, passes)),
    `**One training step**, ${layers} such layers, mean over the image, cross-entropy, SGD with momentum, batch ${batch},` +
      ` ${usualKernelsWords(passes)}. PyTorch ${pytorch ?? `is absent: ${absent}`}, each contestant at its best thread` +
      " setting; masked-dense multiplies weights by masks at every step, and takes the same time at any share, as dense" +
      " does; the grouped convolution is the same sparse network as our blocks, with a shuffle of channels between layers.",
    ...stepTables(steps, layers, threads),
    ...(rivals.length > 0
      ? [
          table(
            ["", "ms a step", "threads", "rounds"],
            rivals.map(({ name, factor, ms, setting }) => [
              factor === null ? name : `${name}, ${factor} groups`,
              figure(ms),
              `${setting.threads}, BLAS ${setting.blasThreads}`,
              ms.rounds,
            ]),
          ),
        ]
      : []),
  ].join("\n\n");
}

function usualKernelsWords(passes) {
  return passes.some(({ variant }) => variant !== usualKernels)
    ? "the kernels that this Node picks by itself"
    : `${usualKernels} kernels`;
}

function passTable(variant, passes) {
  return table(
    [
      variant,
      ...PASSES.map((pass) => `${pass}, ms`),
      ...PRODUCTS.map((pass) => `${pass} ÷ share`),
      ...PRODUCTS.map((pass) => `${pass} ÷ peak`),
    ],
    passes
      .filter((row) => row.variant === variant)
      .map(({ form, factor, passes: own }) => [
        nameOf(form, factor),
        ...PASSES.map((pass) => significant(own[pass].ms.median)),
        ...PRODUCTS.map((pass) => figure(own[pass].toShare)),
        ...PRODUCTS.map((pass) => significant(own[pass].ofPeak.median, 2)),
      ]),
  );
}

function stepTables(steps, layers, threads) {
  const against = ({ rivals }, kind) => {
    const rival = rivals.find(({ name }) => name === PYTORCH_CONVOLUTIONS[kind]);
    return rival ? figure(rival.toOurs) : "";
  };
  const kinds = Object.keys(PYTORCH_CONVOLUTIONS);
  return [
    table(
      ["kernels kept", ...[1, threads].flatMap((count) => [`ms, ${threadWords(count)}`, "÷ share"])],
      steps.map(({ form, factor, one, all }) => [
        nameOf(form, factor),
        ...[one, all].flatMap(({ ms, toShare }) => [figure(ms), figure(toShare)]),
      ]),
    ),
    `What a layer adds to the step, (step of ${layers} layers − step of one) ÷ ${layers - 1}: without what a step does besides` +
      " (above all standardising and transposing the batch, in JavaScript on one thread), which is the same at any share.",
    table(
      ["kernels kept", ...[1, threads].flatMap((count) => [`ms a layer, ${threadWords(count)}`, "÷ share"])],
      steps.map(({ form, factor, one, all }) => [
        nameOf(form, factor),
        ...[one, all].flatMap(({ layerMs, layerToShare }) => [figure(layerMs), figure(layerToShare)]),
      ]),
    ),
    `The whole step beside PyTorch's, ours on ${threadWords(threads)}:`,
    table(
      ["kernels kept", ...kinds.map((kind) => `${PYTORCH_CONVOLUTIONS[kind]} ÷ ours`)],
      steps.map((step) => [nameOf(step.form, step.factor), ...kinds.map((kind) => against(step, kind))]),
    ),
  ];
}

function threadWords(count) {
  return `${count} thread${count > 1 ? "s" : ""}`;
}

function nameOf(form, factor) {
  return factor === 1 ? "all" : `1/${factor}, ${form}`;
}
