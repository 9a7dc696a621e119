/**
 * @file Figure of what the start is worth to each method: the same networks with their weights scaled in different
 * ways.
 */

import * as Plot from "@observablehq/plot";
import type { Figure, Panel } from "../../report/figure.ts";
import { curveStyle } from "../../report/palette.ts";
import { describeModel, specOf } from "../grid.ts";
import { type CurveLine, placeTitle, type Section } from "./curves.ts";

const meanings: Readonly<Record<string, string>> = {
  critical: "critical: scaled so that signals keep their size, and trains fastest",
  isometric: "isometric: scaled down to where tanh is nearly linear",
  "looks-linear": "looks-linear: pairs of ReLUs that pass everything on",
  none: "none: standardised inputs, plain scale",
};

/** Test accuracy by start, a panel for each depth, sparsity and activation; nothing where each has one start. */
export function accuracyByStart(sections: readonly Section[], guessing: number): Figure {
  const lines = distinctLines(sections);
  const groups = placesOf(lines);
  const starts = [...new Set(groups.flat().map(({ start }) => start))];
  const panels = groups.map((group) => startPanel(group, starts, guessing));
  const legend = starts.map((start, i) => ({
    ...curveStyle(i),
    label: meanings[start] ?? start,
    markOnly: true,
  }));
  return {
    name: "accuracy-by-start",
    title: "Test accuracy by start",
    caption:
      "The same method with its weights scaled in different ways before training. Points are means over seeds, bars their 95 % intervals.",
    legend,
    panels: panels.slice(0, 12),
    columns: 1,
  };
}

/** What a method's best start comes to is there under its own name too. */
function distinctLines(sections: readonly Section[]): CurveLine[] {
  const lines = sections.flatMap((section) => section.lines).filter(({ accuracy }) => accuracy !== null);
  const key = (line: CurveLine) => JSON.stringify([specOf(line), line.steps, line.learningRate]);
  return [...new Map(lines.map((line) => [key(line), line])).values()];
}

/** Lines of one depth, sparsity, width and activation, where a method has more than one start. */
function placesOf(lines: readonly CurveLine[]): CurveLine[][] {
  const groups = new Map<string, CurveLine[]>();
  for (const line of lines) {
    const key = JSON.stringify([line.activation, line.width, line.depth, line.sparsity, describeModel(line)]);
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()]
    .map((group) =>
      group.filter((line) =>
        group.some((other) => other.method === line.method && other.start !== line.start),
      ),
    )
    .filter((group) => group.length > 0);
}

function startPanel(lines: readonly CurveLine[], starts: readonly string[], guessing: number): Panel {
  const [{ activation, width }] = lines;
  const model = lines[0].model === undefined ? "" : `${describeModel(lines[0])}, `;
  const points = lines.map(({ accuracy, curve, start }) => {
    const { color, symbol } = curveStyle(starts.indexOf(start));
    const percent = (value: number | null) => 100 * Math.max(0, Math.min(1, value ?? accuracy!.mean));
    return {
      label: curve.label,
      x: 100 * accuracy!.mean,
      low: percent(accuracy!.low),
      high: percent(accuracy!.high),
      color,
      symbol,
    };
  });
  const labels = [...new Set(points.map(({ label }) => label))];
  return {
    title: `${placeTitle(lines[0])}, ${model}${activation}, width ${width}`,
    height: 66 + 20 * labels.length,
    plot: {
      marginLeft: Math.min(200, 12 + 6.6 * Math.max(...labels.map(({ length }) => length))),
      x: { label: "test accuracy (%)", grid: true, nice: true },
      y: { label: null, domain: labels },
      marks: [
        Plot.ruleX([100 * guessing], { strokeDasharray: "1 3" }),
        Plot.ruleY(points, { y: "label", x1: "low", x2: "high", stroke: (d) => d.color }),
        points.map((point) =>
          Plot.dot([point], { y: "label", x: "x", symbol: point.symbol, fill: point.color, r: 4.5 }),
        ),
      ],
    },
  };
}
