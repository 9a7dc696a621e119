/**
 * @file A comparison's settings made complete: every default that matters is written out, and every grid says all of
 * its axes, so that the file in a comparison's folder gives the same cells again.
 */

import type { Dataset } from "../../data/dataset.ts";
import { ArgumentError } from "../../errors.ts";
import { completeSettings, type RunConfig } from "../config.ts";
import { defaults, defaultWords, type LayerKinds } from "../defaults.ts";
import { stepsPerEpoch } from "../loop.ts";
import { combine } from "../rules.ts";
import type { SettingName, Settings } from "../settings.ts";
import { layerKinds, modelDefaults, requireUsed } from "./compared-models.ts";
import type { GivenComparison, SettingPath } from "./config-file.ts";
import { type CompareSettings, type GridSettings, gridSettingNames, sharedNames } from "./settings.ts";

/** What compare does where nobody says otherwise; training has the defaults of a run. */
export const compareDefaults = {
  methods: ["dense", "sao", "magnitude", "rigl"],
  model: [defaults.model],
  activation: [defaults.activation],
  start: ["best"],
  seeds: [0, 1, 2],
  rates: 5,
  rateFactor: 3,
  widen: 2,
  validation: 0.1,
  evaluations: 20,
  evaluationSamples: 2000,
  targets: [0.8, 0.9, 0.95],
  skipInfeasible: false,
  warmup: defaults.warmup,
} as const;

/** In words, the defaults that depend on something. */
export const compareDefaultWords = {
  depth: defaultWords.depth,
  width: defaultWords.width,
  sparsity: "0.875, of convolutions 0.75",
  weights: "by model",
  optimizer: defaultWords.optimizer,
  seeds: "3",
  learningRate: "searched",
  searchSteps: "a tenth of a run's, at least 20",
} as const;

/** A grid that says everything: the product of its lists, each run for `steps`. */
export interface Grid {
  readonly methods: readonly string[];
  readonly model: NonNullable<GridSettings["model"]>;
  readonly depth: readonly number[];
  readonly width: readonly number[];
  /** Absent, as the next two: the model's own. */
  readonly kernelSize?: readonly number[];
  readonly downsample?: GridSettings["downsample"];
  readonly weights?: GridSettings["weights"];
  readonly sparsity: readonly number[];
  readonly activation: readonly NonNullable<GridSettings["activation"]>[number][];
  readonly start: readonly NonNullable<GridSettings["start"]>[number][];
  readonly seeds: readonly number[];
  /** Fixed rates; absent: searched. */
  readonly learningRate?: readonly number[];
  readonly steps: number;
  /** Training steps of each rate tried. */
  readonly searchSteps: number;
}

/** What holds for all of its cells. */
export type SharedSettings = Pick<Settings, (typeof sharedNames)[number]> & {
  readonly dataset: string;
  readonly batchSize: number;
  readonly checkpointEvery: number;
  readonly warmup: number;
  readonly skipInfeasible: boolean;
  readonly rates: number;
  readonly rateFactor: number;
  readonly widen: number;
  readonly validation: number;
  readonly evaluations: number;
  readonly evaluationSamples: number;
  readonly targets: readonly number[];
};

/** A comparison whose settings are all there. */
export interface Comparison {
  readonly shared: SharedSettings;
  readonly grids: readonly Grid[];
}

/** The settings of a config file with flags on top; a flag for an axis holds in every grid. Throws ArgumentError. */
export function mergeComparison(file: GivenComparison, flags: GivenComparison): GivenComparison {
  const says = (path: SettingPath) =>
    path.length === 1 && String(path[0]) in flags.settings ? flags.says(path) : file.says(path);
  for (const { settings, says } of [file, flags]) {
    checkTogether(settings, [], says);
    for (const [i, grid] of (settings.grids ?? []).entries()) checkTogether(grid, ["grids", i], says);
  }
  const merged: CompareSettings = { ...file.settings, ...flags.settings };
  const overruled = new Set(Object.keys(flags.settings));
  for (const [one, other] of exclusive) {
    if (flags.settings[one] !== undefined) {
      overruled.add(other);
      delete merged[other];
    }
  }
  merged.grids = file.settings.grids?.map(
    (grid) =>
      Object.fromEntries(Object.entries(grid).filter(([name]) => !overruled.has(name))) as GridSettings,
  );
  if (merged.grids === undefined) delete merged.grids;
  return { settings: merged, says };
}

/** Each pair: the first makes the second meaningless. */
const exclusive = [
  ["steps", "epochs"],
  ["epochs", "steps"],
  ["learningRate", "searchSteps"],
  ["searchSteps", "learningRate"],
] as const;

function checkTogether(
  settings: GridSettings,
  above: SettingPath,
  says: (path: SettingPath) => string,
): void {
  for (const [one, other] of exclusive) {
    if (settings[one] === undefined || settings[other] === undefined) continue;
    const [a, b] = [says([...above, one]), says([...above, other])];
    throw new ArgumentError("contradiction", `${a} and ${b} exclude each other: give one`);
  }
}

/** Fills in everything. Throws ArgumentError `contradiction`, `not-classes`. */
export function completeComparison({ settings, says }: GivenComparison, dataset: Dataset): Comparison {
  if (dataset.train.labels === undefined) {
    throw new ArgumentError(
      "not-classes",
      `sao compare counts accuracies, and ${dataset.name} has values to predict instead of classes`,
    );
  }
  const given = Object.fromEntries(
    sharedNames.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]),
  ) as Settings;
  combine({}, given, defaults, (name: SettingName) => says([name]));
  const all = { ...compareDefaults, ...withoutUndefined(settings) };
  const { rates, rateFactor, widen, validation, evaluations, evaluationSamples, targets } = all;
  const { warmup, skipInfeasible } = all;
  const whole = runConfig({ ...given, warmup }, dataset, 1, 1, 1, commonKinds(settings));
  const complete = Object.fromEntries(
    sharedNames.filter((name) => whole[name] !== undefined).map((name) => [name, whole[name]]),
  ) as Pick<RunConfig, "dataset" | "batchSize" | "checkpointEvery" | "warmup">;
  const shared: SharedSettings = {
    ...complete,
    skipInfeasible,
    rates,
    rateFactor,
    widen,
    validation,
    evaluations,
    evaluationSamples,
    targets: [...new Set(targets)].sort((a, b) => a - b),
  };
  const perEpoch = stepsPerEpoch(dataset, shared.batchSize);
  const grids = (settings.grids ?? [{}]).map((grid) => completeGrid(settings, grid, perEpoch));
  requireUsed(
    grids.flatMap(({ model }) => model),
    settings,
    (axis) => says([axis]),
  );
  for (const [i, own] of (settings.grids ?? []).entries()) {
    requireUsed(grids[i].model, own, (axis) => says(["grids", i, axis]));
  }
  return { shared, grids };
}

/** A grid with what stands around it, and defaults. */
function completeGrid(around: CompareSettings, own: GridSettings, perEpoch: number): Grid {
  const outer = Object.fromEntries(gridSettingNames.map((name) => [name, around[name]])) as GridSettings;
  // What a grid says of its length or its rates replaces whatever is said around it.
  for (const [one, other] of exclusive) if (own[one] !== undefined) delete outer[other];
  const given = { ...withoutUndefined(outer), ...withoutUndefined(own) };
  const [model = defaults.model] = given.model ?? [];
  const usual = modelDefaults(model);
  const { epochs, ...grid } = {
    ...compareDefaults,
    depth: [usual.depth],
    width: [usual.width],
    sparsity: [usual.sparsity],
    ...given,
  };
  const steps = grid.steps ?? (epochs ?? defaults.epochs) * perEpoch;
  const { methods, depth, width, sparsity, activation, start, seeds, learningRate } = grid;
  const { kernelSize, downsample, weights } = grid;
  return {
    methods,
    model: grid.model as Grid["model"],
    depth,
    width,
    ...withoutUndefined({ kernelSize, downsample, weights }),
    sparsity,
    activation,
    start,
    seeds,
    ...(learningRate === undefined ? {} : { learningRate }),
    steps,
    searchSteps: grid.searchSteps ?? Math.min(steps, Math.max(20, Math.round(steps / 10))),
  };
}

/** The settings that a comparison is written down as: reading them back gives the same comparison. */
export function settingsOf({ shared, grids }: Comparison): CompareSettings {
  const lists = grids.map((grid) => {
    const { learningRate, searchSteps, ...rest } = grid;
    return learningRate === undefined ? { ...rest, searchSteps } : { ...rest, learningRate };
  });
  return structuredClone({ ...shared, grids: lists }) as unknown as CompareSettings;
}

/** The complete config of one run of a comparison; its length in epochs means nothing. */
export function runConfig(
  shared: Partial<SharedSettings>,
  dataset: Dataset,
  depth: number,
  learningRate: number,
  threads: number,
  kinds?: LayerKinds,
): RunConfig {
  const given = Object.fromEntries(sharedNames.map((name) => [name, shared[name]])) as Settings;
  const endless = 1_000_000;
  const settings = { ...given, learningRate, threads, epochs: endless };
  return completeSettings(settings, dataset, depth, threads, kinds);
}

/** What all networks are made of, on which the optimizer depends; of several, what `sao train` takes for linear ones. */
function commonKinds({ model, grids = [{}] }: CompareSettings): LayerKinds {
  const asked = grids.flatMap((grid) => grid.model ?? model ?? [defaults.model]);
  const kinds = new Set(asked.map((name) => layerKinds({ model: name === "mlp" ? undefined : name })));
  return kinds.size === 1 ? [...kinds][0] : "linear";
}

function withoutUndefined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
