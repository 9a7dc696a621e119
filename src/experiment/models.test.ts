import { describe, expect, it } from "vitest";
import { networkFromTensors, networkToTensors } from "../formats/network-tensors.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { isWeighted } from "../network/network.ts";
import { buildNetwork, type Ends } from "./build-network.ts";
import { completeNetworkSettings } from "./config.ts";
import { countsOf } from "./counts.ts";
import { type CompleteSettings, models } from "./models.ts";
import { modelNames, type Settings } from "./settings.ts";

const ends: Ends = { inputs: 192, outputs: 4, image: { channels: 3, height: 16, width: 16 }, dataset: "toy" };
const imageModels = modelNames.filter((name) => models[name].takes === "images");
/** Small ones, for those that have sizes. */
const small: Partial<Record<(typeof modelNames)[number], Settings>> = {
  cnn: { depth: 3, width: 16 },
  "cnn-eco": { depth: 3, width: 16 },
  resnet20: { width: 8 },
  resnet32: { width: 8 },
  resnet56: { width: 8 },
  "lip-conv-net": { depth: 5, width: 8 },
};

const build = (settings: Settings, to = ends) => buildNetwork(completeNetworkSettings(settings), to);

describe("models of convolutions", () => {
  it.each(imageModels)("%s is built from its defaults, kept in a file, and computes", async (model) => {
    const network = await build({ model, ...small[model], seed: 3 });
    const { network: read } = networkFromTensors(networkToTensors(network));
    expect(read).toEqual(network);
    const random = randomStream(1);
    const inputs = Float64Array.from({ length: 3 * 16 * 16 }, () => random.normal());
    const outputs = forward(network, inputs, 1);
    expect(outputs).toHaveLength(4);
    expect(outputs.every(Number.isFinite)).toBe(true);
    const again = await build({ model, ...small[model], seed: 3 });
    expect(again).toEqual(network);
  });

  it.each(imageModels)("%s takes all of the settings it says it has, and its weights", async (model) => {
    const { settings, weights } = models[model];
    const values: Settings = {
      kernelSize: 5,
      downsample: "spaceToDepth",
      activation: "tanh",
      start: "critical",
      meanSquare: 0.01,
    };
    const own = Object.fromEntries(
      settings.filter((name) => name in values).map((name) => [name, values[name]]),
    );
    const [plain, other] = await Promise.all([
      build({ model, ...small[model] }),
      build({ model, ...small[model], ...own, degree: 4 }),
    ]);
    expect(other.layers.find(isWeighted)?.asked).toEqual({ degree: 4 });
    expect(plain.layers.find(isWeighted)?.asked).not.toEqual({ degree: 4 });
    if (settings.includes("meanSquare")) expect(other.provenance.critical?.meanSquare).toBe(0.01);
    for (const name of weights) {
      const { layers } = await build({ model, ...small[model], weights: name as Settings["weights"] });
      expect(layers.find((layer) => layer.kind === "convolution")?.initializer).toBe(name);
    }
  });

  it.each(imageModels)("%s is about as large as its stages say", async (model) => {
    const settings = completeNetworkSettings({ model, ...small[model], topology: "dense" });
    const network = await buildNetwork(settings, ends);
    const found = models[model];
    const stages = found.takes === "images" ? found.stages(settings as CompleteSettings) : [];
    const about = stages.reduce(
      (sum, { convolutions, channels, inputs = channels, kernelSize }) =>
        sum + convolutions * channels * inputs * kernelSize ** 2,
      0,
    );
    const { parameters } = countsOf(network);
    expect(about / parameters).toBeGreaterThan(0.75);
    expect(about / parameters).toBeLessThan(1.35);
  });

  it("count kernels, and work at every pixel", async () => {
    const network = await build({ model: "cnn", depth: 4, width: 16, sparsity: 0.75, activation: "relu" });
    const { layers, sparsity, parameters, denseParameters, flops } = countsOf(network);
    expect(layers).toBe(8);
    expect(sparsity).toBeCloseTo(0.75, 1);
    const kernels = [48, ...Array(6).fill(256)].map((pairs) => pairs * 9);
    const dense = kernels.reduce((sum, taps) => sum + taps, 0) + 64 + 7 * 16 + 4;
    expect(denseParameters).toBe(dense);
    const weights = network.layers.filter(isWeighted).map((layer) => layer.weights.length);
    expect(parameters).toBe(weights.reduce((sum, length) => sum + length, 0) + 7 * 16 + 4);
    const pixels = [256, 64, 16, 16, 16, 16, 16, 1];
    expect(flops).toBe(2 * weights.reduce((sum, length, i) => sum + length * pixels[i], 0));
  });

  it.each<[Settings, Ends | undefined, string]>([
    [{ model: "cnn" }, undefined, "model cnn takes images: name the dataset that it is for"],
    [
      { model: "cnn" },
      { inputs: 4, outputs: 3, dataset: "iris" },
      "model cnn takes images, and iris has none; use",
    ],
    [
      { model: "cnn", width: 16 },
      { ...ends, image: { channels: 1, height: 3, width: 9 } },
      "stem.2: images of 3 x 9 are too small for the downsampling that ends here",
    ],
    [
      { model: "cnn", topology: "clifford", width: 12 },
      ends,
      "stem.1 (12 x 12 channels): a clifford layer cannot have sparsity 0.75",
    ],
    [{ model: "cnn", width: 7, activation: "relu" }, ends, "looks-linear pairs channels"],
    [{ model: "lip-conv-net", depth: 7 }, ends, "depth must be a multiple of 5"],
    [{ model: "cnn", depth: 100_000, width: 1_000_000 }, ends, "numbers a layer and"],
    [{ model: "cnn", depth: 10_000, width: 512 }, ends, "parameters does not fit the memory of WebAssembly"],
    [{ model: "cnn", kernelSize: 1024, sparsity: 0 }, ends, "parameters does not fit"],
    [
      { model: "edge-cnn" },
      { ...ends, image: { channels: 3, height: 30_000, width: 30_000 } },
      "use a smaller depth or width, or smaller images",
    ],
  ])("%j on %j is refused", async (settings, to, message) => {
    await expect(buildNetwork(completeNetworkSettings(settings), to)).rejects.toThrow(message);
  });
});
