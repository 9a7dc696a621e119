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
  const places = usable(sections, "platforms")?.data.columns ?? [];
  const columns = columnsOf(ownRuns(sections, nodes), places);
  return [
    "## Targets",
    "*Ours* is isosparse on two threads with the kernels that each place picks by itself and shards of the default size," +
      " unless said otherwise; *yes* and *no* say whether the target is met. What limits those that are not, and what was" +
      " tried: [performance.md](../performance.md).",
    table(
      ["", "target", ...columns.map(({ name, usual }) => `${name} (${usual})`)],
      TARGETS.map((target) => [
        target.what,
        target.target,
        ...columns.map((column) => judge(target, column)),
      ]),
    ),
    sources(columns, sections),
  ].join("\n\n");
}

/** Entries of sections by the version of the Node that measured them; the one of most sections first. */
function ownRuns(sections, nodes) {
  const byVersion = new Map(Object.entries(nodes));
  const main = mostCommon(sections, ({ machine }) => machine.node);
  for (const [name, entry] of Object.entries(sections)) {
    const { node } = entry.machine;
    byVersion.set(node, { ...byVersion.get(node), [name]: entry });
  }
  return [...byVersion].toSorted(([a], [b]) => (b === main) - (a === main));
}

/** A column for each Node and each place of "platforms"; a Node may have both: runs of its own, and what it lacks. */
function columnsOf(runs, places) {
  const own = runs
    .filter(([, entries]) => TARGET_SECTIONS.some((name) => usable(entries, name)))
    .map(([version, entries]) => ({
      name: `Node ${version}`,
      usual: Object.values(entries)[0].machine.usualKernels,
      entries,
      place: places.find(({ name }) => name === `Node ${version}`),
    }));
  const borrowed = places
    .filter(({ name }) => own.every((column) => column.name !== name))
    .map((place) => ({ name: place.name, usual: place.usual, entries: {}, place }));
  return [...own, ...borrowed];
}

function judge({ section, reach, elsewhere }, { entries, place }) {
  const entry = usable(entries, section);
  if (entry) return show(reach(entry.data, entry.machine.usualKernels)) ?? "not measured";
  const found = place && show(elsewhere?.(place));
  const lent = Object.keys(entries).length > 0;
  return found === undefined ? (lent ? "not measured" : "") : `${found}${lent ? " †" : ""}`;
}

/** Figures of --quick are of other sizes than the targets. */
function usable(entries, name) {
  return entries[name]?.quick === false ? entries[name] : undefined;
}

function show(found) {
  return found && `${found.reached}, ${found.met ? "yes" : "**no**"}`;
}

function sources(columns, sections) {
  const usual = mostCommon(sections, occasionOf);
  const list = (some) => some.map(({ name }) => name).join(", ");
  const own = columns.filter(({ entries }) => Object.keys(entries).length > 0);
  const borrowed = columns.filter((column) => !own.includes(column));
  const lent = own.some(
    ({ entries, place }) => place && TARGET_SECTIONS.some((name) => !usable(entries, name)),
  );
  return [
    ...(own.length > 0
      ? [
          `${list(own)}: from ${own.length > 1 ? "each Node's" : "its"} own run of the sections, with its rivals in the same` +
            " rounds; the sections below are those of the Node that they name, all figures are in" +
            " [results.json](results.json).",
        ]
      : []),
    ...own.flatMap(({ name, entries }) =>
      occasionsApart(entries, usual).map(([when, names]) => `${name}: ${names.join(", ")} ${when}.`),
    ),
    ...(lent ? ['†: from the section "platforms", as the Node has no run of its own of that section.'] : []),
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
