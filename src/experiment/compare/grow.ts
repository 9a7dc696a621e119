/**
 * @file More cells for a comparison that there is already: the grids are added, everything else stays as it was.
 */

import type { Dataset } from "../../data/dataset.ts";
import { ArgumentError } from "../../errors.ts";
import { withAbsolutePaths } from "../open-dataset.ts";
import { type Comparison, completeComparison, type Grid } from "./complete.ts";
import type { GivenComparison } from "./config-file.ts";
import {
  type CompareSettingName,
  compareSettingNames,
  type GridSettings,
  gridSettingNames,
} from "./settings.ts";

/** Settings that change nothing that was computed. */
const mayChange: readonly CompareSettingName[] = ["data", "checkpointEvery", "targets", "skipInfeasible"];

/**
 * The settings given, and those of the comparison in `folder` where none are.
 *
 * @throws {ArgumentError} `other-comparison`: one was given that differs.
 */
export function goOnWith(stored: GivenComparison, given: GivenComparison, folder: string): GivenComparison {
  const { settings } = withPaths(given);
  const merged: Record<string, unknown> = { ...settings };
  for (const name of compareSettingNames) {
    if ((gridSettingNames as readonly string[]).includes(name)) continue;
    const [has, wants] = [stored.settings[name], settings[name]];
    if (wants === undefined) merged[name] = has;
    else if (!mayChange.includes(name) && JSON.stringify(has) !== JSON.stringify(wants)) {
      throw new ArgumentError(
        "other-comparison",
        `${given.says([name])} is ${JSON.stringify(wants)}, but the comparison in ${folder} has ` +
          `${JSON.stringify(has) ?? "none"}; leave it out, or name another folder with --out`,
      );
    }
  }
  return { settings: merged as GivenComparison["settings"], says: given.says };
}

/**
 * The complete comparison; with the grids of the one stored in `folder`, if there is one, before its own. Then what
 * its own do not say is as in those stored.
 *
 * @throws {ArgumentError} `which-grid`: something is not given in which the grids stored differ.
 */
export function addGrids(
  given: GivenComparison,
  stored: GivenComparison | undefined,
  dataset: Dataset,
  folder: string,
): Comparison {
  const comparison = completeComparison(given, dataset);
  if (stored === undefined) return comparison;
  const { grids } = completeComparison(
    { ...stored, settings: { ...given.settings, ...stored.settings } },
    dataset,
  );
  const known = new Set(grids.map((grid) => JSON.stringify(grid)));
  // The command that made a grid, given once more, means that grid.
  const again = comparison.grids.every((grid) => known.has(JSON.stringify(grid)));
  const own =
    again || saysNoGrid(given) ? [] : completeComparison(likeStored(given, grids, folder), dataset).grids;
  const added = own.filter((grid) => !known.has(JSON.stringify(grid)));
  return { ...comparison, grids: [...grids, ...added] };
}

function saysNoGrid({ settings }: GivenComparison): boolean {
  return settings.grids === undefined && gridSettingNames.every((name) => settings[name] === undefined);
}

/** What a grid says, and the settings that say it. */
interface GridPart {
  readonly names: readonly (keyof GridSettings)[];
  readonly of: (grid: Grid) => Partial<Grid>;
}

const axes = [
  "methods",
  "model",
  "depth",
  "width",
  "kernelSize",
  "downsample",
  "weights",
  "sparsity",
  "activation",
  "start",
  "seeds",
] as const;

const parts: readonly GridPart[] = [
  ...axes.map((name) => ({
    names: [name],
    of: (grid: Grid) => (grid[name] === undefined ? {} : { [name]: grid[name] }),
  })),
  { names: ["steps", "epochs"], of: ({ steps }) => ({ steps }) },
  {
    names: ["learningRate", "searchSteps"],
    of: ({ learningRate, searchSteps }) => (learningRate === undefined ? { searchSteps } : { learningRate }),
  },
];

/** The settings given, and those of the stored grids where none are. */
function likeStored(given: GivenComparison, stored: readonly Grid[], folder: string): GivenComparison {
  const { settings, says } = given;
  const own = settings.grids ?? [{}];
  const missing = parts.filter(({ names }) =>
    own.some((grid) => names.every((name) => settings[name] === undefined && grid[name] === undefined)),
  );
  const unclear = missing.filter(
    ({ of }) => new Set(stored.map((grid) => JSON.stringify(of(grid)))).size > 1,
  );
  if (unclear.length > 0) {
    const asked = unclear.map(({ names }) => says([names[0]])).join(", ");
    throw new ArgumentError(
      "which-grid",
      `the comparison in ${folder} has ${stored.length} grids that differ in these settings: give ${asked}`,
    );
  }
  const filled = Object.assign({}, ...missing.map(({ of }) => of(stored[0]))) as GridSettings;
  return { ...given, settings: { ...settings, ...filled } };
}

/** With the paths of data from the root, so that it can be gone on with from any folder. */
export function withPaths(given: GivenComparison): GivenComparison {
  const { dataset, data, ...rest } = given.settings;
  if (dataset === undefined && data === undefined) return given;
  const { dataset: located, data: folder } = withAbsolutePaths({ dataset, data });
  return {
    ...given,
    settings: {
      ...rest,
      ...(dataset !== undefined && { dataset: located }),
      ...(folder !== undefined && { data: folder }),
    },
  };
}
