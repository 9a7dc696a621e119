/**
 * @file Layers that follow one another: each takes what the one before it gives. File formats that keep no graph do
 * not say so; matching widths in the order of the model do.
 */

import type { ModelLayer } from "./model.ts";

/** Whether a layer can take what another gives; a linear one after a convolution takes it flattened. */
export function follows(before: ModelLayer, layer: ModelLayer): boolean {
  if (layer.follows === false) return false;
  if (layer.columns === before.rows) return true;
  const flattened = before.kind === "convolution" && layer.kind === "linear";
  return flattened && layer.columns % before.rows === 0;
}
