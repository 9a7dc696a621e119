/**
 * @file What the summaries of all certificates say in the same words.
 */

import type { Skipped } from "./budget.ts";
import type { Cost, Costs } from "./costs.ts";
import * as column from "./layer-columns.ts";
import { type LayerRun, mostRows, runTable } from "./layer-runs.ts";
import { type Mixing, mixedBelow } from "./mixing.ts";
import { number, range, table, whole, wrap } from "./text.ts";
import type { Answer } from "./verdict.ts";

export function answer(question: string, { holds, detail }: Answer): string {
  const word = holds === null ? "?" : holds ? "yes" : "NO";
  return wrap(`${question.padEnd(10)} ${word.padEnd(4)} ${detail}`, 16);
}

/** 784 -> 128 x 999 -> 10 */
export function widthList(widths: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < widths.length; ) {
    let end = i + 1;
    while (end < widths.length && widths[end] === widths[i]) end++;
    parts.push(end - i > 1 ? `${widths[i]} x ${end - i}` : `${widths[i]}`);
    i = end;
  }
  return parts.length <= mostRows
    ? parts.join(" -> ")
    : `${parts.slice(0, 4).join(" -> ")} -> ... -> ${parts[parts.length - 1]}`;
}

/** Of the convolutions among them; nothing where there are none. */
export function kernelTable(runs: readonly LayerRun[]): string {
  const convolutions = runs.filter(({ layers: [{ kind }] }) => kind === "convolution");
  if (convolutions.length === 0) return "";
  const { taps, images, padding, energy, method } = column;
  return `${runTable(convolutions, [taps, images, padding, energy, method])}\n${note(
    "/2: stride, *2: dilation; energy: the share of white noise that is passed on; found from: how singular values " +
      "were, which are those of the map of whole images",
  )}`;
}

export function weightTable(runs: readonly LayerRun[]): string {
  const { initializer, gain, error, singularValues } = column;
  const made = runs.some(({ layers }) => initializer.cell(layers) !== "-") ? [initializer] : [];
  const lines = runTable(runs, [...made, gain, error, singularValues]);
  const inner = lines.includes("+") ? "; +: or wider" : "";
  return `${lines}\n${note(`gain: the factor on an orthogonal matrix; error: how far from one, 0 at best${inner}`)}`;
}

export function graphTable(runs: readonly LayerRun[]): string {
  const { inDegree, outDegree, components, spectralRatio, ramanujanBound, ramanujan } = column;
  const columns = [inDegree, outDegree, components, spectralRatio, ramanujanBound, ramanujan];
  return `${runTable(runs, columns)}\n${note(
    "in, out: connections of an output and of an input; parts: connected components; s1, s2: first and second " +
      "singular value of the mask. s2/s1 is 0 when one layer mixes all inputs perfectly, 1 when it falls into " +
      "separate parts, as sao layers do: those mix from layer to layer. bound/s1: s2/s1 of the best large graphs of " +
      "these degrees; Ramanujan: within it, which sao does not seek",
  )}`;
}

/** Depths that read the same are joined: `1..16: 1`. */
export function mixingLine(mixed: readonly Mixing[]): string {
  const parts: { from: number; to: number; value: string }[] = [];
  for (const { depth, ratio } of mixed) {
    const value = ratio < mixedBelow ? "0" : number(ratio, 3);
    const last = parts[parts.length - 1];
    if (last?.value === value) last.to = depth;
    else parts.push({ from: depth, to: depth, value });
  }
  if (parts.length === 0) return "";
  const list = parts.map(({ from, to, value }) => `${range([from, to])}: ${value}`);
  const meaning = note("0: each output has as many paths from every input; 1: some inputs are kept apart");
  return `${wrap(`mixing, s2/s1 of the first k masks multiplied, by k: ${list.join(", ")}`, 2)}\n${meaning}`;
}

export function costTable({ sparse, dense }: Costs): string {
  const row = (name: string, of: (cost: Cost) => number): string[] => {
    const [a, b] = [of(sparse), of(dense)];
    return [name, whole(a), whole(b), number(a / b, 3)];
  };
  return table(
    ["cost", "this", "dense", "ratio"],
    [
      ...(sparse.kernels > 0 ? [row("kernels", ({ kernels }) => kernels)] : []),
      row("parameters", ({ parameters }) => parameters),
      row("FLOPs forward, a sample", ({ forwardFlops }) => forwardFlops),
      row("FLOPs training, a sample", ({ trainingFlops }) => trainingFlops),
      row("bytes of parameters", ({ parameterBytes }) => parameterBytes),
      row("bytes with topology", ({ parameterBytes, topologyBytes }) => parameterBytes + topologyBytes),
    ],
  );
}

export function skippedLines(skipped: readonly Skipped[]): string {
  const byMeasure = new Map<string, Skipped[]>();
  for (const entry of skipped) byMeasure.set(entry.measure, [...(byMeasure.get(entry.measure) ?? []), entry]);
  return [...byMeasure]
    .map(([measure, [first, ...rest]]) => {
      const where =
        first.layer === null ? "" : ` of ${first.layer}${rest.length > 0 ? ` and ${rest.length} more` : ""}`;
      return wrap(`left out: ${measure}${where}: ${first.reason}`, 2);
    })
    .join("\n");
}

/** A sentence below a table. */
export function note(text: string): string {
  return wrap(`(${text})`, 1);
}

/** The sections there are, a line apart. */
export function joinSections(sections: readonly string[]): string {
  return sections.filter((section) => section !== "").join("\n\n");
}
