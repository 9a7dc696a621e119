/** @file onnxruntime as a rival in inference, native and in WebAssembly, on the models that isosparse exports. */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { encodeOnnx, networkGraph } from "../isosparse-node.mjs";
import { startProcess } from "./process.mjs";

const script = fileURLToPath(new URL("onnxruntime-server.mjs", import.meta.url));

/** The packages there are. */
export const ONNX_RUNTIMES = ["onnxruntime-node", "onnxruntime-web"];
/** The forms of export, as the report names them. */
export const ONNX_FORMS = { dense: "dense", fast: "sparse (batched MatMul)" };

/** One of the packages with each number of threads, or `{ absent: reason }`. */
export async function startOnnxRuntime(name, threadCounts) {
  const peers = new Map();
  for (const threads of threadCounts) {
    const peer = await startProcess(process.execPath, [script, name, `${threads}`]);
    if (peer.absent) return peer;
    peers.set(threads, peer);
  }
  let models = 0;
  return {
    version: peers.get(threadCounts[0]).greeting.version,
    settings: threadCounts.map((threads) => ({ threads })),
    /** For `rank` (settings.mjs): V8 compiles WebAssembly anew when it has run for a while. */
    warm: name === "onnxruntime-web" ? 100 : 0,
    /** A model file for inputs [batch, width]; `infer(count, { threads })` resolves to the milliseconds of so many. */
    build: async ({ path, width, batch }) => {
      const model = `${models++}`;
      for (const peer of peers.values()) await peer.ask({ do: "build", name: model, path, width, batch });
      return {
        infer: async (count, { threads }) =>
          (await peers.get(threads).ask({ do: "infer", name: model, count })).ms,
        processOf: ({ threads }) => `${name} ${threads}`,
        drop: async () => {
          for (const peer of peers.values()) await peer.ask({ do: "drop", name: model });
        },
      };
    },
    stop: () => Promise.all([...peers.values()].map((peer) => peer.stop())),
  };
}

/** Writes the model file of `network` in a form of `ONNX_FORMS`. */
export async function writeModel(network, form, path) {
  await writeFile(path, encodeOnnx(networkGraph(network, form), { doc: "", metadata: new Map() }));
}
