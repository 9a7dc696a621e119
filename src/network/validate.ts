/**
 * @file Whether a network is what its type says: for networks that come from files or from a user's own layers.
 */

import { ArgumentError } from "../errors.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import { describeImage, describeLayer } from "./describe-layer.ts";
import { inputShape, outputShape } from "./layer-shape.ts";
import type { AddLayer, AnyNetwork, Layer, Network, Provenance } from "./network.ts";
import { validateGeometry, validateParameters } from "./validate-layer.ts";

/**
 * Throws ArgumentError ("bad-network"), naming the layer, unless there is a layer, names are unique, each layer takes
 * what the one before it gives, every shortcut comes from an earlier layer and fits, each layer's own sizes make sense
 * (a pool's window lies inside the image, and so on), parameters are as many as they should be, and all are finite.
 * Topologies are taken to be sound: a reader of files checks theirs first.
 */
export function validateNetwork(network: AnyNetwork): void {
  if (network.layers.length === 0)
    throw new ArgumentError("bad-network", "a network needs at least one layer");
  const outputs = new Map<string, ImageShape>();
  for (const [index, layer] of network.layers.entries()) {
    if (outputs.has(layer.name)) fail(layer, "another layer has the same name");
    reporting(layer, () => validateGeometry(layer));
    const previous = network.layers[index - 1];
    if (previous !== undefined) validateOrder(previous, layer);
    if (layer.kind === "add") validateShortcut(layer, outputs);
    reporting(layer, () => validateParameters(layer));
    outputs.set(layer.name, outputShape(layer));
  }
}

/** A checked network from layers made elsewhere; throws as `validateNetwork` does. */
export function fromLayers<L extends Layer>(
  layers: readonly L[],
  provenance: Provenance = { seed: 0, start: "none" },
): Network<L> {
  const network: Network<L> = { layers: [...layers], provenance };
  validateNetwork(network);
  return network;
}

function validateOrder(previous: Layer, layer: Layer): void {
  const [given, taken] = [outputShape(previous), inputShape(layer)];
  if (given.channels === taken.channels && given.height === taken.height && given.width === taken.width)
    return;
  const vectors = [given, taken].every((shape) => shape.height === 1 && shape.width === 1);
  fail(
    layer,
    vectors
      ? `it takes ${taken.channels} inputs, but ${previous.name} before it has ${given.channels} outputs`
      : `it takes ${describeImage(taken)}, but ${previous.name} before it gives ${describeImage(given)}` +
          (layer.kind === "linear" ? "; a flatten layer makes vectors of images" : ""),
  );
}

function validateShortcut(layer: AddLayer, outputs: ReadonlyMap<string, ImageShape>): void {
  const from = outputs.get(layer.from);
  if (from === undefined) fail(layer, `its shortcut is from ${layer.from}, which is no earlier layer`);
  const { input } = layer;
  const step = from.height / input.height;
  if (from.channels > input.channels) {
    fail(layer, `its shortcut from ${layer.from} has ${from.channels} channels, more than it has`);
  }
  if (!Number.isInteger(step) || from.width !== step * input.width) {
    fail(
      layer,
      `its shortcut from ${layer.from} is ${from.height} x ${from.width} pixels; both sides must be the same whole ` +
        "multiple of its own",
    );
  }
}

/** Runs a check of one layer, which throws an ArgumentError that does not name it. */
function reporting(layer: Layer, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof ArgumentError) fail(layer, error.message);
    throw error;
  }
}

function fail(layer: Layer, problem: string): never {
  throw new ArgumentError("bad-network", `${describeLayer(layer)}: ${problem}`);
}
