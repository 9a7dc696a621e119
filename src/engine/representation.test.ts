import { describe, expect, it } from "vitest";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, sizeOf } from "../network/layer-shape.ts";
import { mlp } from "../network/mlp.ts";
import { type AnyNetwork, isWeighted, type Network, parametersOf } from "../network/network.ts";
import { adam, createTrainer } from "./index.ts";
import { represent } from "./representation.ts";

/** Edges that are all there: blocks in disguise. */
const complete = () =>
  mlp({
    widths: [6, 8, 5, 4],
    init: { topology: "fixed-fan-in", weights: "xavier" },
    seed: 2,
  });

/** Blocks of sides from 1 to 4. */
const small = () => mlp({ widths: [12, 13, 12, 5], init: { degree: 3 }, seed: 4 });

function batch(seed: number) {
  const random = randomStream(seed);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  const scale = { mean: Float32Array.of(0), deviation: Float32Array.of(1) };
  return { count: 40, inputs: numbers(40 * 12), values: numbers(40 * 5), ...scale };
}

function meanSquaredError(network: Network, { count, inputs, values }: ReturnType<typeof batch>): number {
  const outputs = forward(network, Float64Array.from(inputs), count);
  return outputs.reduce((sum, output, i) => sum + (output - values[i]) ** 2, 0) / outputs.length;
}

const topologies = ({ layers }: AnyNetwork) =>
  layers.map((layer) => (isWeighted(layer) ? layer.topology.kind : layer.kind));

describe("represent", () => {
  it.each([
    ["edges", "blocks", complete()],
    ["blocks", "edges", small()],
  ])("computes what a network of %s computes as %s", (given, taken, network) => {
    const { network: held } = represent(network);
    expect(topologies(network)).toEqual([given, given, given]);
    expect(topologies(held)).toEqual([taken, taken, taken]);
    const random = randomStream(1);
    const inputs = Float64Array.from({ length: 3 * sizeOf(networkInput(network)) }, () => random.normal());
    const expected = forward(network, inputs, 3);
    for (const [i, value] of forward(held, inputs, 3).entries()) expect(value).toBeCloseTo(expected[i], 12);
  });

  it.each([complete(), small()])("carries parameters there and back", (network) => {
    const { arrange, restore, network: held } = represent(network);
    const arranged = arrange(network.layers.map(parametersOf));
    expect(arranged).toEqual(held.layers.map(parametersOf));
    for (const [i, { weights, bias }] of restore(arranged).entries()) {
      expect(weights).toEqual(network.layers[i].weights);
      expect(bias).toEqual(network.layers[i].bias);
    }
  });

  it("shares the arrays of layers that stay as they are", () => {
    const network = mlp({ widths: [16, 16, 16], init: { degree: 4 }, seed: 3 });
    const { network: held } = represent(network);
    for (const [i, layer] of held.layers.entries()) {
      expect(isWeighted(layer) && layer.weights).toBe(network.layers[i].weights);
      expect(isWeighted(layer) && layer.topology).toBe(network.layers[i].topology);
    }
  });
});

describe("a trainer of blocks that run as edges", () => {
  const options = {
    loss: { kind: "meanSquaredError" },
    optimizer: adam(),
    batchSize: 40,
    shardSize: 8,
  } as const;
  const trained = async (network: Network, threads: number, steps: number) => {
    const trainer = await createTrainer(network, { ...options, threads });
    for (let t = 0; t < steps; t++) trainer.step(batch(t), 0.01);
    return trainer;
  };
  const parameters = (network: AnyNetwork) => network.layers.map(parametersOf);

  it("has the bits of a trainer of those edges, on one thread and on two", async () => {
    const network = small();
    const { arrange, network: held } = represent(network);
    const trainers = await Promise.all([
      trained(network, 1, 5),
      trained(network, 2, 5),
      trained(held as Network, 1, 5),
    ]);
    const [one, two, edges] = trainers.map((trainer) => trainer.network());
    expect(two).toEqual(one);
    expect(arrange(parameters(one))).toEqual(parameters(edges));
    expect(one.layers[0].topology).toBe(network.layers[0].topology);
    for (const trainer of trainers) trainer.dispose();
  });

  it("has gradients in the order of the blocks", async () => {
    const network = small();
    const trainer = await createTrainer(network, options);
    const { layers } = trainer.gradients(batch(1));
    const step = 1e-5;
    for (const [l, { weights }] of layers.entries()) {
      expect(weights).toHaveLength(network.layers[l].weights.length);
      for (let k = 0; k < weights.length; k++) {
        const loss = (change: number) => {
          const moved = Float64Array.from(network.layers[l].weights);
          moved[k] += change;
          const layer = { ...network.layers[l], weights: moved as unknown as Float32Array };
          return meanSquaredError({ ...network, layers: network.layers.with(l, layer) }, batch(1));
        };
        const difference = (loss(step) - loss(-step)) / (2 * step);
        expect(Math.abs(weights[k] - difference), `layers.${l}[${k}]`).toBeLessThan(1e-6);
      }
    }
    trainer.dispose();
  });

  it("goes on from a saved state as if it had not stopped", async () => {
    const unbroken = await trained(small(), 1, 3);
    const resumed = await createTrainer(unbroken.network(), options);
    resumed.restoreOptimizerState(unbroken.optimizerState());
    for (const trainer of [unbroken, resumed]) trainer.step(batch(3), 0.01);
    expect(resumed.network()).toEqual(unbroken.network());
    expect(resumed.optimizerState()).toEqual(unbroken.optimizerState());
    for (const trainer of [unbroken, resumed]) trainer.dispose();
  });
});
