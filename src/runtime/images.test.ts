import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { createTrainer, sgd } from "../engine/index.ts";
import { IsosparseError } from "../errors.ts";
import { networkToTensors } from "../formats/network-tensors.ts";
import { encodeSafetensors } from "../formats/safetensors.ts";
import type { ConvolutionGeometry, ImageShape } from "../init/convolution/convolution.ts";
import { convolution } from "../init/convolution/index.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, networkOutput, sizeOf } from "../network/layer-shape.ts";
import type { AnyNetwork, ConvolutionLayer } from "../network/network.ts";
import { fromLayers } from "../network/validate.ts";
import { load } from "./index.ts";

const saved = (network: AnyNetwork) =>
  new Uint8Array(Buffer.concat(encodeSafetensors(networkToTensors(network))));
const normals = (count: number, seed: number) => {
  const random = randomStream(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

async function engine(network: AnyNetwork, inputs: Float32Array, count: number) {
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: Math.max(1, count),
  });
  const outputs = trainer.predict({ count, inputs, mean: Float32Array.of(0), deviation: Float32Array.of(1) });
  trainer.dispose();
  return outputs;
}

describe("predictions of networks with images", () => {
  const networks = [
    ...Array.from({ length: 4 }, (_, seed) => everyKindNetwork(seed)),
    ...Array.from({ length: 12 }, (_, seed) => randomConvolutionNetwork(seed)),
  ];

  it("have the bits of the engine's, and are the reference's, whatever the kinds of layers and the batch", async () => {
    for (const [i, network] of networks.entries()) {
      const width = sizeOf(networkInput(network));
      const model = await load(saved(network));
      for (const count of [1, 5, 9, 33]) {
        const inputs = normals(width * count, 10 * i + count);
        const actual = model.predict(inputs);
        const expected = forward(network, Float64Array.from(inputs), count);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
        for (const [k, value] of expected.entries())
          expect(Math.abs(actual[k] - value) / largest, `network ${i}, batch ${count}`).toBeLessThan(1e-4);
        expect(actual, `network ${i}, batch ${count}`).toEqual(await engine(network, inputs, count));
      }
    }
  });

  it("take samples by themselves as they do together, whichever way their lines are laid out", async () => {
    // Lines of 8 pixels are whole vectors for one sample, lines of 7 are not.
    for (const side of [7, 8]) {
      const input = { channels: 3, height: side, width: side };
      const model = await load(saved(chain(input)));
      const inputs = normals(model.inputs * 12, side);
      const together = model.predict(inputs);
      const alone = Array.from({ length: 12 }, (_, s) => [
        ...model.predict(inputs.subarray(s * model.inputs, (s + 1) * model.inputs)),
      ]);
      expect(alone.flat()).toEqual([...together]);
      expect(model.shape).toEqual(input);
      const { outputs } = model;
      expect(outputs).toBe(8 * Math.ceil(side / 2) ** 2);
    }
  });

  it("take a dilation far beyond the image, which reads nothing, without making room for it", async () => {
    const network = chain({ channels: 3, height: 8, width: 8 }, { dilation: 65536 });
    const model = await load(saved(network));
    const inputs = normals(model.inputs, 1);
    expect(model.predict(inputs)).toEqual(await engine(network, inputs, 1));
    expect(model.bytes).toBeLessThan(2 ** 20);
  });
});

/** Two convolutions, the second at stride 2. */
function chain(input: ImageShape, geometry: Partial<ConvolutionGeometry> = {}): AnyNetwork {
  const random = randomStream(1);
  const layer = (name: string, image: ImageShape, stride: number): ConvolutionLayer => ({
    kind: "convolution",
    name,
    activation: "tanh",
    asked: {},
    initializer: "kaiming",
    input: image,
    bias: Float32Array.from({ length: 8 }, () => random.normal()),
    ...convolution({
      inChannels: image.channels,
      outChannels: 8,
      topology: "dense",
      init: "kaiming",
      kernelSize: 3,
      stride,
      random,
    }),
    ...geometry,
  });
  return fromLayers([layer("a", input, 1), layer("b", { ...input, channels: 8 }, 2)]);
}

describe("loading networks with images", () => {
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => "none",
      (error: unknown) => (error instanceof IsosparseError ? error.code : `untyped: ${error}`),
    );

  it("gives a typed error, or a model that predicts, for any file with changed bytes", async () => {
    const files = [0, 1].map((seed) => saved(everyKindNetwork(seed)));
    let [broken, sound] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
        async (file, changes) => {
          const bytes = file.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const found = await code(
            load(bytes).then((model) => model.predict(new Float32Array(model.inputs * 3))),
          );
          expect(found).not.toMatch(/^untyped/);
          if (found === "none") sound++;
          else broken++;
        },
      ),
      { numRuns: 800 },
    );
    expect(Math.min(broken, sound)).toBeGreaterThan(10);
  });

  it("gives a typed error for any description that fits no network", async () => {
    const { tensors, metadata } = networkToTensors(everyKindNetwork(0));
    const described = () => JSON.parse(metadata.get("network")!) as { layers: Record<string, unknown>[] };
    const hostile = [null, 0, -1, 0.5, 1e300, "", "x", [], [null], {}, true];
    for (const [i, layer] of described().layers.entries()) {
      for (const key of Object.keys(layer)) {
        // What inference does not need is not checked; and this is how the network could have been as well.
        if (["asked", "initializer", "momentum"].includes(key)) continue;
        for (const value of hostile) {
          const changed = described();
          changed.layers[i][key] = value;
          const text = new Map([...metadata, ["network", JSON.stringify(changed)]]);
          const bytes = new Uint8Array(Buffer.concat(encodeSafetensors({ tensors, metadata: text })));
          const found = await code(load(bytes));
          const where = `${layer.kind} ${key} ${JSON.stringify(value)}`;
          // Any name will do for a layer without tensors; and a variance may well have a half added.
          const sound =
            (key === "name" && typeof value === "string" && !tensors.has(`${layer.name}.bias`)) ||
            (key === "epsilon" && typeof value === "number" && value > 0);
          expect(found, where).toBe(sound ? "none" : "bad-network-file");
        }
      }
    }
  });

  it("refuses files that ask for more than they hold", async () => {
    const { tensors, metadata } = networkToTensors(everyKindNetwork(0));
    const described = JSON.parse(metadata.get("network")!) as { layers: { kind: string; name: string }[] };
    const asking = (more: object[]) => {
      const text = JSON.stringify({ ...described, layers: [...described.layers, ...more] });
      const file = { tensors, metadata: new Map([...metadata, ["network", text]]) };
      return load(new Uint8Array(Buffer.concat(encodeSafetensors(file))));
    };
    const last = networkOutput(everyKindNetwork(0));
    const plain = Array.from({ length: 10_000 }, (_, i) => ({
      kind: "flatten",
      name: `more${i}`,
      input: last,
    }));
    await expect(asking(plain)).rejects.toThrow("layers are more than the file has tensors for");
    const wide = { kind: "pad", name: "wide", input: last, height: 60_000, width: 60_000 };
    await expect(asking([wide])).rejects.toThrow("over the limit of 16777216 numbers");
  });
});
