/**
 * @file `sao compare`: trains and counts every cell of a grid of methods.
 */

import { type Command, Option } from "commander";
import { ArgumentError } from "../../errors.ts";
import { compareGiven } from "../../experiment/compare/compare.ts";
import { compareDefaults, compareDefaultWords, mergeComparison } from "../../experiment/compare/complete.ts";
import {
  type GivenComparison,
  parseComparisonFlags,
  readComparison,
} from "../../experiment/compare/config-file.ts";
import {
  type CompareSettingName,
  compareSettingHelp,
  compareSettingNames,
} from "../../experiment/compare/settings.ts";
import { freeComparisonFolder } from "../../experiment/compare/store.ts";
import { defaults, defaultWords } from "../../experiment/defaults.ts";
import { flagOf } from "../../experiment/settings.ts";
import { methodNames } from "../../sparsify/index.ts";
import { showComparison } from "../comparing.ts";
import { addCommonOptions, type Options } from "./common.ts";

const groups = ["Grid", "Search", "Tests", "Data", "Training", "Run"] as const;

const examples = `
Methods:
  ${wrapped(methodNames)}

Examples:
  sao compare --methods dense,sao,magnitude --depth 10,32 --seeds 2 --epochs 2
  sao compare mnist --data ./data --methods sao,magnitude,rigl --depth 32,100,1000 --sparsity 0.5,0.875
  sao compare mnist --model cnn,cnn-eco --methods dense,sao --depth 8,32 --width 32 --sparsity 0.5,0.875 --steps 200
  sao compare --config grid.yaml --out runs/grid
  sao resume runs/grid                            go on after Ctrl-C or a crash

A config file holds the same settings under the same names (batchSize: 128), and may hold several grids under
"grids:", each with lists of its own; flags beat it. In a folder that holds a comparison already, cells that are new
are added and none is run again; what is not given is as in the grid that is there.`;

export function addCompare(program: Command): void {
  const command = program
    .command("compare")
    .description("train and count a grid of methods, depths and sparsities, and write a report")
    .argument("[dataset]", "digits, mnist, fashion-mnist, or another that sao train takes (default digits)");
  for (const group of groups) {
    for (const name of compareSettingNames) {
      if (compareSettingHelp(name).group === group && name !== "dataset") addFlag(command, name);
    }
  }
  command
    .addOption(new Option("--config <FILE>", "settings from a YAML or JSON file").helpGroup("Run:"))
    .addOption(
      new Option("--out <DIR>", "its folder, new or of a comparison to add to (default in runs/)").helpGroup(
        "Run:",
      ),
    )
    .addOption(new Option("--cores <N>", "threads in all (default all of the machine's)").helpGroup("Run:"));
  addCommonOptions(command, "one JSON line on stdout for the start, each job and the end")
    .addHelpText("after", examples)
    .action(async (dataset: string | undefined, options: Options) => {
      const given = await givenComparison(options, dataset);
      const out = (options.out as string | undefined) ?? freeComparisonFolder(given.settings.dataset);
      const cores = coresOf(options.cores);
      await showComparison(
        (handlers) => compareGiven(given, { ...handlers, out, cores }),
        options.json === true,
      );
    });
}

function addFlag(command: Command, name: CompareSettingName): void {
  const { kind, value, group, description } = compareSettingHelp(name);
  const flag = kind === "boolean" ? flagOf(name) : `${flagOf(name)} <${value}>`;
  const standard = defaultOf(name);
  const shown = standard === undefined || standard === false ? "" : ` (default ${String(standard)})`;
  command.addOption(new Option(flag, `${description}${shown}`).helpGroup(`${group}:`));
  if (kind === "boolean") {
    command.addOption(new Option(`--no-${flagOf(name).slice(2)}`, `not ${description}`).hideHelp());
  }
}

function defaultOf(name: CompareSettingName): unknown {
  for (const table of [compareDefaultWords, compareDefaults, defaults, defaultWords]) {
    const value = (table as Record<string, unknown>)[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

async function givenComparison(options: Options, dataset: string | undefined): Promise<GivenComparison> {
  const values = Object.fromEntries(
    compareSettingNames
      .filter((name) => options[name] !== undefined)
      .map((name) => [name, options[name] as string | boolean]),
  );
  const flags = parseComparisonFlags({ ...values, ...(dataset !== undefined && { dataset }) });
  const nothing: GivenComparison = { settings: {}, says: flags.says };
  const file = typeof options.config === "string" ? await readComparison(options.config) : nothing;
  return mergeComparison(file, flags);
}

/** Threads in all; undefined when nobody said. Throws ArgumentError. */
export function coresOf(given: unknown, flag = "--cores"): number | undefined {
  if (given === undefined) return undefined;
  const cores = Number(given);
  if (Number.isInteger(cores) && cores >= 1 && cores <= 256) return cores;
  throw new ArgumentError(
    "bad-setting",
    `${flag} must be a whole number from 1 to 256, not ${JSON.stringify(given)}`,
  );
}

/** Names in lines that fit 80 columns. */
function wrapped(names: readonly string[]): string {
  let line = "";
  const lines: string[] = [];
  for (const name of names) {
    if (line.length + name.length > 74) {
      lines.push(line);
      line = "";
    }
    line += `${name} `;
  }
  return [...lines, line].map((text) => text.trim()).join("\n  ");
}
