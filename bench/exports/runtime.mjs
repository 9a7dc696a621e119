/**
 * @file isosparse/runtime on one network: its size in a bundle, time to load, time of a prediction at batch 1 and 64
 * beside its own with the network dense, the engine's on one thread, and ONNX Runtime's, native on one thread, of what
 * `sao export --to onnx` writes dense and fast (if npm ci in bench/ has installed it); and accuracy. Prints JSON.
 *
 *   node bench/exports/runtime.mjs RUN_FOLDER [--data DIR] [--test N]
 *   node bench/exports/runtime.mjs FILE.safetensors [--dataset mnist --data DIR]
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { createTrainer, randomStream, sgd } from "../../dist/core.js";
import { denseNetwork } from "../../dist/formats/c/dense-layers.js";
import { encodeSafetensors, exportNetwork, networkToTensors } from "../../dist/formats/index.js";
import { networkInput, sizeOf } from "../../dist/network/layer-shape.js";
import { load } from "../../dist/runtime/index.js";
import { interleave, spread } from "../measure.mjs";
import { accuracyOf, targetOf } from "./measured-network.mjs";
import { temporaryFolder } from "./target.mjs";

const BATCHES = [1, 64];

const { file, network, dataset } = await targetOf(process.argv.slice(2));
const width = sizeOf(networkInput(network));
const bytesOf = (saved) => Buffer.concat(encodeSafetensors(networkToTensors(saved)));
const bytes = bytesOf(network);
const begin = performance.now();
const model = await load(bytes, { scaling: dataset });
const loadMilliseconds = performance.now() - begin;

const dense = await load(bytesOf(denseNetwork(network)), { scaling: dataset });
const sessions = await onnxSessions();
const contestants = {};
for (const batch of BATCHES) {
  const inputs = normals(batch * width);
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: batch,
    threads: 1,
  });
  const { mean, deviation } = dataset ?? { mean: Float32Array.of(0), deviation: Float32Array.of(1) };
  contestants[`runtime ${batch}`] = repeat(() => model.predict(inputs));
  contestants[`runtime, dense, ${batch}`] = repeat(() => dense.predict(inputs));
  for (const [form, { session, tensorOf }] of Object.entries(sessions)) {
    const feeds = { [session.inputNames[0]]: tensorOf(inputs, batch) };
    contestants[`onnxruntime-node, ${form}, ${batch}`] = async (count) => {
      for (let i = 0; i < count; i++) await session.run(feeds);
    };
  }
  contestants[`engine ${batch}`] = repeat(() => trainer.predict({ count: batch, inputs, mean, deviation }));
}
const times = await interleave(contestants, { rounds: 15, seconds: 60 });
console.log(
  JSON.stringify(
    {
      file,
      dataset: dataset?.name,
      layers: model.layers,
      parameters: model.parameters,
      fileBytes: bytes.length,
      memoryBytes: model.bytes,
      kernels: model.kernels,
      bundle: await bundleSize(),
      loadMilliseconds,
      accuracy: dataset?.test.labels
        ? accuracyOf(model.predict(dataset.test.inputs), dataset.test.labels)
        : null,
      milliseconds: Object.fromEntries(Object.entries(times).map(([name, values]) => [name, spread(values)])),
    },
    null,
    2,
  ),
);

function normals(count) {
  const random = randomStream(1);
  return Float32Array.from({ length: count }, () => random.normal());
}

function repeat(work) {
  return (count) => {
    for (let i = 0; i < count; i++) work();
  };
}

/** ONNX Runtime, native, of both forms; nothing where it is not installed. */
async function onnxSessions() {
  const require = createRequire(import.meta.url);
  let ort;
  try {
    ort = require("onnxruntime-node");
  } catch {
    console.error("without onnxruntime-node: npm ci in bench/ installs it");
    return {};
  }
  const folder = temporaryFolder();
  const opened = {};
  for (const form of ["dense", "fast"]) {
    const out = join(folder, `${form}.onnx`);
    await exportNetwork(network, out, { to: "onnx", form });
    const session = await ort.InferenceSession.create(readFileSync(out), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    const { channels, height, width: across } = networkInput(network);
    const sides = height * across > 1 ? [channels, height, across] : [width];
    const tensorOf = (inputs, batch) => new ort.Tensor("float32", inputs, [batch, ...sides]);
    opened[form] = { session, tensorOf };
  }
  return opened;
}

/** Bytes of the minified module, and gzipped, its WebAssembly included. */
async function bundleSize() {
  const input = fileURLToPath(new URL("../../dist/runtime/index.js", import.meta.url));
  const bundle = await rolldown({ input });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const [{ code }] = output;
  return { bytes: Buffer.byteLength(code), gzipped: gzipSync(code, { level: 9 }).length };
}
