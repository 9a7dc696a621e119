import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMlp } from "../../../test/sparse-run.ts";
import { toyDataset } from "../../../test/toy-dataset.ts";
import { saveNetwork } from "../../formats/index.ts";
import { methodNamed } from "../../sparsify/index.ts";
import { scoringFor, taskOf } from "./cell-plan.ts";
import type { TrainKey } from "./job.ts";
import type { TrainResult } from "./results.ts";
import { loadState } from "./run-state.ts";
import { type RunOptions, trainNetwork } from "./train-network.ts";

const dataset = toyDataset(60, 30);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isosparse-cell-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Three layers of 6 x 8, 8 x 8 and 8 x 3; 60 samples in batches of 16 are 4 steps an epoch, the last of 12. */
function keyOf(method: string, change: Partial<TrainKey> = {}): TrainKey {
  const sparsity = method.startsWith("dense") ? 0 : 0.5;
  return {
    kind: "train",
    format: 1,
    data: "toy",
    network: { method, depth: 3, width: 8, sparsity, activation: "tanh", start: "critical" },
    seed: 1,
    training: {
      batchSize: 16,
      optimizer: "sgd",
      momentum: 0.9,
      schedule: "cosine",
      warmup: 0.25,
      clipNorm: 10,
    },
    learningRate: 0.1,
    steps: 10,
    evaluations: 5,
    evaluationSamples: 7,
    ...change,
  };
}

async function run(key: TrainKey, options: Partial<RunOptions> = {}): Promise<TrainResult> {
  return (await trainNetwork(key, dataset, { threads: 1, ...options }))!.result;
}

/** Samples seen in the first steps: 16, 16, 16, 12, 16, … */
const seen = (steps: number) =>
  Array.from({ length: steps }, (_, i) => (i % 4 === 3 ? 12 : 16)).reduce((a, b) => a + b, 0);

const dense = { weights: 6 * 8 + 8 * 8 + 8 * 3, first: 6 * 8, biases: 8 + 8 + 3 };

describe("counts of a cell", () => {
  it("of a dense network are those counted by hand", async () => {
    const result = await run(keyOf("dense"));
    expect(result.flops).toEqual({
      forward: 2 * dense.weights * seen(10),
      backward: 2 * (2 * dense.weights - dense.first) * seen(10),
      scoring: 0,
    });
    expect(result.parameters).toEqual({
      start: dense.weights + dense.biases,
      end: dense.weights + dense.biases,
    });
    expect(result).toMatchObject({ status: "trained", iterations: 10, divergence: null });
    expect(result.points.map(({ step }) => step)).toEqual([2, 4, 6, 8, 10]);
    expect(result.points.map(({ flops }) => flops)).toEqual(
      [2, 4, 6, 8, 10].map((step) => 2 * (3 * dense.weights - dense.first) * seen(step)),
    );
    expect(result.points.at(-1)!.accuracy).toBe(result.accuracy);
  });

  it("of a sparse network are in proportion to its connections", async () => {
    const key = keyOf("sao");
    const network = await startMlp(methodNamed("sao"), taskOf(key, dataset), scoringFor(key, dataset, 1));
    const sizes = network.layers.map(({ weights }) => weights.length);
    const total = sizes.reduce((a, b) => a + b);
    expect(total).toBeLessThan(0.6 * dense.weights);
    const result = await run(key);
    expect(result.flops.forward).toBe(2 * total * seen(10));
    expect(result.flops.backward).toBe(2 * (2 * total - sizes[0]) * seen(10));
    expect(result.sparsityReached.end).toBeCloseTo(1 - total / dense.weights, 12);
  });

  it("of a network pruned on the way are dense before and sparse after", async () => {
    const key = keyOf("magnitude");
    const { steps } = methodNamed("magnitude").updater!;
    const [prunedAfter] = steps(taskOf(key, dataset), 10);
    const result = await run(key);
    const { start, end } = result.parameters;
    expect(start).toBe(dense.weights + dense.biases);
    expect(result.changes).toEqual({ updates: 1, removed: start - end, added: 0 });
    const pruned = end - dense.biases;
    expect(result.flops.forward).toBe(
      2 * (dense.weights * seen(prunedAfter) + pruned * (seen(10) - seen(prunedAfter))),
    );
    expect(result.points.map(({ nonZeros }) => nonZeros)).toEqual(
      [2, 4, 6, 8, 10].map((step) => (step > prunedAfter ? pruned : dense.weights)),
    );
  });

  it("have the batches that scoring differentiates through the dense network", async () => {
    const { densePasses } = methodNamed("snip");
    const { flops } = await run(keyOf("snip"));
    expect(densePasses).toBeGreaterThan(0);
    expect(flops.scoring).toBe(densePasses * 16 * 2 * (3 * dense.weights - dense.first));
  });

  it("keep RigL's connections as many as they were", async () => {
    const result = await run(
      keyOf("rigl", { steps: 40, training: { ...keyOf("rigl").training, batchSize: 60 } }),
    );
    expect(result.changes.updates).toBeGreaterThan(0);
    expect(result.changes.removed).toBe(result.changes.added);
    expect(result.parameters.start).toBe(result.parameters.end);
    expect(result.flops.scoring).toBe(
      result.changes.updates *
        methodNamed("rigl").updater!.densePasses *
        60 *
        2 *
        (3 * dense.weights - dense.first),
    );
  });

  it("have the rounds of SynFlow", async () => {
    const key = keyOf("synflow");
    const { flops, parameters } = await run(key);
    const kept = parameters.end - dense.biases;
    const [most, least] = [2 * (3 * dense.weights - dense.first), 2 * 2 * kept];
    expect(flops.scoring).toBeLessThan(100 * most);
    expect(flops.scoring).toBeGreaterThan(100 * least);
    expect((await run(keyOf("magnitude-init"))).flops.scoring).toBe(0);
  });

  it("tell the size of the network's file", async () => {
    const key = keyOf("sao", { steps: 1 });
    const { fileBytes } = await run(key);
    const network = await startMlp(methodNamed("sao"), taskOf(key, dataset), scoringFor(key, dataset, 1));
    const path = join(folder, "sao.safetensors");
    await saveNetwork(network, path);
    expect(fileBytes).toBe((await stat(path)).size);
  });

  it("do not depend on the threads", async () => {
    const training = { ...keyOf("sao").training, shardSize: 8 };
    const [one, two] = [
      await run(keyOf("sao", { training })),
      await run(keyOf("sao", { training }), { threads: 2 }),
    ];
    expect(two).toEqual(one);
  });
});

describe("a cell that goes wrong", () => {
  it("is counted as diverged, with what it had", async () => {
    const training = { ...keyOf("dense").training, clipNorm: undefined };
    const result = await run(keyOf("dense", { learningRate: 1e30, training }));
    expect(result.status).toBe("diverged");
    expect(result.divergence!.step).toBe(result.iterations);
    expect(result.iterations).toBeLessThan(10);
    expect(result.points.at(-1)).toMatchObject({ step: result.iterations, accuracy: result.accuracy });
  });

  it("is guessing when there is nothing to tell classes by", async () => {
    const blank = { ...dataset.train, inputs: new Float32Array(60 * 6).fill(1) };
    const nothing = { ...dataset, train: blank, test: blank };
    const { result } = (await trainNetwork(keyOf("dense"), nothing, { threads: 1 }))!;
    expect(result).toMatchObject({ status: "guessing", divergence: null });
    expect(result.accuracy).toBeCloseTo(1 / 3, 12);
  });
});

describe("a cell that is stopped", () => {
  it.each(["sao", "magnitude", "iterative", "rigl"])(
    "goes on and ends as if it had not been: %s",
    async (method) => {
      const key = keyOf(method, { steps: 24 });
      const whole = await run(key);
      for (const stop of [3, 12, 19]) {
        const checkpoint = { path: join(folder, `${method}-${stop}.safetensors`), id: "this", every: 1e9 };
        const controller = new AbortController();
        const onProgress = ({ step }: { step: number }) => {
          if (step === stop) controller.abort();
        };
        const options = { threads: 1, checkpoint, onProgress, signal: controller.signal };
        expect(await trainNetwork(key, dataset, options)).toBeUndefined();
        expect((await loadState(checkpoint.path, "this"))!.progress.step).toBe(stop);
        expect(await loadState(checkpoint.path, "another")).toBeUndefined();
        expect(await run(key, { checkpoint })).toEqual(whole);
      }
    },
  );
});
