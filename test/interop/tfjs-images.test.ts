/**
 * @file Networks with images in TensorFlow.js: outputs are the reference's and gradients the engine's, whatever the kinds
 * of layers, in both forms.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { certify } from "../../src/certificate/index.ts";
import { createTrainer } from "../../src/engine/index.ts";
import { sgd } from "../../src/engine/optimizer.ts";
import type { ExportForm } from "../../src/formats/export/exporter.ts";
import { tfjsExporter } from "../../src/formats/tfjs/exporter.ts";
import { randomStream } from "../../src/math/random.ts";
import { forward } from "../../src/network/evaluate.ts";
import { networkInput, networkOutput, sizeOf } from "../../src/network/layer-shape.ts";
import type { AnyNetwork } from "../../src/network/network.ts";
import { isosparseLayers, type Scaling } from "../../src/tfjs/index.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../random-convolution-network.ts";
import { folderSource, openTensorFlow, type TestModel, type TestTensorFlow } from "./tensorflow.ts";

const tf = (await openTensorFlow("TensorFlow.js layers of images")) as TestTensorFlow;
const folder = mkdtempSync(join(tmpdir(), "isosparse-tfjs-images-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BATCH = 3;

function difference(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  const all = Array.from(expected);
  expect(values.length).toBe(all.length);
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return all.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0) / largest;
}

function inputsOf(network: AnyNetwork, count = BATCH) {
  const random = randomStream(7);
  const width = sizeOf(networkInput(network));
  const inputs = Float32Array.from({ length: count * width }, () => random.normal());
  return { inputs, tensor: tf.tensor(inputs, [count, width], "float32") };
}

/** As a row for each sample, channel by channel. */
function outputsOf(model: TestModel, network: AnyNetwork): ArrayLike<number> {
  const outputs = model.predict(inputsOf(network).tensor);
  expect(outputs.shape).toEqual([BATCH, sizeOf(networkOutput(network))]);
  return outputs.dataSync();
}

const expected = (network: AnyNetwork) =>
  forward(network, Float64Array.from(inputsOf(network).inputs), BATCH);

async function exported(network: AnyNetwork, form: ExportForm, scaling?: Scaling): Promise<TestModel> {
  const out = mkdtempSync(join(folder, "model-"));
  const certificate = certify(network);
  await tfjsExporter.export(network, { certificate, form, out, source: "test", scaling, options: {} });
  return tf.loadLayersModel(await folderSource(tf, out));
}

/** The last one ends in an image. */
const networks: AnyNetwork[] = [
  ...Array.from({ length: 3 }, (_, seed) => everyKindNetwork(seed)),
  ...Array.from({ length: 12 }, (_, seed) => randomConvolutionNetwork(seed)),
];
const image = { ...networks[0], layers: networks[0].layers.slice(0, -2) };
const stock = ["linear", "tanh", "relu"] as const;

describe.skipIf(tf === undefined)("networks with images in TensorFlow.js", () => {
  it("gives the reference's outputs, on the wasm backend and in plain JavaScript", async () => {
    const iso = isosparseLayers(tf);
    for (const backend of ["cpu", "wasm"] as const) {
      await tf.setBackend(backend);
      for (const [i, network] of [...networks, image].entries()) {
        const model = iso.model(network) as unknown as TestModel;
        expect(difference(outputsOf(model, network), expected(network)), `network ${i}`).toBeLessThan(1e-4);
      }
    }
  });

  it("writes both forms so that TensorFlow.js loads them, with raw inputs too", async () => {
    isosparseLayers(tf);
    for (const seed of [0, 1, 2]) {
      const network = everyKindNetwork(seed, stock);
      const width = sizeOf(networkInput(network));
      const scaling = {
        mean: Float32Array.from({ length: width }, (_, i) => Math.sin(i)),
        deviation: Float32Array.from({ length: width }, (_, i) => 1.5 + Math.cos(i)),
      };
      const { inputs } = inputsOf(network);
      const standardised = inputs.map((x, i) => (x - scaling.mean[i % width]) / scaling.deviation[i % width]);
      const raw = forward(network, Float64Array.from(standardised), BATCH);
      for (const form of ["fast", "dense"] as const) {
        expect(difference(outputsOf(await exported(network, form), network), expected(network))).toBeLessThan(
          1e-4,
        );
        expect(difference(outputsOf(await exported(network, form, scaling), network), raw)).toBeLessThan(
          1e-4,
        );
      }
      const dense = await exported(network, "dense");
      for (const layer of dense.layers) expect(layer.getClassName()).not.toMatch(/^Isosparse/);
    }
    await expect(exported(everyKindNetwork(0, ["hardtanh"]), "dense")).rejects.toThrow("no hardtanh");
  });

  it("takes the engine's gradients, for strides and dilations too, and gives the weights back", async () => {
    const iso = isosparseLayers(tf);
    const kinds = ["convolution", "add", "maxMin", "pad", "spaceToDepth"] as const;
    for (const seed of [0, 1, 2, 3, 4, 5]) {
      const network = randomConvolutionNetwork(seed, { kinds });
      const outputs = sizeOf(networkOutput(network));
      const { inputs, tensor } = inputsOf(network);
      const values = new Float32Array(BATCH * outputs);
      const trainer = await createTrainer(network, {
        loss: { kind: "meanSquaredError" },
        optimizer: sgd({ momentum: 0 }),
        batchSize: BATCH,
      });
      const batch = { count: BATCH, inputs, values, mean: Float32Array.of(0), deviation: Float32Array.of(1) };
      const before = trainer.step(batch, 0.05).loss;
      const trained = trainer.network();
      trainer.dispose();
      const model = iso.model(network) as unknown as TestModel;
      model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
      const loss = await model.trainOnBatch(tensor, tf.tensor(values, [BATCH, outputs], "float32"));
      expect(loss / before).toBeCloseTo(1, 5);
      for (const [i, layer] of iso.network(model, network).layers.entries()) {
        const theirs = trained.layers[i];
        const start = network.layers[i];
        if (!("weights" in layer && "weights" in theirs && "weights" in start)) continue;
        const moved = (to: Float32Array) => to.map((weight, k) => weight - start.weights[k]);
        expect(
          difference(moved(layer.weights), moved(theirs.weights)),
          `network ${seed}, ${layer.name}`,
        ).toBeLessThan(2e-3);
      }
    }
  });

  it("frees what it makes", () => {
    const iso = isosparseLayers(tf);
    const model = iso.model(networks[0]) as unknown as TestModel;
    const { tensor } = inputsOf(networks[0]);
    model.predict(tensor).dispose();
    const { numTensors } = tf.memory();
    model.predict(tensor).dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it("says when a model is of another network", () => {
    const iso = isosparseLayers(tf);
    const model = iso.model(networks[0]);
    expect(() => iso.network(model, networks[3])).toThrow(/the model is not one of this network/);
  });
});
