/**
 * @file The rivals that prune whole kernels of convolutions: a score for each kernel, and the highest stay.
 *
 * Kernel-wise L1 norms as in Li, Kadav, Durdanovic, Samet & Graf, "Pruning filters for efficient ConvNets", ICLR 2017
 * (there for filters), and random kernels, its control; both as Esguerra et al. 2023 compare with. Scores are for all
 * pairs of channels, so unlike the rest of the project they are of the size output × input channels.
 */

import { ArgumentError } from "../errors.ts";
import { type Convolution, checkConvolution } from "../init/convolution/convolution.ts";
import { kernelRequest } from "../init/convolution/kernel-topology.ts";
import type { RandomStream } from "../math/random.ts";
import { type SparsityRequest, targetNonZeros } from "../topology/request.ts";
import { nonZeros } from "../topology/topology.ts";
import { gather, magnitudesOf, placesOf, scatter, topologyAt } from "./places.ts";
import { type Scope, select } from "./selection.ts";

/** [kernels] in the order of the topology's weights; kernels with higher scores stay. */
export type KernelScore = (convolution: Convolution, random: RandomStream) => Float64Array;

export interface KernelPruning extends SparsityRequest {
  /** Whether each layer keeps its own best kernels (default), or the chain the best of all. */
  readonly scope?: Scope;
  /** Name of the topologies made. Default `"pruned"`. */
  readonly name?: string;
  readonly random: RandomStream;
}

/** Σ |w| over a kernel's taps. */
export const kernelMagnitude: KernelScore = ({ weights, kernelSize }) =>
  magnitudesOf(weights, kernelSize ** 2);

/** Uniform in [0, 1), so that every set of kernels of a layer's number is equally likely. */
export const randomKernels: KernelScore = ({ topology }, random) =>
  Float64Array.from({ length: nonZeros(topology) }, () => random.uniform());

/**
 * Convolutions with the kernels that score highest, their weights as they are. The request counts kernels of a dense
 * layer, as in `kernelTopology`, rounded, at least 1; a layer may lose all of its kernels where `scope` is `"global"`.
 *
 * Throws ArgumentError for a request out of range, `"bad-count"` where layers have fewer kernels than are to stay, and
 * as `checkConvolution`; RunError (`"not-finite"`) for weights that are not numbers.
 */
export function pruneKernels(
  layers: readonly Convolution[],
  score: KernelScore,
  options: KernelPruning,
): Convolution[] {
  const { scope = "layerwise", name = "pruned", random, ...request } = options;
  for (const layer of layers) checkConvolution(layer);
  const counts = layers.map(({ topology }) => countOf(topology, request));
  const scores = layers.map((layer, i) => atPlaces(layer, score(layer, random.split("kernels", i))));
  requireKernels(layers, counts, scope);
  return select(scores, counts, scope).map((places, i) => restrict(layers[i], name, places));
}

function countOf(
  shape: { readonly rows: number; readonly columns: number },
  request: SparsityRequest,
): number {
  const kernels = Math.round(targetNonZeros(shape, kernelRequest(request)));
  return Math.max(1, Math.min(shape.rows * shape.columns, kernels));
}

/** [output channels × input channels] row-major; pairs without a kernel last of all. */
function atPlaces({ topology }: Convolution, scores: Float64Array): Float64Array {
  const matrix = new Float64Array(topology.rows * topology.columns).fill(Number.NEGATIVE_INFINITY);
  for (const [n, place] of placesOf(topology).entries()) matrix[place] = scores[n];
  return matrix;
}

function requireKernels(layers: readonly Convolution[], counts: readonly number[], scope: Scope): void {
  const kernels = layers.map(({ topology }) => nonZeros(topology));
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const short = counts.findIndex((count, i) => count > kernels[i]);
  if (scope === "layerwise" ? short < 0 : total(counts) <= total(kernels)) return;
  const [have, keep] =
    scope === "layerwise" ? [kernels[short], counts[short]] : [total(kernels), total(counts)];
  const where = scope === "layerwise" ? `layers.${short} has` : "the layers have";
  throw new ArgumentError(
    "bad-count",
    `${where} ${have} kernels, of which ${keep} cannot stay; prune dense ones`,
  );
}

function restrict(convolution: Convolution, name: string, places: Int32Array): Convolution {
  const { topology, kernelSize, weights } = convolution;
  const taps = kernelSize ** 2;
  const kept = topologyAt(name, { rows: topology.rows, columns: topology.columns }, places);
  return {
    ...convolution,
    topology: kept,
    weights: gather(kept, scatter(topology, weights, taps), taps),
  };
}
