/** @file ONNX Runtime, native or in WebAssembly, on the forms that `sao export --to onnx` writes. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { sizesOf } from "../../../dist/formats/onnx/write-network.js";
import { networkInput } from "../../../dist/network/layer-shape.js";

const require = createRequire(import.meta.url);
/** Flags of the export by form. */
const FORMS = { dense: [], fast: [], "fast, small batches": ["--small-batches"] };
/** By name, as both packages share one registry, in which "cpu" is the native one. */
const PROVIDERS = { "onnxruntime-node": "cpu", "onnxruntime-web": "wasm" };

export const openNative = (subject) => open("onnxruntime-node", subject);
export const openWeb = (subject) => open("onnxruntime-web", { ...subject, threads: 1 });

async function open(name, { network, folder, exported, threads }) {
  const ort = require(name);
  // In Node it starts no workers.
  if (name === "onnxruntime-web") ort.env.wasm.numThreads = 1;
  const sides = sizesOf(networkInput(network));
  const forms = {};
  for (const [form, flags] of Object.entries(FORMS)) {
    const out = join(folder, "model.onnx");
    const { bytes } = exported("onnx", out, form.split(",")[0], ["--force", ...flags]);
    const model = readFileSync(out);
    const begin = performance.now();
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [PROVIDERS[name]],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
    });
    const loadMs = performance.now() - begin;
    const predict = async (inputs, count) =>
      (await session.run({ input: new ort.Tensor("float32", inputs, [count, ...sides]) })).output.data;
    forms[form] = { bytes, loadMs, predict };
  }
  return { version: ort.env.versions[name.split("-")[1]], threads, forms };
}
