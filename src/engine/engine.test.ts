/**
 * @file The engine against an independent float64 reference: outputs, losses, and every gradient against central
 * finite differences; and against itself: same bits on any number of threads and after a restored state.
 */

import { afterAll, describe, expect, test } from "vitest";
import { unevenBlocks } from "../../test/random-network.ts";
import { type RandomStream, randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import type { Activation, LinearLayer, Network } from "../network/network.ts";
import type { BlockTopology, EdgeTopology, Topology } from "../topology/topology.ts";
import { nonZeros } from "../topology/topology.ts";
import {
  adam,
  adamw,
  createTrainer,
  type Loss,
  type Optimizer,
  sgd,
  type Trainer,
  type TrainerOptions,
} from "./index.ts";
import { makePlan } from "./plan.ts";

const trainers: Trainer[] = [];
afterAll(() => {
  for (const trainer of trainers) trainer.dispose();
});

const crossEntropy: Loss = { kind: "crossEntropy", labelSmoothing: 0.1 };
const base: TrainerOptions = { loss: crossEntropy, optimizer: sgd(), batchSize: 40, shardSize: 16 };

async function start(network: Network, options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  const trainer = await createTrainer(network, { ...base, ...options });
  trainers.push(trainer);
  return trainer;
}

/** Each connection kept with probability 0.4, so that some rows and columns are empty. */
function randomEdges(rows: number, columns: number, random: RandomStream): EdgeTopology {
  const rowPointers = new Int32Array(rows + 1);
  const kept: number[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) if (random.uniform() < 0.4) kept.push(c);
    rowPointers[r + 1] = kept.length;
  }
  return { kind: "edges", name: "test", rows, columns, rowPointers, columnIndices: Int32Array.from(kept) };
}

/** `degree` connections to a row. */
function sparseEdges(rows: number, columns: number, degree: number, random: RandomStream): EdgeTopology {
  const rowPointers = Int32Array.from({ length: rows + 1 }, (_, r) => r * degree);
  const columnIndices = Int32Array.from(
    Array.from({ length: rows }, () => [...random.permutation(columns).slice(0, degree).sort()]).flat(),
  );
  return { kind: "edges", name: "test", rows, columns, rowPointers, columnIndices };
}

function layer(index: number, topology: Topology, activation: Activation, random: RandomStream): LinearLayer {
  const weights = Float32Array.from({ length: nonZeros(topology) }, () => 0.5 * random.normal());
  const bias = Float32Array.from({ length: topology.rows }, () => 0.3 * random.normal());
  return {
    kind: "linear",
    name: `layers.${index}`,
    topology,
    weights,
    bias,
    activation,
    asked: {},
    initializer: "test",
  };
}

/** 13 → 9 → 11 → 7 → 5: no width is a multiple of a tile. */
function testNetwork(activation: Activation, seed = 1): Network {
  const random = randomStream(seed);
  const layers = [
    layer(0, unevenBlocks(9, 13, 3, random), activation, random),
    layer(1, randomEdges(11, 9, random), activation, random),
    layer(2, unevenBlocks(7, 11, 2, random), activation, random),
    layer(3, unevenBlocks(5, 7, 1, random), "linear", random),
  ];
  return { layers, provenance: { seed, start: "none" } };
}

function testBatch(count: number, seed = 2) {
  const random = randomStream(seed);
  const inputs = Float32Array.from({ length: count * 13 }, () => random.normal());
  const labels = Int32Array.from({ length: count }, () => random.integer(5));
  const values = Float32Array.from({ length: count * 5 }, () => random.normal());
  return { count, inputs, labels, values, mean: Float32Array.of(0), deviation: Float32Array.of(1) };
}

type TestBatch = ReturnType<typeof testBatch>;

/** Mean loss in float64, written independently of the kernels. */
function referenceLoss(network: Network, batch: TestBatch, loss: Loss): number {
  const outputs = forward(network, Float64Array.from(batch.inputs), batch.count);
  let sum = 0;
  for (let i = 0; i < batch.count; i++) {
    const z = Array.from(outputs.subarray(i * 5, i * 5 + 5));
    if (loss.kind === "meanSquaredError") {
      sum += z.reduce((total, value, k) => total + (value - batch.values[i * 5 + k]) ** 2, 0) / 5;
      continue;
    }
    const logSum = Math.log(z.reduce((total, value) => total + Math.exp(value), 0));
    z.forEach((value, k) => {
      const target = (k === batch.labels[i] ? 1 - loss.labelSmoothing : 0) + loss.labelSmoothing / 5;
      sum -= target * (value - logSum);
    });
  }
  return sum / batch.count;
}

/** The network with float64 parameters, for differences smaller than float32 can hold. */
function inFloat64(network: Network): Network {
  const layers = network.layers.map((one) => ({
    ...one,
    weights: Float64Array.from(one.weights) as unknown as Float32Array,
    bias: Float64Array.from(one.bias) as unknown as Float32Array,
  }));
  return { ...network, layers };
}

describe("gradients equal float64 finite differences", () => {
  for (const activation of ["linear", "tanh", "relu", "hardtanh"] as const) {
    for (const loss of [
      crossEntropy,
      { kind: "crossEntropy", labelSmoothing: 0 },
      { kind: "meanSquaredError" },
    ] as Loss[]) {
      test(`${activation}, ${loss.kind}${"labelSmoothing" in loss ? ` ${loss.labelSmoothing}` : ""}`, async () => {
        const network = testNetwork(activation);
        const batch = testBatch(37);
        const { loss: value, layers } = (await start(network, { loss })).gradients(batch);
        const exact = inFloat64(network);
        expect(value).toBeCloseTo(referenceLoss(exact, batch, loss), 5);
        exact.layers.forEach((one, l) => {
          for (const name of ["weights", "bias"] as const) {
            for (let k = 0; k < one[name].length; k++) {
              const kept = one[name][k];
              const h = 1e-6;
              one[name][k] = kept + h;
              const up = referenceLoss(exact, batch, loss);
              one[name][k] = kept - h;
              const down = referenceLoss(exact, batch, loss);
              one[name][k] = kept;
              expect(
                Math.abs(layers[l][name][k] - (up - down) / (2 * h)),
                `layers.${l}.${name}[${k}]`,
              ).toBeLessThan(2e-6);
            }
          }
        });
      });
    }
  }
});

/** 150 random parameters, in turn from every layer, against finite differences of the mean squared error. */
async function expectSampledGradients(network: Network, trainer: Trainer, count: number): Promise<void> {
  const random = randomStream(11);
  const batch = testBatch(count);
  const { layers: gradients } = trainer.gradients(batch);
  const exact = inFloat64(network);
  for (let check = 0; check < 150; check++) {
    const l = check % network.layers.length;
    const name = check % 7 === 0 ? "bias" : "weights";
    const k = random.integer(exact.layers[l][name].length);
    const kept = exact.layers[l][name][k];
    const [up, down] = [1e-6, -1e-6].map((h) => {
      exact.layers[l][name][k] = kept + h;
      return referenceLoss(exact, batch, { kind: "meanSquaredError" });
    });
    exact.layers[l][name][k] = kept;
    const difference = gradients[l][name][k] - (up - down) / 2e-6;
    expect(Math.abs(difference), `layers.${l}.${name}[${k}]`).toBeLessThan(1e-5);
  }
}

test("gradients on layers wide enough for padded buffers, blocks and edges", async () => {
  const random = randomStream(9);
  const layers = [
    layer(0, unevenBlocks(150, 13, 3, random), "tanh", random),
    layer(1, unevenBlocks(130, 150, 12, random), "tanh", random),
    layer(2, sparseEdges(140, 130, 4, random), "tanh", random),
    layer(3, sparseEdges(70, 140, 4, random), "relu", random),
    layer(4, unevenBlocks(5, 70, 2, random), "linear", random),
  ];
  const network: Network = { layers, provenance: { seed: 9, start: "none" } };
  const loss: Loss = { kind: "meanSquaredError" };
  await expectSampledGradients(network, await start(network, { loss, shardSize: 64, batchSize: 64 }), 50);
});

/** Groups of as many rows and columns each, in the order of the units. */
function evenBlocks(groups: number, rows: number, columns: number): BlockTopology {
  const upTo = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
  const multiples = (of: number) => upTo(groups + 1).map((i) => of * i);
  return {
    kind: "blocks",
    name: "test",
    rows: groups * rows,
    columns: groups * columns,
    rowOrder: upTo(groups * rows),
    columnOrder: upTo(groups * columns),
    rowOffsets: multiples(rows),
    columnOffsets: multiples(columns),
  };
}

test("gradients on blocks of four rows or columns, and the bits of their outputs, in shards of any size", async () => {
  const random = randomStream(12);
  const layers = [
    layer(0, unevenBlocks(32, 13, 2, random), "tanh", random),
    layer(1, evenBlocks(8, 4, 4), "tanh", random),
    layer(2, evenBlocks(4, 4, 8), "tanh", random),
    layer(3, evenBlocks(4, 6, 4), "tanh", random),
    layer(4, unevenBlocks(5, 24, 1, random), "linear", random),
  ];
  const network: Network = { layers, provenance: { seed: 12, start: "none" } };
  const loss: Loss = { kind: "meanSquaredError" };
  const outputs: Float32Array[] = [];
  for (const shardSize of [16, 32, 64]) {
    const trainer = await start(network, { loss, shardSize, batchSize: 64 });
    await expectSampledGradients(network, trainer, 50);
    outputs.push(trainer.predict(testBatch(50)));
  }
  expect(outputs[1]).toEqual(outputs[0]);
  expect(outputs[2]).toEqual(outputs[0]);
});

test("gradients on groups of contiguous and of evenly spaced columns, which the kernels take without pointers", async () => {
  const random = randomStream(10);
  const even = (topology: BlockTopology, columnOrder: Int32Array): BlockTopology => ({
    ...topology,
    columnOrder,
  });
  const sizes = Int32Array.of(0, 12, 24, 36);
  const blocks = { ...unevenBlocks(36, 36, 3, random), rowOffsets: sizes, columnOffsets: sizes };
  const contiguous = Int32Array.from({ length: 36 }, (_, i) => i);
  const spaced = contiguous.map((i) => (i % 12) * 3 + Math.floor(i / 12));
  const layers = [
    layer(0, unevenBlocks(36, 13, 2, random), "tanh", random),
    layer(1, even(blocks, contiguous), "tanh", random),
    layer(2, even(blocks, spaced), "tanh", random),
    layer(3, unevenBlocks(5, 36, 1, random), "linear", random),
  ];
  const network: Network = { layers, provenance: { seed: 10, start: "none" } };
  await expectSampledGradients(network, await start(network, { loss: { kind: "meanSquaredError" } }), 37);
});

test("a tie for the largest output counts for the first class alone, as in a network that answers nothing", async () => {
  const network = testNetwork("tanh");
  const silent = network.layers.map((one) => ({
    ...one,
    weights: one.weights.map(() => 0),
    bias: one.bias.map(() => 0),
  }));
  const trainer = await start({ ...network, layers: silent });
  const batch = { ...testBatch(40), labels: Int32Array.from({ length: 40 }, (_, i) => i % 4) };
  expect(trainer.evaluate(batch).accuracy).toBe(0.25);
  expect(trainer.step(batch, 0.1).correct).toBe(10);
});

describe("outputs", () => {
  test("predict and evaluate agree with the reference, for any count and standardisation", async () => {
    const network = testNetwork("tanh");
    const trainer = await start(network);
    for (const count of [1, 8, 39, 40, 41, 150]) {
      const batch = testBatch(count);
      const mean = Float32Array.from({ length: 13 }, (_, f) => 0.1 * f);
      const deviation = Float32Array.from({ length: 13 }, (_, f) => 1 + 0.2 * f);
      const standardised = batch.inputs.map((value, i) => (value - mean[i % 13]) / deviation[i % 13]);
      const expected = forward(network, Float64Array.from(standardised), count);
      const outputs = trainer.predict({ ...batch, mean, deviation });
      outputs.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(2e-6);
      });
      const { loss, accuracy } = trainer.evaluate({ ...batch, inputs: standardised });
      expect(loss).toBeCloseTo(referenceLoss(network, { ...batch, inputs: standardised }, crossEntropy), 5);
      let correct = 0;
      for (let i = 0; i < count; i++) {
        const z = Array.from(expected.subarray(5 * i, 5 * i + 5));
        if (z.indexOf(Math.max(...z)) === batch.labels[i]) correct++;
      }
      expect(accuracy).toBeCloseTo(correct / count, 10);
    }
  });

  test("bytes are standardised like floats, and indices choose samples", async () => {
    const trainer = await start(testNetwork("tanh"));
    const bytes = Uint8Array.from({ length: 20 * 13 }, (_, i) => (i * 37) % 256);
    const scale = { mean: Float32Array.of(100), deviation: Float32Array.of(50) };
    const all = trainer.predict({ count: 20, inputs: bytes, ...scale });
    const floats = trainer.predict({ count: 20, inputs: Float32Array.from(bytes), ...scale });
    all.forEach((value, i) => {
      expect(value).toBeCloseTo(floats[i], 5);
    });
    const chosen = trainer.predict({ count: 2, inputs: bytes, indices: Uint32Array.of(7, 3), ...scale });
    expect(chosen).toEqual(Float32Array.from([...all.subarray(35, 40), ...all.subarray(15, 20)]));
  });

  test("tanh is within 5.6 units in the last place of float32, odd, and NaN stays NaN", async () => {
    const identity: BlockTopology = {
      kind: "blocks",
      name: "dense",
      rows: 1,
      columns: 1,
      rowOrder: Int32Array.of(0),
      columnOrder: Int32Array.of(0),
      rowOffsets: Int32Array.of(0, 1),
      columnOffsets: Int32Array.of(0, 1),
    };
    const one = {
      ...layer(0, identity, "tanh", randomStream(1)),
      weights: Float32Array.of(1),
      bias: Float32Array.of(0),
    };
    const trainer = await start({ layers: [one], provenance: { seed: 0, start: "none" } });
    const unit = { mean: Float32Array.of(0), deviation: Float32Array.of(1) };
    const inputs = Float32Array.from({ length: 40000 }, (_, i) => (i % 2 ? 1e-6 * 1.00045 ** i : i / 4000));
    const outputs = trainer.predict({ count: inputs.length, inputs, ...unit });
    const negative = trainer.predict({ count: inputs.length, inputs: inputs.map((x) => -x), ...unit });
    let worst = 0;
    outputs.forEach((value, i) => {
      const exact = Math.tanh(inputs[i]);
      const ulp = 2 ** (Math.floor(Math.log2(Math.max(exact, 2 ** -126))) - 23);
      worst = Math.max(worst, Math.abs(value - exact) / ulp);
    });
    expect(worst).toBeLessThan(5.6);
    expect(outputs.every((value) => value <= 1)).toBe(true);
    expect(negative.every((value, i) => value === -outputs[i])).toBe(true);
    const [nan, high, low] = trainer.predict({
      count: 3,
      inputs: Float32Array.of(Number.NaN, 40, -1e30),
      ...unit,
    });
    expect([nan, 1 - high < 2.5e-7, high <= 1, low]).toEqual([Number.NaN, true, true, -high]);
  });
});

/** w after `steps` of the optimizer in float64, given the engine's gradients at its own weights. */
function referenceUpdate(
  optimizer: Optimizer,
  gradients: Float64Array[],
  start: Float64Array,
  decayed: number,
  rate: number,
) {
  const w = Float64Array.from(start);
  const m = new Float64Array(w.length);
  const v = new Float64Array(w.length);
  gradients.forEach((gradient, t) => {
    for (let i = 0; i < w.length; i++) {
      const decay = i < decayed ? optimizer.weightDecay : 0;
      if (optimizer.kind === "sgd") {
        const g = gradient[i] + decay * w[i];
        m[i] = optimizer.momentum * m[i] + g;
        w[i] -= rate * (optimizer.nesterov ? g + optimizer.momentum * m[i] : m[i]);
        continue;
      }
      const g = gradient[i] + (optimizer.kind === "adam" ? decay * w[i] : 0);
      m[i] = optimizer.beta1 * m[i] + (1 - optimizer.beta1) * g;
      v[i] = optimizer.beta2 * v[i] + (1 - optimizer.beta2) * g * g;
      if (optimizer.kind === "adamw") w[i] *= 1 - rate * decay;
      w[i] -=
        (rate * (m[i] / (1 - optimizer.beta1 ** (t + 1)))) /
        (Math.sqrt(v[i] / (1 - optimizer.beta2 ** (t + 1))) + optimizer.epsilon);
    }
  });
  return w;
}

const flat = (layers: readonly { weights: Float32Array; bias: Float32Array }[]) =>
  Float64Array.from([
    ...layers.flatMap((one) => [...one.weights]),
    ...layers.flatMap((one) => [...one.bias]),
  ]);

describe("optimizers follow their formulas", () => {
  const optimizers = {
    "sgd without momentum": sgd({ momentum: 0 }),
    "sgd with momentum and decay": sgd({ weightDecay: 0.1 }),
    "sgd with Nesterov momentum": sgd({ nesterov: true }),
    "adam with decay": adam({ weightDecay: 0.1 }),
    adamw: adamw({ weightDecay: 0.1 }),
  };
  for (const [name, optimizer] of Object.entries(optimizers)) {
    test(name, async () => {
      const network = testNetwork("tanh");
      const trainer = await start(network, { optimizer });
      const batch = testBatch(40);
      const gradients: Float64Array[] = [];
      for (let t = 0; t < 4; t++) {
        gradients.push(flat(trainer.gradients(batch).layers));
        trainer.step(batch, 0.05);
      }
      const weights = network.layers.reduce((sum, one) => sum + one.weights.length, 0);
      const expected = referenceUpdate(optimizer, gradients, flat(network.layers), weights, 0.05);
      flat(trainer.network().layers).forEach((value, i) => {
        // Adam divides by the gradient's size, so where that is tiny its rounding shows.
        expect(Math.abs(value - expected[i]), `parameter ${i}`).toBeLessThan(
          optimizer.kind === "sgd" ? 1e-6 : 1e-4,
        );
      });
    });
  }

  test("clipping scales the gradient to the norm asked for", async () => {
    const network = testNetwork("tanh");
    const batch = testBatch(40);
    const trainer = await start(network, { optimizer: sgd({ momentum: 0 }), clipNorm: 0.01 });
    const { gradientNorm } = trainer.step(batch, 1);
    expect(gradientNorm).toBeGreaterThan(0.01);
    const moved = flat(trainer.network().layers).map((value, i) => value - flat(network.layers)[i]);
    expect(Math.hypot(...moved)).toBeCloseTo(0.01, 6);
  });
});

describe("same seed, same bits", () => {
  // With a lane for each shard, two lanes share a sum where threads are few, an odd one or a small batch's stand alone.
  for (const lanes of [4, 5, 2]) {
    test(`on 1 to 5 threads, ${lanes} lanes`, async () => {
      const results = await Promise.all(
        [1, 2, 3, 5].map(async (threads) => {
          const trainer = await start(testNetwork("tanh"), {
            threads,
            lanes,
            batchSize: 80,
            optimizer: adamw(),
            clipNorm: 1,
          });
          const losses = [];
          for (let t = 0; t < 10; t++)
            losses.push(trainer.step(testBatch([80, 61, 30][t % 3], t), 0.01).loss);
          return { losses, network: trainer.network(), evaluation: trainer.evaluate(testBatch(500)) };
        }),
      );
      for (const result of results) expect(result).toEqual(results[0]);
    });
  }

  test("with as many sums of gradients as threads and lanes ask for", () => {
    const network = testNetwork("tanh");
    const sums = (lanes: number, threads: number, shards: number) => {
      const { fields, parameters } = makePlan(network, {
        shardSize: 16,
        shards,
        lanes,
        threads,
        stateVectors: 0,
      });
      return Math.floor((fields.inputs - fields.gradients) / (parameters * 4));
    };
    expect([1, 2, 3, 4].map((threads) => sums(4, threads, 4))).toEqual([2, 2, 2, 4]);
    expect([1, 3, 4, 5].map((threads) => sums(5, threads, 5))).toEqual([3, 3, 3, 5]);
    expect(
      [2, 3].map((threads) => sums(6, threads, 6)),
      "where a thread had more to do",
    ).toEqual([6, 3]);
    expect(sums(4, 2, 5), "lanes of more than a shard").toBe(4);
  });

  test("after weights and optimizer state went out and in again", async () => {
    for (const optimizer of [sgd(), adam()]) {
      const unbroken = await start(testNetwork("relu"), { optimizer });
      for (let t = 0; t < 5; t++) unbroken.step(testBatch(40, t), 0.01);
      const resumed = await start(unbroken.network(), { optimizer });
      resumed.restoreOptimizerState(unbroken.optimizerState());
      for (let t = 5; t < 10; t++) {
        unbroken.step(testBatch(40, t), 0.01);
        resumed.step(testBatch(40, t), 0.01);
      }
      expect(resumed.network()).toEqual(unbroken.network());
      expect(resumed.optimizerState()).toEqual(unbroken.optimizerState());
    }
  });
});

describe("bad input", () => {
  test("a loss that is not finite stops the step and keeps the weights", async () => {
    const trainer = await start(testNetwork("linear"), { loss: { kind: "meanSquaredError" } });
    const before = trainer.network();
    const batch = testBatch(40);
    batch.inputs[5] = Number.NaN;
    expect(() => trainer.step(batch, 0.1)).toThrow(/loss NaN/);
    expect(trainer.network()).toEqual(before);
  });

  test("labels, counts and options out of range are named", async () => {
    const network = testNetwork("tanh");
    const trainer = await start(network);
    const batch = testBatch(40);
    batch.labels[3] = 5;
    expect(() => trainer.step(batch, 0.1)).toThrow("sample 3 has label 5; the network has outputs 0 to 4");
    expect(() => trainer.step({ ...testBatch(40), count: 41 }, 0.1)).toThrow(
      "a batch has 1 to 40 samples, not 41",
    );
    expect(() => trainer.evaluate({ ...testBatch(10), count: 11 })).toThrow("sample 10 of 10");
    await expect(start(network, { shardSize: 24 })).rejects.toThrow("power of two");
    await expect(start(network, { batchSize: 0 })).rejects.toThrow("batch size must be a whole number");
    expect(() => trainer.restoreOptimizerState({ updates: 1, vectors: {} })).toThrow(
      '"momentum" has no values',
    );
  });

  test("a batch without the targets of its loss is refused and changes nothing", async () => {
    const trainer = await start(testNetwork("tanh"));
    const before = trainer.network();
    const { labels, ...unlabelled } = testBatch(40);
    for (const act of [
      () => trainer.step(unlabelled, 0.1),
      () => trainer.gradients(unlabelled),
      () => trainer.evaluate(unlabelled),
    ]) {
      expect(act).toThrow("the batch has no labels, which the crossEntropy loss needs");
    }
    expect(() => trainer.step({ ...unlabelled, labels, mean: Float32Array.of(0, 0) }, 0.1)).toThrow(
      "mean has 2 numbers",
    );
    expect(() => trainer.step({ ...unlabelled, labels }, Number.NaN)).toThrow("learning rate must be finite");
    expect(trainer.network()).toEqual(before);
  });

  test("settings the kernels would take on trust are checked", async () => {
    const network = testNetwork("tanh");
    const bad: [Partial<TrainerOptions>, string][] = [
      [{ optimizer: sgd({ momentum: 1.5 }) }, "momentum must be from 0 up to 1, not 1.5"],
      [{ optimizer: sgd({ momentum: undefined }) }, "momentum must be from 0 up to 1, not undefined"],
      [{ optimizer: adam({ epsilon: 0 }) }, "epsilon must be above 0"],
      [{ loss: { kind: "crossEntropy", labelSmoothing: 7 } }, "label smoothing must be from 0 up to 1"],
      [
        { loss: { kind: "hinge" } as unknown as Loss },
        "loss must be crossEntropy or meanSquaredError, not hinge",
      ],
      [{ clipNorm: Number.NaN }, "clip norm must be above 0"],
    ];
    for (const [options, message] of bad) await expect(start(network, options)).rejects.toThrow(message);
    await expect(start({ ...network, layers: [] })).rejects.toThrow(/layer/);
  });

  test("within a memory budget activations are computed again, to the same bits", async () => {
    const random = randomStream(11);
    const inner = Array.from({ length: 21 }, (_, i) =>
      i % 5 === 3
        ? layer(i + 1, sparseEdges(40, 40, 3, random), "tanh", random)
        : layer(i + 1, unevenBlocks(40, 40, 4, random), i % 2 ? "relu" : "tanh", random),
    );
    const layers = [
      layer(0, unevenBlocks(40, 13, 2, random), "tanh", random),
      ...inner,
      layer(22, unevenBlocks(5, 40, 1, random), "linear", random),
    ];
    const network: Network = { layers, provenance: { seed: 11, start: "none" } };
    const batch = testBatch(100);
    const sizes = { batchSize: 100, shardSize: 256 };
    const plain = await start(network, sizes);
    const expected = plain.gradients(batch);
    expect(plain.recomputes).toBe(false);
    const small = await start(network, { ...sizes, memoryBudget: plain.bytes - 2 ** 18 });
    expect(small.recomputes).toBe(true);
    expect(small.gradients(batch)).toEqual(expected);
    expect(small.predict(batch)).toEqual(plain.predict(batch));
    await expect(start(network, { ...sizes, memoryBudget: 65536 })).rejects.toThrow(
      "and the memory budget is 0.1 MiB",
    );
  });

  test("a network beyond 32-bit memory is refused before anything is allocated", async () => {
    const orders = Int32Array.from({ length: 65536 }, (_, i) => i);
    const groups = Int32Array.from({ length: 16385 }, (_, i) => 4 * i);
    const topology: BlockTopology = {
      kind: "blocks",
      name: "test",
      rows: 65536,
      columns: 65536,
      rowOrder: orders,
      columnOrder: orders,
      rowOffsets: groups,
      columnOffsets: groups,
    };
    const wide = { ...layer(0, topology, "tanh", randomStream(1)) };
    const network: Network = {
      layers: Array.from({ length: 600 }, (_, i) => ({ ...wide, name: `layers.${i}` })),
      provenance: { seed: 0, start: "none" },
    };
    await expect(start(network, { shardSize: 1024, batchSize: 1024 })).rejects.toThrow(
      "32-bit WebAssembly has 4.0 GiB",
    );
  });
});
