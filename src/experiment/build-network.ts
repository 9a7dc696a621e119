/**
 * @file The network that a run's settings describe: a new one, or one from a file.
 */

import { type Dataset, inputWidth } from "../data/dataset.ts";
import { ArgumentError } from "../errors.ts";
import { loadNetwork } from "../formats/index.ts";
import { MOST_ACTIVATIONS, MOST_NUMBERS } from "../formats/network-limits.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import type { KernelInitializerName } from "../init/convolution/registry.ts";
import type { MakingProgress } from "../network/making-progress.ts";
import { mlp } from "../network/mlp.ts";
import type { AnyNetwork, Network } from "../network/network.ts";
import { sparsityNames } from "./config.ts";
import { defaults } from "./defaults.ts";
import { parseLayers } from "./layers.ts";
import { type CompleteSettings, type ImageModel, modelOf } from "./models.ts";
import type { Settings } from "./settings.ts";
import { count } from "./words.ts";

/** Inputs and outputs that a dataset asks for. */
export interface Ends {
  readonly inputs: number;
  readonly outputs: number;
  /** What the inputs are, where they are images. */
  readonly image?: ImageShape;
  /** What asks for them, for messages. */
  readonly dataset?: string;
}

/** What a network for a dataset begins and ends with. */
export function endsOf(dataset: Dataset): Ends {
  const { outputs, image, name } = dataset;
  return { inputs: inputWidth(dataset), outputs, image, dataset: name };
}

/** Most parameters of a network: with gradient and momentum they just fit 32-bit WebAssembly memory. */
const maxParameters = 2 ** 28;

/**
 * Builds the network of complete settings.
 *
 * @param ends absent: the settings name all widths by `layers`
 * @param onProgress told how far the weights of a new network are
 * @throws {ArgumentError} `bad-layers`, `no-images`, `too-large`, or what the model's builder throws; {InfeasibleError}
 */
export async function buildNetwork(
  settings: Settings,
  ends?: Ends,
  onProgress?: OnProgress,
): Promise<AnyNetwork> {
  if (settings.from !== undefined) return loadNetwork(settings.from);
  const model = modelOf(settings);
  return model.takes === "images"
    ? buildOnImages(model, settings, ends, onProgress)
    : buildOnVectors(settings, ends, onProgress);
}

type OnProgress = (progress: MakingProgress) => void;

function buildOnVectors(settings: Settings, ends?: Ends, onProgress?: OnProgress): Network {
  const widths = networkWidths(settings, ends);
  checkSize(settings, widths);
  const { topology, arrangement, weights, gain, activation, start, meanSquare } = settings;
  return mlp({
    widths,
    activation,
    init: { topology, arrangement, weights, gain, ...requestIn(settings) },
    seed: settings.seed ?? defaults.seed,
    start,
    meanSquare,
    onProgress,
  });
}

function buildOnImages(model: ImageModel, given: Settings, ends?: Ends, onProgress?: OnProgress): AnyNetwork {
  const { image, outputs } = imageEnds(given, ends);
  const settings = given as CompleteSettings;
  checkImageSize(model, settings, image);
  const { topology, arrangement, gain, seed } = settings;
  const weights = settings.weights as KernelInitializerName | undefined;
  return model.build(settings, {
    input: image,
    outputs,
    init: { topology, arrangement, weights, gain, ...requestIn(settings) },
    seed: seed ?? defaults.seed,
    onProgress,
  });
}

function requestIn(settings: Settings) {
  return Object.fromEntries(sparsityNames.map((name) => [name, settings[name]]));
}

/** Throws ArgumentError `no-images`. */
function imageEnds({ model }: Settings, ends?: Ends): { image: ImageShape; outputs: number } {
  if (ends?.image !== undefined) return { image: ends.image, outputs: ends.outputs };
  throw new ArgumentError(
    "no-images",
    ends === undefined
      ? `model ${model} takes images: name the dataset that it is for, e.g. --dataset digits, which needs no files`
      : `model ${model} takes images, and ${ends.dataset ?? "the dataset"} has none; use model mlp`,
  );
}

/** All widths of the network of settings. Throws ArgumentError `bad-layers`. */
export function networkWidths(
  { layers, depth = defaults.depth, width = defaults.width }: Settings,
  ends?: Ends,
): number[] {
  if (layers !== undefined) {
    const widths = parseLayers(layers);
    const [first, last] = [widths[0], widths[widths.length - 1]];
    if (ends !== undefined && (first !== ends.inputs || last !== ends.outputs)) {
      throw new ArgumentError(
        "bad-layers",
        `layers go from ${first} to ${last}, but ${ends.dataset ?? "the dataset"} needs ${ends.inputs} inputs and ${ends.outputs} outputs`,
      );
    }
    return widths;
  }
  if (ends === undefined) {
    throw new ArgumentError("bad-layers", "layers: give all widths, for example 784,128*998,10");
  }
  return [ends.inputs, ...new Array<number>(depth - 1).fill(width), ends.outputs];
}

/** Refuses what cannot fit any memory before trying; about, as the achieved density is not known yet. */
function checkSize(settings: Settings, widths: number[]): void {
  let parameters = 0;
  for (let i = 1; i < widths.length; i++) {
    parameters += widths[i] + about(settings, widths[i], widths[i - 1]);
  }
  checkParameters(parameters);
}

/** Likewise, with what lies between the layers: pixels come without parameters. */
function checkImageSize(model: ImageModel, settings: CompleteSettings, image: ImageShape): void {
  let [parameters, activations] = [0, 0];
  for (const { convolutions, channels, inputs = channels, kernelSize, shrink } of model.stages(settings)) {
    parameters += convolutions * (channels + about(settings, channels, inputs) * kernelSize ** 2);
    const numbers = channels * Math.ceil(image.height / shrink) * Math.ceil(image.width / shrink);
    activations += convolutions * numbers;
    if (numbers <= MOST_NUMBERS && activations <= MOST_ACTIVATIONS) continue;
    throw new ArgumentError(
      "too-large",
      `${channels} channels on images of ${image.height} x ${image.width} are about ${numbers.toExponential(1)} numbers a ` +
        `layer and ${activations.toExponential(1)} in all for each sample, and ${MOST_NUMBERS.toExponential(1)} and ` +
        `${MOST_ACTIVATIONS.toExponential(1)} are the most: use a smaller depth or width, or smaller images`,
    );
  }
  checkParameters(parameters);
}

/** About how many connections a layer has of those that it could. */
function about(
  { topology, sparsity = 0, degree, groups, compression }: Settings,
  rows: number,
  columns: number,
): number {
  const dense = rows * columns;
  if (topology === "dense") return dense;
  const wanted =
    degree === undefined ? dense * (1 - sparsity) : Math.min(dense, degree * Math.min(rows, columns));
  return wanted / (groups ?? compression ?? 1);
}

function checkParameters(parameters: number): void {
  if (parameters <= maxParameters) return;
  throw new ArgumentError(
    "too-large",
    `a network of about ${count(parameters)} parameters does not fit the memory of WebAssembly; ` +
      `${count(maxParameters)} do: use a smaller depth or width, or more sparsity`,
  );
}
