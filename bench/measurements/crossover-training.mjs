/** @file Where sparsity pays in training, and where it does not: a step's time by density, width, batch and depth. */

import { measureMaps } from "../crossover.mjs";
import { denseCheck, mapsMarkdown, mapsPlots } from "../crossover-maps.mjs";

export const title = "Crossover maps: training";

/** Layers by width, so that a dense step stays under about half a second. */
const LAYERS = { 64: 16, 128: 16, 256: 16, 512: 8, 1024: 4, 2048: 2, 4096: 2 };

export function run(context) {
  return measureMaps("train", { layers: LAYERS, batch: 128, least: 12, seconds: 5 }, context);
}

export function markdown(data) {
  return [
    "One step (forward, backward, SGD with momentum) of a tanh network of equal layers, all cores, with the kernels" +
      " that this Node picks by itself. *Own dense ÷ blocks* is how much faster the blocks are than the dense network" +
      " in the same engine, of which 1/density is all that there is to gain: it is what sparsity is worth within the" +
      " engine, and flatters it from width 512 on, where the engine's dense layers are slower than PyTorch's (density" +
      " 1/1 in the maps against rivals). The rivals of blocks are" +
      " PyTorch dense, masked-dense, grouped (bmm) and torch.sparse COO (the faster of its layouts in training), and" +
      " TensorFlow.js dense with its transposes written out, each with its best threads; an irregular mask, which only" +
      " edges can hold, leaves grouped out. The fastest at a cell is its best rival; above 1 we win. Empty: no such" +
      " layer (a degree under 2), or left out for its memory. Blocks of degree 2 run as edges.",
    denseCheck(data),
    mapsMarkdown(data),
  ].join("\n\n");
}

export function plots(data) {
  return mapsPlots("training", data);
}
