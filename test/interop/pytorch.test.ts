import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certify } from "../../src/certificate/index.ts";
import { digits } from "../../src/data/digits.ts";
import { createTrainer } from "../../src/engine/index.ts";
import { sgd } from "../../src/engine/optimizer.ts";
import { withInputScale } from "../../src/experiment/train.ts";
import { loadNetwork, readSafetensors, writeSafetensors } from "../../src/formats/index.ts";
import { pytorchExporter } from "../../src/formats/pytorch/exporter.ts";
import { writeDenseSafetensors } from "../../src/formats/safetensors-dense.ts";
import { int32Tensor, type Tensor } from "../../src/formats/tensor.ts";
import { cnn } from "../../src/network/cnn.ts";
import { type MlpOptions, mlp } from "../../src/network/mlp.ts";
import { type AnyNetwork, parameterCount, parametersOf } from "../../src/network/network.ts";
import { resnet } from "../../src/network/resnet.ts";
import { hasPyTorch, python, writeIdx } from "./python.ts";

const present = hasPyTorch("PyTorch exports");
const folder = mkdtempSync(join(tmpdir(), "isosparse-pytorch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STEPS = 20;
const BATCH = 32;
const RATE = 0.01;
const DECAY = 1e-3;
const data = digits({ train: (STEPS / 2) * BATCH, test: 100 });

const widths = (depth: number, width: number) => [784, ...new Array<number>(depth - 1).fill(width), 10];
const input = { channels: 1, height: 28, width: 28 };
const mlpOf = (options: MlpOptions) => withInputScale(mlp({ seed: 3, ...options }), data);
const cases: Record<string, () => AnyNetwork> = {
  "tanh, 20 layers": () => mlpOf({ widths: widths(20, 64), init: { sparsity: 0.875 } }),
  "relu, 20 layers, random": () =>
    mlpOf({
      widths: widths(20, 64),
      activation: "relu",
      init: { sparsity: 0.75, arrangement: "random" },
    }),
  "tanh, 100 layers": () => mlpOf({ widths: widths(100, 32), init: { sparsity: 0.75 } }),
  "unequal groups, other widths": () => mlpOf({ widths: [784, 90, 72, 101, 10], init: { sparsity: 0.83 } }),
  "edges among blocks": () =>
    mlpOf({
      widths: [784, 64, 64, 64, 10],
      activation: "hardtanh",
      init: { topology: "givens", degree: 4 },
    }),
  "convolutions, tanh": () =>
    withInputScale(cnn({ input, outputs: 10, depth: 4, width: 16, init: { sparsity: 0.75 }, seed: 3 }), data),
  "convolutions, batch normalization and shortcuts": () =>
    resnet({ input, outputs: 10, depth: 8, width: 8, init: { sparsity: 0.5 }, seed: 3 }),
};
const forms = ["masked", "fast"] as const;

interface Trained {
  readonly losses: number[];
  readonly before: number[][];
  readonly after: number[][];
  readonly zero: boolean;
  readonly shapes: Record<string, number[]>;
}

interface Answer {
  readonly train: Trained[];
  readonly dense: {
    outputs: number[][];
    expected: number[][];
    metadata: Record<string, string>;
    types: string[];
  };
  readonly hostile: { refused: number; unexpected: string[] };
  readonly scripts: { returned: number | null; printed: string }[];
}

/** The engine's side: losses of the same steps, outputs and the network after them. */
interface Ours {
  readonly network: AnyNetwork;
  readonly losses: number[];
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly trained: AnyNetwork;
}

const place = (name: string) => join(folder, name.replace(/\W+/g, "-"));

async function exportTo(name: string, network: AnyNetwork): Promise<void> {
  await pytorchExporter.export(network, {
    certificate: certify(network, { workLimit: 1e6 }),
    form: "fast",
    out: place(name),
    source: "test",
    scaling: data,
    options: {},
  });
}

const batch = (step: number) => ({
  ...data,
  ...data.train,
  count: BATCH,
  indices: Int32Array.from({ length: BATCH }, (_, i) => ((step * BATCH) % data.train.count) + i),
});

async function trainHere(network: AnyNetwork): Promise<Ours> {
  const trainer = await createTrainer(network, {
    loss: { kind: "crossEntropy", labelSmoothing: 0 },
    optimizer: sgd({ momentum: 0.9, weightDecay: DECAY }),
    batchSize: BATCH,
    reproducible: true,
  });
  const before = trainer.predict(batch(0));
  const losses = Array.from({ length: STEPS }, (_, step) => trainer.step(batch(step), RATE).loss);
  const ours = { network, losses, before, after: trainer.predict(batch(0)), trained: trainer.network() };
  trainer.dispose();
  return ours;
}

async function writeBatches(): Promise<string> {
  const path = join(folder, "batches.safetensors");
  const inputs = new Uint8Array(STEPS * BATCH * 784);
  const labels = new Int32Array(STEPS * BATCH);
  for (let i = 0; i < STEPS * BATCH; i++) {
    const row = i % data.train.count;
    inputs.set(data.train.inputs.subarray(row * 784, (row + 1) * 784), i * 784);
    labels[i] = data.train.labels![row];
  }
  const tensors = new Map<string, Tensor>([
    ["inputs", { dtype: "U8", shape: [STEPS, BATCH, 784], data: inputs }],
    ["labels", int32Tensor(labels, [STEPS, BATCH])],
  ]);
  await writeSafetensors(path, { tensors, metadata: new Map() });
  return path;
}

/** Largest difference, as a share of the largest of `expected`. */
function difference(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(values.length).toBe(expected.length);
  return (
    Array.from(expected).reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0) / largest
  );
}

const driver = fileURLToPath(new URL("pytorch-tasks.py", import.meta.url));
const example = fileURLToPath(new URL("../../examples/pytorch/train_ddp.py", import.meta.url));
const ddp = ["--data", folder, "--batch", "32", "--learning-rate", "0.01", "--print-losses"];

describe.skipIf(!present)("PyTorch export", () => {
  const ours: Record<string, Ours> = {};
  let answer: Answer;
  const saved = (name: string, form: string) => join(place(name), `${form}.safetensors`);
  const theirs = (name: string, form: (typeof forms)[number]) =>
    answer.train[2 * Object.keys(cases).indexOf(name) + forms.indexOf(form)];

  beforeAll(async () => {
    const batches = await writeBatches();
    for (const [name, make] of Object.entries(cases)) {
      ours[name] = await trainHere(make());
      await exportTo(name, ours[name].network);
    }
    await exportTo("ddp", withInputScale(mlp({ widths: widths(8, 32), init: { degree: 8 }, seed: 1 }), data));
    await writeIdx(folder, "train", data.train);
    await writeIdx(folder, "t10k", data.test);
    const [first] = Object.keys(cases);
    const dense = join(folder, "dense.safetensors");
    await writeDenseSafetensors(ours[first].network, dense);
    const train = Object.keys(cases).flatMap((name) =>
      forms.map((form) => ({
        folder: place(name),
        form,
        batches,
        rate: RATE,
        momentum: 0.9,
        decay: DECAY,
        save: saved(name, form),
      })),
    );
    const request = {
      train,
      dense: { folder: place(first), file: dense },
      hostile: { folder: place("unequal groups, other widths"), count: 300 },
      scripts: [
        [join(place("edges among blocks"), "model.py"), "--check"],
        [example, place("ddp"), ...ddp],
      ],
    };
    const { status, stdout, stderr } = python([driver], JSON.stringify(request));
    expect(stderr).toBe("");
    expect(status).toBe(0);
    answer = JSON.parse(stdout);
  }, 60_000);

  for (const name of Object.keys(cases)) {
    it.each(forms)(`${name}, %s: outputs, losses and weights are the engine's`, async (form) => {
      const { losses, before, after, zero } = theirs(name, form);
      expect(difference(before.flat(), ours[name].before)).toBeLessThan(1e-5);
      const worst = Math.max(...losses.map((loss, step) => Math.abs(loss - ours[name].losses[step])));
      expect(losses).toHaveLength(STEPS);
      expect(worst).toBeLessThan(1e-4);
      expect(Math.min(...losses)).toBeLessThan(losses[0] - 0.05);
      expect(zero).toBe(true);
      const back = await loadNetwork(saved(name, form));
      for (const [i, layer] of back.layers.entries()) {
        const trained = ours[name].trained.layers[i];
        const parameters = parametersOf(trained);
        const { weights, statistics } = parametersOf(layer);
        expect({ ...layer, ...parameters }).toEqual({ ...trained, ...parameters });
        if (weights.length > 0) expect(difference(weights, parameters.weights)).toBeLessThan(1e-3);
        if (statistics) expect(difference(statistics, parameters.statistics!)).toBeLessThan(1e-3);
      }
      const outputs = await outputsOf(back);
      expect(difference(outputs, after.flat())).toBeLessThan(1e-5);
    });
  }

  it("keeps as many parameters as there are weights in the fast form, and whole matrices in the masked", () => {
    const [name] = Object.keys(cases);
    const { shapes } = theirs(name, "fast");
    expect(shapes["layers.5.blocks.0"]).toEqual([8, 8, 8]);
    const held = Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(held).toBe(parameterCount(ours[name].network));
    expect(theirs(name, "masked").shapes).toMatchObject({
      "layers.5.weight": [64, 64],
      "layers.5.mask": [64, 64],
      "layers.5.bias": [64],
    });
  });

  it("loads the dense safetensors as a state dict", () => {
    const { outputs, expected, metadata, types } = answer.dense;
    expect(types).toEqual(["bool", "float32"]);
    expect(metadata).toMatchObject({ format: "pt" });
    expect(difference(outputs.flat(), expected.flat())).toBeLessThan(1e-5);
  });

  it("refuses damaged files with ValueError alone", () => {
    expect(answer.hostile.unexpected).toEqual([]);
    expect(answer.hostile.refused).toBeGreaterThan(100);
  });

  it("tests itself, and finds weights that are not the exported ones", async () => {
    const out = place("edges among blocks");
    const [{ returned, printed }] = answer.scripts;
    expect(printed).toMatch(/^ok {3}fast outputs and isosparse's agree/m);
    expect(printed).not.toContain("FAIL");
    expect(returned).toBe(0);
    const weights = join(out, "model.safetensors");
    const contents = await readSafetensors(weights);
    (contents.tensors.get("layers.0.bias")!.data as Float32Array)[0] += 1;
    await writeSafetensors(weights, contents);
    const bad = python([join(out, "model.py"), "--check"]);
    expect(bad.stdout).toMatch(/^FAIL fast outputs and isosparse's agree/m);
    expect(bad.status).toBe(1);
  });

  it("trains in two processes with the losses of one (examples/pytorch/train_ddp.py)", async () => {
    const out = join(folder, "trained.safetensors");
    // Teeing one stream makes the torchrun of PyTorch 1.13 work under Python 3.11, where it stumbles over none.
    const torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"];
    const tee = ["--redirects", "1", "--tee", "1", "--log_dir", join(folder, "logs")];
    const both = python([...torchrun, ...tee, example, place("ddp"), ...ddp, "--out", out]);
    expect(both.status, both.stderr).toBe(0);
    const losses = (text: string) => [...text.matchAll(/loss (\d\.\d{6})/g)].map((match) => Number(match[1]));
    const [one, two] = [losses(answer.scripts[1].printed), losses(both.stdout)];
    expect(one).toHaveLength(10);
    expect(difference(two, one)).toBeLessThan(1e-4);
    expect(one.at(-1)).toBeLessThan(one[0]);
    expect((await loadNetwork(out)).layers).toHaveLength(8);
  });
});

async function outputsOf(network: AnyNetwork): Promise<Float32Array> {
  const trainer = await createTrainer(network, {
    loss: { kind: "crossEntropy", labelSmoothing: 0 },
    optimizer: sgd({ momentum: 0 }),
    batchSize: BATCH,
    reproducible: true,
  });
  const outputs = trainer.predict(batch(0));
  trainer.dispose();
  return outputs;
}
