import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toyRegression } from "../../test/toy-dataset.ts";
import { digits } from "../data/digits.ts";
import { createTrainer, sgd, type Trainer } from "../engine/index.ts";
import { mlp } from "../network/mlp.ts";
import type { Layer } from "../network/network.ts";
import { trainingBatches } from "./batches.ts";
import { loadRunState, saveRunState } from "./checkpoint.ts";
import {
  completeNetworkSettings,
  completeSettings,
  planOf,
  type RunConfig,
  trainerOptions,
} from "./config.ts";
import { evaluateSplit, type Position, start, trainingEvents } from "./loop.ts";

const images = digits({ train: 60, test: 10 });
const given = { dataset: "digits", depth: 2, batchSize: 16, epochs: 3, threads: 1 };
const configOf = (augment: RunConfig["augment"]) =>
  completeSettings(completeNetworkSettings({ ...given, augment }), images, 2, 1);

describe("trainingBatches", () => {
  const indices = Int32Array.of(5, 50, 0);

  it("point into the training split where nothing is changed", () => {
    const batch = trainingBatches(images, { batchSize: 16, seed: 0 })(0, indices);
    expect(batch.inputs).toBe(images.train.inputs);
    expect(batch.indices).toBe(indices);
  });

  it("hold changed images with their labels, the same in any company and order", () => {
    const plan = { batchSize: 16, seed: 4, augment: ["crop-flip", "autoaugment"] as const };
    const image = (i: number) => (batch: { inputs: Uint8Array | Float32Array }) => [
      ...batch.inputs.slice(i * 784, (i + 1) * 784),
    ];
    const batches = trainingBatches(images, plan);
    const batch = batches(2, indices);
    expect([batch.count, batch.indices]).toEqual([3, undefined]);
    expect([...batch.labels!.slice(0, 3)]).toEqual([...indices].map((index) => images.train.labels![index]));
    const changed = [0, 1, 2].map((i) => image(i)(batch));
    expect(changed[1]).not.toEqual([...images.train.inputs.slice(50 * 784, 51 * 784)]);
    expect(image(0)(batches(1, Int32Array.of(50)))).not.toEqual(changed[1]);
    expect(image(0)(batches(2, Int32Array.of(50)))).toEqual(changed[1]);
    expect(image(1)(trainingBatches(images, plan)(2, Int32Array.of(9, 5)))).toEqual(changed[0]);
    expect(image(0)(trainingBatches(images, { ...plan, seed: 5 })(2, indices))).not.toEqual(changed[0]);
  });

  it("refuse to augment what is no image", () => {
    const plan = { batchSize: 4, seed: 0, augment: ["crop-flip"] as const };
    expect(() => trainingBatches(toyRegression(), plan)).toThrow("toy has no images that could be augmented");
  });
});

describe("training on augmented images", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isosparse-augment-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const config = configOf(["crop-flip", "autoaugment"]);
  const path = () => join(folder, "checkpoint.safetensors");
  const network = mlp({ widths: [784, 16, 10], init: { degree: 4 }, seed: 3 });

  /** The bytes of the checkpoint after `steps` steps from `position`; all steps when absent. */
  async function checkpointAfter(trainer: Trainer<Layer>, position: Position, steps = 1e9): Promise<Buffer> {
    let last = position;
    for (const event of trainingEvents(trainer, images, planOf(config, images), position)) {
      last = event.position;
      if (last.step >= steps && (event.kind === "epoch" || !event.endsEpoch)) break;
    }
    await saveRunState(path(), trainer, last, images.train.count, config);
    trainer.dispose();
    return readFile(path());
  }

  it("ends in the same bytes when stopped after any step and resumed from the checkpoint", async () => {
    const whole = await checkpointAfter(await createTrainer(network, trainerOptions(config)), start);
    const plain = configOf(["none"]);
    expect(planOf(plain, images).augment).toEqual([]);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 1, max: 2 }),
        async (steps, threads) => {
          await checkpointAfter(await createTrainer(network, trainerOptions(config)), start, steps);
          const state = await loadRunState(path());
          const resumed = await createTrainer(state.network, { ...trainerOptions(config), threads });
          resumed.restoreOptimizerState(state.optimizer);
          expect((await checkpointAfter(resumed, state.position)).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  });
});

describe("standardised targets", () => {
  const options = { loss: { kind: "meanSquaredError" }, optimizer: sgd(), batchSize: 8 } as const;
  const plan = {
    epochs: 2,
    batchSize: 8,
    learningRate: 0.05,
    schedule: { kind: "constant", warmupSteps: 0 },
    seed: 1,
    evalEvery: 1,
  } as const;
  const network = () => mlp({ widths: [6, 8, 1], init: { degree: 4 }, seed: 3 });

  it("train as if the table held them, and losses are told in the table's units", async () => {
    const toy = toyRegression();
    const valueScale = { mean: 2 ** 17, deviation: 2 ** 12 };
    const stretch = (values: Float32Array) =>
      values.map((value) => value * valueScale.deviation + valueScale.mean);
    const raw = {
      ...toy,
      valueScale,
      train: { ...toy.train, values: stretch(toy.train.values!) },
      test: { ...toy.test, values: stretch(toy.test.values!) },
    };
    // Values as float32 keeps them at that distance from 0.
    const rounded = (values: Float32Array) =>
      values.map((value) => (value - valueScale.mean) / valueScale.deviation);
    const standardised = {
      ...toy,
      train: { ...toy.train, values: rounded(raw.train.values) },
      test: { ...toy.test, values: rounded(raw.test.values) },
    };
    const [one, other] = await Promise.all(
      [network(), network()].map((each) => createTrainer(each, options)),
    );
    const scaled = [...trainingEvents(one, raw, { ...plan, scaleTargets: true })];
    const direct = [...trainingEvents(other, standardised, plan)];
    expect(one.network().layers[1].weights).toEqual(other.network().layers[1].weights);
    for (const [i, event] of scaled.entries()) {
      const twin = direct[i];
      if (event.kind === "step" && twin.kind === "step") expect(event.loss / 2 ** 24).toBe(twin.loss);
      if (event.kind === "epoch" && twin.kind === "epoch") {
        expect(event.record.testLoss! / 2 ** 24).toBe(twin.record.testLoss);
        expect(event.record.trainLoss / 2 ** 24).toBe(twin.record.trainLoss);
      }
    }
    const tested = evaluateSplit(one, raw, raw.test, true).loss;
    const predicted = one.predict({
      count: 20,
      inputs: raw.test.inputs,
      mean: raw.mean,
      deviation: raw.deviation,
    });
    const errors = [...predicted].map(
      (value, i) => value * valueScale.deviation + valueScale.mean - raw.test.values[i],
    );
    expect(tested / (errors.reduce((sum, error) => sum + error ** 2, 0) / 20)).toBeCloseTo(1, 5);
    one.dispose();
    other.dispose();
  });
});
