/**
 * @file Run folders: where everything about one run lies. A folder is claimed by creating it, so that two
 * runs never share one and nothing is ever overwritten.
 */

import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ArgumentError, FileError } from "../errors.ts";
import { fileError, systemCode } from "../formats/file-errors.ts";
import type { RunConfig } from "./config.ts";
import { defaults } from "./defaults.ts";

/** The files of a run folder. */
export interface RunFiles {
  readonly folder: string;
  readonly config: string;
  readonly environment: string;
  /** How the training data were scaled and numbered. */
  readonly data: string;
  readonly certificate: string;
  readonly metrics: string;
  readonly events: string;
  readonly checkpoint: string;
  readonly best: string;
  readonly report: string;
}

/** Where the files of the run in `folder` lie. */
export function runFiles(folder: string): RunFiles {
  return {
    folder,
    config: join(folder, "config.yaml"),
    environment: join(folder, "environment.json"),
    data: join(folder, "data.json"),
    certificate: join(folder, "certificate.json"),
    metrics: join(folder, "metrics.csv"),
    events: join(folder, "events.out.tfevents.isosparse"),
    checkpoint: join(folder, "checkpoint.safetensors"),
    best: join(folder, "best.safetensors"),
    report: join(folder, "report.html"),
  };
}

/** Where a new run shall lie: exactly at `out`, or in `runsFolder` under `name` or the first free `name-2`, … */
export interface RunPlace {
  readonly out?: string;
  readonly name?: string;
  /** Default `runs`. */
  readonly runsFolder?: string;
}

/**
 * Refuses places that cannot be had, before any work is done for them.
 *
 * @throws {ArgumentError} `contradiction`, `bad-name`; {FileError} `not-empty`
 */
export async function checkRunPlace({ out, name }: RunPlace): Promise<void> {
  if (out !== undefined && name !== undefined) {
    throw new ArgumentError(
      "contradiction",
      "--out and --name exclude each other: --out is the whole run folder",
    );
  }
  if (name !== undefined && (!/^[^/\\\0]+$/.test(name) || [".", ".."].includes(name))) {
    throw new ArgumentError(
      "bad-name",
      `--name ${JSON.stringify(name)} is not a folder name; --out takes a path`,
    );
  }
  if (out !== undefined) await checkEmpty(out);
}

/** Creates the folder of a new run and returns its path. */
export async function claimRunFolder(place: RunPlace, config: RunConfig): Promise<string> {
  if (place.out !== undefined) {
    await makeFolder(place.out);
    await checkEmpty(place.out);
    return place.out;
  }
  const parent = place.runsFolder ?? "runs";
  await makeFolder(parent);
  const name = place.name ?? runName(config);
  for (let attempt = 1; ; attempt++) {
    const folder = join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    if (await makeFolder(folder)) return folder;
  }
}

/** Whether `path` is a run folder. Throws FileError when there is nothing at all. */
export async function isRunFolder(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isDirectory()) return false;
    return (await readdir(path)).includes("config.yaml");
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/** What a run is called when nobody says: the dataset, and the network's file or what it is and how large. */
function runName({ dataset, model, depth, width, topology, from }: RunConfig): string {
  const data = stem(dataset);
  if (from !== undefined) return `${data}-${stem(from)}`;
  const kind = model === defaults.model ? [] : [model];
  const sizes = [depth, width].filter((size) => size !== undefined);
  return [data, ...kind, ...(sizes.length === 0 ? [] : [sizes.join("x")]), topology].join("-");
}

/** The file's name without folders and ending. */
function stem(path: string): string {
  return basename(path).replace(/\.[^.]+$/, "");
}

/** Creates a folder and those above it; false when it exists already. */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST" && (await stat(path)).isDirectory()) return false;
    // Not mkdir's own recursion, which never ends where folders cannot be made (Node 20, /proc/x/y).
    const parent = dirname(resolve(path));
    const missing = systemCode(error) === "ENOENT" && parent !== resolve(path) && !(await exists(parent));
    if (!missing) throw fileError("write", path, error);
    await makeFolder(parent);
    return await makeFolder(path);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function checkEmpty(folder: string): Promise<void> {
  try {
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw fileError("write", folder, error);
  }
  throw new FileError(
    "not-empty",
    `${folder} is not empty; name a new folder, or go on with: sao resume ${folder}`,
  );
}
