/**
 * @file The curves of a comparison's figures: which lines of runs belong together, and how each method looks,
 * everywhere alike.
 */

import type { LegendEntry } from "../../report/figure.ts";
import { curveStyle } from "../../report/palette.ts";
import { describeModel, sameSpec } from "../grid.ts";
import type { RunRecord } from "../run-record.ts";
import type { ComparisonResults, LineSummary } from "../summary.ts";

/** Runs of one method at one place of the grid, and how their curve looks. */
export interface CurveLine extends LineSummary {
  readonly curve: LegendEntry;
  /** Its method keeps all connections, and stands beside every sparsity. */
  readonly dense: boolean;
  /** Its method prunes during training, and is denser than its sparsity says before. */
  readonly prunedLater: boolean;
  /** Its finished runs, by seed. */
  readonly runs: readonly RunRecord[];
}

/** Lines that can stand in one diagram: they differ in method, depth and sparsity only. */
export interface Section {
  /** For names of files; empty where there is only one section. */
  readonly slug: string;
  /** E.g. `tanh, critical start, width 128`. */
  readonly title: string;
  readonly lines: readonly CurveLine[];
  /** Ascending. */
  readonly depths: readonly number[];
  /** Ascending, those of methods that can be sparse; `[0]` where everything is dense. */
  readonly sparsities: readonly number[];
}

/** The sections of a comparison, in the order of its lines. */
export function sectionsOf(results: ComparisonResults): Section[] {
  const name = curveNamer(results);
  const labels = [...new Set(results.lines.map(name))];
  const when = new Map(results.methods.map((method) => [method.name, method.when]));
  const groups = new Map<string, CurveLine[]>();
  for (const line of results.lines) {
    const label = name(line);
    const runs = results.runs.filter((run) => isRunOf(run, line));
    const curve = { ...curveStyle(labels.indexOf(label)), label };
    const key = JSON.stringify([line.activation, line.askedStart, line.width, describeModel(line)]);
    const kind = when.get(line.method);
    const full = { ...line, curve, runs, dense: kind === "dense", prunedLater: kind === "after" };
    groups.set(key, [...(groups.get(key) ?? []), full]);
  }
  return [...groups.values()].map((lines) => sectionOf(lines, groups.size > 1));
}

function sectionOf(lines: readonly CurveLine[], several: boolean): Section {
  const [line] = lines;
  const { activation, askedStart, width } = line;
  const model = line.model === undefined ? "" : `${describeModel(line)}, `;
  const start = askedStart === "best" ? "each method's best start" : `start: ${askedStart}`;
  const sparsities = ascending(lines.filter(({ dense }) => !dense).map(({ sparsity }) => sparsity));
  return {
    slug: several ? `${slugOf(model)}${activation}-${askedStart}-${width}-` : "",
    title: `${model}${activation}, ${start}, width ${width}`,
    lines,
    depths: ascending(lines.map(({ depth }) => depth)),
    sparsities: sparsities.length === 0 ? [0] : sparsities,
  };
}

/** `cnn-eco delta, ` as `cnn-eco-delta-`. */
function slugOf(words: string): string {
  return words.replaceAll(/[^a-z0-9]+/g, "-");
}

/** The legend of some lines: each curve once. */
export function legendOf(lines: readonly CurveLine[]): LegendEntry[] {
  return [...new Map(lines.map(({ curve }) => [curve.label, curve])).values()];
}

/** Lines at a sparsity; dense ones stand beside every one. */
export function at(section: Section, sparsity: number, depth?: number): CurveLine[] {
  return section.lines.filter(
    (line) => (line.dense || line.sparsity === sparsity) && (depth === undefined || line.depth === depth),
  );
}

/** A place of the grid. */
export interface Place {
  readonly depth: number;
  readonly sparsity: number;
  /** `depth 100, sparsity 0.875` */
  readonly title: string;
}

/** All depths and sparsities, or, where they would be too many panels, all depths at the middle sparsity. */
export function places(section: Section, most: number): Place[] {
  const { depths } = section;
  const dense = section.lines.every((line) => line.dense);
  return depths.flatMap((depth) =>
    sparsitiesOf(section, most).map((sparsity) => ({
      depth,
      sparsity,
      title: placeTitle({ depth, sparsity, dense }),
    })),
  );
}

/** What a caption says of the panels that `places` leaves out, with a space in front; empty where there are none. */
export function placesNote(section: Section, most: number): string {
  const shown = sparsitiesOf(section, most);
  if (shown.length === section.sparsities.length) return "";
  return ` Drawn for sparsity ${shown[0]} only, the middle one of ${section.sparsities.length}: the others are in the tables and in the CSV files.`;
}

function sparsitiesOf({ depths, sparsities }: Section, most: number): readonly number[] {
  const few = depths.length * sparsities.length <= most;
  return few ? sparsities : [sparsities[Math.floor(sparsities.length / 2)]];
}

/** `depth 100, sparsity 0.875`; without sparsity where everything is dense. */
export function placeTitle({
  depth,
  sparsity,
  dense,
}: Pick<CurveLine, "depth" | "sparsity" | "dense">): string {
  return dense ? `depth ${depth}` : `depth ${depth}, sparsity ${sparsity}`;
}

/** Names lines by their method, and by rate or steps where that is what tells them apart. */
function curveNamer({ lines, methods }: ComparisonResults): (line: LineSummary) => string {
  const titles = new Map(methods.map(({ name, title }) => [name, title]));
  const place = (line: LineSummary) => {
    const { method, depth, width, sparsity, activation, askedStart } = line;
    return JSON.stringify([method, depth, width, sparsity, activation, askedStart, describeModel(line)]);
  };
  const steps = new Map<string, Set<number>>();
  for (const line of lines) {
    const key = place(line);
    steps.set(key, (steps.get(key) ?? new Set()).add(line.steps));
  }
  const manySteps = [...steps.values()].some((set) => set.size > 1);
  const rates = new Set(lines.filter(({ searched }) => !searched).map(({ learningRate }) => learningRate));
  return ({ method, learningRate, searched, steps: length }) => {
    const rate = !searched && rates.size > 1 ? `, rate ${learningRate}` : "";
    return `${titles.get(method) ?? method}${rate}${manySteps ? `, ${length} steps` : ""}`;
  };
}

function isRunOf(run: RunRecord, line: LineSummary): boolean {
  return sameSpec(run, line) && run.steps === line.steps && run.learningRate === line.learningRate;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
