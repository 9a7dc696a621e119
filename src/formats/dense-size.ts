/**
 * @file Whether layers fit in memory as full matrices, asked before any is made: a small file can describe a sparse
 * layer whose full matrix no computer holds.
 */

import { constants } from "node:buffer";
import { totalmem } from "node:os";
import { ArgumentError } from "../errors.ts";
import type { WeightedLayer } from "../network/network.ts";
import { quote } from "./quote.ts";

/**
 * Refuses layers that are to be float32 matrices, or whole kernel tensors, one at a time or all `together`, and are
 * larger than this computer's memory. Throws ArgumentError ("too-large").
 */
export function refuseTooDense(layers: readonly WeightedLayer[], held: "one at a time" | "together"): void {
  const most = Math.min(totalmem(), constants.MAX_LENGTH);
  let total = 0;
  for (const layer of layers) {
    const { name, topology } = layer;
    const sides = [topology.rows, topology.columns];
    if (layer.kind === "convolution") sides.push(layer.kernelSize, layer.kernelSize);
    const bytes = 4 * sides.reduce((product, side) => product * side, 1);
    total += bytes;
    if (bytes > most || (held === "together" && total > most)) {
      throw new ArgumentError(
        "too-large",
        `layer ${quote(name)} as a full ${layer.kind === "linear" ? "matrix" : "kernel tensor"}, ${sides.join(" x ")}, ` +
          `${bytes > most ? `takes ${bytes} bytes` : `brings the dense form to ${total} bytes`}, ` +
          `more than the ${most} that this computer can hold; use --form fast`,
      );
    }
  }
}
