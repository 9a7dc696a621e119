/**
 * @file What becomes of each layer of a model: left as it is, or made anew with how many weights and which gain.
 */

import { ArgumentError, InfeasibleError } from "../errors.ts";
import { plain, quote } from "../formats/quote.ts";
import type { LayerDensities } from "../sparsify/layer-densities.ts";
import { groupSizes } from "../topology/group-sizes.ts";
import type { MirrorSides } from "../topology/mirror.ts";
import { nearestFeasible } from "../topology/registry.ts";
import { targetNonZeros } from "../topology/request.ts";
import { activationGain } from "./activation-gain.ts";
import { fits, keptLayers, matching, type PatternValue } from "./choose-layers.ts";
import { askedSparsity, distribute, sharesAny } from "./distribute.ts";
import { looksLinearSides } from "./looks-linear-sides.ts";
import { type Model, type ModelLayer, type ModelLayers, type ModelTensor, tapCount } from "./model.ts";
import { isFloatType } from "./numbers.ts";
import type { Sharer } from "./shares.ts";

/** What is asked for. */
export interface PlanOptions {
  /**
   * At most one of these four; with none, only `layers` are made anew. Share of weights left out, over the layers made
   * anew, in [0, 1).
   */
  readonly sparsity?: number;
  /** Parameters of the whole model ÷ those that are left, at least 1. */
  readonly compression?: number;
  /** Parameters of the whole model that are left, at most. */
  readonly parameters?: number;
  /** Floating-point operations of all layers for one sample, at most. */
  readonly flops?: number;
  /** How the layers share it. Default `"uniform"`. */
  readonly densities?: LayerDensities;
  /** Sparsities of single layers, which the others do not share; the last that matches counts. */
  readonly layers?: readonly PatternValue<number>[];
  /** Layers to leave as they are: `first`, `last`, or patterns. */
  readonly keep?: readonly string[];
  /** Output size of convolutions, [height, width], where the model does not say; `*` for all. */
  readonly outputSizes?: readonly PatternValue<readonly number[]>[];
  /** Default: the model's own where it says so, else `"relu"`. */
  readonly activation?: string;
  /** Factor on orthogonal weights; default that of the activation. */
  readonly gain?: number;
  /** `"looks-linear"`: units in mirrored pairs, so that a chain of ReLU layers starts as a linear map. */
  readonly start?: "orthogonal" | "looks-linear";
}

/** Names that a message holds at most. */
const MOST_NAMES = 6;

/** A layer that is made anew. */
export interface PlannedLayer {
  readonly layer: ModelLayer;
  /** Weights that it shall have. */
  readonly weights: number;
  /** Weights if dense. */
  readonly size: number;
  /** Sparsity that was asked of it, by name or of all alike; else that of its share. */
  readonly asked: number;
  readonly gain: number;
  readonly mirrored: MirrorSides;
}

export interface Plan {
  readonly layers: readonly PlannedLayer[];
  readonly kept: readonly ModelLayer[];
  /** All numbers of the model's floating-point tensors. */
  readonly parameters: number;
  readonly notes: readonly string[];
}

const noMirrors: MirrorSides = { rows: false, columns: false };

/**
 * Decides for every layer.
 *
 * @throws {ArgumentError} for values out of range, patterns that match nothing, and models without layers;
 *   {InfeasibleError} for what the layers cannot have, naming the nearest
 */
export function planModel(model: Model, found: ModelLayers, options: PlanOptions): Plan {
  if (found.layers.length === 0) {
    const [first] = found.others;
    const why = first === undefined ? "" : `; ${quote(first.tensor.name)} is none: ${first.reason}`;
    throw new ArgumentError(
      "no-layers",
      `${model.path} has no linear or convolution layer to make anew${why}`,
    );
  }
  const notes = [...found.assumptions, ...leftOut(model, found, options)];
  checkOutputSizes(found.layers, options);
  checkPlaces(found.layers, options);
  const kept = keptLayers(found.layers, options.keep ?? []);
  if (!sharesAny(options)) {
    const named = new Set(
      (options.layers ?? []).flatMap(({ pattern }) => matching(found.layers, pattern, "--layer")),
    );
    for (const layer of found.layers) if (!named.has(layer)) kept.add(layer);
  }
  const chosen = found.layers.filter((layer) => {
    if (kept.has(layer)) return false;
    const reason = leftAlone(layer);
    if (reason !== undefined) notes.push(`${quote(layer.name)} is left as it is: ${reason}.`);
    if (reason !== undefined) kept.add(layer);
    return reason === undefined;
  });
  for (const { pattern } of options.layers ?? []) checkOwn(found.layers, chosen, pattern);
  if (chosen.length === 0)
    throw new ArgumentError("no-layers", "every layer is kept: none is left to make anew");
  const activation = options.activation ?? model.activation ?? "relu";
  const looksLinear = options.start === "looks-linear";
  if (looksLinear) checkLooksLinear(activation);
  const sides = looksLinear ? looksLinearSides(chosen, kept) : chosen.map(() => noMirrors);
  const gain = options.gain ?? (looksLinear ? 1 : activationGain(activation));
  const sharers = chosen.map((layer, i) => sharerOf(layer, sides[i], options));
  const parameters = model.tensors.reduce((sum, tensor) => sum + parameterCount(tensor), 0);
  const others = {
    parameters: sharers.reduce((rest, { size }) => rest - size, parameters),
    operations: options.flops === undefined ? 0 : operationsOf([...kept], options),
  };
  const weights = distribute(chosen, sharers, others, options);
  const layers = chosen.map((layer, i) => ({
    layer,
    weights: held(layer, weights[i]),
    size: sharers[i].size,
    asked: askedSparsity(layer, options) ?? 1 - weights[i] / sharers[i].size,
    gain,
    mirrored: sides[i],
  }));
  return { layers, kept: [...kept], parameters, notes };
}

/** What a list of layers is written without, and what a budget of operations does not count. */
function leftOut(model: Model, { others, assumptions }: ModelLayers, { flops }: PlanOptions): string[] {
  const notes =
    model.format === "layer list"
      ? others.map(({ tensor, reason }) => `${quote(tensor.name)} is no layer, and not written: ${reason}.`)
      : [];
  const unsupported = model.format === "ONNX" && assumptions.length > 0;
  if (flops !== undefined && (others.length > 0 || unsupported)) {
    notes.push(
      "--flops counts the linear layers and convolutions found here; the model has other weights too, and what is computed with them is not counted.",
    );
  }
  return notes;
}

/** A pattern of `--layer` must match a layer that is made anew. */
function checkOwn(layers: readonly ModelLayer[], chosen: readonly ModelLayer[], pattern: string): void {
  const [first] = matching(layers, pattern, "--layer");
  if (chosen.some((layer) => fits(pattern, layer))) return;
  throw new ArgumentError(
    "contradiction",
    `--layer: ${quote(first.name)} is not made anew, so it has no sparsity; is it among those of --keep?`,
  );
}

/** Patterns of output sizes must match a convolution: linear layers have no places. */
function checkOutputSizes(layers: readonly ModelLayer[], { outputSizes = [], flops }: PlanOptions): void {
  if (outputSizes.length === 0) return;
  if (flops === undefined) {
    throw new ArgumentError(
      "contradiction",
      "--input-size and --output-size go with --flops, which is not given",
    );
  }
  const convolutions = layers.filter(({ kind }) => kind === "convolution");
  if (convolutions.length === 0) {
    throw new ArgumentError(
      "contradiction",
      "--input-size and --output-size go with convolutions, of which the model has none",
    );
  }
  for (const { pattern } of outputSizes) matching(convolutions, pattern, "--output-size");
}

/** Mirrored pairs make a linear map of max(0, x) − max(0, −x) = x, and of no other activation's like. */
function checkLooksLinear(activation: string): void {
  if (activation === "relu" || activation === "leaky-relu") return;
  activationGain(activation);
  throw new ArgumentError(
    "contradiction",
    `--start looks-linear goes with relu and leaky-relu, not with ${activation}; leave it out`,
  );
}

/** Indices of weights are 32-bit. */
const MOST_WEIGHTS = 2 ** 31 - 1;

/** The weights of a layer, if that many can be held while it is made. */
function held(layer: ModelLayer, weights: number): number {
  const connections = weights / layer.groups / tapCount(layer);
  if (connections <= MOST_WEIGHTS) return weights;
  throw new InfeasibleError(
    "too-many-weights",
    `${quote(layer.name)} would have ${Math.round(connections)} connections, more than the ${MOST_WEIGHTS} that can be held; ask for more sparsity, or keep it`,
  );
}

/** Why a layer is better left alone even if nobody says so. */
function leftAlone(layer: ModelLayer): string | undefined {
  if (layer.mask !== undefined) {
    return "torch.nn.utils.prune holds it as weight_orig and weight_mask; call prune.remove before saving";
  }
  if (layer.groups > 1 && layer.columns === layer.groups) {
    return "a depthwise convolution has one kernel a channel, none of which can go";
  }
  return undefined;
}

function sharerOf(layer: ModelLayer, sides: MirrorSides, options: PlanOptions): Sharer {
  const { rows, columns, groups, kernel } = layer;
  const base = groupShape(layer, sides);
  const taps = tapCount(layer);
  const size = rows * (columns / groups) * taps;
  // Groups, mirrored twins and taps all repeat the connections of the base.
  const copies = size / (base.rows * base.columns);
  const least = nearestFeasible(base, { sparsity: 1 - 2 ** -40 }, { minimumDegree: 2 });
  return {
    shape: [rows, columns / groups, ...kernel],
    size,
    least: Math.round(targetNonZeros(base, least)) * copies,
    places: placesOf(layer, options),
    achieved(weights) {
      const sizes = groupSizes("sao", base, { sparsity: 1 - weights / size }, 2);
      return copies * sizes.rows.reduce((sum, count, q) => sum + count * sizes.columns[q], 0);
    },
  };
}

function parameterCount({ dtype, shape }: ModelTensor): number {
  return isFloatType(dtype) ? shape.reduce((a, b) => a * b, 1) : 0;
}

/** Floating-point operations of dense layers. */
function operationsOf(layers: readonly ModelLayer[], options: PlanOptions): number {
  return layers.reduce((sum, layer) => sum + 2 * parameterCount(layer.tensor) * placesOf(layer, options)!, 0);
}

/** Rows and columns of one group, without mirrored twins. */
export function groupShape(
  { rows, columns, groups }: ModelLayer,
  sides: MirrorSides,
): { rows: number; columns: number } {
  return {
    rows: rows / groups / (sides.rows ? 2 : 1),
    columns: columns / groups / (sides.columns ? 2 : 1),
  };
}

/** Places of an output that the weights are applied at: as given, or as the model says; undefined if neither does. */
function placesOf(layer: ModelLayer, options: PlanOptions): number | undefined {
  if (layer.kind === "linear") return 1;
  return givenSize(layer, options)?.reduce((a, b) => a * b, 1) ?? layer.places;
}

/** The output size that is given for a layer: that of the last pattern that matches it. */
function givenSize(layer: ModelLayer, { outputSizes = [] }: PlanOptions): readonly number[] | undefined {
  return outputSizes.findLast(({ pattern }) => fits(pattern, layer))?.value;
}

/** An output size as it could be given for a layer: `16x16` for images. */
function exampleSize({ kernel }: ModelLayer): string {
  return kernel.map(() => 16).join("x");
}

/** For a budget of operations every convolution's output must be of a known size, with as many sides as its kernel. */
function checkPlaces(layers: readonly ModelLayer[], options: PlanOptions): void {
  if (options.flops === undefined) return;
  for (const layer of layers.filter(({ kind }) => kind === "convolution")) {
    const given = givenSize(layer, options);
    const sides = layer.kernel.length;
    if (given === undefined || given.length === sides) continue;
    const example = exampleSize(layer);
    throw new ArgumentError(
      "bad-size",
      `the output of ${quote(layer.name)} has ${sides === 1 ? "one side" : `${sides} sides`}, not ${given.join("x")}: ` +
        `--input-size ${example} for all, --output-size '${plain(layer.name)}=${example}' for this one`,
    );
  }
  const unknown = layers.filter((layer) => placesOf(layer, options) === undefined);
  if (unknown.length === 0) return;
  const [first] = unknown;
  const example = exampleSize(first);
  throw new ArgumentError(
    "unknown-size",
    `--flops: nothing says how large the outputs of ${listed(unknown)} are; add --input-size ${example} (every output ` +
      `that size), or --output-size '${plain(first.name)}=${example}' and so on`,
  );
}

/** The first names of layers, and how many more there are. */
function listed(layers: readonly ModelLayer[]): string {
  const shown = layers.slice(0, MOST_NAMES).map(({ name }) => quote(name));
  const more = layers.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
