/**
 * @file Command-line flags of a run's settings, made from the schema: one for each, under the same name.
 */

import { type Command, Option } from "commander";
import { defaults, defaultWords } from "../experiment/defaults.ts";
import {
  flagOf,
  type SettingHelp,
  type SettingName,
  settingHelp,
  settingNames,
} from "../experiment/settings.ts";

/** Adds the flags of the settings of some groups to a command, under a heading for each group. */
export function addSettingFlags(command: Command, groups: readonly SettingHelp["group"][]): void {
  for (const group of groups) {
    for (const name of settingNames) {
      const help = settingHelp(name);
      if (help.group === group && name !== "dataset") addFlag(command, name, help);
    }
  }
}

function addFlag(
  command: Command,
  name: SettingName,
  { kind, value, group, description }: SettingHelp,
): void {
  const flag = kind === "boolean" ? flagOf(name) : `${flagOf(name)} <${value}>`;
  const standard = defaultWords[name] ?? (defaults as Record<string, unknown>)[name];
  const shown = standard === undefined || standard === false ? "" : ` (default ${String(standard)})`;
  command.addOption(new Option(flag, `${description}${shown}`).helpGroup(`${group}:`));
  if (kind === "boolean") {
    command.addOption(new Option(`--no-${flagOf(name).slice(2)}`, `not ${description}`).hideHelp());
  }
}

/** The settings among a command's parsed options. */
export function settingFlags(options: Record<string, unknown>): Record<string, string | boolean | undefined> {
  return Object.fromEntries(
    settingNames
      .filter((name) => options[name] !== undefined)
      .map((name) => [name, options[name] as string | boolean]),
  );
}
