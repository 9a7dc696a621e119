/** @file TensorFlow.js (wasm backend, SIMD) as a rival, dense; one thread, as its threads do not run in Node. */

import { fileURLToPath } from "node:url";
import { startProcess } from "./process.mjs";

const script = fileURLToPath(new URL("tensorflow-server.mjs", import.meta.url));

/** The kinds of network that tensorflow-network.mjs knows, as the report names them. */
export const TENSORFLOW_KINDS = {
  stock: "TensorFlow.js wasm dense",
  explicit: "TensorFlow.js wasm dense, transposes written out",
};

/** TensorFlow.js in the Node at `path`, or `{ absent: reason }`; `build` as PyTorch's (pytorch.mjs), its settings to be ignored. */
export async function startTensorFlow(path = process.execPath) {
  const peer = await startProcess(path, [script]);
  if (peer.absent) return peer;
  let networks = 0;
  return {
    ...peer.greeting,
    settings: [{ threads: peer.greeting.threads }],
    build: async (network) => {
      const name = `${networks++}`;
      await peer.ask({ do: "build", name, ...network });
      const timed = (work) => async (count) => (await peer.ask({ do: work, name, count })).ms;
      return {
        train: timed("train"),
        infer: timed("infer"),
        processOf: () => "TensorFlow.js",
        drop: () => peer.ask({ do: "drop", name }),
      };
    },
    stop: peer.stop,
  };
}
