/**
 * @file A convolutional network from its blueprint and a recipe for the weights.
 *
 * First every layer is given its place, so that images are known; then all weighted layers are planned, so that a
 * request which one of them cannot meet is found before any weight is drawn; then they are built.
 */

import {
  type ConvolutionGeometry,
  checkGeometry,
  type ImageShape,
  outputImage,
} from "../init/convolution/convolution.ts";
import { ecoDilation } from "../init/convolution/eco-dilation.ts";
import { kernelInitializerNamed } from "../init/convolution/registry.ts";
import { initializerNamed } from "../init/registry.ts";
import { type RandomStream, randomStream } from "../math/random.ts";
import type { LayerShape } from "../topology/shape.ts";
import type { Blueprint, ConvolutionBlueprint, HeadBlueprint } from "./blueprint.ts";
import { requestOf } from "./init-spec.ts";
import type { KernelInitSpec } from "./kernel-init-spec.ts";
import { buildLayer, type LayerPlan, requireFeasible } from "./layer-plan.ts";
import { outputShape, sizeOf, vectorShape } from "./layer-shape.ts";
import { layerProgress, type MakingProgress } from "./making-progress.ts";
import { naming } from "./naming.ts";
import type { Activation, AnyNetwork, BatchNormLayer, CriticalScales, Layer, Start } from "./network.ts";
import { checkActivation, drawBiases, requirePairs, scalesFor, startFor } from "./start.ts";

/** What the weighted layers of a network have in common. */
export interface Recipe {
  readonly input: ImageShape;
  /** Of the hidden layers: what the start depends on. */
  readonly activation: Activation;
  readonly init: KernelInitSpec & { readonly weights: string };
  readonly kernelSize: number;
  /** `"zeros"`; or `"eco"`: circular, with the dilations at which `eco` kernels are isometries. */
  readonly borders: "zeros" | "eco";
  /** Default as `startFor`. */
  readonly start?: Start;
  readonly meanSquare?: number;
  readonly seed: number;
  readonly onProgress?: (progress: MakingProgress) => void;
}

/** A weighted layer with its place. */
type Draft = ConvolutionDraft | HeadDraft;

interface ConvolutionDraft {
  readonly kind: "draft";
  readonly blueprint: ConvolutionBlueprint;
  readonly shape: LayerShape;
  readonly input: ImageShape;
  readonly geometry: ConvolutionGeometry;
}

interface HeadDraft {
  readonly kind: "draft";
  readonly blueprint: HeadBlueprint;
  readonly shape: LayerShape;
}

/** Initializers of kernels whose signals keep their size. */
const orthogonalKernels: readonly string[] = ["delta", "shift", "eco"];

/**
 * Every convolution that is not `atEnd`, or has as many input as output channels, meets the request or the call fails;
 * the others, and the head, give way where they cannot. Weighted layer i draws from streams of its own, split from the
 * seed by its index.
 *
 * Throws ArgumentError for a start that does not suit the activation, InfeasibleError for a request that a layer cannot
 * meet, naming the layer and the nearest request that all can.
 */
export function assemble(recipe: Recipe, blueprints: readonly Blueprint[]): AnyNetwork {
  const { activation, init, seed, meanSquare } = recipe;
  checkActivation(activation);
  const isometric = init.weights !== undefined && orthogonalKernels.includes(init.weights);
  const start = startFor(activation, { asked: recipe.start, isometric, gain: init.gain, meanSquare });
  const placed = place(recipe, blueprints);
  const drafts = placed.filter((layer) => layer.kind === "draft");
  const critical = scalesFor(start, drafts.length, meanSquare);
  const random = randomStream(seed);
  const plans = drafts.map((draft, i) => planOf(draft, i, { recipe, start, critical, random }));
  requireFeasible(plans);
  const progressOf = layerProgress(plans, recipe.onProgress);
  let next = 0;
  const layers = placed.map((layer) => {
    if (layer.kind !== "draft") return layer;
    const i = next++;
    const made = buildLayer(plans[i], progressOf(i));
    return finishDraft(layer, plans[i], made, {
      initializer: init.weights,
      bias: drawBiases(plans[i].shape.rows, critical?.biasVariance ?? 0, random.split("bias", i)),
    });
  });
  return { layers, provenance: { seed, start, ...(critical && { critical }) } };
}

/** Layers without weights, and drafts of those with. */
function place(recipe: Recipe, blueprints: readonly Blueprint[]): (Draft | Layer)[] {
  const { channels, height, width } = recipe.input;
  let input: ImageShape = { channels, height, width };
  return blueprints.map((blueprint) => {
    const layer = placeOne(recipe, blueprint, input);
    input = layer.kind === "draft" ? draftOutput(layer) : outputShape(layer);
    return layer;
  });
}

function placeOne(recipe: Recipe, blueprint: Blueprint, input: ImageShape): Draft | Layer {
  switch (blueprint.kind) {
    case "convolution":
      return placeConvolution(recipe, blueprint, input);
    case "head":
      return { kind: "draft", blueprint, shape: { rows: blueprint.outputs, columns: sizeOf(input) } };
    case "globalPool": {
      const { height, width } = input;
      return { kind: "averagePool", name: blueprint.name, input, window: { height, width } };
    }
    case "batchNorm":
      return freshBatchNorm(blueprint, input);
    default:
      return { ...blueprint, input };
  }
}

function placeConvolution(
  { borders, kernelSize: usual }: Recipe,
  blueprint: ConvolutionBlueprint,
  input: ImageShape,
): ConvolutionDraft {
  const { name, channels, kernelSize = usual, stride = 1 } = blueprint;
  const dilation = borders === "eco" ? naming(name, () => ecoDilation(input, kernelSize)) : 1;
  const padding = borders === "eco" ? "circular" : "zeros";
  const geometry: ConvolutionGeometry = { kernelSize, stride, dilation, padding };
  checkGeometry(geometry);
  return { kind: "draft", blueprint, shape: { rows: channels, columns: input.channels }, input, geometry };
}

function draftOutput(draft: Draft): ImageShape {
  const { rows } = draft.shape;
  return "input" in draft
    ? { channels: rows, ...outputImage(draft.geometry, draft.input) }
    : vectorShape(rows);
}

function planOf(
  draft: Draft,
  i: number,
  context: { recipe: Recipe; start: Start; critical?: CriticalScales; random: RandomStream },
): LayerPlan {
  const { recipe, start, critical, random } = context;
  const { init } = recipe;
  const { blueprint, shape } = draft;
  const head = blueprint.kind === "head";
  if (start === "looks-linear" && !head) {
    requirePairs(`${blueprint.name} (${shape.rows} x ${shape.columns} channels)`, "channels", shape.rows);
  }
  const gain = critical?.gain ?? init.gain ?? 1;
  const kernels = kernelInitializerNamed(init.weights);
  return {
    name: blueprint.name,
    shape,
    counts: "kernels",
    topology: init.topology ?? "sao",
    arrangement: init.arrangement,
    asked: requestOf(init),
    atEnd: head || (blueprint.atEnd ?? false),
    mirrored: { rows: start === "looks-linear" && !head, columns: start === "looks-linear" && i > 0 },
    initializer:
      "geometry" in draft
        ? (topology, options) => kernels(topology, { ...options, kernelSize: draft.geometry.kernelSize })
        : initializerNamed(headInitializer(init.weights)),
    gain: head ? gain * (critical?.outputGain ?? 1) : gain,
    random: { topology: random.split("topology", i), weights: random.split("weights", i) },
  };
}

function headInitializer(weights: string): string {
  return weights === "kaiming" ? "kaiming" : "orthogonal";
}

function finishDraft(
  draft: Draft,
  { name, asked }: LayerPlan,
  made: ReturnType<typeof buildLayer>,
  { initializer, bias }: { readonly initializer: string; readonly bias: Float32Array },
): Layer {
  const shared = { name, ...made, bias, asked };
  if ("geometry" in draft) {
    const { geometry, input, blueprint } = draft;
    return {
      kind: "convolution",
      ...shared,
      ...geometry,
      input,
      activation: blueprint.activation,
      initializer,
    };
  }
  return { kind: "linear", ...shared, activation: "linear", initializer: headInitializer(initializer) };
}

/** Batch normalization as training begins with it, with PyTorch's ε and momentum. */
function freshBatchNorm(
  { kind, name, activation }: Pick<BatchNormLayer, "kind" | "name" | "activation">,
  input: ImageShape,
): BatchNormLayer {
  const { channels } = input;
  const statistics = new Float32Array(2 * channels).fill(1, channels);
  const weights = new Float32Array(channels).fill(1);
  const bias = new Float32Array(channels);
  return { kind, name, input, weights, bias, statistics, epsilon: 1e-5, momentum: 0.1, activation };
}
