/**
 * @file A convolution from what is asked of it: channels, kernels to keep, and an initializer.
 */

import { ArgumentError, InfeasibleError } from "../../errors.ts";
import type { RandomStream } from "../../math/random.ts";
import type { Arrangement } from "../../topology/arrangement.ts";
import { type MirrorSides, mirror } from "../../topology/mirror.ts";
import { nearestFeasible } from "../../topology/registry.ts";
import { requestFields, requestFor, type SparsityRequest, targetNonZeros } from "../../topology/request.ts";
import type { LayerShape } from "../../topology/shape.ts";
import {
  type Convolution,
  type ConvolutionGeometry,
  checkGeometry,
  checkImage,
  type ImageSize,
} from "./convolution.ts";
import { ecoDilation } from "./eco-dilation.ts";
import { kernelRequest, kernelTopology } from "./kernel-topology.ts";
import { looksLinearKernels } from "./looks-linear-kernels.ts";
import { type KernelInitializerName, kernelInitializerNamed } from "./registry.ts";

/** What convolutions share, whatever their channels. At most one field of the sparsity; none means dense. */
export interface KernelOptions extends SparsityRequest, Partial<ConvolutionGeometry> {
  /** `"delta"` (default), `"shift"`, `"eco"` or `"kaiming"`. */
  readonly init?: KernelInitializerName;
  /** A name of the topology registry, over channels. Default `"sao"`. */
  readonly topology?: string;
  /** How groups are laid out across layers. Default `"debruijn"`. */
  readonly arrangement?: Arrangement;
  /** Factor on all weights; finite. Default 1. */
  readonly gain?: number;
  /** What `eco` is an isometry on: it needs this, and it chooses or checks the dilation. */
  readonly image?: ImageSize;
}

export interface ConvolutionOptions extends KernelOptions {
  readonly outChannels: number;
  readonly inChannels: number;
  /** Sides whose channels come in looks-linear pairs, for ReLU; their channels must be even. Default none. */
  readonly mirrored?: MirrorSides;
  readonly random: RandomStream;
}

/** All fields of `KernelOptions`. */
export const kernelFields: readonly string[] = [
  ...requestFields,
  "kernelSize",
  "stride",
  "dilation",
  "padding",
  "init",
  "topology",
  "arrangement",
  "gain",
  "image",
] satisfies readonly (keyof KernelOptions)[];

const noTwins: MirrorSides = { rows: false, columns: false };

/**
 * Makes one convolution: SAO-Delta of 3 × 3 taps, stride 1 and zero padding, unless told otherwise. `init: "eco"` is
 * circular, at stride 1, with the dilation that makes it an isometry on `image`.
 *
 * With `mirrored` sides it is built with half of their channels and doubled; the request is that of the whole.
 *
 * Throws ArgumentError for values out of range or contradicting each other (`"unknown-field"`, `"bad-channels"`,
 * `"bad-kernel-size"`, `"bad-gain"`, `"bad-eco"`, `"odd-channels"`, …), InfeasibleError for a request or an image
 * that cannot be met, naming the nearest.
 */
export function convolution(options: ConvolutionOptions): Convolution {
  checkFields("convolution", options, [...kernelFields, "outChannels", "inChannels", "mirrored", "random"]);
  if (options.random === undefined) {
    throw new ArgumentError("bad-options", "convolution needs a random stream, e.g. random: randomStream(0)");
  }
  return makeConvolution(options, false);
}

/** As `convolution`, unchecked fields aside; `givesWay`: with the nearest kernels where it cannot have those asked for. */
export function makeConvolution(options: ConvolutionOptions, givesWay: boolean): Convolution {
  const { outChannels, inChannels, mirrored = noTwins, random, arrangement, gain = 1 } = options;
  const { topology: asked = "sao", init = "delta" } = options;
  const initialize = kernelInitializerNamed(init);
  const geometry = geometryOf(options);
  if (!Number.isFinite(gain)) {
    throw new ArgumentError("bad-gain", `gain must be a finite number, not ${gain}`);
  }
  const shape = { rows: outChannels, columns: inChannels };
  checkChannels(shape);
  const base = baseShape(shape, mirrored);
  const onBase = requestOnBase(shape, requestOf(options), base);
  const [name, request] = givesWay ? nearestKernels(asked, base, onBase) : [asked, onBase];
  const topologyOptions = { random: random.split("topology"), arrangement };
  const topology = kernelTopology(name, base, request, topologyOptions);
  const { kernelSize } = geometry;
  const weights = initialize(topology, { kernelSize, random: random.split("weights"), gain });
  if (!mirrored.rows && !mirrored.columns) return { topology, weights, ...geometry };
  const whole = mirror(topology, mirrored);
  return { topology: whole, weights: looksLinearKernels(topology, weights, whole, mirrored), ...geometry };
}

/** Throws ArgumentError (`"unknown-field"`, `"bad-options"`): callers of JavaScript have no types to tell them. */
export function checkFields(what: string, options: unknown, fields: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new ArgumentError("bad-options", `${what} needs an object of options`);
  }
  const unknown = Object.keys(options).find((key) => !fields.includes(key));
  if (unknown !== undefined) {
    throw new ArgumentError("unknown-field", `${what} has no "${unknown}"; it has ${fields.join(", ")}`);
  }
}

function checkChannels({ rows, columns }: LayerShape): void {
  for (const [name, count] of Object.entries({ output: rows, input: columns })) {
    if (Number.isInteger(count) && count >= 1 && count < 2 ** 31) continue;
    throw new ArgumentError("bad-channels", `${name} channels must be a whole number from 1, not ${count}`);
  }
}

/** The sparsity part alone. */
function requestOf(options: SparsityRequest): SparsityRequest {
  return Object.fromEntries(
    requestFields.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])),
  );
}

/** What a layer is without twins. Throws ArgumentError (`"odd-channels"`). */
function baseShape(shape: LayerShape, mirrored: MirrorSides): LayerShape {
  for (const side of ["rows", "columns"] as const) {
    if (!mirrored[side] || shape[side] % 2 === 0) continue;
    throw new ArgumentError(
      "odd-channels",
      `looks-linear pairs channels, so ${side === "rows" ? "output" : "input"} channels must be even, not ${shape[side]}`,
    );
  }
  return {
    rows: mirrored.rows ? shape.rows / 2 : shape.rows,
    columns: mirrored.columns ? shape.columns / 2 : shape.columns,
  };
}

/** The request that keeps the same share of the kernels among half of the channels. */
function requestOnBase(shape: LayerShape, request: SparsityRequest, base: LayerShape): SparsityRequest {
  const share = (base.rows * base.columns) / (shape.rows * shape.columns);
  if (share === 1 || request.degree === undefined) return request;
  const kernels = targetNonZeros(shape, request) * share;
  return requestFor(base, Math.min(kernels, base.rows * base.columns), request);
}

/** The topology and request themselves, or `sao` with the nearest to it that the shape can have. */
function nearestKernels(
  name: string,
  shape: LayerShape,
  request: SparsityRequest,
): [name: string, request: SparsityRequest] {
  const asked = kernelRequest(request);
  try {
    if (nearestFeasible(shape, asked, { topology: name }) === asked) return [name, request];
  } catch (error) {
    if (!(error instanceof InfeasibleError)) throw error;
  }
  return ["sao", nearestFeasible(shape, asked)];
}

function geometryOf(options: KernelOptions): ConvolutionGeometry {
  const { kernelSize = 3, stride = 1, init = "delta", image } = options;
  if (image !== undefined) checkImage(image);
  if (init !== "eco") {
    const geometry = {
      kernelSize,
      stride,
      dilation: options.dilation ?? 1,
      padding: options.padding ?? "zeros",
    };
    checkGeometry(geometry);
    return geometry;
  }
  checkGeometry({ kernelSize, stride, dilation: 1, padding: options.padding ?? "circular" });
  if (image === undefined || stride !== 1 || options.padding === "zeros") {
    const why = image === undefined ? "its image's size" : stride !== 1 ? "stride 1" : "circular padding";
    throw new ArgumentError("bad-eco", `an eco convolution needs ${why}, without which it is no isometry`);
  }
  return {
    kernelSize,
    stride,
    dilation: ecoDilation(image, kernelSize, options.dilation),
    padding: "circular",
  };
}
