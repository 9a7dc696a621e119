import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toyDataset, toyRegression } from "../../test/toy-dataset.ts";
import { adamw, createTrainer, type Optimizer, sgd, type Trainer } from "../engine/index.ts";
import { mlp } from "../network/mlp.ts";
import type { Layer } from "../network/network.ts";
import { loadRunState, saveRunState } from "./checkpoint.ts";
import { completeNetworkSettings, completeSettings } from "./config.ts";
import { evaluateSplit, type Plan, type Position, start, stepsPerEpoch, trainingEvents } from "./loop.ts";

const dataset = toyDataset();
const plan: Plan = {
  epochs: 3,
  batchSize: 8,
  learningRate: 0.05,
  schedule: { kind: "cosine", warmupSteps: 2 },
  seed: 11,
  evalEvery: 2,
};

function trainerFor(optimizer: Optimizer, threads = 1): Promise<Trainer> {
  const network = mlp({ widths: [6, 8, 8, 3], init: { degree: 4 }, seed: 3 });
  return createTrainer(network, {
    loss: { kind: "crossEntropy", labelSmoothing: 0 },
    optimizer,
    batchSize: plan.batchSize,
    threads,
  });
}

const given = { dataset: "toy", depth: 3, batchSize: plan.batchSize, epochs: plan.epochs };
const config = completeSettings(completeNetworkSettings(given), dataset, 3, 1);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isosparse-loop-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The bytes of the checkpoint after `steps` steps from `position`; all steps when absent. */
async function checkpointAfter(trainer: Trainer<Layer>, position: Position, steps?: number): Promise<Buffer> {
  const path = join(folder, "checkpoint.safetensors");
  let last = position;
  for (const event of trainingEvents(trainer, dataset, plan, position)) {
    last = event.position;
    const between = event.kind === "epoch" || !event.endsEpoch;
    if (steps !== undefined && last.step >= steps && between) break;
  }
  await saveRunState(path, trainer, last, dataset.train.count, config);
  return readFile(path);
}

describe("trainingEvents", () => {
  it("visits every sample once an epoch, tests when due and names the best", async () => {
    const trainer = await trainerFor(sgd());
    const seen = new Map<number, number>();
    const spy: Trainer = {
      ...trainer,
      step(batch, learningRate) {
        for (const i of batch.indices!) seen.set(i, (seen.get(i) ?? 0) + 1);
        return trainer.step(batch, learningRate);
      },
      evaluate: (batch) => trainer.evaluate(batch),
    };
    const events = [...trainingEvents(spy, dataset, plan)];
    const epochs = events.filter((event) => event.kind === "epoch");
    expect(events.filter((event) => event.kind === "step")).toHaveLength(3 * 7);
    expect(stepsPerEpoch(dataset, 8)).toBe(7);
    expect([...seen.values()]).toEqual(new Array(50).fill(3));
    expect(epochs.map(({ record }) => record.testLoss !== null)).toEqual([false, true, true]);
    expect(epochs.map(({ record }) => record.step)).toEqual([7, 14, 21]);
    const accuracies = epochs.map(({ record }) => record.testAccuracy ?? 0);
    expect(epochs.at(-1)!.position.best!.accuracy).toBe(Math.max(...accuracies));
    expect(accuracies[2]).toBe(evaluateSplit(trainer, dataset, dataset.test).accuracy);
    trainer.dispose();
  });

  it("ends in the same bytes when stopped after any step and resumed from the checkpoint", async () => {
    for (const optimizer of [sgd({ nesterov: true }), adamw()]) {
      const whole = await trainerFor(optimizer);
      const expected = await checkpointAfter(whole, start);
      whole.dispose();
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 20 }),
          fc.integer({ min: 1, max: 2 }),
          async (steps, threads) => {
            const first = await trainerFor(optimizer);
            await checkpointAfter(first, start, steps);
            first.dispose();
            const {
              network,
              optimizer: state,
              position,
            } = await loadRunState(join(folder, "checkpoint.safetensors"));
            const second = await createTrainer(network, {
              loss: { kind: "crossEntropy", labelSmoothing: 0 },
              optimizer,
              batchSize: plan.batchSize,
              threads,
            });
            second.restoreOptimizerState(state);
            const resumed = await checkpointAfter(second, position);
            second.dispose();
            expect(resumed.equals(expected)).toBe(true);
          },
        ),
        { numRuns: 12 },
      );
    }
  });

  it("takes the lowest loss for the best where there are no classes", async () => {
    const regression = toyRegression();
    const trainer = await createTrainer(mlp({ widths: [6, 8, 1], init: { degree: 4 }, seed: 3 }), {
      loss: { kind: "meanSquaredError" },
      optimizer: sgd(),
      batchSize: 8,
    });
    const records = [];
    let best: Position["best"];
    for (const event of trainingEvents(trainer, regression, { ...plan, evalEvery: 1 })) {
      best = event.position.best;
      if (event.kind === "epoch") records.push(event.record);
    }
    trainer.dispose();
    expect(records.map((record) => record.testAccuracy)).toEqual([null, null, null]);
    expect(best!.loss).toBe(Math.min(...records.map((record) => record.testLoss!)));
    expect(best!.accuracy).toBeNull();
  });
});
