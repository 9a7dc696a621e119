/**
 * @file A certificate as text for a terminal of 80 columns.
 */

import type { Layer } from "../network/network.ts";
import type { AnyCertificateData } from "./certificate.ts";
import type { JacobianSpectrum } from "./jacobian-spectrum.ts";
import { hasMask } from "./layer.ts";
import { achieved, asked, ends, imageSize, runsAs, size, topology } from "./layer-columns.ts";
import { layerRuns, runTable } from "./layer-runs.ts";
import type { SignalDepth, Signals } from "./signals.ts";
import {
  answer,
  costTable,
  graphTable,
  joinSections,
  kernelTable,
  mixingLine,
  note,
  skippedLines,
  weightTable,
  widthList,
} from "./summary-sections.ts";
import { count, number, table, wrap } from "./text.ts";

export function summarize(certificate: AnyCertificateData): string {
  const { verdict, layers } = certificate;
  const masked = layers.filter(hasMask);
  const perceptron = isPerceptron(certificate);
  const runs = layerRuns(masked, !perceptron);
  return joinSections([
    title(certificate),
    [
      answer("connected", verdict.connected),
      answer("orthogonal", verdict.orthogonal),
      answer("sparse", verdict.sparse),
      ...signalLines(certificate.signals),
    ].join("\n"),
    ...(runs.length === 0
      ? []
      : [
          runTable(runs, [size, topology, runsAs, asked, achieved]),
          kernelTable(runs),
          weightTable(runs),
          graphTable(runs),
        ]),
    mixingLine(certificate.mixing),
    signalTable(certificate.signals, perceptron),
    costTable(certificate.costs),
    skippedLines(certificate.skipped),
  ]);
}

/** Also of certificates from before there were other kinds. */
function isPerceptron({ layers }: AnyCertificateData): boolean {
  return layers.every((layer) => hasMask(layer) && layer.kind !== "convolution");
}

function title(certificate: AnyCertificateData): string {
  const { layers, widths, provenance } = certificate;
  const activations = [...new Set(layers.map((layer) => layer.activation))].join(", ");
  const start = provenance.start === "none" ? "" : `, ${provenance.start} start`;
  const shape = isPerceptron(certificate)
    ? `${layers.length} layers, ${widthList(widths)}`
    : `${kinds(certificate)}; ${inputs(certificate)} to ${count(widths[widths.length - 1], "output")}`;
  return wrap(`${shape}, ${activations}${start}, seed ${provenance.seed}`);
}

const kindNames: Readonly<Record<Layer["kind"], string>> = {
  convolution: "convolution",
  linear: "linear layer",
  averagePool: "average pool",
  flatten: "flatten",
  spaceToDepth: "space-to-depth",
  pad: "pad",
  maxMin: "MaxMin",
  batchNorm: "batch norm",
  add: "addition",
};

/** `20 convolutions, 1 linear layer, 19 batch norms` */
function kinds({ layers }: AnyCertificateData): string {
  return (Object.keys(kindNames) as Layer["kind"][])
    .map((kind) => ({ kind, amount: layers.filter((layer) => layer.kind === kind).length }))
    .filter(({ amount }) => amount > 0)
    .map(({ kind, amount }) => count(amount, kindNames[kind]))
    .join(", ");
}

/** `images of 3 x 32 x 32` */
function inputs({ layers: [first], widths }: AnyCertificateData): string {
  if (first.kind === "linear") return count(widths[0], "input");
  const [channels, image] = hasMask(first)
    ? [first.columns, first.image]
    : [first.input.channels, first.input];
  return `images of ${channels} x ${imageSize(image)}`;
}

/** What the last layer passes on, and the range at all depths before; nothing when not measured. */
function signalLines(measured: Signals | null): string[] {
  const last = measured?.depths.at(-1);
  if (!last?.jacobian) return [];
  const sizes = (depths: readonly SignalDepth[]) =>
    ends(
      depths.flatMap(({ jacobian }) => (jacobian === null ? [] : [jacobian])),
      3,
    );
  const { dimension, meanSquare } = last.jacobian;
  const detail =
    `${count(dimension, "singular value")} after ${count(last.depth, "layer")}: mean square ` +
    `${number(meanSquare, 3)}, range ${sizes([last])}; at all depths ${sizes(measured?.depths ?? [])} (1: sizes kept)`;
  return [wrap(`${"signals".padEnd(15)} ${detail}`, 16)];
}

function signalTable(measured: Signals | null, perceptron: boolean): string {
  if (measured === null) return "";
  const rows = measured.depths.map((row) => {
    const { jacobian } = row;
    return [
      `${row.depth}`,
      number(row.preActivationMeanSquare, 3),
      row.activationVariance === null ? "-" : number(row.activationVariance, 3),
      jacobian === null ? "-" : number(jacobian.meanSquare, 3),
      jacobian === null ? "-" : ends([jacobian], 3),
    ];
  });
  const header = ["depth", "mean h^2", "variance", "mean s^2", "s"];
  return `${table(header, rows)}\n${note(signalNote(measured, perceptron))}`;
}

function signalNote(measured: Signals, perceptron: boolean): string {
  const { inputScale, outputGain, samples, jacobianSamples, depths } = measured;
  const scaled = inputScale === 1 ? "inputs" : `inputs times ${number(inputScale, 4)}`;
  const outputs = outputGain === 1 ? "" : `, the outputs divided by ${number(outputGain, 4)}`;
  const inner = depths.some(({ jacobian }) => isInner(jacobian)) ? "; +: or wider, from Lanczos" : "";
  return (
    `${perceptron ? "" : "depth: layers with weights; "}` +
    `h: pre-activations of ${count(samples, "sample")}; variance: of an activation over them; s: the ` +
    `factors by which small changes of the ${scaled} grow on the way to this depth (singular values of the ` +
    `Jacobian, at ${jacobianSamples} of them), 1 when sizes are kept${outputs}${inner}`
  );
}

function isInner(jacobian: JacobianSpectrum | null): boolean {
  return jacobian?.kind === "inner";
}
