/**
 * @file The head of the report: each target beside what was reached, a column a place. Nodes are judged by their own
 * runs of the sections, the browser (and Nodes without such runs) by the section "platforms", each with the kernels that
 * it picks by itself.
 */

import { mostCommon, occasionOf } from "./provenance.mjs";
import { TARGET_SECTIONS, TARGETS } from "./targets.mjs";
import { table } from "./text.mjs";

/** The table of targets, and where its columns come from. */
export function summary({ sections, nodes }) {
  const own = ownColumns(sections, nodes);
  const places = usable(sections, "platforms")?.data.columns ?? [];
  const borrowed = places
    .filter(({ name }) => own.every((column) => column.name !== name))
    .map((place) => ({ ...place, judge: ({ elsewhere }) => show(elsewhere?.(place), "") }));
  const columns = [...own, ...borrowed];
  return [
    "## Targets",
    "*Ours* is isosparse on two threads with the kernels that each place picks by itself and shards of the default size," +
      " unless said otherwise; *yes* and *no* say whether the target is met. What limits those that are not, and what was" +
      " tried: [performance.md](../performance.md).",
    table(
      ["", "target", ...columns.map(({ name, usual }) => `${name} (${usual})`)],
      TARGETS.map((target) => [target.what, target.target, ...columns.map(({ judge }) => judge(target))]),
    ),
    sources(own, borrowed, sections),
  ].join("\n\n");
}

/** Columns of the Node whose sections the report shows, and of the others that ran them. */
function ownColumns(sections, nodes) {
  const [{ machine: main }] = Object.values(sections);
  const others = Object.entries(nodes).filter(([version]) => version !== main.node);
  return [[main.node, sections], ...others].map(([version, entries]) => ({
    name: `Node ${version}`,
    usual: Object.values(entries)[0].machine.usualKernels,
    entries,
    judge: ({ section, reach }) => {
      const entry = usable(entries, section);
      return show(entry && reach(entry.data, entry.machine.usualKernels), "not measured");
    },
  }));
}

/** Figures of --quick are of other sizes than the targets. */
function usable(entries, name) {
  return entries[name]?.quick === false ? entries[name] : undefined;
}

function show(found, otherwise) {
  return found ? `${found.reached}, ${found.met ? "yes" : "**no**"}` : otherwise;
}

function sources([main, ...others], borrowed, sections) {
  const usual = mostCommon(sections, occasionOf);
  const list = (columns) => columns.map(({ name }) => name).join(", ");
  return [
    `${list([main, ...others])}: from ${others.length > 0 ? "each Node's" : "its"} own run of the sections, with its rivals in` +
      " the same rounds" +
      (others.length > 0
        ? `; ${main.name}'s are shown below, all figures of ${list(others)} are in [results.json](results.json), under` +
          " `nodes`."
        : "."),
    ...others.flatMap(({ name, entries }) =>
      occasionsApart(entries, usual).map(([when, names]) => `${name}: ${names.join(", ")} ${when}.`),
    ),
    ...(borrowed.length > 0
      ? [`${list(borrowed)}: from the section "platforms", which measures less; what it leaves out is blank.`]
      : []),
  ].join(" ");
}

/** Names of the sections with targets by the occasion of their measuring, where that is not the `usual` one. */
function occasionsApart(entries, usual) {
  const byOccasion = new Map();
  for (const name of TARGET_SECTIONS.filter((one) => entries[one] !== undefined)) {
    const when = occasionOf(entries[name]);
    if (when !== usual) byOccasion.set(when, [...(byOccasion.get(when) ?? []), name]);
  }
  return [...byOccasion];
}
