/**
 * @file Three answers that a person can read in seconds: connected? orthogonal? sparse as asked?
 */

import type { BareConvolutionCertificate } from "./convolution/layer.ts";
import type { LinearLayerCertificate, WeightedLayerCertificate } from "./layer.ts";
import type { Reach } from "./reach.ts";
import { count, number, range } from "./text.ts";

export interface Answer {
  /** Null: not measured. */
  readonly holds: boolean | null;
  /** One sentence with the figures. */
  readonly detail: string;
}

export interface Verdict {
  /** Every output of the network depends on every input; of images, on every input channel. */
  readonly connected: Answer;
  /**
   * Every layer is orthogonal up to a factor, within 5 % of 1 (the first and last may scale inputs and outputs):
   * W Wᵀ to 1e-5 in linear layers; convolutions keep the lengths of images of their size to 1e-4. About the weights
   * alone: what signals meet, with activations and shortcuts, is in `signals`.
   */
  readonly orthogonal: Answer;
  /**
   * Density within 1 % of what was asked in every layer; the first and last may differ, as data dictates their shapes, and
   * convolutions that change the number of channels.
   */
  readonly sparse: Answer;
}

/** Of a layer whose weights may be orthogonal. */
export type MatrixCertificate = (LinearLayerCertificate | BareConvolutionCertificate) & {
  readonly initializer?: string;
};

/** Largest orthogonality error of float32 weights that were made orthogonal in float64. */
const orthogonalTo = 1e-5;
const gainWithin = 0.05;
const densityWithin = 0.01;

/** Initializers whose weights begin orthogonal. */
const exact: ReadonlySet<string | undefined> = new Set(["orthogonal", "delta", "eco"]);

export function verdict(layers: readonly WeightedLayerCertificate[], reach: Reach | null): Verdict {
  const images = layers.some(({ kind }) => kind === "convolution");
  return { connected: connected(reach, images), orthogonal: orthogonal(layers), sparse: sparse(layers) };
}

/** `images`: what is connected are channels. */
export function connected(reach: Reach | null, images: boolean): Answer {
  if (reach === null) return { holds: null, detail: "not measured" };
  const [units, inputs] = images ? ["channels", "input channels"] : ["units", "inputs"];
  if (!reach.connected) {
    const share = (100 * reach.connectedPairs).toPrecision(3);
    return { holds: false, detail: `outputs depend on ${share}% of the ${inputs}, on average` };
  }
  const layers = count(reach.layers ?? 0, "layer");
  const bound = `the fewest that the degrees allow: ${reach.lowerBound}`;
  const window = reach.worstWindow;
  const worst = window !== null && window.start > 0 ? `; at most ${window.layers} from any layer within` : "";
  return { holds: true, detail: `all ${units} depend on all ${inputs} after ${layers} (${bound})${worst}` };
}

/** `layers` in their order. */
export function orthogonal(layers: readonly MatrixCertificate[]): Answer {
  if (layers.length === 0) return { holds: null, detail: "no layer has a matrix of weights" };
  const worst = largestBy(layers.filter(isNot), (layer) => layer.orthogonalityError!);
  if (worst !== undefined) return { holds: false, detail: deviation(worst) };
  const unknown = layers.find(isUnknown);
  if (unknown !== undefined) {
    return { holds: null, detail: `${unknown.name} was not measured, or has weights that are not finite` };
  }
  const scaling = layers.slice(1, -1).find((layer) => Math.abs(layer.gain! - 1) > gainWithin);
  if (scaling !== undefined) {
    const gain = scaling.gain!.toPrecision(5);
    return { holds: false, detail: `orthogonal up to a factor, which is ${gain} in ${scaling.name}` };
  }
  const error = Math.max(...layers.map((layer) => layer.orthogonalityError!)).toPrecision(2);
  const gains = new Set(layers.map((layer) => layer.gain!.toPrecision(5)));
  const factors = [...gains].slice(0, 3).join(", ") + (gains.size > 3 ? ", and others" : "");
  const detail = `every layer orthogonal to ${error}, with gain ${factors}${strideLoss(layers)}`;
  return { holds: true, detail };
}

function isNot(layer: MatrixCertificate): boolean {
  return layer.kind === "convolution"
    ? layer.isometry === false
    : layer.orthogonalityError !== null && layer.orthogonalityError > orthogonalTo;
}

function isUnknown(layer: MatrixCertificate): boolean {
  return layer.kind === "convolution" ? layer.isometry === null : layer.orthogonalityError === null;
}

/** What keeps a layer from being orthogonal. */
function deviation(layer: MatrixCertificate): string {
  const { name, initializer } = layer;
  if (layer.gain === 0) return `all weights of ${name} are 0`;
  const lost = exact.has(initializer)
    ? " (training moves weights off orthogonality: expected of a trained network)"
    : "";
  if (layer.kind !== "convolution") {
    return `orthogonality error ${layer.orthogonalityError!.toPrecision(2)} in ${name}${lost}`;
  }
  const { smallest, largest } = layer.singularValues!;
  return `${name} has singular values ${range([smallest, largest], 4)}${geometry(layer) ?? lost}`;
}

/** Why kernels that could be an isometry are not one here; undefined where there is no such reason. */
function geometry(layer: BareConvolutionCertificate): string | undefined {
  const { stride, frequencies, kernelSize, energy, image } = layer;
  if (stride > 1) return `; at stride ${stride} it passes ${number(100 * energy!, 3)}% of the energy on`;
  const { orthogonal, covered, down, right } = frequencies;
  if (orthogonal !== true) return undefined;
  const size = `${kernelSize} x ${kernelSize}`;
  const why = covered
    ? "it needs circular padding"
    : `images of ${image.height} x ${image.width} have ${down} x ${right} of them`;
  return `; the kernels are orthogonal at their own ${size} frequencies, but ${why} (theory, section 7)`;
}

/** What isometries on fewer pixels leave out. */
function strideLoss(layers: readonly MatrixCertificate[]): string {
  for (const layer of layers) {
    if (layer.kind !== "convolution" || layer.stride === 1) continue;
    const { name, stride, energy } = layer;
    return `; ${name}, at stride ${stride}, passes ${number(100 * energy!, 3)}% of the energy on`;
  }
  return "";
}

function sparse(layers: readonly WeightedLayerCertificate[]): Answer {
  if (layers.length === 0) return { holds: null, detail: "no layer has a mask" };
  const total = layers.reduce((sum, layer) => sum + layer.nonZeros * tapsOf(layer), 0);
  const dense = layers.reduce((sum, layer) => sum + layer.rows * layer.columns * tapsOf(layer), 0);
  const share = `${total} of ${dense} weights (density ${(total / dense).toPrecision(3)})`;
  const off = layers.filter((layer) => offTarget(layer) > densityWithin);
  const worst = largestBy(
    off.filter((layer) => !givesWay(layer, layers)),
    offTarget,
  );
  if (worst !== undefined) return { holds: false, detail: `${share}; ${contrast(worst)}` };
  const shown = off.slice(0, 2).map((layer) => `; at the ends, ${contrast(layer)}`);
  const more = off.length > 2 ? `, and ${off.length - 2} more that are not square` : "";
  return { holds: true, detail: `${share}, within 1% of what was asked${shown.join("")}${more}` };
}

/** Whether a layer's shape, rather than the request, may decide its density. */
function givesWay(layer: WeightedLayerCertificate, layers: readonly WeightedLayerCertificate[]): boolean {
  if (layers.length <= 2) return false;
  const end = layer === layers[0] || layer === layers[layers.length - 1];
  return end || (layer.kind === "convolution" && layer.rows !== layer.columns);
}

function tapsOf(layer: WeightedLayerCertificate): number {
  return layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
}

function offTarget(layer: WeightedLayerCertificate): number {
  return Math.abs(layer.density / layer.asked.density - 1);
}

function contrast({ name, density, asked }: WeightedLayerCertificate): string {
  return `${name} has density ${density.toPrecision(3)} where ${asked.density.toPrecision(3)} was asked`;
}

function largestBy<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  let best: T | undefined;
  for (const item of items) if (best === undefined || value(item) > value(best)) best = item;
  return best;
}
