/**
 * @file One network in ONNX Runtime, native and wasm, as `sao export --to onnx` writes it in its forms, beside the
 * engine: bytes, time to load, latency at batch 1 and 64, accuracy. Prints JSON. Needs npm ci in bench/.
 *
 *   node bench/exports/onnx.mjs RUN_OR_FILE [--dataset NAME] [--data DIR] [--rounds N] [--threads N]
 *
 * The wasm runtime has one thread whatever is asked for: in Node it starts no workers.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { sizesOf } from "../../dist/formats/onnx/write-network.js";
import { createTrainer, sgd } from "../../dist/index.js";
import { networkInput, sizeOf } from "../../dist/network/layer-shape.js";
import { interleave, ratio, spread } from "../measure.mjs";
import { BATCHES, engineResult, exportNetwork, openTarget, readOptions, temporaryFolder } from "./target.mjs";

/** Flags by form. */
const FORMS = {
  dense: ["dense"],
  fast: ["fast"],
  "fast, small batches": ["fast", ["--small-batches"]],
};
// By name, as both share one registry, in which "cpu" is the native one.
const PROVIDERS = { node: "cpu", web: "wasm" };
const require = createRequire(import.meta.url);
const runtimes = { node: require("onnxruntime-node"), web: require("onnxruntime-web") };
runtimes.web.env.wasm.numThreads = 1;

const options = readOptions("onnx.mjs");
const folder = temporaryFolder();
const { network, test } = await openTarget(options);
const width = sizeOf(networkInput(network));
const sides = sizesOf(networkInput(network));

const models = {};
const bytes = {};
for (const [form, flags] of Object.entries(FORMS)) {
  const out = join(folder, "model.onnx");
  bytes[form] = exportNetwork(options, "onnx", out, flags[0], ["--force", ...(flags[1] ?? [])]).bytes;
  models[form] = readFileSync(out);
}
const { sessions, loadMs } = await openSessions();
const ms = {};
const denseOver = {};
for (const batch of BATCHES) {
  const times = await timeBatch(batch);
  for (const [name, values] of Object.entries(times)) {
    ms[name] ??= {};
    ms[name][`batch${batch}`] = spread(values);
  }
  for (const name of Object.keys(sessions).filter((session) => session.includes("fast"))) {
    const [runtime] = name.split(" ");
    denseOver[name] ??= {};
    denseOver[name][`batch${batch}`] = ratio(times[`${runtime} dense`], times[name]);
  }
}
const result = {
  target: options.target,
  layers: network.layers.length,
  onnxruntime: { node: runtimes.node.env.versions.node, web: runtimes.web.env.versions.web },
  threads: { node: options.threads, web: 1, engine: options.threads },
  bytes,
  loadMs,
  ms,
  denseOver,
  accuracy: test?.labels === undefined ? null : await accuracies(),
  engine: engineResult(options),
};
console.log(JSON.stringify(result, null, 2));

/** A session of each runtime and form, by names such as `node fast`, and how long each took to open. */
async function openSessions() {
  const opened = { sessions: {}, loadMs: {} };
  for (const [runtime, ort] of Object.entries(runtimes)) {
    for (const form of Object.keys(FORMS)) {
      const start = performance.now();
      opened.sessions[`${runtime} ${form}`] = await ort.InferenceSession.create(models[form], {
        executionProviders: [PROVIDERS[runtime]],
        intraOpNumThreads: runtime === "web" ? 1 : options.threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: "all",
      });
      opened.loadMs[`${runtime} ${form}`] = performance.now() - start;
    }
  }
  return opened;
}

/** Milliseconds of one batch by contestant, the engine among them. */
async function timeBatch(batch) {
  const inputs = samples(0, batch);
  const contestants = Object.fromEntries(
    Object.keys(sessions).map((name) => {
      const feeds = { input: tensor(name, inputs, batch) };
      const run = async (count) => {
        for (let i = 0; i < count; i++) await sessions[name].run(feeds);
      };
      return [name, run];
    }),
  );
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: batch,
    threads: options.threads,
  });
  const [mean, deviation] = [Float32Array.of(0), Float32Array.of(1)];
  contestants.engine = (count) => {
    for (let i = 0; i < count; i++) trainer.predict({ count: batch, inputs, mean, deviation });
  };
  try {
    return await interleave(contestants, { rounds: options.rounds });
  } finally {
    trainer.dispose();
  }
}

/** Share of the test samples whose largest output is their label, by session. */
async function accuracies() {
  const shares = {};
  for (const [name, session] of Object.entries(sessions)) {
    let right = 0;
    for (let first = 0; first < test.count; first += 1000) {
      const count = Math.min(1000, test.count - first);
      const { output } = await session.run({ input: tensor(name, samples(first, count), count) });
      const classes = output.data.length / count;
      for (let i = 0; i < count; i++) {
        const scores = output.data.subarray(i * classes, (i + 1) * classes);
        right += scores.indexOf(Math.max(...scores)) === test.labels[first + i] ? 1 : 0;
      }
    }
    shares[name] = right / test.count;
  }
  return shares;
}

/** Rows of the test samples, or numbers of no meaning where there are none. */
function samples(first, count) {
  return test
    ? Float32Array.from(test.inputs.subarray(first * width, (first + count) * width))
    : Float32Array.from({ length: count * width }, (_, k) => Math.cos(k));
}

function tensor(name, inputs, count) {
  const { Tensor } = runtimes[name.split(" ")[0]];
  return new Tensor("float32", inputs, [count, ...sides]);
}
