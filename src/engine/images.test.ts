/**
 * @file The engine on networks of layers of all kinds: outputs against the float64 reference, every kind's gradients
 * against central finite differences of it, and the same bits on any number of threads, recomputed or resumed.
 */

import { afterAll, describe, expect, test } from "vitest";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { convolution } from "../init/convolution/index.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, networkOutput, sizeOf } from "../network/layer-shape.ts";
import { type Activation, type AnyNetwork, type Layer, parametersOf } from "../network/network.ts";
import { adam, createTrainer, type Loss, sgd, type Trainer, type TrainerOptions } from "./index.ts";

const trainers: Trainer<Layer>[] = [];
afterAll(() => {
  for (const trainer of trainers) trainer.dispose();
});

const loss: Loss = { kind: "meanSquaredError" };

async function start(network: AnyNetwork, options: Partial<TrainerOptions> = {}): Promise<Trainer<Layer>> {
  const trainer = await createTrainer(network, {
    loss,
    optimizer: sgd(),
    batchSize: 32,
    shardSize: 32,
    ...options,
  });
  trainers.push(trainer);
  return trainer;
}

/** Random samples and targets. */
function batchFor(network: AnyNetwork, count: number, seed = 3) {
  const random = randomStream(seed);
  const [width, outputs] = [sizeOf(networkInput(network)), sizeOf(networkOutput(network))];
  return {
    count,
    inputs: Float32Array.from({ length: count * width }, () => random.normal()),
    labels: Int32Array.from({ length: count }, () => random.integer(outputs)),
    values: Float32Array.from({ length: count * outputs }, () => random.normal()),
    mean: Float32Array.of(0),
    deviation: Float32Array.of(1),
  };
}

type TestBatch = ReturnType<typeof batchFor>;

function referenceLoss(network: AnyNetwork, batch: TestBatch): number {
  const outputs = forward(network, Float64Array.from(batch.inputs), batch.count, undefined, {
    training: true,
  });
  return outputs.reduce((sum, value, i) => sum + (value - batch.values[i]) ** 2, 0) / outputs.length;
}

function inFloat64(network: AnyNetwork): AnyNetwork {
  const exact = (values: Float32Array) => Float64Array.from(values) as unknown as Float32Array;
  const layers = network.layers.map((layer) =>
    "weights" in layer ? { ...layer, weights: exact(layer.weights), bias: exact(layer.bias) } : layer,
  );
  return { ...network, layers };
}

/** Up to `most` parameters of each layer against finite differences of the loss of one shard. */
async function expectGradients(network: AnyNetwork, count: number, most: number): Promise<void> {
  const batch = batchFor(network, count);
  const trainer = await start(network);
  const { loss: value, layers } = trainer.gradients(batch);
  const exact = inFloat64(network);
  expect(value).toBeCloseTo(referenceLoss(exact, batch), 4);
  const random = randomStream(5);
  for (const [l, layer] of exact.layers.entries()) {
    const parameters = parametersOf(layer);
    for (const name of ["weights", "bias"] as const) {
      const values = parameters[name];
      expect(layers[l][name].length).toBe(values.length);
      for (let check = 0; check < Math.min(most, values.length); check++) {
        const k = values.length <= most ? check : random.integer(values.length);
        const kept = values[k];
        const [up, down] = [1e-5, -1e-5].map((h) => {
          values[k] = kept + h;
          return referenceLoss(exact, batch);
        });
        values[k] = kept;
        const difference = layers[l][name][k] - (up - down) / 2e-5;
        expect(Math.abs(difference), `${layer.name} (${layer.kind}) ${name}[${k}]`).toBeLessThan(2e-4);
      }
    }
  }
}

/** Blocks of two convolutions, the second followed by an addition of the block's input. */
function residualNetwork(blocks: number): AnyNetwork {
  const random = randomStream(8);
  const input = { channels: 6, height: 6, width: 6 };
  const layers: Layer[] = [];
  const convolve = (activation: Activation) => {
    const kernels = convolution({
      outChannels: 6,
      inChannels: 6,
      groups: 2,
      random: random.split("c", layers.length),
    });
    const bias = new Float32Array(6);
    const name = `layers.${layers.length}`;
    const weights = kernels.weights.map((weight) => weight + 0.05 * random.normal());
    layers.push({
      kind: "convolution",
      name,
      ...kernels,
      weights,
      bias,
      activation,
      input,
      asked: {},
      initializer: "delta",
    });
  };
  convolve("tanh");
  for (let block = 0; block < blocks; block++) {
    const from = layers[layers.length - 1].name;
    convolve("tanh");
    convolve("linear");
    layers.push({ kind: "add", name: `add.${block}`, input, from, activation: "tanh" });
  }
  return { layers, provenance: { seed: 8, start: "none" } };
}

// Kinks would make finite differences miss: smooth activations here, the others below.
const smooth: readonly Activation[] = ["tanh", "linear"];

describe("gradients equal float64 finite differences", () => {
  test.each([1, 2, 3, 4, 5, 6])("a layer of every kind, seed %d", async (seed) => {
    await expectGradients(everyKindNetwork(seed, smooth), 13, 12);
  });

  // A channel without kernels is constant, and batch normalization makes much of its rounding errors.
  const kinds = ["convolution", "averagePool", "spaceToDepth", "pad", "maxMin", "add"] as const;
  test.each(Array.from({ length: 24 }, (_, i) => 100 + i))("random networks, seed %d", async (seed) => {
    await expectGradients(randomConvolutionNetwork(seed, { activations: smooth, kinds }), 9, 6);
  });

  test.each([7, 8, 9, 10])("relu and hardtanh, seed %d", async (seed) => {
    const kinds = ["convolution", "add"] as const;
    await expectGradients(randomConvolutionNetwork(seed, { kinds, activations: ["relu", "hardtanh"] }), 9, 6);
  });
});

describe("outputs", () => {
  test.each(Array.from({ length: 30 }, (_, i) => i))("are those of the reference, seed %d", async (seed) => {
    const network = seed % 3 === 0 ? everyKindNetwork(seed) : randomConvolutionNetwork(seed);
    const trainer = await start(network);
    const batch = batchFor(network, 40);
    const expected = forward(network, Float64Array.from(batch.inputs), 40);
    const outputs = trainer.predict(batch);
    expect(outputs.length).toBe(expected.length);
    outputs.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(2e-5 * (1 + Math.abs(expected[i])));
    });
  });
});

describe("batch normalization's statistics", () => {
  test("move towards each shard's by the momentum, variances divided by n - 1, padding left out", async () => {
    const network = everyKindNetwork(2, smooth);
    const index = network.layers.findIndex(({ kind }) => kind === "batchNorm");
    const norm = network.layers[index];
    if (norm.kind !== "batchNorm") throw new Error("no batch normalization");
    const batch = batchFor(network, 27);
    const trainer = await start(network);
    trainer.step(batch, 0.01);
    const moved = parametersOf(trainer.network().layers[index]).statistics!;
    let before = new Float64Array(0);
    forward(
      network,
      Float64Array.from(batch.inputs),
      27,
      (layer, _, activations) => {
        if (layer === index - 1) before = Float64Array.from(activations);
      },
      { training: true },
    );
    const { channels } = norm.input;
    const size = before.length / channels;
    for (let c = 0; c < channels; c++) {
      const values = before.subarray(c * size, (c + 1) * size);
      const mean = values.reduce((sum, value) => sum + value / size, 0);
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2 / (size - 1), 0);
      expect(moved[c]).toBeCloseTo(0.9 * norm.statistics[c] + 0.1 * mean, 5);
      expect(moved[channels + c]).toBeCloseTo(0.9 * norm.statistics[channels + c] + 0.1 * variance, 4);
    }
  });
});

describe("same seed, same bits", () => {
  const bitsAfter = async (options: Partial<TrainerOptions>, steps = 3) => {
    const network = everyKindNetwork(4);
    const trainer = await start(network, { batchSize: 40, shardSize: 8, optimizer: adam(), ...options });
    for (let i = 0; i < steps; i++) trainer.step(batchFor(network, 37, i), 0.01);
    return trainer.network().layers.map(parametersOf);
  };

  test("on any number of threads", async () => {
    const expected = await bitsAfter({ threads: 1 });
    expect(await bitsAfter({ threads: 3 })).toEqual(expected);
  });

  test("where activations are computed again, shortcuts included", async () => {
    const network = residualNetwork(20);
    const options = { shardSize: 32, batchSize: 32 };
    const whole = await start(network, options);
    const tight = await start(network, { ...options, memoryBudget: Math.floor(0.7 * whole.bytes) });
    expect([whole.recomputes, tight.recomputes]).toEqual([false, true]);
    for (let i = 0; i < 3; i++) {
      const batch = batchFor(network, 32, i);
      expect(tight.step(batch, 0.01)).toEqual(whole.step(batch, 0.01));
    }
    expect(tight.network()).toEqual(whole.network());
  });

  test("after a state that was kept and restored", async () => {
    const network = everyKindNetwork(4);
    const options = { batchSize: 40, shardSize: 8, optimizer: adam() };
    const whole = await start(network, options);
    for (let i = 0; i < 4; i++) whole.step(batchFor(network, 37, i), 0.01);
    const first = await start(network, options);
    for (let i = 0; i < 2; i++) first.step(batchFor(network, 37, i), 0.01);
    const second = await start(first.network(), options);
    second.restoreOptimizerState(first.optimizerState());
    for (let i = 2; i < 4; i++) second.step(batchFor(network, 37, i), 0.01);
    expect(second.network()).toEqual(whole.network());
  });
});
