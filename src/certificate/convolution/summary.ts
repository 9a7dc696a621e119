/**
 * @file A certificate of convolutions as text for a terminal of 80 columns.
 */

import { ends, imageSize, inDegree, outDegree, runsAs, size, sparsity, topology } from "../layer-columns.ts";
import { layerRuns, runTable } from "../layer-runs.ts";
import {
  answer,
  costTable,
  joinSections,
  kernelTable,
  mixingLine,
  note,
  skippedLines,
  weightTable,
  widthList,
} from "../summary-sections.ts";
import { count, number, wrap } from "../text.ts";
import type { ConvolutionCertificateData } from "./certificate.ts";

export function summarizeConvolutions(certificate: ConvolutionCertificateData): string {
  const { verdict, layers } = certificate;
  const runs = layerRuns(layers, false);
  const channels = [layers[0].columns, ...layers.map(({ rows }) => rows)];
  const images = `${imageSize(layers[0].image)} to ${imageSize(layers[layers.length - 1].output)}`;
  return joinSections([
    wrap(`${count(layers.length, "convolution")}, channels ${widthList(channels)}, images ${images}`),
    [answer("connected", verdict.connected), answer("orthogonal", verdict.orthogonal)].join("\n"),
    `${runTable(runs, [size, topology, runsAs, sparsity, inDegree, outDegree])}\n${note(
      "in, out: kernels of an output and of an input channel",
    )}`,
    kernelTable(runs),
    weightTable(runs),
    mixingLine(certificate.mixing),
    chainLine(certificate),
    costTable(certificate.costs),
    skippedLines(certificate.skipped),
  ]);
}

function chainLine({ jacobian }: ConvolutionCertificateData): string {
  if (jacobian === null) return "";
  const { gain, probes, singularValues } = jacobian;
  const values = singularValues === null ? "not measured" : ends([singularValues], 4);
  return wrap(
    `whole chain as a linear map: singular values ${values}, root mean square ${number(gain, 4)} (from ${count(probes, "random image")})`,
    2,
  );
}
