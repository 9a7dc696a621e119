/** @file PyTorch, in a process of its own, on what `sao export --to pytorch` writes: masked dense, or fast. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess } from "../../peers/process.mjs";
import { sao } from "../sao.mjs";

const script = fileURLToPath(new URL("pytorch.py", import.meta.url));

export async function open({ width, folder, exported, threads, python }) {
  const network = join(folder, "pytorch");
  const { files } = exported("pytorch", network, "fast");
  const weights = files.find(({ path }) => path.endsWith(".safetensors"));
  // What PyTorch itself would save of it: weights and masks in full.
  const full = join(folder, "dense.safetensors");
  const dense = sao(["export", weights.path, "--to", "safetensors", "--form", "dense", "--out", full]);
  // OpenBLAS and OpenMP take theirs from nowhere else.
  Object.assign(process.env, { OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}` });
  const peer = await startProcess(python, [script, network, `${width}`, `${threads}`]);
  if (peer.absent) return peer;
  const [inputFile, outputFile] = [join(folder, "inputs.f32"), join(folder, "outputs.f32")];
  const form = (name, bytes) => {
    const put = async (inputs) => {
      await writeFile(inputFile, inputs);
      await peer.ask({ do: "inputs", path: inputFile });
    };
    return {
      bytes,
      loadMs: peer.greeting.loadMs[name],
      timed: async (inputs) => {
        await put(inputs);
        return async (times) => (await peer.ask({ do: "time", form: name, times })).ms;
      },
      predict: async (inputs) => {
        await put(inputs);
        await peer.ask({ do: "predict", form: name, path: outputFile });
        const { buffer } = Uint8Array.from(await readFile(outputFile));
        return new Float32Array(buffer);
      },
    };
  };
  return {
    version: peer.greeting.version,
    threads,
    process: "pytorch",
    forms: { masked: form("masked", dense.bytes), fast: form("fast", weights.bytes) },
    close: peer.stop,
  };
}
