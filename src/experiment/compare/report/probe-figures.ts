/**
 * @file Figures of networks before training: how signals and gradients fare with depth, and how evenly small changes
 * of the input are passed on.
 */

import * as Plot from "@observablehq/plot";
import type { Figure, Panel } from "../../report/figure.ts";
import { decades } from "../../report/log-axis.ts";
import { sameSpec } from "../grid.ts";
import type { JacobianHistogram, LayerSignal } from "../probe.ts";
import type { ComparisonResults, ProbeRecord } from "../summary.ts";
import { at, type CurveLine, legendOf, places, placesNote, type Section } from "./curves.ts";

interface Probed {
  readonly line: CurveLine;
  readonly probe: ProbeRecord & { readonly result: NonNullable<ProbeRecord["result"]> };
}

/** The network that a line begins with, where it was measured. */
function probedLines(lines: readonly CurveLine[], { probes }: ComparisonResults): Probed[] {
  const seen = new Set<string>();
  return lines.flatMap((line) => {
    const probe = probes.find((one) => sameSpec(one, line));
    if (probe?.result == null || seen.has(line.method)) return [];
    seen.add(line.method);
    return [{ line, probe: { ...probe, result: probe.result } }];
  });
}

const aboutSignals =
  "How strong signals are on their way through the untrained network (root mean square of what units receive, over training samples). A curve that falls means that what is put in fades away before it comes out; one that stays level is what a deep network needs. Methods that prune later begin dense.";
const aboutGradients =
  "How strongly the loss answers to each layer (root mean square of the gradient by what units receive). Training changes a layer in proportion: where the curve falls towards the first layers, they learn nothing; where it rises, they are torn about.";

/** Strength of signals, or of gradients, by layer before training. */
export function signalFigure(
  section: Section,
  results: ComparisonResults,
  what: "signal" | "gradient",
): Figure {
  const signal = what === "signal";
  const panels = places(section, 9).flatMap((place) => {
    const probed = probedLines(at(section, place.sparsity, place.depth), results);
    return probed.length === 0 ? [] : [layerPanel(probed, place.title, what)];
  });
  return {
    name: `${section.slug}${what}-by-layer`,
    title: signal ? "Signals by layer, before training" : "Gradients by layer, before training",
    caption: `${signal ? aboutSignals : aboutGradients}${placesNote(section, 9)}`,
    legend: legendOf(section.lines),
    panels,
  };
}

function layerPanel(probed: readonly Probed[], title: string, what: "signal" | "gradient"): Panel {
  const curves = probed.map(({ line, probe }) => ({
    curve: line.curve,
    points: positive(probe.result.signals, what),
  }));
  const layers = Math.max(...probed.map(({ probe }) => probe.result.signals.at(-1)?.layer ?? 1));
  return {
    title,
    plot: {
      marginLeft: 48,
      x: { label: "layer", ticks: [...new Set([1, Math.ceil(layers / 2), layers])], tickFormat: "d" },
      y: decades(
        curves.flatMap(({ points }) => points.map(({ value }) => value)),
        what,
      ),
      marks: curves.map(({ curve, points }) => [
        Plot.lineY(points, { x: "layer", y: "value", stroke: curve.color, strokeDasharray: curve.dash }),
        Plot.dot(points.slice(-1), {
          x: "layer",
          y: "value",
          fill: curve.color,
          symbol: curve.symbol,
          r: 3.5,
        }),
      ]),
    },
  };
}

function positive(
  signals: readonly LayerSignal[],
  what: "signal" | "gradient",
): { layer: number; value: number }[] {
  return signals.flatMap(({ layer, [what]: value }) =>
    value !== null && value > 1e-300 ? [{ layer, value }] : [],
  );
}

/** Singular values of the Jacobian, a figure for each depth. */
export function jacobianFigures(section: Section, results: ComparisonResults): Figure[] {
  const most = 1 + section.depths.length;
  return places(section, most).map((place) => ({
    name: `${section.slug}jacobian-${place.depth}-${place.sparsity}`,
    title: `How evenly small changes pass, before training: ${place.title}`,
    caption: `Singular values of the derivative of the last hidden layer by the inputs: the factors by which small changes of the input grow or shrink on their way. All near 1 (the line): the network passes everything on, and gradients come back as they went. Spread over many powers of ten: most directions are lost. The leftmost bar holds all that is below one millionth.${placesNote(section, most)}`,
    legend: [],
    panels: probedLines(at(section, place.sparsity, place.depth), results)
      .filter(({ probe }) => probe.result.jacobian.samples > 0)
      .map(({ probe, line }) => histogramPanel(probe.result.jacobian, line.curve)),
  }));
}

function histogramPanel(histogram: JacobianHistogram, { label, color }: CurveLine["curve"]): Panel {
  const { edges, shares, below, above } = histogram;
  const width = edges[1] - edges[0];
  const [first, last] = [edges[0], edges[edges.length - 1]];
  const bars = [
    { from: first - width, to: first, share: below },
    ...shares.map((share, i) => ({ from: edges[i], to: edges[i + 1], share })),
    { from: last, to: last + width, share: above },
  ].map((bar) => ({ ...bar, share: 100 * bar.share }));
  return {
    title: label,
    plot: {
      marginLeft: 40,
      x: {
        label: "singular value",
        domain: [first - width, last + width],
        ticks: [-6, -4, -2, 0],
        tickFormat: (power: number) => (power === 0 ? "1" : `1e${power}`),
      },
      y: { label: "share (%)", grid: true, ticks: 4, nice: true },
      marks: [
        Plot.rectY(
          bars.filter(({ share }) => share > 0),
          { x1: "from", x2: "to", y: "share", fill: color, inset: 0.5 },
        ),
        Plot.ruleX([0], { strokeDasharray: "2 2" }),
        Plot.ruleY([0]),
      ],
    },
  };
}
