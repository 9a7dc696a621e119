/**
 * @file LipConvNets: chains of orthogonal convolutions and MaxMin, which start with singular values of at most 1.
 *
 * The architecture of Singla & Feizi, "Skew orthogonal convolutions", ICML 2021, as Yu et al. used it for ECO (ICLR 2022).
 * Theirs keep every convolution orthogonal while it is trained, so that outputs move no faster than inputs and
 * predictions can be certified. Here orthogonal is the start, and training is free: what is certified is what
 * `certify` measures.
 */

import { ArgumentError } from "../errors.ts";
import { assemble } from "./assemble.ts";
import type { Blueprint } from "./blueprint.ts";
import {
  checkImageNetwork,
  checkKernelSize,
  checkLeastSide,
  checkWhole,
  type ImageNetworkOptions,
  nextMultiple,
} from "./image-options.ts";
import type { KernelInitSpec } from "./kernel-init-spec.ts";
import type { AnyNetwork } from "./network.ts";

export interface LipConvNetOptions extends ImageNetworkOptions {
  /** Convolutions, a multiple of 5: each of five blocks has a fifth of them. */
  readonly depth: number;
  /** Channels of the first block before it halves the sides; each halving doubles them. Even. Default 32. */
  readonly width?: number;
  /** Taps a side. Default 3, and 4 for `eco`, which on sides that are powers of 2 is no isometry with 3. */
  readonly kernelSize?: number;
  /** Weights are `"delta"` (default), `"shift"`, `"eco"` or `"kaiming"`. */
  readonly init: KernelInitSpec;
}

/** Halvings, one at the end of each block. */
const blockCount = 5;

/**
 * Blocks b = 0 … 4 of convolutions `blocks.b.i`, each followed by `blocks.b.i.sort` (MaxMin); in front of the last of a
 * block is `blocks.b.down` (space-to-depth), and it has twice the channels of the block. The last of all has one tap.
 * Then `flatten` and `head`.
 *
 * Sides are padded with zeros to a multiple of 32, for `eco` to the first square at which all convolutions are
 * isometries. Gain is 1 and biases are 0. Space-to-depth makes four channels of one and a convolution keeps two, so
 * each halving is a projection: singular values of 1 and 0.
 *
 * What differs from the published networks: sparsity, counted in kernels (all but the first convolution and the head
 * meet the request or the call fails); a linear head in place of one that is kept orthogonal; and for `eco` the padding,
 * with 4 × 4 taps, so that it is exact.
 *
 * Throws as `cnn`, and ArgumentError (`"bad-depth"`, `"odd-width"`).
 */
export function lipConvNet(options: LipConvNetOptions): AnyNetwork {
  checkImageNetwork("lipConvNet", options, ["depth", "width", "kernelSize"]);
  const { input, outputs, depth, width = 32, init, seed = 0 } = options;
  if (init === undefined) {
    throw new ArgumentError("bad-init", "a network needs init, e.g. init: sao({ sparsity: 0.75 })");
  }
  const weights = init.weights ?? "delta";
  const eco = weights === "eco";
  const { kernelSize = eco ? 4 : 3 } = options;
  checkSizes(depth, width);
  checkKernelSize(kernelSize);
  checkLeastSide(input, 16, `blocks.4.${depth / blockCount - 1}`);
  const size = paddedSize(input, eco ? kernelSize : undefined);
  const pads = size.height !== input.height || size.width !== input.width;
  const recipe = {
    input,
    activation: "linear" as const,
    init: { ...init, weights },
    kernelSize,
    borders: eco ? ("eco" as const) : ("zeros" as const),
    start: "none" as const,
    seed,
    onProgress: options.onProgress,
  };
  return assemble(recipe, [
    ...(pads ? [{ kind: "pad" as const, name: "pad", ...size }] : []),
    ...Array.from({ length: blockCount }, (_, b) => blockLayers(b, depth / blockCount, width)).flat(),
    { kind: "flatten", name: "flatten" },
    { kind: "head", name: "head", outputs },
  ]);
}

function checkSizes(depth: number, width: number): void {
  if (!Number.isSafeInteger(depth) || depth < blockCount || depth % blockCount !== 0) {
    throw new ArgumentError("bad-depth", `a LipConvNet's depth must be a multiple of 5 from 5, not ${depth}`);
  }
  checkWhole("width", width);
  if (width % 2 === 1) {
    throw new ArgumentError(
      "odd-width",
      `blocks.0.0.sort: MaxMin pairs channels, so the width must be even, not ${width}`,
    );
  }
}

function blockLayers(block: number, convolutions: number, width: number): Blueprint[] {
  const channels = width * 2 ** block;
  const last = convolutions - 1;
  return Array.from({ length: convolutions }, (_, i) => {
    const name = `blocks.${block}.${i}`;
    const layers: Blueprint[] = [
      {
        kind: "convolution",
        name,
        channels: i === last ? 2 * channels : channels,
        ...(block === blockCount - 1 && i === last && { kernelSize: 1 }),
        activation: "linear",
        atEnd: block === 0 && i === 0,
      },
      { kind: "maxMin", name: `${name}.sort` },
    ];
    return i < last
      ? layers
      : [{ kind: "spaceToDepth" as const, name: `blocks.${block}.down`, side: 2 }, ...layers];
  }).flat();
}

/** Sides that can be halved five times, and on which, for eco, every convolution is an isometry. */
function paddedSize(input: { height: number; width: number }, kernelSize: number | undefined) {
  const step = 2 ** blockCount;
  const { height, width } = input;
  if (kernelSize === undefined) {
    return { height: nextMultiple(height, step), width: nextMultiple(width, step) };
  }
  let side = nextMultiple(Math.max(height, width), step);
  while (!isEcoSide(side, kernelSize)) side += step;
  return { height: side, width: side };
}

/** A square image has a dilation at which ECO is an isometry if its side divides the kernel's, or the reverse. */
function isEcoSide(side: number, kernelSize: number): boolean {
  return Array.from({ length: blockCount }, (_, halvings) => side / 2 ** halvings).every(
    (halved) => halved % kernelSize === 0 || kernelSize % halved === 0,
  );
}
