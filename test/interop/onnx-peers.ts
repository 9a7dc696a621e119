/**
 * @file For tests of ONNX models: the runtimes of bench/'s manifest, Python's checker, and what all should agree with.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTrainer } from "../../src/engine/index.ts";
import { sgd } from "../../src/engine/optimizer.ts";
import type { InputScaling } from "../../src/formats/export/exporter.ts";
import { encodeOnnx } from "../../src/formats/onnx/encode-model.ts";
import { type GraphOptions, networkGraph } from "../../src/formats/onnx/write-network.ts";
import { networkInput, sizeOf } from "../../src/network/layer-shape.ts";
import type { AnyNetwork } from "../../src/network/network.ts";
import { PYTHON, python } from "./python.ts";

const bench = createRequire(fileURLToPath(new URL("../../bench/package.json", import.meta.url)));

interface OrtTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

interface OrtSession {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** The part of onnxruntime-common that is used here. */
export interface Ort {
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
  readonly env: { wasm: { numThreads: number } };
}

/** A package of bench/; undefined, said so, where it is not installed. */
export function peer<T>(name: string, tests: string): T | undefined {
  try {
    return bench(name) as T;
  } catch {
    console.log(`skipped: ${tests} (no ${name}: npm ci --prefix bench)`);
    return undefined;
  }
}

/** Where a package of bench/ lies. */
export function peerFolder(name: string): string {
  let folder = dirname(bench.resolve(name));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Whether Python can import onnx; says so where not. */
export function hasOnnx(tests: string): boolean {
  const present = python(["-c", "import onnx.checker"]).status === 0;
  if (!present) console.log(`skipped: ${tests} (${PYTHON} has no onnx; ISOSPARSE_PYTHON names another)`);
  return present;
}

/** Every way of writing a network. */
export const writings: readonly GraphOptions[] = [
  { form: "fast" },
  { form: "fast", smallBatches: true },
  { form: "dense" },
];

/** A network's model in one piece. */
export function modelBytes(network: AnyNetwork, options: GraphOptions): Uint8Array {
  const pieces = encodeOnnx(networkGraph(network, options), { doc: "a test", metadata: new Map() });
  return new Uint8Array(Buffer.concat(pieces));
}

/**
 * What a runtime makes of inputs [count, ...sides]: [count, outputs]. `provider` says which: `cpu` is
 * onnxruntime-node's, `wasm` onnxruntime-web's, for where both are loaded they share one registry and `cpu` means the
 * native one.
 */
export async function runOnnx(
  ort: Ort,
  model: Uint8Array,
  inputs: Float32Array,
  count: number,
  provider: "cpu" | "wasm" = "cpu",
  sides: readonly number[] = [inputs.length / count],
): Promise<OrtTensor> {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    executionProviders: [provider],
  });
  const input = new ort.Tensor("float32", inputs, [count, ...sides]);
  const { output } = await session.run({ input });
  await session.release();
  return output;
}

/** What the engine makes of inputs [count, inputs]. */
export async function runEngine(
  network: AnyNetwork,
  inputs: Float32Array,
  count: number,
  { mean, deviation }: InputScaling = { mean: Float32Array.of(0), deviation: Float32Array.of(1) },
): Promise<Float32Array> {
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: count,
  });
  try {
    return trainer.predict({ count, inputs, mean, deviation });
  } finally {
    trainer.dispose();
  }
}

/** Largest difference ÷ largest expected value. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = largest(expected.map((value, i) => actual[i] - value));
  return actual.length === expected.length ? error / (largest(expected) || 1) : Number.NaN;
}

/** `count` inputs of a network, none of them alike. */
export function someInputs(network: AnyNetwork, count: number): Float32Array {
  const length = count * sizeOf(networkInput(network));
  return Float32Array.from({ length }, (_, i) => 2 * Math.sin(1 + 7.3 * i));
}
