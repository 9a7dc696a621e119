/**
 * @file Every setting of a comparison, once: those of a run that mean the same here, and its own. The config file's
 * keys, the command line's flags and their help are made from this one schema.
 */

import { z } from "zod";
import {
  type SettingHelp,
  type SettingKind,
  type SettingName,
  settingNames,
  settingsSchema,
} from "../settings.ts";
import { comparedModels, kernelWeights } from "./compared-models.ts";

/** What the help says about a setting of a comparison. */
export interface CompareSettingHelp {
  /** How a flag's text becomes a value; of lists, each element. */
  readonly kind: SettingKind;
  /** Whether it may be a list, whose product with the other lists is what is run. */
  readonly axis: boolean;
  readonly group: "Grid" | "Search" | "Tests" | SettingHelp["group"];
  readonly value: string;
  readonly description: string;
}

const run = settingsSchema.shape;

/** Settings of a run that a comparison has on an axis, or under another name, or not at all. */
const ofRunsOnly = [
  "model",
  "depth",
  "width",
  "layers",
  "kernelSize",
  "downsample",
  "activation",
  "topology",
  "arrangement",
  "sparsity",
  "degree",
  "groups",
  "compression",
  "weights",
  "gain",
  "start",
  "meanSquare",
  "from",
  "epochs",
  "learningRate",
  "loss",
  "seed",
  "threads",
  "evalEvery",
  "scaleTargets",
  "augment",
] as const satisfies readonly SettingName[];

type SharedName = Exclude<SettingName, (typeof ofRunsOnly)[number]>;

/** Settings of a run that mean the same in a comparison, and are the same for all of its runs. */
export const sharedNames = settingNames.filter(
  (name): name is SharedName => !(ofRunsOnly as readonly string[]).includes(name),
);

function own<T extends z.ZodType>(schema: T, help: Omit<CompareSettingHelp, "axis">) {
  return schema.optional().meta({ axis: false, ...help });
}

/** One value or several: `3` is `[3]`. */
function axis<T extends z.ZodType>(element: T, help: Omit<CompareSettingHelp, "axis" | "group">) {
  const error = "must be a value or a list of values";
  const list = z.array(element, { error }).min(1, { error: "must not be an empty list" });
  const unique = list.transform((values) => [...new Set(values)]);
  return z
    .preprocess((value) => (Array.isArray(value) ? value : [value]), unique)
    .optional()
    .meta({ ...help, axis: true, group: "Grid" });
}

function whole(least: number, most: number): z.ZodNumber {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

function real(words: string, inside: (value: number) => boolean): z.ZodNumber {
  const error = `must be ${words}`;
  return z.number({ error }).refine(inside, { error });
}

/** Starts a grid can ask for: a network's own, or the one that each method names first. */
export const gridStarts = ["best", "critical", "isometric", "looks-linear", "none"] as const;

const manySeeds = whole(0, Number.MAX_SAFE_INTEGER);
const seedCount = { error: "must be how many seeds, from 1 to 1000, or a list of seeds such as [0, 7]" };

const names = z.string({ error: "must be names" }).min(1, { error: "must be names" });

/** The axes of a grid, and how long its runs are. */
const gridShape = {
  methods: axis(names, { kind: "text", value: "LIST", description: "how networks become sparse" }),
  model: axis(z.enum(comparedModels, { error: `must be among ${comparedModels.join(", ")}` }), {
    kind: "text",
    value: "LIST",
    description: `what is made: ${comparedModels.join(", ")}`,
  }),
  depth: axis(run.depth.unwrap(), {
    kind: "number",
    value: "LIST",
    description: "weight layers, the first and last included; of convolutions, the hidden ones",
  }),
  width: axis(run.width.unwrap(), {
    kind: "number",
    value: "LIST",
    description: "units of every hidden layer, or channels",
  }),
  kernelSize: axis(run.kernelSize.unwrap(), {
    kind: "number",
    value: "LIST",
    description: "taps a side of every kernel",
  }),
  downsample: axis(run.downsample.unwrap(), {
    kind: "text",
    value: "LIST",
    description: "how the stem of cnn makes images smaller: stride, spaceToDepth",
  }),
  weights: axis(z.enum(kernelWeights, { error: `must be among ${kernelWeights.join(", ")}` }), {
    kind: "text",
    value: "LIST",
    description: "orthogonal kernels of the methods that begin with them: delta, shift, eco",
  }),
  sparsity: axis(run.sparsity.unwrap(), {
    kind: "number",
    value: "LIST",
    description:
      "shares of connections left out, from 0 up to 1; of convolutions, of kernels; dense methods run once for all",
  }),
  activation: axis(run.activation.unwrap(), {
    kind: "text",
    value: "LIST",
    description: "non-linearities of the hidden layers: tanh, relu, hardtanh, linear",
  }),
  start: axis(z.enum(gridStarts, { error: `must be among ${gridStarts.join(", ")}` }), {
    kind: "text",
    value: "LIST",
    description: `how signals are kept from fading with depth: ${gridStarts.join(", ")} (best: each method's own)`,
  }),
  learningRate: axis(run.learningRate.unwrap(), {
    kind: "number",
    value: "LIST",
    description: "fixed rates, instead of a search for each method",
  }),
  seeds: own(
    z.union(
      [whole(1, 1000).transform((count) => range(count)), z.array(manySeeds, seedCount).min(1)],
      seedCount,
    ),
    {
      kind: "number",
      group: "Grid",
      value: "N",
      description: "how many seeds (0, 1, ...), or a list of them",
    },
  ),
  epochs: run.epochs,
  steps: own(whole(1, 100_000_000), {
    kind: "number",
    group: "Training",
    value: "N",
    description: "training steps of a run, instead of --epochs",
  }),
  searchSteps: own(whole(1, 100_000_000), {
    kind: "number",
    group: "Search",
    value: "N",
    description: "training steps of each rate tried",
  }),
};

const gridSchema = z.strictObject(gridShape);

/** All settings of a comparison. Each may be left out; `complete.ts` has the defaults. */
export const compareSchema = z.strictObject({
  ...(Object.fromEntries(sharedNames.map((name) => [name, run[name]])) as Pick<typeof run, SharedName>),
  ...gridShape,
  /** Grids that are run together; each takes from the settings around it what it does not name. */
  grids: z.array(gridSchema).min(1).optional(),
  skipInfeasible: run.reproducible.unwrap().optional().meta({
    axis: false,
    kind: "boolean",
    group: "Grid",
    value: "",
    description: "leave out, and report, what a method cannot make, instead of refusing the whole",
  }),
  rates: own(whole(1, 15), {
    kind: "number",
    group: "Search",
    value: "N",
    description: "learning rates tried for each method, depth, sparsity, activation and start",
  }),
  rateFactor: own(
    real("a number above 1, at most 100", (x) => x > 1 && x <= 100),
    { kind: "number", group: "Search", value: "X", description: "from one rate tried to the next" },
  ),
  widen: own(whole(0, 10), {
    kind: "number",
    group: "Search",
    value: "N",
    description: "rates tried beyond the smallest or largest where that is the best, at most",
  }),
  validation: own(
    real("a number above 0, at most 0.5", (x) => x > 0 && x <= 0.5),
    {
      kind: "number",
      group: "Search",
      value: "X",
      description: "share of the training samples that the search is judged on",
    },
  ),
  evaluations: own(whole(1, 1000), {
    kind: "number",
    group: "Tests",
    value: "N",
    description: "tests of a run, evenly over its steps",
  }),
  evaluationSamples: own(whole(1, 100_000_000), {
    kind: "number",
    group: "Tests",
    value: "N",
    description: "test samples of all tests but the last, which takes all",
  }),
  targets: own(
    z
      .array(
        real("numbers above 0, below 1", (x) => x > 0 && x < 1),
        { error: "must be a list of numbers" },
      )
      .min(1),
    {
      kind: "list",
      group: "Tests",
      value: "LIST",
      description: "accuracies whose first reaching is reported",
    },
  ),
});

/** Settings of a comparison as someone gives them: any of them may be missing. */
export type CompareSettings = z.infer<typeof compareSchema>;
export type GridSettings = z.infer<typeof gridSchema>;
export type CompareSettingName = Exclude<keyof CompareSettings, "grids">;

export const gridSettingNames = Object.keys(gridShape) as (keyof GridSettings)[];
export const compareSettingNames = Object.keys(compareSchema.shape).filter(
  (name) => name !== "grids",
) as CompareSettingName[];

/** What the help says about a setting. */
export function compareSettingHelp(name: CompareSettingName): CompareSettingHelp {
  const help = compareSchema.shape[name].meta() as unknown as Partial<CompareSettingHelp>;
  return { axis: false, ...help } as CompareSettingHelp;
}

/** 0 … count − 1. */
function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
