/** @file Running whole networks: one sample at a time and a batch at once, beside onnxruntime, PyTorch and TensorFlow.js. */

import { join } from "node:path";
import { classifier, classifierWidths, startEngine, startRuntime } from "../engine.mjs";
import { cores, kernelVariants, usualKernels } from "../machine.mjs";
import { fastest, inProcess, interleave, ratio, spread } from "../measure.mjs";
import { ONNX_FORMS, ONNX_RUNTIMES, startOnnxRuntime, writeModel } from "../peers/onnxruntime.mjs";
import { PYTORCH_KINDS, pytorchSettings, startPyTorch } from "../peers/pytorch.mjs";
import { finalists, rank } from "../peers/settings.mjs";
import { startTensorFlow, TENSORFLOW_KINDS } from "../peers/tensorflow.mjs";
import { barPlot } from "../plot.mjs";
import { temporaryFolder } from "../temporary-folder.mjs";
import { figure, table } from "../text.mjs";

export const title = "Inference";

const SHAPE = { depth: 1000, width: 128, degree: 16 };
const QUICK_SHAPE = { ...SHAPE, depth: 50 };
const BATCHES = [1, 128];

export async function run({ rounds, quick, python, progress }) {
  const shape = quick ? QUICK_SHAPE : SHAPE;
  const threadCounts = [...new Set([1, cores])];
  progress("starting the other libraries");
  const peers = {
    ...Object.fromEntries(
      await Promise.all(
        ONNX_RUNTIMES.map(async (name) => [name, await startOnnxRuntime(name, threadCounts)]),
      ),
    ),
    PyTorch: await startPyTorch(python),
    "TensorFlow.js": await startTensorFlow(),
  };
  const folder = await temporaryFolder();
  const network = classifier(shape);
  const batches = [];
  try {
    const paths = {};
    for (const form of Object.keys(ONNX_FORMS)) {
      paths[form] = join(folder.path, `${form}.onnx`);
      await writeModel(network, form, paths[form]);
    }
    for (const batch of quick ? BATCHES.slice(0, 1) : BATCHES) {
      const options = { rounds: quick ? 2 : rounds, least: quick ? 10 : 60, seconds: quick ? 1 : 25 };
      const rivals = await startRivals({ ...shape, batch, paths }, peers, (what) =>
        progress(`batch ${batch}: ${what}`),
      );
      progress(`batch ${batch}: taking turns`);
      batches.push({ batch, rows: await takeTurns(network, batch, rivals, options) });
      for (const { drop } of rivals) await drop();
    }
  } finally {
    folder.remove();
    for (const peer of Object.values(peers)) await peer.stop?.();
  }
  return {
    ...shape,
    batches,
    peers: Object.entries(peers).map(([name, { version, absent }]) => ({
      name,
      version: version ?? null,
      absent: absent ?? null,
    })),
  };
}

async function startRivals({ batch, paths, ...shape }, peers, progress) {
  const dims = classifierWidths(shape);
  const rivals = [];
  const add = async (name, network, settings, warm = 0) => {
    progress(`${name}, looking for its best threads`);
    rivals.push({ name, ...network, finalists: finalists(await rank(network.infer, settings, { warm })) });
  };
  for (const runtime of ONNX_RUNTIMES.filter((name) => !peers[name].absent)) {
    for (const [form, words] of Object.entries(ONNX_FORMS)) {
      const network = await peers[runtime].build({ path: paths[form], width: dims[0], batch });
      await add(`${runtime}, ${words}`, network, peers[runtime].settings, peers[runtime].warm);
    }
  }
  for (const kind of peers.PyTorch.absent ? [] : ["dense", "grouped", "csr"]) {
    const common = { dims, degree: shape.degree, batch, loss: "crossEntropy" };
    const network = await peers.PyTorch.build({ kind, ...common });
    await add(PYTORCH_KINDS[kind], network, pytorchSettings(cores));
  }
  const tensorflow = peers["TensorFlow.js"];
  if (!tensorflow.absent) {
    const network = await tensorflow.build({ kind: "stock", dims, batch, loss: "crossEntropy" });
    await add(TENSORFLOW_KINDS.stock, network, tensorflow.settings);
  }
  return rivals;
}

async function takeTurns(network, batch, rivals, options) {
  const ours = await startOurs(network, batch);
  const contestants = { ...ours.runs };
  for (const rival of rivals) {
    for (const [i, setting] of rival.finalists.entries()) {
      contestants[`${rival.name} ${i}`] = inProcess(rival.processOf(setting), (count) =>
        rival.infer(count, setting),
      );
    }
  }
  const times = await interleave(contestants, options);
  ours.dispose();
  const best = times[fastest(times, ours.usual)];
  const row = (contestant, ms, setting) => ({ contestant, ms: spread(ms), toOurs: ratio(ms, best), setting });
  return [
    ...Object.keys(ours.runs).map((name) => row(name, times[name], null)),
    ...rivals.map(({ name, finalists: settings }) => {
      const keys = settings.map((_, i) => `${name} ${i}`);
      const key = fastest(times, keys);
      return row(name, times[key], settings[keys.indexOf(key)]);
    }),
  ];
}

/** Our contestants, and the names of those with the kernels that this Node picks by itself. */
async function startOurs(network, batch) {
  const runs = {};
  const engines = [];
  const usual = [];
  const add = (name, kernels, infer) => {
    runs[name] = infer;
    if (kernels === usualKernels) usual.push(name);
  };
  for (const kernels of kernelVariants) {
    const { infer } = await startRuntime(network, { batch, kernels });
    add(`isosparse runtime, ${kernels}, 1 thread`, kernels, infer);
    // The engine has work for as many threads as there are shards of 32 samples.
    const threads = Math.min(cores, Math.ceil(batch / 32));
    const engine = await startEngine(network, { batch, threads, kernels });
    engines.push(engine);
    add(label(kernels, threads), kernels, engine.infer);
  }
  return { runs, usual, dispose: () => engines.map(({ trainer }) => trainer.dispose()) };
}

function label(kernels, threads) {
  return `isosparse engine, ${kernels}, ${threads} thread${threads > 1 ? "s" : ""}`;
}

export function markdown({ depth, width, degree, batches, peers }) {
  const threads = (setting) =>
    setting === null
      ? ""
      : setting.blasThreads === undefined
        ? `${setting.threads}`
        : `${setting.threads}, BLAS ${setting.blasThreads}`;
  return [
    `${depth} layers × ${width}, degree ${degree}, tanh. *Ours* in the ratios is the faster of isosparse/runtime, which` +
      " has one thread, and the engine that trains, with the kernels that this Node picks by itself. Each other library" +
      " runs with its best number of threads; where two are close, both take turns. onnxruntime runs the models that `sao export --to onnx` writes.",
    peers
      .map(({ name, version, absent }) => (absent ? `${name} is absent: ${absent}.` : `${name} ${version}.`))
      .join(" "),
    ...batches.flatMap(({ batch, rows }) => [
      `**Batch ${batch}**`,
      table(
        ["", "ms", "÷ ours", "threads"],
        rows.map((row) => [row.contestant, figure(row.ms), figure(row.toOurs), threads(row.setting)]),
      ),
    ]),
  ].join("\n\n");
}

export function plots({ depth, width, degree, batches }) {
  return batches.map(({ batch, rows }) =>
    barPlot({
      name: `inference-${depth}x${width}-batch-${batch}`,
      alt: `ms a run: ${depth} × ${width}, degree ${degree}, batch ${batch}`,
      label: "milliseconds",
      rows: rows.map(({ contestant, ms }) => ({ name: contestant, value: ms })),
    }),
  );
}
