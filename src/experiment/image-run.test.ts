import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toyDataset } from "../../test/toy-dataset.ts";
import { toyImages, writeToyImages } from "../../test/toy-images.ts";
import { createTrainer, type Trainer } from "../engine/index.ts";
import { loadNetwork } from "../formats/index.ts";
import { cnn } from "../network/cnn.ts";
import { sao } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { AnyNetwork, BatchNormLayer, Layer } from "../network/network.ts";
import { resnet } from "../network/resnet.ts";
import { loadRunState, saveRunState } from "./checkpoint.ts";
import { completeSettings, trainerOptions } from "./config.ts";
import { evaluateNetwork } from "./evaluate.ts";
import { type Plan, type Position, start, trainingEvents } from "./loop.ts";
import { readRunConfig, resumeRun, startRun } from "./run.ts";
import { runFiles } from "./run-folder.ts";
import type { Settings } from "./settings.ts";
import { train } from "./train.ts";

let folder: string;
let settings: Settings;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isosparse-images-"));
  await writeToyImages(join(folder, "images"));
  settings = {
    dataset: "image-folder",
    data: join(folder, "images"),
    epochs: 3,
    batchSize: 16,
    learningRate: 0.02,
    threads: 1,
  };
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string) => ({ out: join(folder, name) });
const normsOf = ({ layers }: AnyNetwork) =>
  layers.filter((layer): layer is BatchNormLayer => layer.kind === "batchNorm");

describe("a run on images", () => {
  it("learns, and is tested again from its files with the same result", async () => {
    const given: Settings = { ...settings, model: "cnn", depth: 3, width: 16, degree: 4, epochs: 6 };
    const outcome = await startRun(given, at("cnn"));
    expect(outcome).toMatchObject({ layers: 7, status: "finished" });
    expect(outcome.testAccuracy).toBeGreaterThan(0.9);
    const { checkpoint, best } = runFiles(outcome.folder);
    for (const [file, config] of [
      [checkpoint, { checkpointOf: await readRunConfig(outcome.folder) }],
      [best, { bestOf: await readRunConfig(outcome.folder) }],
    ] as const) {
      const result = await evaluateNetwork(file, outcome.config, config);
      expect(result).toMatchObject({ samples: 16 });
      if (file === checkpoint) expect(result.loss).toBe(outcome.testLoss);
    }
    const again = await evaluateNetwork(checkpoint, outcome.config);
    expect(again.accuracy).toBe(outcome.testAccuracy);
  });

  it("ends with the same bytes wherever it was killed", async () => {
    const given: Settings = { ...settings, model: "cnn", depth: 1, width: 8, checkpointEvery: 1e-6 };
    const whole = await startRun(given, at("whole"));
    const bytes = await readFile(runFiles(whole.folder).checkpoint);
    const place = at("killed");
    const kill = startRun(given, place, {
      onStep: ({ position }) => {
        if (position.step === 6) throw new Error("killed");
      },
    });
    await expect(kill).rejects.toThrow("killed");
    expect((await loadRunState(runFiles(place.out).checkpoint)).position.step).toBe(5);
    await resumeRun(place.out, { threads: 2 });
    expect((await readFile(runFiles(place.out).checkpoint)).equals(bytes)).toBe(true);
  });

  it("is named after its model, tied to it, and goes on from another's network", async () => {
    const runsFolder = join(folder, "runs");
    const small: Settings = { ...settings, model: "cnn", depth: 1, width: 8, degree: 4, epochs: 1 };
    const first = await startRun(small, { runsFolder });
    expect(first.folder).toBe(join(runsFolder, "image-folder-cnn-1x8-sao"));
    const from = runFiles(first.folder).best;
    const next = await startRun({ ...settings, from, epochs: 1 }, { runsFolder });
    expect(next.folder).toBe(join(runsFolder, "image-folder-best"));
    expect(next.layers).toBe(first.layers);
    expect(next.config.model).toBeUndefined();

    await expect(startRun({ dataset: "digits", samples: 64, from }, at("digits"))).rejects.toThrow(
      "the network takes images of 3 x 8 x 8 and gives 2 outputs, but digits has images of 1 x 28 x 28 and 10 outputs",
    );

    const { config, checkpoint } = runFiles(first.folder);
    const changed = (await readFile(config, "utf8")).replace("model: cnn", "model: edge-cnn");
    await writeFile(config, changed);
    await expect(resumeRun(first.folder, {})).rejects.toThrow(
      `${checkpoint} is another run's: its model is "cnn", and in config.yaml beside it model is "edge-cnn"`,
    );
  });
});

describe("checkpoints of batch normalization", () => {
  const dataset = toyImages();
  const plan: Plan = {
    epochs: 2,
    batchSize: 16,
    learningRate: 0.02,
    schedule: { kind: "constant" },
    seed: 1,
    evalEvery: 1,
  };

  it("bring back running means and variances, to the bit", async () => {
    const config = completeSettings({ dataset: "toy", batchSize: 16 }, dataset, 8, 1);
    const path = join(folder, "norms.safetensors");
    const fresh = resnet({ input: dataset.image!, outputs: 2, depth: 8, width: 4 });
    const trainerOf = (network: AnyNetwork, threads: number) =>
      createTrainer(network, { ...trainerOptions(config), threads });
    const trainTo = async (trainer: Trainer<Layer>, from: Position, steps: number) => {
      let last = from;
      for (const event of trainingEvents(trainer, dataset, plan, from)) {
        last = event.position;
        if (last.step === steps && (event.kind === "epoch" || !event.endsEpoch)) break;
      }
      await saveRunState(path, trainer, last, dataset.train.count, config);
      trainer.dispose();
      return readFile(path);
    };
    const whole = await trainTo(await trainerOf(fresh, 1), start, 6);
    const before = normsOf(fresh).map(({ statistics }) => statistics);
    expect(normsOf(await loadNetwork(path)).map(({ statistics }) => statistics)).not.toEqual(before);
    for (const step of [1, 4, 5]) {
      await trainTo(await trainerOf(fresh, 2), start, step);
      const state = await loadRunState(path);
      const resumed = await trainerOf(state.network, 1);
      resumed.restoreOptimizerState(state.optimizer);
      expect((await trainTo(resumed, state.position, 6)).equals(whole)).toBe(true);
    }
  });
});

describe("train", () => {
  const dataset = toyImages();
  const options = { epochs: 4, learningRate: 0.02, batchSize: 16 };

  it("updates a network of convolutions in place, whatever the threads", async () => {
    const make = () =>
      cnn({ input: dataset.image!, outputs: 2, depth: 2, width: 8, init: sao({ degree: 4 }) });
    const [one, two] = [make(), make()];
    const { network, testAccuracy } = await train(one, dataset, { ...options, threads: 1 });
    await train(two, dataset, { ...options, threads: 2 });
    expect(testAccuracy).toBeGreaterThan(0.9);
    expect(one).toEqual(network);
    expect(one).toEqual(two);
    expect(one.provenance.critical?.inputScale).toBeGreaterThan(0);
  });

  it("keeps running means and variances with the network", async () => {
    const network = resnet({ input: dataset.image!, outputs: 2, depth: 8, width: 4 });
    const before = normsOf(network).map(({ statistics }) => statistics.slice());
    const { network: trained } = await train(network, dataset, options);
    expect(normsOf(network).map(({ statistics }) => statistics)).not.toEqual(before);
    expect(network).toEqual(trained);
  });

  it("refuses datasets of other images, or of none", async () => {
    const network = cnn({
      input: { channels: 1, height: 8, width: 8 },
      outputs: 2,
      depth: 1,
      width: 8,
      init: sao(),
    });
    await expect(train(network, dataset)).rejects.toThrow(
      "the network takes images of 1 x 8 x 8 and gives 2 outputs, but toy images has images of 3 x 8 x 8 and 2 outputs",
    );
    await expect(train(network, toyDataset(20, 20, 2))).rejects.toThrow(
      "but toy has no images and 2 outputs",
    );
    const linear = mlp({ widths: [192, 8, 2], init: sao() });
    expect((await train(linear, dataset, { epochs: 1 })).history).toHaveLength(1);
  });
});
