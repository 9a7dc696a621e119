/**
 * @file Networks as ONNX models, for onnxruntime and every other runtime that reads them.
 */

import { summarize } from "../../certificate/index.ts";
import { ArgumentError } from "../../errors.ts";
import { networkInput } from "../../network/layer-shape.ts";
import { type AnyNetwork, isMlp, isWeighted, type WeightedLayer } from "../../network/network.ts";
import { density } from "../../topology/topology.ts";
import { encodeOnnx, IR_VERSION, MOST_BYTES, type ModelDescription, OPSET } from "../onnx/encode-model.ts";
import { BATCH, type BuiltGraph } from "../onnx/graph-builder.ts";
import { modelBytes } from "../onnx/model-bytes.ts";
import { blocksOf, networkGraph, sizesOf } from "../onnx/write-network.ts";
import { quote } from "../quote.ts";
import type { Exporter, ExportRequest, ExportResult } from "./exporter.ts";
import { writeExportFile } from "./write-files.ts";

export const onnxExporter: Exporter = {
  name: "onnx",
  summary: "an ONNX model of stock operators: onnxruntime in Node, Python, C++, browsers",
  extension: ".onnx",
  forms: ["fast", "dense"],
  options: [
    {
      name: "smallBatches",
      description: "for 1 to 8 samples at a time: up to 4 x faster in onnxruntime-web, slower for many",
    },
  ],
  wantedSamples: 0,
  export: exportOnnx,
};

/** About what a full layer takes beside its numbers: its operations and names. */
const LAYER_BYTES = 200;

async function exportOnnx(network: AnyNetwork, request: ExportRequest): Promise<ExportResult> {
  const { form, out, scaling } = request;
  const smallBatches = request.options.smallBatches === true;
  if (smallBatches && form === "dense") {
    throw new ArgumentError(
      "contradiction",
      "--small-batches goes with --form fast: dense layers are all alike",
    );
  }
  const description = describe(network, request);
  const besides = LAYER_BYTES * network.layers.length + textBytes(description);
  const denseBytes = modelBytes(network, "dense") + besides;
  const least = form === "dense" ? denseBytes : modelBytes(network, "fast") + besides;
  if (least > MOST_BYTES) {
    throw new ArgumentError(
      "too-large",
      `the ${form} form takes about ${least} bytes, and an ONNX file holds ${MOST_BYTES}; ` +
        (form === "dense" ? "use --form fast" : "export to another format"),
    );
  }
  const graph = networkGraph(network, { form, scaling, smallBatches });
  const file = await writeExportFile(out, encodeOnnx(graph, description));
  return {
    files: [file],
    denseBytes: form === "dense" ? file.bytes : denseBytes,
    notes: [
      `operator set ${OPSET}, IR version ${IR_VERSION}; input "input" ${inputSizes(network)}, output "output"`,
      scaling === undefined
        ? "takes standardised inputs: (x - mean) / deviation is left to whoever calls it"
        : "takes raw inputs: (x - mean) / deviation is its first operations",
      ...gatherNotes(graph, network),
    ],
    warnings: form === "fast" ? edgeWarnings(network) : [],
  };
}

/** `[batch, 784]`, or of images, channel by channel and row by row, `[batch, 3, 32, 32] (channels, height, width)`. */
function inputSizes(network: AnyNetwork): string {
  const sizes = sizesOf(networkInput(network));
  const text = `[${[BATCH, ...sizes].join(", ")}]`;
  return sizes.length === 1 ? text : `${text} (channels, height, width)`;
}

function describe(network: AnyNetwork, request: ExportRequest): ModelDescription {
  const { certificate, form, source, scaling } = request;
  const { verdict, costs } = certificate;
  const answers = Object.entries(verdict).map(([question, { holds, detail }]) => {
    const word = holds === null ? "not measured" : holds ? "yes" : "no";
    return [`isosparse.${question}`, `${word}: ${detail}`] as const;
  });
  return {
    doc: `A network of isosparse (${source}), ${form} form. Inputs are ${inputSizes(network)}, outputs the last layer's values, without a softmax.`,
    metadata: new Map([
      ["isosparse.form", form],
      ["isosparse.input", scaling === undefined ? "standardised: (x - mean) / deviation" : "raw"],
      ["isosparse.parameters", `${costs.sparse.parameters} of ${costs.dense.parameters} dense`],
      ...answers,
      ["isosparse.certificate", summarize(certificate)],
    ]),
  };
}

function textBytes({ doc, metadata }: ModelDescription): number {
  return new TextEncoder().encode([doc, ...[...metadata].flat()].join("")).length;
}

/** Where units are put in order by indices, which costs more than turning axes does; channels always are. */
function gatherNotes({ operations }: BuiltGraph, network: AnyNetwork): string[] {
  const count = operations.filter(({ opType }) => opType === "Gather").length;
  if (count === 0) return [];
  return [
    isMlp(network)
      ? `${count} Gather: units come in an order that no Transpose makes (groups of unequal sizes, or arrangement random)`
      : `${count} Gather: channels change places between the groups of one layer and of the next`,
  ];
}

/** Layers that lose their sparsity on the way. */
function edgeWarnings({ layers }: AnyNetwork): string[] {
  const weighted = layers.filter(isWeighted);
  const edges = weighted.filter(({ topology }) => topology.kind === "edges");
  if (edges.length === 0) return [];
  const [first] = edges;
  const kinds = [...new Set(edges.map(({ topology }) => topology.name))].join(", ");
  const which =
    edges.length === 1
      ? `layer ${quote(first.name)} (${kinds}, ${percentOf(first)} of it non-zero) is`
      : `${edges.length} layers (${kinds}; ${quote(first.name)} is ${percentOf(first)} non-zero) are`;
  const operation = edges.some(({ kind }) => kind === "convolution")
    ? "convolution or product with irregular sparse weights"
    : "product with irregular sparse matrices";
  const all = weighted.every((layer) => blocksOf(layer) === undefined)
    ? "; nothing is gained over --form dense"
    : "";
  return [
    `${which} written dense: ONNX has no stock ${operation}, and onnxruntime makes sparse constants dense when it loads${all}`,
  ];
}

function percentOf({ topology }: WeightedLayer): string {
  return `${(100 * density(topology)).toPrecision(3)} %`;
}
