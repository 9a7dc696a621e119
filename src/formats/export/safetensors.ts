/**
 * @file The compact native file: what `load` and every command of `sao` read, without the state of a training run.
 * Or, dense, a state dict for PyTorch.
 */

import type { AnyNetwork } from "../../network/network.ts";
import { networkToTensors } from "../network-tensors.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { writeDenseSafetensors } from "../safetensors-dense.ts";
import type { Exporter, ExportRequest, ExportResult } from "./exporter.ts";
import { clearLeftovers, writeExportFile } from "./write-files.ts";

export const safetensorsExporter: Exporter = {
  name: "safetensors",
  summary:
    "the compact native file, without the training state; dense: weights and masks as a PyTorch state dict",
  extension: ".safetensors",
  forms: ["fast", "dense"],
  options: [],
  wantedSamples: 0,
  numbersOnly: true,
  export: exportSafetensors,
};

async function exportSafetensors(
  network: AnyNetwork,
  { certificate, form, out }: ExportRequest,
): Promise<ExportResult> {
  if (form === "dense") return exportDense(network, out);
  const { sparse, dense } = certificate.costs;
  const file = await writeExportFile(out, encodeSafetensors(networkToTensors(network)));
  return {
    files: [file],
    denseBytes: file.bytes - sparse.parameterBytes - sparse.topologyBytes + dense.parameterBytes,
    notes: ["takes standardised inputs: this format holds numbers, not operations"],
    warnings: [],
  };
}

async function exportDense(network: AnyNetwork, out: string): Promise<ExportResult> {
  await clearLeftovers(out);
  const bytes = await writeDenseSafetensors(network, out);
  return {
    files: [{ path: out, bytes }],
    denseBytes: bytes,
    notes: [
      "takes standardised inputs: this format holds numbers, not operations",
      "layers.N.weight, layers.N.bias and layers.N.mask, N counting all layers from 0, as a state dict of PyTorch has them",
    ],
    warnings: [],
  };
}
