/**
 * @file Every setting of a run, once: its name, type, range, and the words that describe it. The config file's
 * keys, the command line's flags and their help are all made from this one schema.
 */

import { z } from "zod";
import { augmentationNames } from "../data/augmentation/augmenter.ts";
import { DATASET_NAMES } from "../data/registry.ts";
import { kernelInitializerNames } from "../init/convolution/registry.ts";
import { initializerNames } from "../init/registry.ts";
import { arrangements } from "../topology/arrangement.ts";
import { topologyNames } from "../topology/registry.ts";

/** How a flag's text becomes a value: `text` stays as it is, `list` is numbers or words between commas. */
export type SettingKind = "number" | "text" | "boolean" | "list";

/** What the help says about a setting. */
export interface SettingHelp {
  readonly kind: SettingKind;
  /** Heading it stands under. */
  readonly group: "Data" | "Network" | "Training" | "Run";
  /** Placeholder or choices of its value. */
  readonly value: string;
  readonly description: string;
}

/** Networks that can be asked for; `models.ts` says what each is. */
export const modelNames = [
  "mlp",
  "cnn",
  "cnn-eco",
  "resnet20",
  "resnet32",
  "resnet56",
  "lip-conv-net",
  "edge-cnn",
] as const;

export type ModelName = (typeof modelNames)[number];

/** Weights of linear layers, then those of convolutions; some have one name for both. */
const weightNames = [...new Set([...initializerNames, ...kernelInitializerNames])];

const starts = ["critical", "isometric", "looks-linear", "none"] as const;
const activations = ["tanh", "relu", "hardtanh", "linear"] as const;

function describe<T extends z.ZodType>(schema: T, help: SettingHelp) {
  return schema.optional().meta({ ...help });
}

function number(group: SettingHelp["group"], value: string, description: string, schema: z.ZodNumber) {
  return describe(schema, { kind: "number", group, value, description });
}

function text(group: SettingHelp["group"], value: string, description: string) {
  return describe(z.string({ error: "must be text" }).min(1, { error: "must not be empty" }), {
    kind: "text",
    group,
    value,
    description,
  });
}

function choice<const T extends string>(
  group: SettingHelp["group"],
  choices: readonly T[],
  description: string,
) {
  const schema = z.enum(choices as readonly [T, ...T[]], { error: `must be one of ${choices.join(", ")}` });
  return describe(schema, {
    kind: "text",
    group,
    value: "NAME",
    description: `${description}: ${choices.join(", ")}`,
  });
}

function yesNo(group: SettingHelp["group"], description: string) {
  const schema = z.boolean({ error: "must be true or false" });
  return describe(schema, { kind: "boolean", group, value: "", description });
}

function integer(least: number, most: number): z.ZodNumber {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

function powerOfTwo(least: number, most: number): z.ZodNumber {
  return real(
    `a power of two from ${least} to ${most}`,
    (x) => x >= least && x <= most && Number.isInteger(Math.log2(x)),
  );
}

/** A number as the words say. */
function real(words: string, inside: (value: number) => boolean): z.ZodNumber {
  const error = `must be ${words}`;
  return z.number({ error }).refine(inside, { error });
}

const notNegative = real("a number, 0 or more", (x) => x >= 0);
const positive = real("a number above 0", (x) => x > 0);
const fraction = real("a number from 0 up to, not including, 1", (x) => x >= 0 && x < 1);

const ascending = { error: "must be numbers from 0 to 1, ascending" };
const ascendingFractions = z
  .array(fraction, ascending)
  .refine((list) => list.every((x, i) => i === 0 || list[i - 1] < x), ascending);

const seed = integer(0, Number.MAX_SAFE_INTEGER);

const widthList = z
  .union([
    z.string().min(1),
    z
      .array(integer(1, 1_000_000))
      .min(2)
      .transform((list) => list.join(",")),
  ])
  .refine((layers) => typeof layers === "string", { error: "must be widths" });

const augmentError = {
  error: `must be none, or ${augmentationNames.join(" or ")} or both, separated by a comma`,
};
const augmentList = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",") : value),
  z
    .array(z.enum(["none", ...augmentationNames], augmentError), augmentError)
    .min(1, augmentError)
    .refine((list) => new Set(list).size === list.length, augmentError)
    .refine((list) => list.length === 1 || !list.includes("none"), augmentError),
);

/** All settings of a run. Each may be left out; `config.ts` has the defaults and the rules between them. */
export const settingsSchema = z.strictObject({
  dataset: text("Data", "NAME", `${DATASET_NAMES.join(", ")}, or the path of a .csv file`),
  data: text("Data", "DIR", "folder of the dataset's files"),
  target: text("Data", "COLUMN", "column of a CSV file to predict"),
  task: choice(
    "Data",
    ["classification", "regression"],
    "what predicting a CSV column means, where it could be either",
  ),
  testFraction: number(
    "Data",
    "X",
    "share of a CSV file kept for testing",
    real("a number between 0 and 1", (x) => x > 0 && x < 1),
  ),
  dataSeed: number("Data", "N", "of the digits drawn, a CSV file's split or a folder's order", seed),
  samples: number("Data", "N", "use only the first N training samples", integer(1, 100_000_000)),
  scaleTargets: yesNo("Data", "train a regression on standardised values; --no-scale-targets: as they are"),

  model: choice("Network", modelNames, "what is made: layers of units, or of convolutions on images"),
  depth: number(
    "Network",
    "N",
    "weight layers, the first and last included; of convolutions, the hidden ones",
    integer(1, 100_000),
  ),
  width: number("Network", "N", "units of every hidden layer, or channels", integer(1, 1_000_000)),
  layers: describe(widthList, {
    kind: "text",
    group: "Network",
    value: "LIST",
    description: "all widths instead of --depth and --width, e.g. 784,128*998,10",
  }),
  kernelSize: number("Network", "N", "taps a side of every kernel of cnn and cnn-eco", integer(1, 1024)),
  downsample: choice("Network", ["stride", "spaceToDepth"], "how the stem of cnn makes images smaller"),
  activation: choice("Network", activations, "non-linearity of the hidden layers"),
  topology: choice("Network", topologyNames, "who connects to whom"),
  arrangement: choice("Network", arrangements, "how sao lays out its groups from layer to layer"),
  sparsity: number(
    "Network",
    "X",
    "share of connections left out, from 0 up to 1; of convolutions, of kernels",
    fraction,
  ),
  degree: number("Network", "N", "or: weights per row of the longer side", integer(1, 1_000_000)),
  groups: number("Network", "N", "or: dense blocks per layer", integer(1, 1_000_000)),
  compression: number(
    "Network",
    "X",
    "or: dense parameters / sparse parameters",
    real("a number, 1 or more", (x) => x >= 1),
  ),
  weights: choice("Network", weightNames, "initial weights on the topology"),
  gain: number("Network", "X", "factor on the initial weights", positive),
  start: choice("Network", starts, "how signals are kept from fading with depth"),
  meanSquare: number(
    "Network",
    "Q",
    "mean square of all pre-activations at the critical start",
    real("above 0, at most 1", (x) => x > 0 && x <= 1),
  ),
  from: text("Network", "FILE", "start from a network that sao init or a run has written"),

  augment: describe(augmentList, {
    kind: "list",
    group: "Training",
    value: "LIST",
    description: `random changes of training images: none, ${augmentationNames.join(", ")}`,
  }),
  epochs: number("Training", "N", "passes over the training samples", integer(1, 1_000_000)),
  batchSize: number("Training", "N", "samples per step", integer(1, 65_536)),
  optimizer: choice("Training", ["sgd", "adam", "adamw"], "how gradients become updates"),
  learningRate: number("Training", "X", "step size at the schedule's height", positive),
  momentum: number("Training", "X", "of sgd, from 0 up to 1", fraction),
  nesterov: yesNo("Training", "Nesterov's momentum, with sgd"),
  beta1: number("Training", "X", "decay of adam's first moment", fraction),
  beta2: number("Training", "X", "decay of adam's second moment", fraction),
  epsilon: number("Training", "X", "adam's epsilon", positive),
  weightDecay: number("Training", "X", "pull of the weights towards 0", notNegative),
  loss: choice("Training", ["cross-entropy", "mean-squared-error"], "what is minimised"),
  labelSmoothing: number("Training", "X", "share of each label spread over all classes", fraction),
  clipNorm: number("Training", "X", "longest gradient let through, as a Euclidean norm", positive),
  schedule: choice("Training", ["constant", "cosine", "multistep"], "learning rate over the run"),
  warmup: number("Training", "X", "epochs in which the learning rate rises, fractions allowed", notNegative),
  floor: number("Training", "X", "where cosine ends, as a share of the learning rate", fraction),
  milestones: describe(ascendingFractions, {
    kind: "list",
    group: "Training",
    value: "LIST",
    description: "where multistep steps, as shares of the run, e.g. 0.5,0.75",
  }),
  decay: number("Training", "X", "factor of each step of multistep", positive),

  seed: number("Run", "N", "every random number follows from it", seed),
  threads: number("Run", "N", "threads; results do not depend on it", integer(1, 256)),
  shardSize: number("Run", "N", "samples a thread carries at once, a power of two", powerOfTwo(8, 1024)),
  lanes: number("Run", "N", "partial gradient sums per step, which bound the threads", integer(1, 1024)),
  memoryBudget: number("Run", "MIB", "engine memory at most; what does not fit is computed again", positive),
  reproducible: yesNo("Run", "same bits on every machine, by plain SIMD"),
  evalEvery: number("Run", "N", "epochs from one test to the next", integer(1, 1_000_000)),
  checkpointEvery: number("Run", "X", "seconds from one checkpoint to the next within an epoch", positive),
});

/** Settings as someone gives them: any of them may be missing. */
export type Settings = z.infer<typeof settingsSchema>;
export type SettingName = keyof Settings;

export const settingNames = Object.keys(settingsSchema.shape) as SettingName[];

/** What the help says about a setting. */
export function settingHelp(name: SettingName): SettingHelp {
  return settingsSchema.shape[name].meta() as unknown as SettingHelp;
}

/** `batchSize` as a flag: `--batch-size`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
