/** @file Where sparsity pays in inference, and where it does not: a run's time by density, width, batch and depth. */

import { measureMaps } from "../crossover.mjs";
import { denseCheck, mapsMarkdown, mapsPlots } from "../crossover-maps.mjs";

export const title = "Crossover maps: inference";

const LAYERS = { 64: 32, 128: 32, 256: 32, 512: 16, 1024: 8, 2048: 4, 4096: 1 };

export function run(context) {
  return measureMaps("infer", { layers: LAYERS, batch: 1, least: 8, seconds: 3 }, context);
}

export function markdown(data) {
  return [
    "One run of a tanh network of equal layers from inputs to outputs, as in the training maps;" +
      " batches under 64 by isosparse/runtime on one thread, larger ones by the engine on all cores. The rivals of" +
      " blocks are PyTorch dense, grouped and torch.sparse CSR, onnxruntime-node and onnxruntime-web on the dense model" +
      " and on the export of the blocks as batched products, and TensorFlow.js dense; those of edges leave out grouped" +
      " and batched products. Blocks of degree 2 run as edges.",
    denseCheck(data),
    mapsMarkdown(data),
  ].join("\n\n");
}

export function plots(data) {
  return mapsPlots("inference", data);
}
