/** @file The page on the results, docs/benchmarks/README.md, and its plots: the targets first, then section by section. */

import { writeFile } from "node:fs/promises";
import { SECTIONS } from "./sections.mjs";
import { summary } from "./summary.mjs";

/** Writes README.md and the plots of `results` (as in results.json). */
export async function writeReport(folder, results) {
  const parts = [];
  const drawings = [];
  for (const [name, loadSection] of Object.entries(SECTIONS)) {
    if (results[name] === undefined) continue;
    const section = await loadSection();
    const { data } = results[name];
    const own = section.plots?.(data) ?? [];
    drawings.push(...own);
    parts.push(
      `## ${section.title}`,
      ...sectionNotes(results, name),
      section.markdown(data),
      ...own.map((plot) => `![${plot.alt}](${plot.name}.svg)`),
    );
  }
  const text = [...opening(results), summary(results), ...parts].join("\n\n");
  await Promise.all([
    writeFile(`${folder}/README.md`, `${text}\n`),
    ...drawings.map(({ name, svg }) => writeFile(`${folder}/${name}.svg`, svg)),
  ]);
}

/** Names of the plots that a section's data make. */
export async function plotNames(name, data) {
  const section = await SECTIONS[name]();
  return (section.plots?.(data) ?? []).map((plot) => plot.name);
}

function describe({ processor, caches, cores, memoryGiB, platform, node, v8, usualKernels, kernelVariants }) {
  const flagged = usualKernels === "simd" && kernelVariants.length > 1;
  return (
    `${processor}, ${cores} cores${caches.length > 0 ? ` (${caches.join(", ")})` : ""}, ${memoryGiB} GiB, ${platform};` +
    ` Node ${node} (V8 ${v8}), which picks the ${usualKernels} kernels by itself` +
    (flagged ? " (relaxed-simd is measured too, behind Node's --experimental-wasm-relaxed-simd)" : "")
  );
}

/** When, and of which commit. */
function describeOccasion({ date, commit }) {
  return commit === null ? date : `${date}, commit ${commit}`;
}

/** What most of the results have in common. */
function mostCommon(results, describeOne) {
  const all = Object.values(results).map(describeOne);
  const times = (text) => all.filter((other) => other === text).length;
  return all.toSorted((a, b) => times(b) - times(a))[0];
}

const machineOf = ({ machine }) => describe(machine);
const occasionOf = ({ occasion }) => describeOccasion(occasion);

function opening(results) {
  const seconds = Object.values(results).reduce((sum, section) => sum + section.seconds, 0);
  return [
    "# Benchmarks",
    `Made by \`npm run bench\`, ${seconds} s in all, ${mostCommon(results, occasionOf)}; all figures are in` +
      " [results.json](results.json), what bounds them and what was tried in [performance.md](../performance.md).",
    `${mostCommon(results, machineOf)}.`,
    "Contestants take turns within each round, so that what disturbs one disturbs all. Before a turn is counted the" +
      " contestant runs uncounted, a third of a turn and once at least, and after another process's turn there is a rest: until" +
      " its threads sleep, a step on two threads may take twice as long. Figures are the median over rounds, with the quartiles in" +
      " brackets. A ratio is taken within each round, then its median.",
  ];
}

/** What a reader must know of one section's figures. */
function sectionNotes(results, name) {
  const entry = results[name];
  const differing = [
    ...(machineOf(entry) === mostCommon(results, machineOf) ? [] : [`on ${machineOf(entry)}`]),
    ...(occasionOf(entry) === mostCommon(results, occasionOf) ? [] : [occasionOf(entry)]),
  ];
  return [
    ...(differing.length > 0 ? [`*Measured ${differing.join("; ")}.*`] : []),
    ...(entry.quick
      ? ["*Measured with `--quick`: small sizes and few rounds, to be taken as a trial.*"]
      : []),
  ];
}
