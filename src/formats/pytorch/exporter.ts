/**
 * @file PyTorch: a folder with the compact native file and one Python file that makes an nn.Module of it, masked or
 * fast, and writes it back. The road to machines with a GPU, and to several of them (docs/pytorch.md).
 */

import { readFile } from "node:fs/promises";
import { forward } from "../../network/evaluate.ts";
import { networkInput, networkOutput, sizeOf } from "../../network/layer-shape.ts";
import { type AnyNetwork, isWeighted } from "../../network/network.ts";
import type { Exporter, ExportRequest, ExportResult, InputScaling } from "../export/exporter.ts";
import { type ExportContent, writeExportFolder } from "../export/write-files.ts";
import { fileError } from "../file-errors.ts";
import { networkToTensors } from "../network-tensors.ts";
import { sizesOf } from "../onnx/write-network.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { float32Tensor, type Tensor } from "../tensor.ts";

export const pytorchExporter: Exporter = {
  name: "pytorch",
  summary: "a folder with a Python file that loads the network as a trainable nn.Module, and saves it back",
  extension: "",
  forms: ["fast"],
  options: [],
  wantedSamples: 0,
  export: exportPyTorch,
};

/** Inputs that the folder's self-test compares outputs on. */
const CHECKED = 4;

async function exportPyTorch(
  network: AnyNetwork,
  { certificate, out, scaling }: ExportRequest,
): Promise<ExportResult> {
  const { tensors, metadata } = networkToTensors(network);
  const weights = encodeSafetensors({
    tensors: new Map([...tensors, ...scalingTensors(scaling), ...checkTensors(network, scaling)]),
    metadata,
  });
  const contents = new Map<string, ExportContent>([
    ["model.safetensors", weights],
    ["model.py", await pythonFile()],
  ]);
  const files = await writeExportFolder(out, contents);
  const { sparse, dense } = certificate.costs;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    files,
    denseBytes: bytes - sparse.parameterBytes - sparse.topologyBytes + dense.parameterBytes,
    notes: [
      "needs torch (1.13 or newer) and numpy",
      `test it with: python ${out}/model.py --check`,
      `takes ${scaling === undefined ? "standardised inputs" : "raw inputs and standardises them"}${imagesNote(network)}`,
    ],
    warnings: edgeWarnings(network),
  };
}

function scalingTensors(scaling: InputScaling | undefined): [string, Tensor][] {
  if (scaling === undefined) return [];
  return [
    ["input.mean", float32Tensor(scaling.mean)],
    ["input.deviation", float32Tensor(scaling.deviation)],
  ];
}

/** Inputs as the module takes them, and what comes out by the reference forward pass. */
function checkTensors(network: AnyNetwork, scaling: InputScaling | undefined): [string, Tensor][] {
  const [input, output] = [networkInput(network), networkOutput(network)];
  const inputs = sizeOf(input);
  const { mean, deviation } = scaling ?? { mean: Float32Array.of(0), deviation: Float32Array.of(1) };
  const at = (values: Float32Array, k: number) => values[values.length === 1 ? 0 : k % inputs];
  const raw = Float32Array.from(
    { length: CHECKED * inputs },
    (_, k) => at(mean, k) + at(deviation, k) * Math.cos(k),
  );
  const standardised = Float64Array.from(raw, (value, k) => (value - at(mean, k)) / at(deviation, k));
  const expected = Float32Array.from(forward(network, standardised, CHECKED));
  return [
    ["check.inputs", float32Tensor(raw, [CHECKED, ...sizesOf(input)])],
    ["check.outputs", float32Tensor(expected, [CHECKED, ...sizesOf(output)])],
  ];
}

/** The Python file that lies beside this one, in the source and in the package alike. */
async function pythonFile(): Promise<Uint8Array> {
  const file = new URL("model.py", import.meta.url);
  try {
    return await readFile(file);
  } catch (error) {
    throw fileError("read", file.pathname, error);
  }
}

function imagesNote(network: AnyNetwork): string {
  const sizes = sizesOf(networkInput(network));
  return sizes.length === 1 ? "" : `, images [batch, ${sizes.join(", ")}] (channels, height, width)`;
}

function edgeWarnings(network: AnyNetwork): string[] {
  const weighted = network.layers.filter(isWeighted);
  const edges = weighted.filter(({ topology }) => topology.kind === "edges").length;
  if (edges === 0) return [];
  return [
    `${edges} of ${weighted.length} layers have irregular masks: both forms multiply them as dense matrices`,
  ];
}
