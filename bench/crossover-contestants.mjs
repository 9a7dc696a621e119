/** @file Who takes turns in a group of the crossover maps: ours at each density, and the other libraries. */

import { join } from "node:path";
import { repeatedLayer, startEngine, startRuntime } from "./engine.mjs";
import { cores } from "./machine.mjs";
import { inProcess } from "./measure.mjs";
import { writeModel } from "./peers/onnxruntime.mjs";
import { PYTORCH_KINDS, pytorchSettings } from "./peers/pytorch.mjs";
import { finalists, rank } from "./peers/settings.mjs";
import { TENSORFLOW_KINDS } from "./peers/tensorflow.mjs";

/** Weights above which edges are left out: their index arrays alone take tens of megabytes. */
const MOST_EDGES = 2 ** 22;
/** Weights above which torch.sparse's training is left out, which forms dense gradients. */
const MOST_SPARSE = 2 ** 20;
/** Weights above which ONNX model files, and TensorFlow.js's steps of seconds, are left out. */
const MOST_LARGE = 2 ** 24;
/** The batch from which the engine has work for two threads in inference; below, isosparse/runtime does it on one. */
const ENGINE_BATCH = 64;
/** A rival that takes this many times as long as another that could stand in for it everywhere takes no turns. */
const HOPELESS = 3;

const weightsOf = ({ layers, width }, factor) => (layers * width ** 2) / factor;

function network(shape, topology, factor) {
  return repeatedLayer(shape, { topology, sparsity: 1 - 1 / factor });
}

/** Ours by `"blocks"` or `"edges"` and 1 ÷ density; what they need at the end goes to `cleanup`. */
export async function addOurs(shape, work, cleanup) {
  const contestants = {};
  for (const factor of shape.factors) {
    const edges = weightsOf(shape, factor) <= MOST_EDGES;
    for (const [form, topology] of [["blocks", "sao"], ...(edges ? [["edges", "fixed-fan-in"]] : [])]) {
      const made = network(shape, topology, factor);
      contestants[`${form} ${factor}`] = await ours(made, shape, work, cleanup);
    }
  }
  return contestants;
}

async function ours(made, { batch }, work, cleanup) {
  if (work === "infer" && batch < ENGINE_BATCH) return (await startRuntime(made, { batch })).infer;
  const engine = await startEngine(made, { batch, threads: cores, loss: "meanSquaredError" });
  cleanup.push(() => engine.trainer.dispose());
  return engine[work];
}

/**
 * The other libraries' networks: each with its `name`, the `factor` it is of (1: of any), whether `anyMask` can be asked
 * of it, and contestants, one for each thread setting that may be its best. `slower`: who takes no turns.
 */
export async function addRivals(shape, peers, { folder, cleanup }) {
  const rivals = [];
  const slower = [];
  const add = async ({ name, factor, anyMask }, built, settings, warm) => {
    cleanup.push(built.drop);
    const run = built[peers.work];
    const standIns = rivals.filter(
      (rival) => (rival.factor === 1 || rival.factor === factor) && (rival.anyMask || !anyMask),
    );
    const best = Math.min(...standIns.map(({ ms }) => ms));
    // One setting may be far slower than the best of all.
    const tried = await rank(run, settings, { warm, most: 2 * HOPELESS * best });
    const [{ ms }] = tried;
    if (ms > HOPELESS * best) {
      slower.push({ name, times: ms / best });
      return;
    }
    const contestants = finalists(tried).map((setting, i) => ({
      key: `${name} | ${factor} | ${i}`,
      run: inProcess(built.processOf(setting), (count) => run(count, setting)),
    }));
    rivals.push({ name, factor, anyMask, ms, contestants });
  };
  for (const factor of shape.factors) {
    await addPyTorch(shape, factor, peers, add);
    await addOnnx(shape, factor, peers, { folder, add });
    await addTensorFlow(shape, factor, peers, add);
  }
  return { rivals, slower };
}

async function addPyTorch(shape, factor, { pytorch, work }, add) {
  if (pytorch.absent) return;
  const { layers, width, batch } = shape;
  const sparse = work === "train" ? "coo" : "csr";
  const few = factor > 1 && weightsOf(shape, factor) <= MOST_SPARSE;
  const kinds = [
    ...(factor === 1 ? ["dense"] : ["grouped"]),
    ...(factor === 1 && work === "train" ? ["masked"] : []),
    ...(few ? [sparse] : []),
  ];
  for (const kind of kinds) {
    const dims = Array(layers + 1).fill(width);
    const built = await pytorch.build({
      ...{ kind, dims, batch },
      degree: width / factor,
      loss: "meanSquaredError",
      weights: "normal",
    });
    // An irregular mask rules blocks out.
    await add(
      { name: PYTORCH_KINDS[kind], factor, anyMask: kind !== "grouped" },
      built,
      pytorchSettings(cores),
    );
  }
}

async function addTensorFlow(shape, factor, { tensorflow }, add) {
  if (tensorflow.absent || factor > 1 || weightsOf(shape, 1) > MOST_LARGE) return;
  const { layers, width, batch } = shape;
  const dims = Array(layers + 1).fill(width);
  const built = await tensorflow.build({ kind: "explicit", dims, batch, loss: "meanSquaredError" });
  await add({ name: TENSORFLOW_KINDS.stock, factor, anyMask: true }, built, tensorflow.settings);
}

async function addOnnx(shape, factor, { onnx }, { folder, add }) {
  if (weightsOf(shape, factor) > MOST_LARGE) return;
  const present = onnx.filter(({ peer }) => !peer.absent);
  if (present.length === 0) return;
  const path = join(folder, `${factor}.onnx`);
  await writeModel(network(shape, "sao", factor), factor === 1 ? "dense" : "fast", path);
  for (const { name, peer } of present) {
    const built = await peer.build({ path, width: shape.width, batch: shape.batch });
    const form = factor === 1 ? "dense" : "sparse";
    await add({ name: `${name}, ${form}`, factor, anyMask: factor === 1 }, built, peer.settings, peer.warm);
  }
}
