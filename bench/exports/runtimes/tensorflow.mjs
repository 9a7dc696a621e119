/** @file TensorFlow.js on its wasm backend (SIMD, one thread), on what `sao export --to tfjs` writes. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isosparseLayers } from "../../../dist/tfjs/index.js";

// Its CommonJS bundles: what Node's import finds of it are modules without the extensions that Node wants.
const require = createRequire(import.meta.url);

export async function open({ width, folder, exported }) {
  const tf = { ...require("@tensorflow/tfjs-core"), ...require("@tensorflow/tfjs-layers") };
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await tf.setBackend("wasm");
  isosparseLayers(tf);
  const forms = {};
  for (const form of ["dense", "fast"]) {
    const out = join(folder, `tfjs-${form}`);
    const { bytes } = exported("tfjs", out, form);
    const begin = performance.now();
    const model = await tf.loadLayersModel(source(tf, out));
    const loadMs = performance.now() - begin;
    const predict = (inputs, count) =>
      tf.tidy(() => model.predict(tf.tensor(inputs, [count, width], "float32")).dataSync());
    forms[form] = { bytes, loadMs, predict };
  }
  return { version: tf.version_core, threads: wasm.getThreadsCount(), forms };
}

/** What tf.loadLayersModel takes for a folder on disk, as Node's fetch reads no files. */
function source(tf, path) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  const parts = weightsManifest.flatMap((group) => group.paths.map((name) => readFileSync(join(path, name))));
  return tf.io.fromMemory({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: Uint8Array.from(Buffer.concat(parts)).buffer,
  });
}
