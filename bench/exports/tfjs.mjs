/**
 * @file One network in TensorFlow.js (wasm backend, SIMD, one thread) as `sao export --to tfjs` writes it, stock dense
 * layers and fast ones: bytes, latency at batch 1 and 64, accuracy. Prints JSON. Needs npm ci in bench/.
 *
 *   node bench/exports/tfjs.mjs RUN_OR_FILE [--dataset NAME] [--data DIR] [--rounds N]
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { networkInput, sizeOf } from "../../dist/network/layer-shape.js";
import { isosparseLayers } from "../../dist/tfjs/index.js";
import {
  BATCHES,
  engineResult,
  exportNetwork,
  openTarget,
  readOptions,
  spread,
  temporaryFolder,
} from "./target.mjs";

// Its CommonJS bundles: what Node's import finds of it are modules without the extensions that Node wants.
const require = createRequire(import.meta.url);
const tf = { ...require("@tensorflow/tfjs-core"), ...require("@tensorflow/tfjs-layers") };
const wasm = require("@tensorflow/tfjs-backend-wasm");

const options = readOptions("tfjs.mjs");
wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
await tf.setBackend("wasm");
isosparseLayers(tf);

const folder = temporaryFolder();
const { network, test } = await openTarget(options);
const width = sizeOf(networkInput(network));
const bytes = {};
const models = {};
for (const form of ["dense", "fast"]) {
  const out = join(folder, form);
  bytes[form] = exportNetwork(options, "tfjs", out, form).bytes;
  models[form] = await tf.loadLayersModel(source(out));
}
const ms = { dense: {}, fast: {} };
for (const batch of BATCHES) {
  const x = samples(0, batch);
  for (const [form, times] of Object.entries(timeInTurns(x))) ms[form][`batch${batch}`] = spread(times);
}
const labelled = test?.labels !== undefined;
const accuracy = labelled && Object.fromEntries(Object.entries(models).map(([form, m]) => [form, share(m)]));
const result = {
  target: options.target,
  layers: network.layers.length,
  tfjs: tf.version_core,
  backend: tf.getBackend(),
  threads: wasm.getThreadsCount(),
  bytes,
  ms,
  accuracy: accuracy || null,
  engine: engineResult(options),
};
console.log(JSON.stringify(result, null, 2));

/** Rows of the test samples, or numbers of no meaning where there are none. */
function samples(first, count) {
  const values = test
    ? Float32Array.from(test.inputs.subarray(first * width, (first + count) * width))
    : Float32Array.from({ length: count * width }, (_, k) => Math.cos(k));
  return tf.tensor(values, [count, width], "float32");
}

function timeInTurns(x) {
  const run = (model) => {
    const y = model.predict(x);
    y.dataSync();
    y.dispose();
  };
  const times = { dense: [], fast: [] };
  for (const model of Object.values(models)) for (let i = 0; i < 3; i++) run(model);
  for (let round = 0; round < options.rounds; round++) {
    for (const [form, model] of Object.entries(models)) {
      const start = performance.now();
      run(model);
      times[form].push(performance.now() - start);
    }
  }
  return times;
}

/** Share of the test samples whose largest output is their label. */
function share(model) {
  let right = 0;
  for (let first = 0; first < test.count; first += 1000) {
    const count = Math.min(1000, test.count - first);
    const best = tf.tidy(() => tf.argMax(model.predict(samples(first, count)), 1).dataSync());
    for (let i = 0; i < count; i++) right += best[i] === test.labels[first + i] ? 1 : 0;
  }
  return right / test.count;
}

/** What tf.loadLayersModel takes for a folder on disk, as Node's fetch reads no files. */
function source(path) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  const parts = weightsManifest.flatMap((group) => group.paths.map((name) => readFileSync(join(path, name))));
  return tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: Uint8Array.from(Buffer.concat(parts)).buffer,
  });
}
