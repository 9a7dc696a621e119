/** @file Sizes that strain one machine: a few steps of each, their time and memory; and where 32-bit memory ends. */

import { repeatedLayer, startEngine } from "../engine.mjs";
import { cores } from "../machine.mjs";
import { spread } from "../measure.mjs";
import { startNode } from "../platform/node.mjs";
import { bytes, figure, table } from "../text.mjs";

export const title = "Growth";

const STEPS = 3;
/** Widths and layers of a network that 32-bit memory does not hold at high degrees. */
const END = { width: 16384, layers: 24 };
const LARGEST_DEGREE = 1024;
const square = (width, layers) => Array(layers + 1).fill(width);
const SIZES = {
  "3 layers × 16384, degree 64, batch 128": {
    widths: square(16384, 3),
    init: { degree: 64 },
    batch: 128,
  },
  "10 000 layers × 64, degree 8, batch 128": { widths: square(64, 10_000), init: { degree: 8 }, batch: 128 },
  "100 layers × 512, degree 16, batch 4096": { widths: square(512, 100), init: { degree: 16 }, batch: 4096 },
};
const QUICK_SIZES = {
  "3 layers × 2048, degree 64, batch 128": { widths: square(2048, 3), init: { degree: 64 }, batch: 128 },
  "500 layers × 64, degree 8, batch 128": { widths: square(64, 500), init: { degree: 8 }, batch: 128 },
};

export async function run({ quick, progress }) {
  const rows = [];
  for (const [name, size] of Object.entries(quick ? QUICK_SIZES : SIZES)) {
    progress(name);
    rows.push({ name, ...(await grow(size)) });
  }
  progress("the end of 32-bit memory");
  return { rows, end: await endOfMemory(quick ? LARGEST_DEGREE : 2) };
}

/** Seconds to make and to step, and bytes, of a network in a process of its own; or why it does not go. */
async function grow(size) {
  const threads = Math.min(2, cores);
  const node = await startNode();
  try {
    const start = performance.now();
    const task = { kind: "train", ...size, threads, loss: "meanSquaredError" };
    const { bytes: engine, run: step } = await node.prepare(task);
    const made = (performance.now() - start) / 1000;
    await step(1);
    const times = [];
    for (let i = 0; i < STEPS; i++) times.push(await step(1));
    const { bytes: process } = await node.ask({ do: "memory" });
    return { threads, madeSeconds: made, ms: spread(times), engineBytes: engine, processBytes: process };
  } catch ({ message }) {
    return { error: message };
  } finally {
    await node.stop();
  }
}

/**
 * What happens beyond 32-bit memory: a network that does not fit, the error, and the first degree, halving, with which
 * one of the same widths does fit; that one is made and steps. No degree under `least` is tried.
 */
async function endOfMemory(least) {
  const tried = [];
  for (let degree = LARGEST_DEGREE; degree >= least; degree /= 2) {
    // The same layer again and again, so that only the engine holds them all.
    const network = repeatedLayer(END, { degree });
    try {
      const { trainer, train } = await startEngine(network, { loss: "meanSquaredError" });
      train(1);
      tried.push({ degree, bytes: trainer.bytes });
      trainer.dispose();
      break;
    } catch ({ code, message }) {
      tried.push({ degree, code: code ?? null, message });
    }
  }
  if (tried[0].bytes !== undefined) throw new Error(`degree ${LARGEST_DEGREE} fits: nothing was refused`);
  return { ...END, tried };
}

export function markdown({ rows, end }) {
  const row = ({ name, error, madeSeconds, ms, engineBytes, processBytes }) =>
    error
      ? [name, `does not go: ${error}`, "", "", ""]
      : [
          name,
          madeSeconds.toFixed(2),
          figure(ms),
          bytes(engineBytes),
          processBytes === null ? "" : bytes(processBytes),
        ];
  const attempts = end.tried.map(({ degree, bytes: size, code, message }) =>
    size === undefined
      ? `degree ${degree}: "${message}" (${code})`
      : `degree ${degree}: fits, in ${bytes(size)}`,
  );
  return [
    `tanh, SGD with momentum, mean squared error, ${rows[0]?.threads ?? 2} threads, ${STEPS} steps after a first one. The process's growth` +
      " is of its resident peak since Node started with the package loaded; it has making the network in it.",
    table(["", "made, s", "ms a step", "engine", "process's growth"], rows.map(row)),
    "WebAssembly addresses are 32 bits: 4 GiB for weights, gradients, optimizer state, activations, index arrays and the" +
      ` batch together. A network of ${end.layers} layers × ${end.width}, batch 128, one thread, by degree: ${attempts.join("; ")}.`,
  ].join("\n\n");
}
