/**
 * @file What several commands share: options that mean the same everywhere, and what TARGET stands for.
 */

import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Command, Option } from "commander";
import type { Reference } from "../../data/reference.ts";
import { ArgumentError, FileError } from "../../errors.ts";
import type { RunConfig } from "../../experiment/config.ts";
import { type GivenSettings, parseFlags, readConfigFile } from "../../experiment/config-file.ts";
import { defaults } from "../../experiment/defaults.ts";
import { withAbsolutePaths } from "../../experiment/open-dataset.ts";
import { combine } from "../../experiment/rules.ts";
import { readRunConfig } from "../../experiment/run.ts";
import { isRunFolder, runFiles } from "../../experiment/run-folder.ts";
import { readReference } from "../../experiment/run-records.ts";
import { flagOf, type Settings, settingHelp, settingNames } from "../../experiment/settings.ts";
import { fileError } from "../../formats/index.ts";
import { settingFlags } from "../flags.ts";

/** Options as commander parsed them. */
export type Options = Record<string, unknown>;

/** Adds `--json`, described, and `--debug`. */
export function addCommonOptions(command: Command, json: string): Command {
  return command
    .addOption(new Option("--json", json).helpGroup("Output:"))
    .addOption(new Option("--debug", "show where an error came from").helpGroup("Output:"));
}

/**
 * The settings that flags and a config file give together.
 *
 * @param otherwise the dataset that the others go with where none is given; null: none, and nothing is said about them
 */
export async function givenSettings(
  options: Options,
  dataset?: string,
  otherwise: string | null = defaults.dataset,
): Promise<Settings> {
  const flags = parseFlags({ ...settingFlags(options), ...(dataset !== undefined && { dataset }) });
  const nothing: GivenSettings = { settings: {}, says: flagOf };
  const file = typeof options.config === "string" ? await readConfigFile(options.config) : nothing;
  const says = (name: string) => (name in flags.settings ? flags.says(name) : file.says(name));
  return combine(file.settings, flags.settings, { ...defaults, dataset: otherwise ?? undefined }, says);
}

/** A network file, and the settings of the run that it belongs to, if it does. */
export interface Target {
  readonly file: string;
  readonly settings?: Settings;
  /** The config of the run whose checkpoint the file is. */
  readonly checkpointOf?: RunConfig;
  /** The config of the run whose best network the file is. */
  readonly bestOf?: RunConfig;
  /** How that run's data were scaled and numbered, where the run says it. */
  readonly like?: Reference;
}

/** What TARGET means: a run folder stands for its checkpoint (or best) and its dataset. */
export async function resolveTarget(path: string, best: boolean): Promise<Target> {
  if (/\.onnx$/i.test(path)) {
    throw new ArgumentError(
      "bad-target",
      `${path}: this takes a run folder or a network that isosparse saved (.safetensors); of an ONNX model sao inspect ` +
        "tells what it is like, and sao init --like makes it anew",
    );
  }
  if (await isRunFolder(path)) {
    const files = runFiles(path);
    const settings = await readRunConfig(path);
    const like = await readReference(files);
    return best
      ? { file: files.best, settings, like, bestOf: settings }
      : { file: files.checkpoint, settings, like, checkpointOf: settings };
  }
  if ((await stat(path)).isDirectory()) {
    throw new FileError("not-a-run", `${path} is a folder but no run folder: there is no config.yaml in it`);
  }
  if (best) throw new ArgumentError("contradiction", `--best goes with a run folder, and ${path} is a file`);
  const folder = dirname(path);
  if (!(await isRunFolder(folder))) return { file: path };
  return { file: path, settings: await readRunConfig(folder), like: await readReference(runFiles(folder)) };
}

/**
 * The dataset settings of a target's run with those of flags on top, and its batch size, which decides in what
 * order losses are summed; undefined when neither names a dataset.
 */
export function datasetSettings({ settings }: Target, flags: Settings): Settings | undefined {
  const { dataset, data, target, task, testFraction, dataSeed, samples } = settings ?? {};
  // Another table most likely calls the column to predict by the same name.
  const own: Settings = isOtherDataset({ settings }, flags)
    ? { target }
    : { dataset, data, target, task, testFraction, dataSeed, samples };
  const { batchSize, shardSize } = settings ?? {};
  // A run that does not say so was made before targets were scaled.
  const scaleTargets = settings === undefined ? undefined : (settings.scaleTargets ?? false);
  const merged = { batchSize, shardSize, scaleTargets, ...own, ...flags };
  return merged.dataset === undefined ? undefined : merged;
}

/** Whether flags name another dataset than that of a target's run. */
export function isOtherDataset({ settings }: Pick<Target, "settings">, flags: Settings): boolean {
  return flags.dataset !== undefined && withAbsolutePaths(flags).dataset !== settings?.dataset;
}

/** Refuses settings of a dataset when there is none that they could go with. */
export function refuseDataFlags(given: Settings): void {
  const idle = settingNames.find((name) => settingHelp(name).group === "Data" && given[name] !== undefined);
  if (idle === undefined) return;
  throw new ArgumentError("contradiction", `${flagOf(idle)} goes with --dataset, which is not given`);
}

/**
 * Refuses a path that cannot be written, before any work is done for it, and, unless told to, to replace a file.
 * Devices and pipes hold nothing to lose.
 */
export async function checkOutput(path: string, flag: string, force: boolean): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isFile() && !force) {
    throw new FileError("file-exists", `${flag} ${path} exists already; choose another name, or add --force`);
  }
  // Files are replaced by renaming, for which the folder must be writable; anything else is written itself.
  const written = existing === undefined || existing.isFile() ? `${dirname(path)}/.` : path;
  try {
    if (existing?.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
    await access(written, constants.W_OK);
  } catch (error) {
    throw fileError("write", path, error);
  }
}
