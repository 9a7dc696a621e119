/** @file PyTorch as a rival: one Python process, which holds any number of networks and steps the one it is asked to. */

import { fileURLToPath } from "node:url";
import { startProcess } from "./process.mjs";

const script = fileURLToPath(new URL("pytorch.py", import.meta.url));

/** The kinds of network that pytorch.py knows, as the report names them. */
export const PYTORCH_KINDS = {
  masked: "PyTorch masked-dense",
  dense: "PyTorch dense",
  grouped: "PyTorch grouped (bmm)",
  csr: "PyTorch torch.sparse CSR",
  coo: "PyTorch torch.sparse COO",
};
/** The same of convolutional networks (convolutions.py). */
export const PYTORCH_CONVOLUTIONS = {
  "conv-masked": "PyTorch masked-dense",
  "conv-dense": "PyTorch dense",
  "conv-grouped": "PyTorch grouped convolution",
};

/** PyTorch in `python`, or `{ absent: reason }`. */
export async function startPyTorch(python) {
  const peer = await startProcess(python, ["-u", script]);
  if (peer.absent) return peer;
  let networks = 0;
  return {
    version: peer.greeting.blas
      ? `${peer.greeting.version} with ${peer.greeting.blas}`
      : peer.greeting.version,
    /**
     * A network as pytorch.py has them; `train(count, setting)` and `infer(count, setting)` resolve to the
     * milliseconds of so many. `processOf(setting)` names what works then (measure.mjs).
     */
    build: async (network) => {
      const name = `${networks++}`;
      await peer.ask({ do: "build", name, ...network });
      const timed =
        (work) =>
        async (count, { threads, blasThreads }) =>
          (await peer.ask({ do: work, name, count, threads, blasThreads })).ms;
      return {
        train: timed("train"),
        infer: timed("infer"),
        processOf: ({ threads, blasThreads }) => `PyTorch ${threads} ${blasThreads}`,
        drop: () => peer.ask({ do: "drop", name }),
      };
    },
    /** How much the process grew, at its peak, since it imported torch. */
    peakBytes: async () => (await peer.ask({ do: "memory" })).bytes,
    stop: peer.stop,
  };
}

/** Thread settings worth a try on so many cores: of PyTorch's own operators, and of the BLAS beneath. */
export function pytorchSettings(cores) {
  const counts = [...new Set([1, cores])];
  return counts.flatMap((threads) => counts.map((blasThreads) => ({ threads, blasThreads })));
}
