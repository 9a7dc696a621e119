/** @file `npm run bench:exports`: trains the networks of the page on exports, measures each in every runtime, writes the page. */

import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { machine, occasion } from "../machine.mjs";
import { NETWORKS, SPARSITIES, trained } from "./networks.mjs";
import { withFigures } from "./page.mjs";

const usage = `Exports networks every way and runs them in every runtime.

  npm run bench:exports -- --data DIR [options]

  --data DIR      folder of MNIST's files
  --runs DIR      where the networks are trained, or are trained already; default runs/exports
  --only NAMES    of ${NETWORKS.map(({ name }) => name).join(", ")}, separated by commas; other figures stay
  --rounds N      turns of each contestant; default 9
  --page          measure nothing, write the tables of docs/results/exports.md anew from exports.json
  --help          this text

About 40 minutes in all on two quiet cores, a fifth of it training. One network in your own hands:
node bench/exports/measure.mjs RUN_FOLDER`;

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const [page, figures] = [root("docs/results/exports.md"), root("docs/results/exports.json")];
const measure = fileURLToPath(new URL("measure.mjs", import.meta.url));

const { values } = options();
if (!values.page) await measureAll(values);
writeFileSync(page, withFigures(readFileSync(page, "utf8"), results()));

function options() {
  try {
    const parsed = parseArgs({
      options: {
        data: { type: "string" },
        runs: { type: "string", default: "runs/exports" },
        only: { type: "string" },
        rounds: { type: "string", default: "9" },
        page: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const { help, page: onlyPage, data, only } = parsed.values;
    if (help) {
      console.log(usage);
      process.exit(0);
    }
    if (!onlyPage && data === undefined) throw new Error("--data: which folder are MNIST's files in?");
    const unknown = only?.split(",").find((name) => NETWORKS.every((network) => network.name !== name));
    if (unknown !== undefined) throw new Error(`--only: there is no network "${unknown}"`);
    return parsed;
  } catch ({ message }) {
    console.error(`${message}\n\n${usage}`);
    process.exit(2);
  }
}

/** Measures each in a process of its own, so that none finds another's memory, and keeps what is there at once. */
async function measureAll({ data, runs, only, rounds }) {
  for (const network of NETWORKS) {
    if (only !== undefined && !only.split(",").includes(network.name)) continue;
    for (const sparsity of SPARSITIES) {
      const key = `${network.name} ${sparsity}`;
      say(`${key}: training`);
      const folder = trained(network, sparsity, { runs, data });
      say(`${key}: measuring`);
      const { stdout } = await promisify(execFile)(process.execPath, [measure, folder, "--rounds", rounds], {
        maxBuffer: 2 ** 28,
      });
      const all = { ...results(), [key]: { ...occasion(), machine: machine(), ...JSON.parse(stdout) } };
      writeFileSync(figures, `${JSON.stringify(all, null, 1)}\n`);
    }
  }
}

function results() {
  return existsSync(figures) ? JSON.parse(readFileSync(figures, "utf8")) : {};
}

function say(text) {
  console.error(`${performance.now().toFixed(0).slice(0, -3).padStart(5)} s  ${text}`);
}
