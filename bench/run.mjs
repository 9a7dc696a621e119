/** @file `npm run bench`: measures, keeps the figures in docs/benchmarks/results.json, and writes the report on them. */

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureIn, versionOf } from "./other-node.mjs";
import { publicReason } from "./peers/process.mjs";
import { plotNames, writeReport } from "./report.mjs";
import { checkFolder, keepResult, keepResultOfNode, ResultsError, readResults } from "./results.mjs";
import { SECTIONS, sectionsNamed } from "./sections.mjs";
import { TARGET_SECTIONS } from "./targets.mjs";

const usage = `Measures training, inference, kernels and growth, beside the machine's limits and other libraries.

  npm run bench -- [options]

  --only NAMES     of ${wrapped(Object.keys(SECTIONS))}
                   separated by commas; crossover stands for all crossover-...
  --quick          small sizes and few rounds, two minutes: to try whether it runs; its figures mean little
                   and go nowhere unless --out is given
  --out DIR        folder of results.json, README.md and the plots; default docs/benchmarks
  --report         measure nothing, write README.md and the plots anew from results.json
  --python PATH    a Python that can import torch; default /usr/bin/python3
  --node PATH      another Node: it takes turns with this one in the section "platforms", and measures the
                   sections that have targets by itself; may be repeated
  --browser PATH   a Chromium for the section "platforms"; default /usr/bin/chromium
  --help           this text

A section that was measured takes the place of its earlier figures in results.json; the others stay, and so
do Nodes and browsers that were not given this time. All together take about 25 minutes on two quiet cores,
and about 8 more for each other Node. Other libraries are used where they are installed (npm ci in bench/)
and named as absent where not.
`;

class UsageError extends Error {}

// Before anything else ends: other processes get Ctrl-C as well, and would be missed as if they had failed.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
]) {
  process.once(signal, () => {
    console.error("\nstopped; sections that were finished are kept");
    process.exit(code);
  });
}

try {
  await main(options());
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ResultsError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

/** In two lines of the usage text. */
function wrapped(names) {
  const half = Math.floor(names.length / 2);
  return [names.slice(0, half), names.slice(half)]
    .map((line) => line.join(", "))
    .join(`,\n${" ".repeat(19)}`);
}

function options() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string" },
        out: { type: "string" },
        report: { type: "boolean", default: false },
        python: { type: "string", default: "/usr/bin/python3" },
        node: { type: "string", multiple: true, default: [] },
        browser: { type: "string", default: "/usr/bin/chromium" },
        help: { type: "boolean", default: false },
      },
    }));
  } catch ({ message }) {
    throw new UsageError(`${message}\n\n${usage}`);
  }
  const words = values.only?.split(",") ?? Object.keys(SECTIONS);
  const names = words.flatMap((word) => {
    const named = sectionsNamed(word);
    if (named) return named;
    throw new UsageError(`there is no section "${word}"; there are ${Object.keys(SECTIONS).join(", ")}`);
  });
  for (const path of values.node) {
    if (!existsSync(path)) throw new UsageError(`--node ${path}: there is no such file`);
  }
  const out = values.out ?? (values.quick ? undefined : root("docs/benchmarks"));
  return { ...values, names: [...new Set(names)], out };
}

function root(path) {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

async function main({ help, report, names, out, ...settings }) {
  if (help) {
    process.stdout.write(usage);
    return;
  }
  if (report) {
    if (out === undefined) throw new UsageError("--report takes no --quick without --out");
    const results = await readResults(out);
    if (Object.keys(results.sections).length === 0) {
      throw new UsageError(
        `${out} has no results.json with figures that this bench can show; npm run bench makes them`,
      );
    }
    await writeReport(out, results);
    return;
  }
  if (!existsSync(root("dist/index.js"))) throw new UsageError("dist/ is missing: npm run build makes it");
  if (out !== undefined) await checkFolder(out);
  const start = performance.now();
  for (const name of names) await measure(name, { start, out, ...settings });
  for (const path of settings.node) await measureElsewhere(path, names, { out, ...settings });
  if (out !== undefined) await writeReport(out, await readResults(out));
}

/** Has the Node at `path` measure those of the sections that have targets; what fails is told, and the rest goes on. */
async function measureElsewhere(path, names, { out, quick, python }) {
  const wanted = TARGET_SECTIONS.filter((name) => names.includes(name));
  let version;
  try {
    version = await versionOf(path);
  } catch ({ message }) {
    fail(`${path}: ${publicReason(message)}`);
    return;
  }
  if (version === process.version) {
    console.error(`${path} is Node ${version} like this one: nothing is measured again`);
    return;
  }
  for (const name of wanted) {
    try {
      const say = (line) => process.stderr.write(`Node ${version}: ${line}\n`);
      const entry = await measureIn(path, name, { quick, python }, say);
      if (out !== undefined) await keepResultOfNode(out, version, name, entry);
    } catch ({ message }) {
      fail(`Node ${version}, ${name}: ${publicReason(message)}`);
    }
  }
}

function fail(text) {
  console.error(`failed: ${text}`);
  process.exitCode = 1;
}

/** Measures one section, shows it, and keeps it if there is a folder, so that nothing is lost if a later one fails. */
async function measure(name, { start, out, ...settings }) {
  const { machine, occasion, usualKernels } = await import("./machine.mjs");
  (await import("./engine.mjs")).useKernels(usualKernels);
  const section = await SECTIONS[name]();
  const begun = performance.now();
  const progress = (text) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${name}: ${text}\n`);
  };
  const fresh = await section.run({ rounds: settings.quick ? 3 : 9, ...settings, progress });
  const seconds = Math.round((performance.now() - begun) / 1000);
  const earlier = out === undefined ? undefined : (await readResults(out)).sections[name];
  const joins = earlier !== undefined && !earlier.quick && !settings.quick;
  const data = joins ? (section.join?.(earlier.data, fresh) ?? fresh) : fresh;
  process.stdout.write(`## ${section.title}\n\n${section.markdown(data)}\n\n`);
  if (out === undefined) return;
  const plots = await plotNames(name, data);
  await keepResult(out, name, {
    machine: machine(),
    occasion: occasion(),
    quick: settings.quick,
    seconds,
    plots,
    data,
  });
  for (const old of earlier?.plots ?? []) {
    if (!plots.includes(old)) await rm(`${out}/${old}.svg`, { force: true });
  }
}
