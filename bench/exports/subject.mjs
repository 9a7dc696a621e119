/** @file The network that is measured, and the data that go with it. */

import { stat } from "node:fs/promises";
import { openDataset } from "../../dist/experiment/open-dataset.js";
import { readRunConfig } from "../../dist/experiment/run.js";
import { loadNetwork } from "../../dist/formats/index.js";
import { networkInput, sizeOf } from "../../dist/network/layer-shape.js";
import { sao } from "./sao.mjs";

/**
 * From a run folder, or a network's file and the dataset that it is for: the network, its width and shape of input,
 * `scaling` (mean and deviation), `samples(first, count)` of the test set's inputs, raw, and their `labels`; and
 * `exported(to, out, form, flags)`, which exports it as a user does and gives what `sao export` says.
 */
export async function openSubject(target, { dataset, data }) {
  const isRun = (await stat(target)).isDirectory();
  const settings = isRun ? await readRunConfig(target) : { dataset };
  if (settings.dataset === undefined) throw new Error(`${target} is a lone file: name its --dataset`);
  const { name, test, mean, deviation } = await openDataset({ ...settings, ...(data && { data }) });
  const network = await loadNetwork(isRun ? `${target}/checkpoint.safetensors` : target);
  const width = sizeOf(networkInput(network));
  const dataFlags = [
    ...(isRun ? [] : ["--dataset", dataset]),
    ...(data === undefined ? [] : ["--data", data]),
  ];
  return {
    target,
    network,
    width,
    dataset: name,
    count: test.count,
    labels: test.labels,
    scaling: { mean, deviation },
    samples: (first, count) =>
      Float32Array.from(test.inputs.subarray(first * width, (first + count) * width)),
    exported: (to, out, form, flags = []) =>
      sao(["export", target, "--to", to, "--out", out, "--form", form, ...flags, ...dataFlags]),
  };
}
