/**
 * @file Checks settings one by one, whoever gives them: a config file, flags, or a caller of the library.
 */

import { closest } from "../data/closest.ts";
import { ArgumentError } from "../errors.ts";
import { type SettingName, type Settings, settingNames, settingsSchema } from "./settings.ts";

/**
 * `values` as settings; null and undefined stand for not given. Rules between settings are `combine`'s.
 *
 * @param says how a message names the place of a setting, e.g. `--depth`
 * @throws {ArgumentError} `unknown-setting`, `bad-setting`
 */
export function validateSettings(values: Record<string, unknown>, says: (name: string) => string): Settings {
  for (const name of Object.keys(values)) {
    if (!settingNames.includes(name as SettingName)) {
      throw new ArgumentError("unknown-setting", `${says(name)} is not a setting${didYouMean(name)}`);
    }
  }
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value != null));
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue.path[0]);
  throw new ArgumentError("bad-setting", `${says(name)} ${issue.message}, not ${shown(given[name])}`);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(",").slice(0, 60);
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

function didYouMean(name: string): string {
  const match = closest(name, settingNames);
  return match === undefined ? "" : `; did you mean "${match}"?`;
}
