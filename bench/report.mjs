/** @file The page on the results, docs/benchmarks/README.md, and its plots: the targets first, then section by section. */

import { writeFile } from "node:fs/promises";
import { machineOf, mostCommon, occasionOf } from "./provenance.mjs";
import { SECTIONS } from "./sections.mjs";
import { summary } from "./summary.mjs";

/** Writes README.md and the plots of `results` (as readResults gives them). */
export async function writeReport(folder, results) {
  const { sections } = results;
  const parts = [];
  const drawings = [];
  for (const [name, loadSection] of Object.entries(SECTIONS)) {
    if (sections[name] === undefined) continue;
    const section = await loadSection();
    const { data } = sections[name];
    const own = section.plots?.(data) ?? [];
    drawings.push(...own);
    parts.push(
      `## ${section.title}`,
      ...sectionNotes(sections, name),
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

function opening({ sections, nodes }) {
  const entries = [sections, ...Object.values(nodes)].flatMap((own) => Object.values(own));
  const seconds = entries.reduce((sum, entry) => sum + entry.seconds, 0);
  return [
    "# Benchmarks",
    `Made by \`npm run bench\`, ${seconds} s in all, ${mostCommon(sections, occasionOf)}; all figures are in` +
      " [results.json](results.json), what bounds them and what was tried in [performance.md](../performance.md).",
    `${mostCommon(sections, machineOf)}.`,
    "Contestants take turns within each round, so that what disturbs one disturbs all. Before a turn is counted the" +
      " contestant runs uncounted, a third of a turn and once at least, and after another process's turn there is a rest: until" +
      " its threads sleep, a step on two threads may take twice as long. Figures are the median over rounds, with the quartiles in" +
      " brackets. A ratio is taken within each round, then its median.",
  ];
}

/** What a reader must know of one section's figures. */
function sectionNotes(sections, name) {
  const entry = sections[name];
  const differing = [
    ...(machineOf(entry) === mostCommon(sections, machineOf) ? [] : [`on ${machineOf(entry)}`]),
    ...(occasionOf(entry) === mostCommon(sections, occasionOf) ? [] : [occasionOf(entry)]),
  ];
  return [
    ...(differing.length > 0 ? [`*Measured ${differing.join("; ")}.*`] : []),
    ...(entry.quick
      ? ["*Measured with `--quick`: small sizes and few rounds, to be taken as a trial.*"]
      : []),
  ];
}
