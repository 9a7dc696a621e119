/**
 * @file Which settings go together: some exclude each other, some mean something only beside another. A flag
 * beats the config file: what a flag makes meaningless in the file is dropped, and what contradicts itself
 * within one of them is an error.
 */

import { DATASET_NAMES } from "../data/registry.ts";
import { ArgumentError } from "../errors.ts";
import { topologyNames } from "../topology/registry.ts";
import { models } from "./models.ts";
import {
  type ModelName,
  modelNames,
  type SettingName,
  type Settings,
  settingHelp,
  settingNames,
} from "./settings.ts";

/** Settings of which at most one may be given. */
const exclusive: readonly (readonly SettingName[])[] = [
  ["sparsity", "degree", "groups", "compression"],
  ["layers", "depth"],
  ["layers", "width"],
  ...settingNames
    .filter((name) => settingHelp(name).group === "Network" && name !== "from")
    .map((name) => ["from", name] as const),
];

/** `setting` means something only when `other` is one of `values`. */
interface Condition {
  readonly setting: SettingName;
  readonly other: SettingName;
  /** One that begins with a dot is an ending. */
  readonly values: readonly string[];
  /** The condition binds only when `setting` has this value. */
  readonly when?: string;
}

const csvSettings = ["target", "task", "testFraction"] as const;
const inFiles = DATASET_NAMES.filter((name) => name !== "digits");
const sparseTopologies = topologyNames.filter((name) => name !== "dense");

const conditions: readonly Condition[] = [
  ...modelConditions(),
  { setting: "arrangement", other: "topology", values: ["sao"] },
  ...exclusive[0].map((setting) => ({ setting, other: "topology" as const, values: sparseTopologies })),
  { setting: "start", when: "looks-linear", other: "activation", values: ["relu"] },
  { setting: "meanSquare", other: "start", values: ["critical"] },
  { setting: "start", when: "critical", other: "activation", values: ["tanh"] },
  { setting: "start", when: "isometric", other: "activation", values: ["tanh"] },
  { setting: "momentum", other: "optimizer", values: ["sgd"] },
  { setting: "nesterov", other: "optimizer", values: ["sgd"] },
  { setting: "beta1", other: "optimizer", values: ["adam", "adamw"] },
  { setting: "beta2", other: "optimizer", values: ["adam", "adamw"] },
  { setting: "epsilon", other: "optimizer", values: ["adam", "adamw"] },
  { setting: "labelSmoothing", other: "loss", values: ["cross-entropy"] },
  { setting: "floor", other: "schedule", values: ["cosine"] },
  { setting: "milestones", other: "schedule", values: ["multistep"] },
  { setting: "decay", other: "schedule", values: ["multistep"] },
  { setting: "data", other: "dataset", values: [...inFiles, ".csv"] },
  { setting: "dataSeed", other: "dataset", values: ["digits", "image-folder", ".csv"] },
  { setting: "augment", other: "dataset", values: DATASET_NAMES },
  ...csvSettings.map((setting) => ({ setting, other: "dataset" as const, values: [".csv"] })),
];

/** Settings and weights that only some models have. */
function modelConditions(): Condition[] {
  const having = (has: (model: (typeof models)[ModelName]) => boolean) =>
    modelNames.filter((name) => has(models[name]));
  const settings = [...new Set(modelNames.flatMap((name) => models[name].settings))];
  const weights = [...new Set(modelNames.flatMap((name) => models[name].weights))];
  return [
    ...settings.map((setting) => ({
      setting,
      other: "model" as const,
      values: having((model) => model.settings.includes(setting)),
    })),
    ...weights.map((when) => ({
      setting: "weights" as const,
      when,
      other: "model" as const,
      values: having((model) => model.weights.includes(when)),
    })),
  ];
}

/**
 * The settings of a config file with flags on top.
 *
 * @param says how a message names a setting that was given, e.g. `--degree` or `run.yaml:3: degree`
 * @param fallback the values that settings have when nobody gives them
 * @throws {ArgumentError} `contradiction`: two settings of the same source cannot both be meant.
 */
export function combine(
  file: Settings,
  flags: Settings,
  fallback: Settings,
  says: (name: SettingName) => string,
): Settings {
  const merged: Settings = { ...file, ...flags };
  const dropped = (loser: SettingName, winner: SettingName) => {
    if (loser in flags || !(winner in flags)) return false;
    delete merged[loser];
    return true;
  };
  for (const names of exclusive) {
    for (const one of names) {
      for (const other of names) {
        if (one === other || merged[one] === undefined || merged[other] === undefined) continue;
        if (dropped(one, other) || dropped(other, one)) continue;
        throw new ArgumentError(
          "contradiction",
          `${says(one)} and ${says(other)} exclude each other: give one`,
        );
      }
    }
  }
  for (const { setting, other, values, when } of conditions) {
    const given = merged[setting];
    const beside = merged[other] ?? fallback[other];
    if (given === undefined || (when !== undefined && given !== when)) continue;
    if (beside === undefined || meets(beside, values) || dropped(setting, other)) continue;
    const what = when === undefined ? says(setting) : `${says(setting)} ${when}`;
    throw new ArgumentError(
      "contradiction",
      `${what} goes with ${other} ${values.join(" or ")}, and ${other} is ${beside}`,
    );
  }
  if (merged.nesterov === true && merged.momentum === 0) {
    throw new ArgumentError("contradiction", `${says("nesterov")} needs a momentum above 0`);
  }
  return merged;
}

/** Whether a setting means anything beside the others, as they are. */
export function applies(setting: SettingName, settings: Settings): boolean {
  return conditions.every(
    (rule) => rule.setting !== setting || rule.when !== undefined || meets(settings[rule.other], rule.values),
  );
}

function meets(value: unknown, values: readonly string[]): boolean {
  const text = String(value);
  return values.some((allowed) =>
    allowed.startsWith(".") ? text.toLowerCase().endsWith(allowed) : text === allowed,
  );
}
