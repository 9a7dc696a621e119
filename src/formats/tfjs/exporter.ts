/**
 * @file TensorFlow.js: a folder with a layers model, `model.json` and the weights in files of a few MB. Its layers
 * are those of isosparse/tfjs, which keep it sparse and trainable; or, dense, stock ones that need nothing of ours.
 */

import { networkInput, sizeOf } from "../../network/layer-shape.ts";
import { type AnyNetwork, activationOf, isMlp, isWeighted, type Network } from "../../network/network.ts";
import { fastForm } from "../../tfjs/fast-form.ts";
import { graphOf, type Node } from "../../tfjs/graph.ts";
import { type LayerSpec, layerSpecs } from "../../tfjs/layer-spec.ts";
import { refuseTooDense } from "../dense-size.ts";
import type { ExportedFile, Exporter, ExportRequest, ExportResult } from "../export/exporter.ts";
import { writeExportFolder } from "../export/write-files.ts";
import { dataBytes } from "../tensor.ts";
import { denseForm, noHardtanh } from "./dense-form.ts";
import { type StockLayer, stockLayers } from "./stock-layers.ts";

export const tfjsExporter: Exporter = {
  name: "tfjs",
  summary: "a folder with a TensorFlow.js layers model, sparse and trainable with isosparse/tfjs",
  extension: "",
  forms: ["fast", "dense"],
  options: [],
  wantedSamples: 0,
  export: exportTfjs,
};

/** Weights are put into files of about this many bytes, whole layers each. */
const FILE_BYTES = 4 * 2 ** 20;

/** A layer to be made: of a sequence, or of a graph. */
interface ModelLayer {
  readonly weights: LayerSpec["weights"];
  readonly name: string;
  /** Its part of the topology. */
  readonly described: object;
}

/** A model: its layers in order, each made when its turn comes, and the topology of them all. */
interface Model {
  readonly layers: Iterable<ModelLayer>;
  topology(described: readonly object[]): object;
}

async function exportTfjs(network: AnyNetwork, request: ExportRequest): Promise<ExportResult> {
  const { form, out, scaling, certificate } = request;
  if (form === "dense") {
    refuseHardtanh(network);
    refuseTooDense(network.layers.filter(isWeighted), isMlp(network) ? "one at a time" : "together");
  }
  const files = await writeModel(isMlp(network) ? sequence(network, request) : graph(network, request), out);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { sparse, dense } = certificate.costs;
  const takes =
    scaling === undefined ? "takes standardised inputs" : "takes raw inputs and standardises them";
  if (form === "dense") {
    return {
      files,
      denseBytes: bytes,
      notes: ['load it with: await tf.loadLayersModel("…/model.json")', takes],
      warnings: ["training this form in TensorFlow.js would not keep its zeros"],
    };
  }
  return {
    files,
    denseBytes: bytes - sparse.parameterBytes + dense.parameterBytes,
    notes: ['load it with: isosparseLayers(tf); await tf.loadLayersModel("…/model.json")', takes],
    warnings: [...edgeWarnings(network), ...convolutionWarnings(network)],
  };
}

/** A chain of linear layers. */
function sequence(network: Network, { form, scaling }: ExportRequest): Model {
  const specs: Iterable<LayerSpec | StockLayer> =
    form === "dense" ? stockLayers(network, scaling) : layerSpecs(network, scaling);
  const inputs = { batch_input_shape: [null, network.layers[0].topology.columns] };
  return {
    layers: sequenceLayers(specs, inputs),
    topology: (layers) => ({ class_name: "Sequential", config: { name: "isosparse", layers } }),
  };
}

function* sequenceLayers(specs: Iterable<LayerSpec | StockLayer>, first: object): Iterable<ModelLayer> {
  let shape = first;
  for (const { className, config, weights } of specs) {
    const described = { class_name: className, config: { ...config, ...shape, dtype: "float32" } };
    yield { weights, name: config.name!, described };
    shape = {};
  }
}

/** Layers of any kind. */
function graph(network: AnyNetwork, { form, scaling }: ExportRequest): Model {
  const inputs = sizeOf(networkInput(network));
  const { nodes, output } = graphOf(
    network,
    form === "dense" ? denseForm(inputs, scaling) : fastForm(scaling),
  );
  return {
    layers: nodes.map((node) => ({ weights: node.weights, name: node.name, described: describeNode(node) })),
    topology: (layers) => ({
      class_name: "Model",
      config: {
        name: "isosparse",
        layers,
        input_layers: [["input", 0, 0]],
        output_layers: [[output, 0, 0]],
      },
    }),
  };
}

function describeNode({ className, name, config, inputs }: Node): object {
  return {
    class_name: className,
    name,
    config: { ...config, name, dtype: "float32" },
    inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
  };
}

/** Weights first, so that a model.json never names files that are not there. */
async function writeModel({ layers, topology }: Model, out: string): Promise<ExportedFile[]> {
  const files: ExportedFile[] = [];
  const described: object[] = [];
  const manifest: object[] = [];
  let group: { name: string; shape: number[]; data: Float32Array }[] = [];
  const flush = async () => {
    if (group.length === 0) return;
    const path = `group${manifest.length + 1}-shard1of1.bin`;
    const weights = group.map(({ name, shape }) => ({ name, shape, dtype: "float32" }));
    manifest.push({ paths: [path], weights });
    files.push(
      ...(await writeExportFolder(out, new Map([[path, group.map(({ data }) => dataBytes(data))]]))),
    );
    group = [];
  };
  for (const layer of layers) {
    described.push(layer.described);
    group.push(...layer.weights.map((weight) => ({ ...weight, name: `${layer.name}/${weight.name}` })));
    if (group.reduce((sum, { data }) => sum + data.byteLength, 0) >= FILE_BYTES) await flush();
  }
  await flush();
  const model = JSON.stringify({
    format: "layers-model",
    generatedBy: "isosparse",
    convertedBy: null,
    modelTopology: topology(described),
    weightsManifest: manifest,
  });
  return [...(await writeExportFolder(out, new Map([["model.json", model]]))), ...files];
}

function refuseHardtanh({ layers }: AnyNetwork): void {
  const layer = layers.find((other) => activationOf(other) === "hardtanh");
  if (layer !== undefined) throw noHardtanh(layer.name);
}

function convolutionWarnings({ layers }: AnyNetwork): string[] {
  if (!layers.some(({ kind }) => kind === "convolution")) return [];
  return ["convolutions are stored sparse, but multiplied in full: TensorFlow.js has no grouped ones"];
}

function edgeWarnings({ layers }: AnyNetwork): string[] {
  const edges = layers.filter((layer) => layer.kind === "linear" && layer.topology.kind === "edges").length;
  if (edges === 0) return [];
  return [
    `${edges} of ${layers.length} layers have irregular masks: stored sparse, but multiplied as dense matrices`,
  ];
}
