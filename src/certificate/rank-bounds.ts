/**
 * @file How many singular values of a Jacobian can be other than 0: no more than the narrowest place that everything
 * goes through has numbers.
 */

import { inputShape, outputShape, sizeOf } from "../network/layer-shape.ts";
import type { AnyNetwork } from "../network/network.ts";

/**
 * For the activations of each layer of `after`, by its index. `mirrored(k)`: the output units of layer k are negatives
 * of one another in pairs, so that half of them say it all.
 */
export function rankBounds(
  { layers }: AnyNetwork,
  after: readonly number[],
  mirrored: (layer: number) => boolean,
): Map<number, number> {
  const index = new Map(layers.map(({ name }, k) => [name, k]));
  const shortcuts = layers.flatMap((layer, to) =>
    layer.kind === "add" ? [{ from: index.get(layer.from)!, to }] : [],
  );
  const sizes = layers.map((layer, k) => sizeOf(outputShape(layer)) / (mirrored(k) ? 2 : 1));
  const input = sizeOf(inputShape(layers[0]));
  return new Map(
    after.map((last) => {
      const within = shortcuts.filter(({ to }) => to <= last);
      const bypassed = (k: number) => within.some(({ from, to }) => from < k && k < to);
      const narrow = sizes.slice(0, last + 1).filter((_, k) => !bypassed(k));
      return [last, Math.min(input, ...narrow)];
    }),
  );
}
