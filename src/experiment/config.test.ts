import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../data/dataset.ts";
import { completeNetworkSettings, completeSettings, isComplete } from "./config.ts";
import { formatConfig, parseConfig, parseFlags } from "./config-file.ts";
import { defaults } from "./defaults.ts";
import { combine } from "./rules.ts";
import {
  flagOf,
  modelNames,
  type SettingName,
  type Settings,
  settingHelp,
  settingNames,
} from "./settings.ts";

const split = { count: 4, inputs: new Float32Array(8), labels: Int32Array.of(0, 1, 0, 1) };
const dataset: Dataset = {
  name: "toy",
  shape: [2],
  outputs: 2,
  mean: Float32Array.of(0),
  deviation: Float32Array.of(1),
  train: split,
  test: split,
};

const says = (name: string) => name;

/** One valid value for each setting, all of which may stand together or alone. */
const examples: Settings = {
  dataset: "toy.csv",
  data: "folder",
  dataSeed: 3,
  samples: 500,
  depth: 7,
  width: 64,
  activation: "tanh",
  topology: "sao",
  arrangement: "random",
  degree: 4,
  weights: "gaussian",
  gain: 1.5,
  epochs: 3,
  batchSize: 32,
  optimizer: "sgd",
  learningRate: 1e-3,
  momentum: 0.8,
  nesterov: true,
  weightDecay: 1e-4,
  loss: "cross-entropy",
  labelSmoothing: 0.1,
  clipNorm: 1,
  schedule: "multistep",
  warmup: 0.5,
  milestones: [0.25, 0.5],
  decay: 0.5,
  seed: 9,
  threads: 3,
  shardSize: 16,
  lanes: 2,
  reproducible: true,
  evalEvery: 2,
  checkpointEvery: 1.5,
};

const someSettings = fc
  .subarray(Object.keys(examples) as SettingName[])
  .map((names) => Object.fromEntries(names.map((name) => [name, examples[name]])) as Settings)
  // These three mean something only beside a schedule or a dataset that is not the default.
  .map(({ milestones, decay, ...rest }) =>
    rest.schedule === "multistep" ? { ...rest, milestones, decay } : rest,
  )
  .map(({ data, ...rest }) => (rest.dataset === undefined ? rest : { ...rest, data }));

function complete(given: Settings) {
  return completeSettings(completeNetworkSettings(given), dataset, given.depth ?? 32, 2);
}

function asFlags(settings: Settings): Record<string, string | boolean> {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "boolean" ? value : String(value)]),
  );
}

describe("settings", () => {
  it("mean the same as flags, as YAML and as JSON", () => {
    fc.assert(
      fc.property(someSettings, (settings) => {
        const flags = parseFlags(asFlags(settings)).settings;
        expect(parseConfig(formatConfig(settings), "run.yaml").settings).toEqual(flags);
        expect(parseConfig(JSON.stringify(settings, null, "\t"), "run.json").settings).toEqual(flags);
      }),
    );
  });

  it("that are complete give themselves again, from a file", () => {
    fc.assert(
      fc.property(someSettings, (settings) => {
        const config = complete(combine({}, settings, defaults, says));
        expect(isComplete(config)).toBe(true);
        const read = parseConfig(formatConfig(config), "config.yaml").settings;
        expect(complete(combine(read, {}, defaults, says))).toEqual(config);
      }),
    );
  });

  it("each have a flag, a group and a description", () => {
    for (const name of settingNames) {
      expect(flagOf(name)).toMatch(/^--[a-z][a-z0-9-]*$/);
      expect(settingHelp(name).description).not.toBe("");
    }
  });

  it("have the defaults of the network that is asked for", () => {
    expect(completeNetworkSettings({}).start).toBe("critical");
    expect(completeNetworkSettings({ activation: "relu" }).start).toBe("looks-linear");
    expect(completeNetworkSettings({ gain: 1 }).start).toBe("none");
    expect(completeNetworkSettings({ topology: "dense" }).sparsity).toBeUndefined();
    expect(completeNetworkSettings({ degree: 4 }).sparsity).toBeUndefined();
    expect(completeNetworkSettings({ topology: "random" }).weights).toBe("xavier");
    expect(complete({ optimizer: "adamw" })).toMatchObject({ weightDecay: 0.01, beta1: 0.9 });
    expect(complete({ optimizer: "adamw" }).momentum).toBeUndefined();
  });

  it("have those of the model that is asked for, and nothing that means nothing for it", () => {
    const network = (given: Settings) => completeNetworkSettings(given);
    expect(network({})).toMatchObject({ model: "mlp", depth: 32, width: 128, sparsity: 0.875 });
    expect(network({}).kernelSize).toBeUndefined();
    expect(network({ model: "cnn" })).toEqual({
      model: "cnn",
      depth: 32,
      width: 32,
      kernelSize: 3,
      downsample: "stride",
      activation: "tanh",
      topology: "sao",
      arrangement: "debruijn",
      sparsity: 0.75,
      weights: "delta",
      start: "critical",
    });
    expect(network({ model: "cnn", activation: "relu" }).start).toBe("looks-linear");
    expect(network({ model: "cnn", weights: "kaiming" }).start).toBe("none");
    expect(network({ model: "cnn", topology: "random" }).weights).toBe("kaiming");
    expect(network({ model: "cnn", degree: 4 }).sparsity).toBeUndefined();
    expect(network({ model: "cnn-eco" })).toMatchObject({ weights: "eco", start: "critical" });
    expect(network({ model: "resnet32" })).toEqual({
      model: "resnet32",
      width: 16,
      topology: "sao",
      arrangement: "debruijn",
      sparsity: 0,
      weights: "kaiming",
    });
    expect(network({ model: "lip-conv-net" })).toMatchObject({ depth: 10, width: 32, kernelSize: 3 });
    expect(network({ model: "lip-conv-net", weights: "eco" }).kernelSize).toBe(4);
    expect(network({ model: "edge-cnn" })).toMatchObject({ activation: "tanh", sparsity: 0.9375 });
    for (const model of modelNames) {
      const settings = network({ model });
      expect(combine({}, settings, defaults, says)).toEqual(settings);
      expect(network(settings)).toEqual(settings);
    }
  });
});

/** Aliases of aliases, which would unfold to 10⁹ values. */
const aliasBomb = Array.from({ length: 9 }, (_, i) => {
  const item = i === 0 ? "x" : `*a${i - 1}`;
  return `s${i}: &a${i} [${new Array(10).fill(item).join(", ")}]\n`;
}).join("");

describe("a config file", () => {
  it.each([
    ["depth: 3\nbatch-size: 4\n", 'run.yaml:2: batch-size is not a setting; did you mean "batchSize"?'],
    ["depth: 3\n\nepochs: many\n", 'run.yaml:3: epochs must be a whole number from 1 to 1000000, not "many"'],
    ["learningRate: .nan\n", "run.yaml:1: learningRate must be a number above 0, not NaN"],
    ["learningRate: .inf\n", "run.yaml:1: learningRate must be a number above 0, not Infinity"],
    ["nesterov: 1\n", "run.yaml:1: nesterov must be true or false, not 1"],
    ["topology: [sao]\n", "run.yaml:1: topology must be one of sao, dense"],
    ["augment: [flip]\n", "run.yaml:1: augment must be none, or crop-flip or autoaugment or both"],
    ["augment: none,crop-flip\n", "run.yaml:1: augment must be none, or crop-flip"],
    [
      "milestones: [0.5, 0.2]\n",
      "run.yaml:1: milestones must be numbers from 0 to 1, ascending, not 0.5,0.2",
    ],
    [aliasBomb, "run.yaml: Excessive alias count"],
    ["- depth\n", 'run.yaml: expected settings such as "depth: 32", one to a line'],
    ["depth: [\n", "run.yaml:2:"],
    ["depth: 3\ndepth: 4\n", "run.yaml:2: Map keys must be unique"],
    ['{"depth": 3,\n"width": 0}', "run.yaml:2: width must be a whole number from 1 to 1000000, not 0"],
  ])("%j is refused with its line", (text, message) => {
    expect(() => parseConfig(text, "run.yaml")).toThrow(message);
  });

  it("may be empty, and null stands for nothing", () => {
    expect(parseConfig("# nothing\n", "run.yaml").settings).toEqual({});
    expect(parseConfig("depth: null\n", "run.yaml").settings).toEqual({});
  });
});

describe("settings together", () => {
  it.each<[Settings, string]>([
    [{ sparsity: 0.5, degree: 4 }, "sparsity and degree exclude each other"],
    [{ layers: "4,4,4", depth: 2 }, "layers and depth exclude each other"],
    [{ from: "net", depth: 2 }, "depth exclude each other"],
    [{ topology: "dense", sparsity: 0.5 }, "sparsity goes with topology sao or"],
    [
      { topology: "givens", arrangement: "fixed" },
      "arrangement goes with topology sao, and topology is givens",
    ],
    [{ optimizer: "adam", momentum: 0.9 }, "momentum goes with optimizer sgd, and optimizer is adam"],
    [{ beta1: 0.5 }, "beta1 goes with optimizer adam or adamw, and optimizer is sgd"],
    [{ nesterov: true, momentum: 0 }, "nesterov needs a momentum above 0"],
    [{ milestones: [0.5] }, "milestones goes with schedule multistep, and schedule is cosine"],
    [
      { data: "x" },
      "data goes with dataset mnist or fashion-mnist or cifar10 or cifar100 or svhn or image-folder or .csv, and dataset is digits",
    ],
    [{ augment: ["crop-flip"], dataset: "x.csv" }, "augment goes with dataset digits or mnist"],
    [{ target: "x" }, "target goes with dataset .csv, and dataset is digits"],
    [{ start: "isometric", activation: "relu" }, "start isometric goes with activation tanh"],
    [{ model: "cnn", layers: "4,4" }, "layers goes with model mlp, and model is cnn"],
    [{ kernelSize: 5 }, "kernelSize goes with model cnn or cnn-eco or lip-conv-net, and model is mlp"],
    [{ model: "cnn-eco", downsample: "stride" }, "downsample goes with model cnn, and model is cnn-eco"],
    [{ model: "resnet20", depth: 20 }, "depth goes with model mlp or cnn or cnn-eco or lip-conv-net, and"],
    [
      { model: "resnet20", activation: "relu" },
      "activation goes with model mlp or cnn or cnn-eco or edge-cnn",
    ],
    [{ model: "edge-cnn", width: 8 }, "width goes with model mlp or cnn"],
    [{ model: "lip-conv-net", start: "none" }, "start goes with model mlp or cnn or cnn-eco, and"],
    [{ weights: "delta" }, "weights delta goes with model cnn or cnn-eco or resnet20"],
    [
      { model: "cnn", weights: "eco" },
      "weights eco goes with model cnn-eco or lip-conv-net, and model is cnn",
    ],
    [{ model: "cnn", weights: "orthogonal" }, "weights orthogonal goes with model mlp, and model is cnn"],
    [{ from: "net", model: "cnn" }, "from and model exclude each other"],
  ])("%j is a contradiction", (settings, message) => {
    expect(() => combine({}, settings, defaults, says)).toThrow(message);
    expect(() => combine(settings, {}, defaults, says)).toThrow(message);
  });

  it("of a file give way to a flag for another model", () => {
    const file: Settings = { model: "cnn", kernelSize: 5, downsample: "stride", weights: "delta", depth: 4 };
    expect(combine(file, { model: "resnet20" }, defaults, says)).toEqual({
      model: "resnet20",
      weights: "delta",
    });
    expect(combine(file, { model: "mlp" }, defaults, says)).toEqual({ model: "mlp", depth: 4 });
    expect(combine(file, { from: "net" }, defaults, says)).toEqual({ from: "net" });
  });

  it("of a file give way to flags that make them meaningless", () => {
    const file: Settings = { sparsity: 0.5, optimizer: "sgd", momentum: 0.5, depth: 4, seed: 1 };
    const flags: Settings = { degree: 4, optimizer: "adam", layers: "784,64,10", seed: 2 };
    expect(combine(file, flags, defaults, says)).toEqual(flags);
  });

  it("must fit the dataset and each other once all are known", () => {
    expect(() => complete({ loss: "mean-squared-error" })).toThrow("toy has classes; use cross-entropy");
    expect(() => complete({ warmup: 6, epochs: 5 })).toThrow("warmup is 6 epochs of 5");
    expect(() => complete({ augment: ["crop-flip"] })).toThrow(
      "augment crop-flip goes with images, and toy has none",
    );
    expect(() => complete({ scaleTargets: true })).toThrow("go with a regression, and toy has classes");
  });
});
