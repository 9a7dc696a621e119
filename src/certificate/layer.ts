/**
 * @file The certificates of layers: what all masks have, and linear layers. Convolutions' are in convolution/layer.ts.
 */

import type { ImageShape } from "../init/convolution/convolution.ts";
import { kernelRequest } from "../init/convolution/kernel-topology.ts";
import type { RandomStream } from "../math/random.ts";
import type { Activation, Layer, LinearLayer, WeightedLayer } from "../network/network.ts";
import { type Representation, representationOf } from "../network/representation.ts";
import { type RequestField, resolveRequest, targetNonZeros } from "../topology/request.ts";
import { groupCount, nonZeros } from "../topology/topology.ts";
import type { Budget } from "./budget.ts";
import type { ConvolutionLayerCertificate } from "./convolution/layer.ts";
import { componentCount, degrees, type Range, range } from "./mask.ts";
import { orthogonality, orthogonalityWork } from "./orthogonality.ts";
import { type MaskSpectrum, maskSpectrum, maskSpectrumWork } from "./spectrum.ts";
import {
  computedRange,
  computedRangeWork,
  enclosedRange,
  type SingularValueRange,
} from "./weight-spectrum.ts";
import { type BaseWeights, baseWeights, type MirroredSides } from "./weights.ts";

/** Of a mask; in convolutions, units are channels and connections kernels. */
export interface MaskCertificate {
  /** Output units. */
  readonly rows: number;
  /** Input units. */
  readonly columns: number;
  /** The topology's name, e.g. `"sao"`. */
  readonly topology: string;
  readonly arrangement: string | null;
  /** Dense blocks; null for edges. */
  readonly groups: number | null;
  /** What the engine runs the layer as, which is a matter of speed alone, and why. */
  readonly runsAs: Pick<Representation, "kind" | "reason">;
  readonly nonZeros: number;
  readonly density: number;
  readonly sparsity: number;
  /** Connections of an output unit: its fan-in. */
  readonly rowDegrees: Range;
  /** Connections of an input unit: its fan-out. */
  readonly columnDegrees: Range;
  /** Connected components of the mask's bipartite graph. */
  readonly components: number;
  /** Null where left out. */
  readonly mask: MaskSpectrum | null;
}

/** Of the weights on a mask. */
export interface WeightsCertificate {
  /** Sides on which unit i + half is the exact negative of unit i; what follows is about the base without twins. */
  readonly mirrored: MirroredSides;
  /** Root mean square singular value; null where left out or not finite. */
  readonly gain: number | null;
  /**
   * How far W Wᵀ / gain² is from I on the shorter side: for linear layers its largest difference |W Wᵀ / gain² − I|, for
   * convolutions max |σ² / gain² − 1| over the singular values known, which is no less. Null where left out or not finite.
   */
  readonly orthogonalityError: number | null;
  /** Null where left out or not finite. */
  readonly singularValues: SingularValueRange | null;
}

/** What was asked for, beside what the layer has in the same terms. */
export interface AskedSparsity {
  /** Null: nothing was asked, which means dense. */
  readonly field: RequestField | null;
  readonly value: number | null;
  /**
   * The mask's sparsity, mean degree, (rows × columns) ÷ non-zeros, or compression, as `field` says. Compression is
   * that of all parameters in linear layers, that of the kernels in convolutions.
   */
  readonly achieved: number;
  /** Density that was asked for. */
  readonly density: number;
}

/** What a network's layer is said to be. */
export interface Origin {
  readonly name: string;
  readonly activation: Activation;
  readonly initializer: string;
  readonly asked: AskedSparsity;
}

export interface LinearLayerCertificate extends Origin, MaskCertificate, WeightsCertificate {
  readonly kind: "linear";
}

/** A layer without a mask: what it takes and gives. */
export interface PlainLayerCertificate {
  readonly kind: Exclude<Layer["kind"], WeightedLayer["kind"]>;
  readonly name: string;
  /** `"linear"` where there is none. */
  readonly activation: Activation;
  readonly input: ImageShape;
  readonly output: ImageShape;
}

/** A layer with a mask. */
export type WeightedLayerCertificate = LinearLayerCertificate | ConvolutionLayerCertificate;

/** A layer of any kind. */
export type LayerCertificate = WeightedLayerCertificate | PlainLayerCertificate;

/** Whether a layer has a mask. */
export function hasMask(layer: LayerCertificate): layer is WeightedLayerCertificate {
  return "nonZeros" in layer;
}

/** One budget for each kind of measurement. */
export interface LayerBudgets {
  readonly maskSpectrum: Budget;
  readonly orthogonality: Budget;
  readonly singularValues: Budget;
}

export function certifyLinearLayer(
  layer: LinearLayer,
  random: RandomStream,
  budgets: LayerBudgets,
): LinearLayerCertificate {
  const weights = baseWeights(layer);
  return {
    kind: "linear",
    ...originOf(layer),
    ...certifyMask(layer, random.split("mask"), budgets.maskSpectrum),
    mirrored: weights.mirrored,
    ...weightFacts(layer.name, weights, random.split("weights"), budgets),
  };
}

export function certifyMask(
  { kind: layerKind, name, topology }: Pick<WeightedLayer, "kind" | "name" | "topology">,
  random: RandomStream,
  budget: Budget,
): MaskCertificate {
  const count = nonZeros(topology);
  const density = count / (topology.rows * topology.columns);
  const degree = degrees(topology);
  const facts = {
    rowDegrees: range(degree.rows),
    columnDegrees: range(degree.columns),
    components: componentCount(topology),
  };
  const { kind, reason } = representationOf({ kind: layerKind, topology });
  return {
    rows: topology.rows,
    columns: topology.columns,
    topology: topology.name,
    arrangement: (topology.kind === "blocks" && topology.arrangement) || null,
    groups: topology.kind === "blocks" ? groupCount(topology) : null,
    runsAs: { kind, reason },
    nonZeros: count,
    density,
    sparsity: 1 - density,
    ...facts,
    mask: budget.spend(maskSpectrumWork(topology), name) ? maskSpectrum(topology, facts, random) : null,
  };
}

export function originOf(layer: WeightedLayer): Origin {
  const { name, activation, initializer } = layer;
  return { name, activation, initializer, asked: askedSparsity(layer) };
}

function weightFacts(
  name: string,
  weights: BaseWeights,
  random: RandomStream,
  budgets: LayerBudgets,
): Omit<WeightsCertificate, "mirrored"> {
  const unknown = { gain: null, orthogonalityError: null, singularValues: null };
  if (!budgets.orthogonality.spend(orthogonalityWork(weights), name)) return unknown;
  const found = orthogonality(weights);
  if (found === null) return unknown;
  const enclosed = enclosedRange(found);
  const singularValues =
    enclosed === null && budgets.singularValues.spend(computedRangeWork(weights), name)
      ? computedRange(weights, random)
      : enclosed;
  return { gain: found.gain, orthogonalityError: found.error, singularValues };
}

function askedSparsity(layer: WeightedLayer): AskedSparsity {
  const { rows, columns } = layer.topology;
  const count = nonZeros(layer.topology);
  const { field, value } = resolveRequest(layer.asked);
  const dense = rows * columns;
  const linear = layer.kind === "linear";
  const achieved: Record<RequestField, number> = {
    sparsity: 1 - count / dense,
    degree: count / Math.min(rows, columns),
    groups: dense / count,
    compression: linear ? (dense + rows) / (count + rows) : dense / count,
  };
  const request = linear ? layer.asked : kernelRequest(layer.asked);
  return {
    field: field ?? null,
    value: field === undefined ? null : value,
    achieved: achieved[field ?? "sparsity"],
    density: targetNonZeros({ rows, columns }, request) / dense,
  };
}
