/** @file isosparse/runtime: the network as it is, and with its zeros written out. */

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { denseNetwork } from "../../../dist/formats/c/dense-layers.js";
import { encodeSafetensors, networkToTensors } from "../../../dist/formats/index.js";
import { load } from "../../../dist/runtime/index.js";

export async function open({ network, scaling }) {
  const forms = {};
  for (const [form, written] of Object.entries({ fast: network, dense: denseNetwork(network) })) {
    const bytes = Buffer.concat(encodeSafetensors(networkToTensors(written)));
    const begin = performance.now();
    const model = await load(bytes, { scaling });
    const loadMs = performance.now() - begin;
    forms[form] = {
      bytes: bytes.length,
      loadMs,
      memoryBytes: model.bytes,
      predict: (inputs) => model.predict(inputs),
    };
  }
  return { threads: 1, ...(await bundleSize()), forms };
}

/** Bytes of the minified module, its WebAssembly included, and of the same gzipped. */
async function bundleSize() {
  const input = fileURLToPath(new URL("../../../dist/runtime/index.js", import.meta.url));
  const bundle = await rolldown({ input });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const [{ code }] = output;
  return { moduleBytes: Buffer.byteLength(code), moduleGzipped: gzipSync(code, { level: 9 }).length };
}
