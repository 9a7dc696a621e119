/** @file What a training run holds in memory, beside what it must hold and beside PyTorch; each in a process of its own. */

import { classifier, classifierWidths } from "../engine.mjs";
import { parameterCount } from "../isosparse.mjs";
import { cores } from "../machine.mjs";
import { PYTORCH_KINDS, startPyTorch } from "../peers/pytorch.mjs";
import { startNode } from "../platform/node.mjs";
import { bytes, significant, table } from "../text.mjs";

export const title = "Memory of a training run";

const SHAPE = { depth: 1000, width: 128, degree: 16 };
const QUICK_SHAPE = { ...SHAPE, depth: 100 };
/** The batch of the target, at which the others are measured too, in the middle. */
const BATCH = 128;
const BATCHES = [8, BATCH, 512];
const RIVALS = ["masked", "dense", "grouped"];
/** The engine's defaults, by which what must be held at once is counted. */
const SHARD = 32;

export async function run({ quick, python, progress }) {
  const shape = quick ? QUICK_SHAPE : SHAPE;
  const network = classifier(shape);
  const units = network.layers.reduce((sum, { topology }) => sum + topology.rows, 0);
  const vector = 4 * parameterCount(network);
  const vectors = { weights: vector, momentum: vector };
  const rows = [];
  for (const batch of BATCHES) {
    const shard = Math.min(SHARD, batch);
    for (const threads of threadCounts(Math.ceil(batch / shard))) {
      progress(`ours, batch ${batch}, threads ${threads}`);
      rows.push({
        name: `isosparse, ${threads} thread${threads > 1 ? "s" : ""}`,
        batch,
        threads,
        needed: 2 * vector + 4 * units * batch,
        held: 2 * vector + 4 * units * Math.min(batch, threads * shard),
        ...(await ours({ ...shape, batch, threads })),
      });
    }
  }
  const absent = [];
  for (const kind of RIVALS) {
    progress(PYTORCH_KINDS[kind]);
    const rival = await pytorchPeak(python, kind, { ...shape, batch: BATCH });
    const needed = 2 * vector + 4 * units * BATCH;
    if (rival.absent) absent.push({ name: PYTORCH_KINDS[kind], reason: rival.absent });
    else rows.push({ name: PYTORCH_KINDS[kind], batch: BATCH, needed, engine: null, growth: rival.bytes });
  }
  return { ...shape, batch: BATCH, vectors, activationsOfOne: 4 * units, rows, absent };
}

function threadCounts(shards) {
  return [...new Set([1, Math.min(2, cores, shards)])];
}

/** The engine's bytes, and how much its process grew at its peak over making the network and two steps. */
async function ours({ depth, width, degree, batch, threads }) {
  const node = await startNode();
  const task = { depth, width, degree, batch, threads };
  const { bytes: engine, run: step } = await node.prepare({ kind: "train", ...task });
  await step(2);
  const { bytes: growth } = await node.ask({ do: "memory" });
  await node.stop();
  return { engine, growth };
}

async function pytorchPeak(python, kind, { degree, batch, ...shape }) {
  const rival = await startPyTorch(python);
  if (rival.absent) return rival;
  const dims = classifierWidths(shape);
  const network = await rival.build({ kind, dims, degree, batch, loss: "crossEntropy" });
  await network.train(2, { threads: 1, blasThreads: 1 });
  const peak = await rival.peakBytes();
  await rival.stop();
  return { bytes: peak };
}

export function markdown({ depth, width, degree, batch, vectors, activationsOfOne, rows, absent }) {
  const size = (count) => (count === null ? "" : bytes(count));
  const share = (count, of) => (count === null || of === undefined ? "" : significant(count / of));
  return [
    `${depth} × ${width}, degree ${degree}, SGD with momentum. *Needed*: ${Object.entries(vectors)
      .map(([name, count]) => `${name} ${bytes(count)}`)
      .join(
        ", ",
      )} and activations of the whole batch, ${bytes(activationsOfOne)} a sample (at batch ${batch}` +
      ` ${bytes(activationsOfOne * batch)}), which a framework that goes layer by layer holds. *Held at once*: the same with the` +
      ` activations of ${SHARD} samples a thread, as the engine carries so many at a time through the network; what it takes` +
      " beyond that is mostly gradients, of which there are up to four partial sums (two where the threads are few and each lane has one shard), so" +
      " that the result does not depend on the threads. *Engine* is its whole WebAssembly memory: weights, gradients, momentum, activations, index arrays" +
      " and the batch. *Process* is the growth of the resident set, at its peak, since Node started with the package" +
      " loaded, or torch was imported; ours has making the network in it, and the network itself, in JavaScript.",
    table(
      ["", "batch", "engine", "÷ needed", "÷ held at once", "process", "÷ needed", "÷ held at once"],
      rows.map(({ name, batch: own, engine, growth, needed, held }) => [
        name,
        own,
        size(engine),
        share(engine, needed),
        share(engine, held),
        size(growth),
        share(growth, needed),
        share(growth, held),
      ]),
    ),
    ...absent.map(({ name, reason }) => `${name} is absent: ${reason}.`),
  ].join("\n\n");
}
