/**
 * @file The bytes of a network's numbers as ONNX holds them, without making any of them.
 */

import { foldBatchNorm } from "../../network/fold-batch-norm.ts";
import { networkInput, outputShape } from "../../network/layer-shape.ts";
import { type AnyNetwork, isWeighted, type Layer } from "../../network/network.ts";
import type { ExportForm } from "../export/exporter.ts";
import { bucketsOf } from "./buckets.ts";
import { tapsOf } from "./placed-weights.ts";
import { blocksOf } from "./write-network.ts";

/**
 * The bytes of weights and biases in a form, batch normalizations folded where they are in the graph. Fast: filled up as
 * they are written, what a layer's batches of blocks hold, or a full or edge layer whole, over inputs that are filled up
 * too. Throws as `foldBatchNorm` does.
 */
export function modelBytes(network: AnyNetwork, form: ExportForm): number {
  let numbers = 0;
  let width = networkInput(network).channels;
  for (const layer of foldBatchNorm(network).layers) {
    const { held, outputs } = layerNumbers(layer, width, form);
    numbers += held;
    width = outputs;
  }
  return 4 * numbers;
}

/** Numbers that a layer holds, and units or channels that it gives, from `width` of them. */
function layerNumbers(layer: Layer, width: number, form: ExportForm): { held: number; outputs: number } {
  if (isWeighted(layer)) {
    const taps = tapsOf(layer);
    const { rows } = layer.topology;
    const blocks = form === "fast" ? blocksOf(layer) : undefined;
    if (blocks === undefined) return { held: rows * width * taps + rows, outputs: rows };
    const buckets = bucketsOf(blocks, taps);
    const weights = buckets.map(({ groups, rows: height, columns }) => groups.length * height * columns);
    const outputs = sum(buckets.map(({ groups, rows: height }) => groups.length * height));
    return { held: sum(weights) * taps + outputs, outputs };
  }
  switch (layer.kind) {
    case "batchNorm":
      return { held: 4 * width, outputs: width };
    case "flatten":
      return { held: 0, outputs: width * layer.input.height * layer.input.width };
    case "spaceToDepth":
      return { held: 0, outputs: width * layer.side ** 2 };
    case "maxMin":
      return { held: 0, outputs: outputShape(layer).channels };
    default:
      return { held: 0, outputs: width };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
