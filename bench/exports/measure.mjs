/**
 * @file One network in every runtime that it can be exported to, beside the engine: bytes, milliseconds to load,
 * latency of one sample and of 64, accuracy and distance from the engine's outputs. Prints JSON.
 */

import { parseArgs } from "node:util";
import { inProcess, interleave, ratio, spread } from "../measure.mjs";
import { publicReason } from "../peers/process.mjs";
import { temporaryFolder } from "../temporary-folder.mjs";
import { quality } from "./quality.mjs";
import { openSubject } from "./subject.mjs";

const usage = `usage: node bench/exports/measure.mjs RUN_OR_FILE [--dataset NAME] [--data DIR] [--only NAMES]
         [--rounds N] [--test N] [--threads N] [--python PATH]

  --only NAMES   of engine, runtime, onnxruntime-node, onnxruntime-web, tensorflow, pytorch, c, separated by commas
  --rounds N     turns of each (default 9)
  --test N       test samples that outputs are compared on (default 1000)
  --threads N    of those that can have more than one (default 1)
  --python PATH  one that can import torch (default /usr/bin/python3)`;

/** What opens each runtime: `{ forms, … }` or, where it is not installed, `{ absent: reason }`. */
const RUNTIMES = {
  engine: async () => (await import("./runtimes/engine.mjs")).open,
  runtime: async () => (await import("./runtimes/runtime.mjs")).open,
  "onnxruntime-node": async () => (await import("./runtimes/onnxruntime.mjs")).openNative,
  "onnxruntime-web": async () => (await import("./runtimes/onnxruntime.mjs")).openWeb,
  tensorflow: async () => (await import("./runtimes/tensorflow.mjs")).open,
  pytorch: async () => (await import("./runtimes/pytorch.mjs")).open,
  c: async () => (await import("./runtimes/c.mjs")).open,
};
/** Samples at a time. */
const BATCHES = [1, 64];
/** Which form of a runtime is the full one; the engine has none. */
const isFull = (form) => /^(dense|masked)/.test(form);

const options = readOptions();
const { path: folder, remove } = await temporaryFolder();
try {
  console.log(JSON.stringify(await measure(options)));
} finally {
  remove();
}
process.exit();

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        dataset: { type: "string" },
        data: { type: "string" },
        only: { type: "string", default: Object.keys(RUNTIMES).join(",") },
        rounds: { type: "string", default: "9" },
        test: { type: "string", default: "1000" },
        threads: { type: "string", default: "1" },
        python: { type: "string", default: "/usr/bin/python3" },
      },
    });
    if (positionals.length !== 1) throw new Error("give one run folder or network file");
    const names = values.only.split(",");
    const unknown = names.find((name) => RUNTIMES[name] === undefined);
    if (unknown !== undefined) throw new Error(`--only: there is no "${unknown}"`);
    const numbers = Object.fromEntries(
      ["rounds", "test", "threads"].map((name) => {
        const value = Number(values[name]);
        if (!(Number.isInteger(value) && value > 0))
          throw new Error(`--${name} takes a whole number from 1 on`);
        return [name, value];
      }),
    );
    return { target: positionals[0], ...values, ...numbers, names };
  } catch ({ message }) {
    console.error(`${message}\n${usage}`);
    process.exit(2);
  }
}

async function measure({ target, names, rounds, test, threads, python, ...data }) {
  const subject = await openSubject(target, data);
  const opened = {};
  for (const name of names)
    opened[name] = await openRuntime(name, { ...subject, folder, threads, python, batches: BATCHES });
  const present = Object.entries(opened).filter(([, { absent }]) => absent === undefined);
  const contestants = present.flatMap(([runtime, { forms, ...common }]) =>
    Object.entries(forms).map(([form, own]) => ({
      name: `${runtime} ${form}`,
      runtime,
      form,
      ...common,
      ...own,
    })),
  );
  const times = {};
  for (const batch of BATCHES) times[batch] = await timeAll(contestants, subject, batch, rounds);
  const tested = Math.min(test, subject.count);
  const outputs = await outputsOf(contestants, subject, tested);
  for (const { close } of Object.values(opened)) await close?.();
  return {
    layers: subject.network.layers.length,
    dataset: subject.dataset,
    tested,
    runtimes: Object.fromEntries(
      Object.entries(opened).map(([name, { forms, close, process, onlyBatch, ...said }]) => [name, said]),
    ),
    results: Object.fromEntries(
      contestants.map(({ name, runtime, form, bytes, ram, loadMs, memoryBytes, compileSeconds }) => [
        name,
        {
          ...{ runtime, form, bytes, ram, loadMs, memoryBytes, compileSeconds },
          ms: figures(times, name),
          fullOver: isFull(form) ? undefined : fullOver(times, contestants, { name, runtime, form }),
          ...quality(outputs[name], subject.labels.subarray(0, tested), outputs["engine fast"]),
        },
      ]),
    ),
  };
}

async function openRuntime(name, subject) {
  try {
    const open = await RUNTIMES[name]();
    return await open(subject);
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND" || error.code === "ERR_MODULE_NOT_FOUND") {
      return { absent: publicReason(error.message) };
    }
    throw error;
  }
}

/** Milliseconds a prediction of `batch` samples, round by round, by contestant. */
async function timeAll(contestants, { samples }, batch, rounds) {
  const inputs = samples(0, batch);
  const turns = {};
  for (const { name, onlyBatch, process, timed, predict } of contestants) {
    if (onlyBatch !== undefined && onlyBatch !== batch) continue;
    const run =
      timed === undefined
        ? async (times) => {
            for (let i = 0; i < times; i++) await predict(inputs, batch);
          }
        : await timed(inputs);
    turns[name] = inProcess(process ?? "this", run);
  }
  return interleave(turns, { rounds, seconds: 90 });
}

/** Outputs for the first `count` test samples, by contestant. */
async function outputsOf(contestants, { samples }, count) {
  const outputs = {};
  const most = BATCHES.at(-1);
  for (const { name, predict } of contestants) {
    const parts = [];
    for (let first = 0; first < count; first += most) {
      const part = Math.min(most, count - first);
      parts.push(...(await predict(samples(first, part), part)));
    }
    outputs[name] = Float32Array.from(parts);
  }
  return outputs;
}

function figures(times, name) {
  return Object.fromEntries(
    BATCHES.filter((batch) => times[batch][name]).map((batch) => [batch, spread(times[batch][name])]),
  );
}

/** Time of the runtime's full form over this form's, by batch, taken within each round. */
function fullOver(times, contestants, { name, runtime, form }) {
  const precision = form.split(" ")[1] ?? "";
  const full = contestants.find(
    (other) =>
      other.runtime === runtime && isFull(other.form) && (runtime !== "c" || other.form.endsWith(precision)),
  );
  if (full === undefined) return undefined;
  return Object.fromEntries(
    BATCHES.filter((batch) => times[batch][name]).map((batch) => [
      batch,
      ratio(times[batch][full.name], times[batch][name]),
    ]),
  );
}
