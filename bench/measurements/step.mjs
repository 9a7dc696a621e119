/**
 * @file One training step (forward, backward, SGD with momentum) of whole networks, beside PyTorch, which gets
 * the best of its thread settings, and TensorFlow.js.
 */

import { classifier, classifierWidths, startEngine } from "../engine.mjs";
import { nonZeros } from "../isosparse.mjs";
import { cores, kernelVariants, usualKernels } from "../machine.mjs";
import { fastest, inProcess, interleave, ratio, spread } from "../measure.mjs";
import { PYTORCH_KINDS, pytorchSettings, startPyTorch } from "../peers/pytorch.mjs";
import { finalists, rank } from "../peers/settings.mjs";
import { startTensorFlow, TENSORFLOW_KINDS } from "../peers/tensorflow.mjs";
import { barPlot } from "../plot.mjs";
import { figure, significant, table } from "../text.mjs";

export const title = "One training step";

const BATCH = 128;
const NETWORKS = [
  { depth: 1000, width: 128, degree: 16 },
  { depth: 100, width: 512, degree: 16 },
];
const QUICK_NETWORKS = [{ depth: 20, width: 128, degree: 16 }];
/** Milliseconds of a turn. */
const LEAST = 200;
/** Samples a shard that suit two threads best at this batch; four threads would have nothing to do. */
const LARGE_SHARD = 64;
/** The width at which TensorFlow.js's own backward pass is measured; it takes minutes of rounds at larger ones. */
const STOCK_WIDTH = 128;

export async function run(context) {
  const { quick, python, progress } = context;
  progress("starting PyTorch and TensorFlow.js");
  const pytorch = await startPyTorch(python);
  const tensorflow = await startTensorFlow();
  const networks = [];
  for (const shape of quick ? QUICK_NETWORKS : NETWORKS) {
    networks.push(await compare(shape, { pytorch, tensorflow }, context));
  }
  for (const peer of [pytorch, tensorflow]) await peer.stop?.();
  return {
    networks,
    pytorch: pytorch.version ?? null,
    tensorflow: tensorflow.version ?? null,
    tensorflowThreads: tensorflow.threads ?? null,
    absent: Object.entries({ PyTorch: pytorch, "TensorFlow.js": tensorflow }).flatMap(([name, { absent }]) =>
      absent ? [{ name, reason: absent }] : [],
    ),
  };
}

async function compare(shape, { pytorch, tensorflow }, { rounds, quick, progress }) {
  const name = `${shape.depth} × ${shape.width}`;
  const ours = await startOurs(shape);
  const options = { rounds: quick ? 2 : rounds, least: quick ? 20 : LEAST, seconds: quick ? 1 : 45 };
  const say = (what) => progress(`${name}: ${what}`);
  const native = await startPyTorchKinds(shape, pytorch, say);
  say("taking turns");
  const turns = await takeTurns(ours.runs, native.rivals, options);
  // In rounds of its own, as its steps are so long that the others would have few.
  const script = await startTensorFlowKinds(shape, tensorflow);
  say("taking turns with TensorFlow.js");
  const usual = ours.names.map((label) => [label, ours.runs[label]]);
  const later = await takeTurns(Object.fromEntries(usual), script, { ...options, seconds: quick ? 1 : 20 });
  for (const { trainer } of ours.engines) trainer.dispose();
  for (const { drop } of [...native.rivals, ...script]) await drop();
  const own = (kernels) => [1, 2].map((threads) => turns.times[label(kernels, threads)]);
  return {
    ...shape,
    batch: BATCH,
    nonZeros: ours.nonZeros,
    rows: [
      ...rowsOf(Object.keys(turns.times), turns, ours),
      ...rowsOf(
        script.map((rival) => rival.name),
        later,
        ours,
      ),
    ],
    leftOut: native.leftOut,
    speedUpOfTwoThreads: kernelVariants
      .filter((kernels) => own(kernels).every(Boolean))
      .map((kernels) => ({ kernels, times: ratio(...own(kernels)) })),
  };
}

/** Rows of these contestants, with ratios to ours of the same rounds. */
function rowsOf(contestants, { times, settings }, { names, nonZeros: count }) {
  const [one, two, large] = names.map((name) => times[name]);
  return contestants.map((contestant) => {
    const ms = times[contestant];
    return {
      contestant,
      ms: spread(ms),
      gflops: spread(ms.map((value) => (6 * count * BATCH) / value / 1e6)),
      toOurs: ratio(ms, two),
      toOursOnOneThread: ratio(ms, one),
      toOurBest: ratio(ms, large),
      settings: settings[contestant] ?? null,
    };
  });
}

/** Times by contestant, and the setting that did best of each rival's finalists. */
async function takeTurns(ours, rivals, options) {
  const contestants = { ...ours };
  for (const { name, tried, train, processOf } of rivals) {
    for (const [i, setting] of finalists(tried).entries()) {
      contestants[`${name} ${i}`] = inProcess(processOf(setting), (count) => train(count, setting));
    }
  }
  const taken = await interleave(contestants, options);
  const times = Object.fromEntries(Object.keys(ours).map((name) => [name, taken[name]]));
  const settings = {};
  for (const { name, tried } of rivals) {
    const best = fastest(
      taken,
      finalists(tried).map((_, i) => `${name} ${i}`),
    );
    times[name] = taken[best];
    settings[name] = { best: tried[Number(best.split(" ").at(-1))], tried };
  }
  return { times, settings };
}

function label(kernels, threads, shard) {
  const shards = shard === undefined ? "" : `, shards of ${shard}`;
  return `isosparse, ${kernels}, ${threads} thread${threads > 1 ? "s" : ""}${shards}`;
}

/** Engines of all kernels; `names`: those of the kernels that this Node picks, by one thread, two, and large shards. */
async function startOurs(shape) {
  const network = classifier(shape);
  const engines = [];
  const runs = {};
  const two = Math.min(2, cores);
  const add = async (kernels, threads, shardSize) => {
    const engine = await startEngine(network, { batch: BATCH, threads, kernels, shardSize });
    engines.push(engine);
    runs[label(kernels, threads, shardSize)] = engine.train;
  };
  for (const kernels of kernelVariants) {
    for (const threads of [1, 2, 4].filter((count) => count <= cores)) await add(kernels, threads);
    await add(kernels, two, LARGE_SHARD);
  }
  const names = [label(usualKernels, 1), label(usualKernels, two), label(usualKernels, two, LARGE_SHARD)];
  const count = network.layers.reduce((sum, layer) => sum + nonZeros(layer.topology), 0);
  return { engines, runs, names, nonZeros: count };
}

/** PyTorch's networks, each with what its thread settings took; of torch.sparse's layouts the faster. */
async function startPyTorchKinds({ depth, width, degree }, pytorch, progress) {
  const all = [];
  for (const [kind, name] of pytorch.absent ? [] : Object.entries(PYTORCH_KINDS)) {
    progress(`${name}, looking for its best threads`);
    const dims = classifierWidths({ depth, width });
    const network = await pytorch.build({ kind, dims, degree, batch: BATCH, loss: "crossEntropy" });
    all.push({ kind, name, ...network, tried: await rank(network.train, pytorchSettings(cores)) });
  }
  const sparse = all
    .filter(({ kind }) => kind === "csr" || kind === "coo")
    .toSorted((a, b) => a.tried[0].ms - b.tried[0].ms);
  for (const { drop } of sparse.slice(1)) await drop();
  return {
    rivals: all.filter((rival) => !sparse.slice(1).includes(rival)),
    leftOut: sparse.slice(1).map(({ name, tried }) => ({ name, ms: tried[0].ms })),
  };
}

async function startTensorFlowKinds(shape, tensorflow) {
  if (tensorflow.absent) return [];
  const rivals = [];
  for (const [kind, name] of Object.entries(TENSORFLOW_KINDS)) {
    if (kind === "stock" && shape.width > STOCK_WIDTH) continue;
    const dims = classifierWidths(shape);
    const network = await tensorflow.build({ kind, dims, batch: BATCH, loss: "crossEntropy" });
    rivals.push({ name, ...network, tried: tensorflow.settings });
  }
  return rivals;
}

export function markdown({ networks, absent, ...versions }) {
  const header = [
    "",
    "ms a step",
    "GFLOP/s of the sparse network",
    "÷ ours, 2 threads",
    "÷ ours, 2 threads, shards of 64",
    "÷ ours, 1 thread",
    "threads",
    "rounds",
  ];
  const threads = (settings) => {
    if (settings === null) return "";
    const { threads: own, blasThreads } = settings.best;
    return blasThreads === undefined ? `${own}` : `${own}, BLAS ${blasThreads}`;
  };
  const parts = networks.flatMap(({ depth, width, degree, batch, nonZeros: count, ...network }) => [
    `**${depth} layers × ${width}, degree ${degree}, batch ${batch}, tanh** (${count} weights)`,
    table(
      header,
      network.rows.map((row) => [
        row.contestant,
        figure(row.ms),
        significant(row.gflops.median),
        figure(row.toOurs),
        figure(row.toOurBest),
        figure(row.toOursOnOneThread),
        threads(row.settings),
        row.ms.rounds,
      ]),
    ),
    ...network.leftOut.map(
      ({ name, ms }) => `${name} is left out: ${significant(ms)} ms in the search for its threads.`,
    ),
    network.speedUpOfTwoThreads
      .map(({ kernels, times }) => `Two threads against one, ${kernels}: ${figure(times)} times as fast.`)
      .join(" "),
  ]);
  return [
    "*Ours* in the ratios is isosparse with the kernels that this Node picks by itself. All of PyTorch's thread settings" +
      " are tried; the two fastest, if within 1.3 times of one another, take turns with ours, and the better is shown." +
      " Masked-dense multiplies weights by masks at every step, as published implementations do; grouped is the same" +
      " sparse network in PyTorch's own batched products; torch.sparse takes its own backward pass. TensorFlow.js runs" +
      ` ${versions.tensorflowThreads ?? "no"} thread in Node: its threaded build does not start there` +
      " (tensorflow/tfjs issue 3830), and version 4.22 starts no threads elsewhere either (issue 8513). *Transposes written" +
      " out* is our own rewriting of its backward pass, the best that we found. It has rounds of its own with ours, whose" +
      " ratios are of those rounds; a contestant whose turn takes over 2 s has three, and nothing uncounted before it.",
    `PyTorch ${versions.pytorch ?? "absent"}, TensorFlow.js ${versions.tensorflow ?? "absent"}.` +
      absent.map(({ name, reason }) => ` ${name} is absent: ${reason}.`).join(""),
    ...parts,
  ].join("\n\n");
}

export function plots({ networks }) {
  return networks.map(({ rows, depth, width, degree, batch }) =>
    barPlot({
      name: `step-${depth}x${width}`,
      alt: `ms a training step: ${depth} × ${width}, degree ${degree}, batch ${batch}`,
      label: "milliseconds a step",
      rows: rows.map(({ contestant, ms }) => ({ name: contestant, value: ms })),
    }),
  );
}
