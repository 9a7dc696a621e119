/**
 * @file What must hold of a network's topologies, and of the images between its layers, before anyone follows the
 * ones or makes room for the others: topologies and weights are as large as the file, images are only said to be of
 * a size. That layers fit one another is left to `validateNetwork`.
 */

import { outputShape, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, isWeighted, type Layer } from "../network/network.ts";
import { MOST_ACTIVATIONS, MOST_NUMBERS } from "./network-limits.ts";
import { quote } from "./quote.ts";
import { topologyFault } from "./topology-fault.ts";

/** One line on the first layer whose topology or images are unsound; undefined where all are sound. */
export function networkFault({ layers }: AnyNetwork): string | undefined {
  let total = 0;
  for (const layer of layers) {
    const fault = layerFault(layer);
    if (fault !== undefined) return `layer ${quote(layer.name)} ${fault}`;
    total += sizeOf(outputShape(layer));
    if (total > MOST_ACTIVATIONS) {
      return (
        `layer ${quote(layer.name)} brings the activations of one sample to ${total} numbers, ` +
        `over the limit of ${MOST_ACTIVATIONS}`
      );
    }
  }
  return undefined;
}

function layerFault(layer: Layer): string | undefined {
  const fault = isWeighted(layer) ? topologyFault(layer.topology) : undefined;
  if (fault !== undefined || layer.kind === "linear") return fault;
  const { channels, height, width } = outputShape(layer);
  const numbers = channels * height * width;
  return numbers > MOST_NUMBERS
    ? `gives images of ${channels} x ${height} x ${width}, over the limit of ${MOST_NUMBERS} numbers`
    : undefined;
}
