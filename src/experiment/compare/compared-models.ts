/**
 * @file The networks of convolutions in a comparison: which of a grid's axes mean something for each model, and how a
 * method's network is built.
 */

import type { Dataset } from "../../data/dataset.ts";
import { ArgumentError } from "../../errors.ts";
import type { ImageShape } from "../../init/convolution/convolution.ts";
import type { Activation, AnyNetwork, Start } from "../../network/network.ts";
import type { ImageTask, Method } from "../../sparsify/index.ts";
import { defaults, type LayerKinds } from "../defaults.ts";
import { type CompleteSettings, type ImageModel, models } from "../models.ts";
import type { ModelName, Settings } from "../settings.ts";
import type { NetworkSpec } from "./grid.ts";

/** Orthogonal kernels that a model's networks can begin with. */
export const kernelWeights = ["delta", "shift", "eco"] as const;

export type KernelWeights = (typeof kernelWeights)[number];

/** Models that comparisons take. */
export const comparedModels = [
  "mlp",
  "cnn",
  "cnn-eco",
  "resnet20",
  "resnet32",
  "resnet56",
  "lip-conv-net",
] as const satisfies readonly ModelName[];

export type ComparedModel = (typeof comparedModels)[number];
export type ComparedImageModel = Exclude<ComparedModel, "mlp">;

/** What a model says itself, where it leaves a grid's axis no choice. */
interface Fixed {
  readonly depth?: number;
  readonly activation?: Activation;
}

const fixed: Readonly<Record<ComparedImageModel, Fixed>> = {
  cnn: {},
  "cnn-eco": {},
  resnet20: { depth: 20, activation: "relu" },
  resnet32: { depth: 32, activation: "relu" },
  resnet56: { depth: 56, activation: "relu" },
  // MaxMin between convolutions that apply nothing.
  "lip-conv-net": { activation: "linear" },
};

/** The lists of a grid that shapes are made of; absent ones: the model's own. */
export interface ModelAxes {
  readonly depth: readonly number[];
  readonly width: readonly number[];
  readonly activation: readonly Activation[];
  readonly kernelSize?: readonly number[];
  readonly downsample?: readonly ("stride" | "spaceToDepth")[];
  readonly weights?: readonly KernelWeights[];
}

/** Axes of convolutions only. */
const imageAxes = ["kernelSize", "downsample", "weights"] as const;

type ImageAxis = (typeof imageAxes)[number];

/** Of a network, what is the same for all methods and sparsities. */
export type ModelSpec = Pick<
  NetworkSpec,
  "model" | "depth" | "width" | "activation" | "kernelSize" | "downsample" | "weights"
>;

/**
 * The networks of a model that a grid asks for. Throws ArgumentError `contradiction`: an axis that the model does not
 * have.
 */
export function modelSpecs(model: ComparedModel, axes: ModelAxes): ModelSpec[] {
  if (model === "mlp") {
    return product(axes.activation, axes.depth, axes.width).map(([activation, depth, width]) => {
      return { depth, width, activation };
    });
  }
  const { settings } = models[model];
  const own = fixed[model];
  const depths = own.depth === undefined ? axes.depth : [own.depth];
  const activations = own.activation === undefined ? axes.activation : [own.activation];
  const kernels = settings.includes("kernelSize") ? axes.kernelSize : undefined;
  const downsamples = settings.includes("downsample") ? (axes.downsample ?? [defaults.downsample]) : [];
  return product(activations, depths, axes.width).flatMap(([activation, depth, width]) =>
    weightsOf(model, axes.weights).flatMap((weights) =>
      (kernels ?? [defaultKernelSize(model, weights)]).flatMap((kernelSize) =>
        (downsamples.length === 0 ? [undefined] : downsamples).map((downsample) => ({
          model,
          depth,
          width,
          activation,
          ...(settings.includes("kernelSize") && { kernelSize }),
          ...(downsample !== undefined && { downsample }),
          weights,
        })),
      ),
    ),
  );
}

/** Those asked for that the model has, or its own. */
function weightsOf(model: ComparedImageModel, asked: ModelAxes["weights"]): readonly KernelWeights[] {
  const { weights: possible } = models[model];
  if (asked === undefined) return [usualWeights(model)];
  const had = asked.filter((weights) => possible.includes(weights));
  if (had.length > 0) return had;
  throw new ArgumentError(
    "contradiction",
    `weights ${asked.join(", ")} go with model cnn-eco or lip-conv-net, and model is ${model}`,
  );
}

/** A model's own orthogonal kernels. */
export function usualWeights(model: ComparedImageModel): KernelWeights {
  return models[model].defaults.weights === "eco" ? "eco" : "delta";
}

/** LipConvNets' sides suit ECO at 4 × 4 taps only. */
function defaultKernelSize(model: ComparedImageModel, weights: KernelWeights): number {
  return model === "lip-conv-net" && weights === "eco" ? 4 : defaults.kernelSize;
}

/** Whether a network of a model can have a start. */
export function hasStart(model: ComparedModel, start: Start): boolean {
  return start === "none" || models[model].settings.includes("start");
}

/** Default widths and sparsity of a model; they are those of `sao train`. */
export function modelDefaults(model: ComparedModel): { width: number; sparsity: number; depth: number } {
  const { width = defaults.width, depth = defaults.depth, ...own } = models[model].defaults;
  // A comparison with no sparsity at all says nothing.
  return { width, depth, sparsity: own.sparsity || (model === "mlp" ? defaults.sparsity : 0.75) };
}

/** Layers with weights, about, on which learning rates depend. */
export function weightLayers(spec: ModelSpec): number {
  if (spec.model === undefined) return spec.depth;
  return stagesOf(spec).reduce((sum, { convolutions }) => sum + convolutions, 1);
}

/** What learning rates depend on besides. */
export function layerKinds({ model }: Pick<ModelSpec, "model">): LayerKinds {
  return model === undefined ? "linear" : model.startsWith("resnet") ? "normalized" : "convolutions";
}

/** About the multiply-adds of one dense pass of a sample. */
export function denseWork(spec: ModelSpec): number {
  const { model, depth, width } = spec;
  if (model === undefined) return depth * width * width;
  const pixels = 28 * 28;
  return stagesOf(spec).reduce(
    (sum, { convolutions, channels, inputs = channels, kernelSize, shrink }) =>
      sum + (convolutions * channels * inputs * kernelSize ** 2 * pixels) / shrink ** 2,
    0,
  );
}

/** The same with as few layers as have all its shapes. */
export function shallowest<T extends ModelSpec>(spec: T): T {
  if (spec.model === "lip-conv-net") return { ...spec, depth: 5 };
  if (spec.model !== undefined && fixed[spec.model].depth !== undefined) return spec;
  return { ...spec, depth: Math.min(3, spec.depth) };
}

/** What a method of kernels is asked for. Throws ArgumentError `no-images`. */
export function imageTask(
  spec: NetworkSpec & { readonly model: ComparedImageModel },
  seed: number,
  dataset: Dataset,
): ImageTask {
  const { model, activation, start, sparsity, weights = "delta" } = spec;
  const input = requireImage(model, dataset);
  const { build } = imageModel(model);
  return {
    activation,
    start,
    seed,
    sparsity: { sparsity },
    weights,
    build: (init): AnyNetwork => build(settingsOf(spec), { input, outputs: dataset.outputs, init, seed }),
  };
}

/** What the dataset's images are like. Throws ArgumentError `no-images`. */
export function requireImage(model: ComparedImageModel, { image, name }: Dataset): ImageShape {
  if (image !== undefined) return image;
  throw new ArgumentError("no-images", `model ${model} takes images, and ${name} has none; use model mlp`);
}

/** Throws ArgumentError `contradiction` for a list that none of a grid's models has a use for. */
export function requireUsed(
  asked: readonly ComparedModel[],
  axes: Partial<Record<ImageAxis, unknown>>,
  says: (axis: ImageAxis) => string,
): void {
  for (const axis of imageAxes) {
    const having = comparedModels.filter((model) => hasAxis(model, axis));
    if (axes[axis] === undefined || asked.some((model) => having.includes(model))) continue;
    throw new ArgumentError(
      "contradiction",
      `${says(axis)} goes with model ${having.join(" or ")}, and model is ${asked.join(", ")}`,
    );
  }
}

function hasAxis(model: ComparedModel, axis: ImageAxis): boolean {
  return axis === "weights" ? model !== "mlp" : models[model].settings.includes(axis);
}

/** Throws ArgumentError `linear-only` naming the methods for kernels. */
export function requireKernelMethod(method: Method, model: ComparedModel, all: readonly Method[]): void {
  if (!method.linearOnly || model === "mlp") return;
  const others = all.filter(({ linearOnly }) => linearOnly).map(({ name }) => name);
  const able = all.filter(({ linearOnly }) => !linearOnly).map(({ name }) => name);
  throw new ArgumentError(
    "linear-only",
    `method ${method.name} is for linear layers, and model ${model} has kernels to choose: ` +
      `all methods but ${others.join(", ")} do that: ${able.join(", ")}`,
  );
}

function settingsOf({
  depth,
  width,
  kernelSize,
  downsample,
  activation,
  start,
}: NetworkSpec): CompleteSettings {
  return { depth, width, kernelSize, downsample, activation, start } as Settings as CompleteSettings;
}

function stagesOf({ model, depth, width, kernelSize = defaults.kernelSize, downsample }: ModelSpec) {
  return imageModel(model as ComparedImageModel).stages({ depth, width, kernelSize, downsample });
}

function imageModel(model: ComparedImageModel): ImageModel {
  return models[model] as ImageModel;
}

function product<A, B, C>(a: readonly A[], b: readonly B[], c: readonly C[]): [A, B, C][] {
  return a.flatMap((x) => b.flatMap((y) => c.map((z): [A, B, C] => [x, y, z])));
}
