/**
 * @file results.json: by section, the figures, what they were taken on and when; likewise for each other Node that ran
 * sections of its own, under its version.
 */

import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { SECTIONS } from "./sections.mjs";

/** Of what sections put into `data`; figures of another format cannot be shown. */
const FORMAT = 2;

/** A folder that cannot take results, or has none; the message says why. */
export class ResultsError extends Error {}

/**
 * `sections`: results by section, of sections that there still are, and `nodes`: the same by version of other Nodes;
 * none where the folder or the file is not there yet, or is of an older format. Throws ResultsError for what is no folder,
 * and for a file that is no results.
 */
export async function readResults(folder) {
  const text = await textOf(folder);
  const results = text === undefined ? {} : parsed(text, folder);
  if (results.format !== FORMAT) return { sections: {}, nodes: {} };
  const nodes = Object.entries(results.nodes ?? {})
    .map(([version, entries]) => [version, known(entries)])
    .filter(([, entries]) => Object.keys(entries).length > 0);
  return { sections: known(results.sections), nodes: Object.fromEntries(nodes) };
}

/** Entries of sections that there still are. */
function known(entries) {
  const names = Object.keys(SECTIONS).filter((name) => isEntry(entries[name]));
  return Object.fromEntries(names.map((name) => [name, entries[name]]));
}

/** Throws ResultsError unless results can be written to `folder`: where it has files, results are among them. */
export async function checkFolder(folder) {
  await readResults(folder);
  const names = await readdir(folder).catch(() => []);
  if (names.length > 0 && !names.includes("results.json")) {
    throw new ResultsError(`${folder} has files but no results.json: take an empty folder, or a new one`);
  }
}

/** Puts `entry` into the folder's results, in the place of an earlier one of that section. */
export async function keepResult(folder, name, entry) {
  const { sections, nodes } = await readResults(folder);
  await writeResults(folder, { sections: { ...sections, [name]: entry }, nodes });
}

/** The same for an entry that another Node measured. */
export async function keepResultOfNode(folder, version, name, entry) {
  const { sections, nodes } = await readResults(folder);
  const own = { ...nodes[version], [name]: entry };
  await writeResults(folder, { sections, nodes: { ...nodes, [version]: own } });
}

async function writeResults(folder, results) {
  await mkdir(folder, { recursive: true });
  const path = `${folder}/results.json`;
  await writeFile(`${path}.${process.pid}`, `${JSON.stringify({ format: FORMAT, ...results }, null, 1)}\n`);
  await rename(`${path}.${process.pid}`, path);
}

async function textOf(folder) {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw new ResultsError(`${folder} is a file, not a folder`);
  try {
    return await readFile(`${folder}/results.json`, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw new ResultsError(`${folder}/results.json cannot be read: ${error.code}`);
  }
}

/** Results of this format or an older one, whose sections lay at the top. */
function parsed(text, folder) {
  const damaged = new ResultsError(
    `${folder}/results.json is no results of this bench: move it away, or take another folder`,
  );
  let results;
  try {
    results = JSON.parse(text);
  } catch {
    throw damaged;
  }
  const sections = results?.format === undefined ? results : results.sections;
  const ofNodes = isObject(results) && isObject(results.nodes) ? Object.values(results.nodes) : [];
  if (![sections, ...ofNodes].every(areEntries)) throw damaged;
  return results;
}

function areEntries(entries) {
  return isObject(entries) && Object.values(entries).every(isEntry);
}

function isEntry(entry) {
  return isObject(entry) && "machine" in entry && "data" in entry;
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}
