/**
 * @file TensorFlow.js: a folder with a layers model, `model.json` and the weights in files of a few MB. Its layers
 * are those of isosparse/tfjs, which keep it sparse and trainable; or, dense, stock ones that need nothing of ours.
 */

import { ArgumentError } from "../../errors.ts";
import type { AnyNetwork, Network } from "../../network/network.ts";
import { type LayerSpec, layerSpecs } from "../../tfjs/layer-spec.ts";
import { refuseTooDense } from "../dense-size.ts";
import type { ExportedFile, Exporter, ExportRequest, ExportResult } from "../export/exporter.ts";
import { requireLinear } from "../export/linear-only.ts";
import { writeExportFolder } from "../export/write-files.ts";
import { dataBytes } from "../tensor.ts";
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

/** Layers in order, each made when its turn comes. */
type Layers = Iterable<LayerSpec | StockLayer>;

async function exportTfjs(given: AnyNetwork, request: ExportRequest): Promise<ExportResult> {
  const network = requireLinear(given, "tfjs");
  const { form, out, scaling, certificate } = request;
  if (form === "dense") {
    refuseHardtanh(network);
    refuseTooDense(network.layers, "one at a time");
  }
  const layers: Layers = form === "dense" ? stockLayers(network, scaling) : layerSpecs(network, scaling);
  const files = await writeModel(layers, network.layers[0].topology.columns, out);
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
    warnings: edgeWarnings(network),
  };
}

/** Weights first, so that a model.json never names files that are not there. */
async function writeModel(layers: Layers, inputs: number, out: string): Promise<ExportedFile[]> {
  const files: ExportedFile[] = [];
  const configs: object[] = [];
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
  for (const { className, config, weights } of layers) {
    const shape = configs.length === 0 ? { batch_input_shape: [null, inputs] } : {};
    configs.push({ class_name: className, config: { ...config, ...shape, dtype: "float32" } });
    group.push(...weights.map((weight) => ({ ...weight, name: `${config.name}/${weight.name}` })));
    if (group.reduce((sum, { data }) => sum + data.byteLength, 0) >= FILE_BYTES) await flush();
  }
  await flush();
  const model = JSON.stringify({
    format: "layers-model",
    generatedBy: "isosparse",
    convertedBy: null,
    modelTopology: { class_name: "Sequential", config: { name: "isosparse", layers: configs } },
    weightsManifest: manifest,
  });
  return [...(await writeExportFolder(out, new Map([["model.json", model]]))), ...files];
}

function refuseHardtanh({ layers }: Network): void {
  const layer = layers.find(({ activation }) => activation === "hardtanh");
  if (layer === undefined) return;
  throw new ArgumentError(
    "no-such-activation",
    `${layer.name}: the stock layers of TensorFlow.js have no hardtanh; export with --form fast`,
  );
}

function edgeWarnings({ layers }: Network): string[] {
  const edges = layers.filter(({ topology }) => topology.kind === "edges").length;
  if (edges === 0) return [];
  return [
    `${edges} of ${layers.length} layers have irregular masks: stored sparse, but multiplied as dense matrices`,
  ];
}
