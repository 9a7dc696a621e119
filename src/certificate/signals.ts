/**
 * @file What given samples meet on their way through a network: activations and the input-output Jacobian's
 * singular values, by depth (docs/theory.md, section 8).
 *
 * Depth counts layers with weights. What comes between two of them (normalization, pooling, addition) belongs to the
 * one before.
 */

import type { RandomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, outputShape, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, isMlp, isWeighted, type Layer } from "../network/network.ts";
import type { Budget } from "./budget.ts";
import { carriedJacobians } from "./carried-jacobian.ts";
import { type JacobianSpectrum, meanSquare } from "./jacobian-spectrum.ts";
import { linearisedJacobians } from "./linearised-jacobian.ts";
import { rankBounds } from "./rank-bounds.ts";

/** Signals after one layer. */
export interface SignalDepth {
  /** Layers with weights passed. */
  readonly depth: number;
  /** The last layer before the next one with weights. */
  readonly layer: string;
  /** Mean of squared pre-activations over units and samples, of the last layer that has an activation. */
  readonly preActivationMeanSquare: number;
  /** Mean of squared activations over units and samples. */
  readonly activationMeanSquare: number;
  /** Variance of an activation over the samples, mean over units; null for a single sample. */
  readonly activationVariance: number | null;
  /** Null where left out (see `skipped`) or where it is not finite. */
  readonly jacobian: JacobianSpectrum | null;
}

export interface Signals {
  /** Samples that activations were measured on. */
  readonly samples: number;
  /** The first of them, whose Jacobians were measured. */
  readonly jacobianSamples: number;
  /** Factor on the inputs that is folded into the first layer; Jacobians are by the inputs times it. */
  readonly inputScale: number;
  /** Factor on the outputs that is folded into the last layer; its Jacobian is of the outputs divided by it. */
  readonly outputGain: number;
  /** Depths 1, 2, 5, 10, 20, 50, … and the last. */
  readonly depths: readonly SignalDepth[];
}

/** Standardised inputs [count, inputs], row-major; images are [channels, height, width] each. */
export interface Samples {
  readonly inputs: Float64Array;
  readonly count: number;
}

export interface SignalOptions {
  /** Samples whose Jacobians are measured, at most. */
  readonly jacobianSamples: number;
  /** Whether a layer's output units are negatives of one another in pairs. */
  readonly mirrored: (layer: number) => boolean;
  readonly random: RandomStream;
  readonly budgets: { readonly signals: Budget; readonly jacobian: Budget };
}

/** Throws as `forward` does. */
export function signals(network: AnyNetwork, samples: Samples, options: SignalOptions): Signals {
  const { layers } = network;
  const { inputScale = 1, outputGain = 1 } = network.provenance.critical ?? {};
  const stages = reportedStages(layers);
  const { inputs, count } = affordable(network, samples, options.budgets.signals);
  const lastWeighted = layers.findLastIndex(isWeighted);
  const after = stages.map(({ last }) => last);
  const jacobianOptions = {
    samples: Math.min(options.jacobianSamples, count),
    after,
    dimensions: rankBounds(network, after, options.mirrored),
    factor: (layer: number) => inputScale * (layer >= lastWeighted ? outputGain : 1),
    budget: options.budgets.jacobian,
    random: options.random,
  };
  const jacobians = isMlp(network)
    ? carriedJacobians(network, jacobianOptions)
    : linearisedJacobians(network, inputs, sizeOf(networkInput(network)), jacobianOptions);
  const measured = new Map<number, Omit<SignalDepth, "jacobian">>();
  let before = 0;
  forward(network, inputs, count, (index, preActivations, activations) => {
    jacobians.visit(index, preActivations, activations);
    const stage = stages.find(({ first, last }) => first <= index && index <= last);
    if (stage === undefined) return;
    if ("activation" in layers[index] || index === stage.first) before = meanSquare(preActivations);
    if (index !== stage.last) return;
    measured.set(index, {
      depth: stage.depth,
      layer: layers[index].name,
      preActivationMeanSquare: before,
      activationMeanSquare: meanSquare(activations),
      activationVariance: count > 1 ? varianceOverSamples(activations, count) : null,
    });
  });
  const spectra = jacobians.spectra();
  const depths = [...measured].map(([last, row]) => ({ ...row, jacobian: spectra.get(last) ?? null }));
  return { samples: count, jacobianSamples: jacobians.samples, inputScale, outputGain, depths };
}

/** Layers `first` … `last`: one with weights and what follows it without. */
interface Stage {
  readonly depth: number;
  readonly first: number;
  readonly last: number;
}

/** Those of depth 1, 2 and 5 times powers of ten, and the last. */
function reportedStages(layers: readonly Layer[]): Stage[] {
  const weighted = [...layers.keys()].filter((k) => isWeighted(layers[k]));
  const starts = weighted.length === 0 ? [0] : weighted;
  const stages = starts.map((first, i) => {
    return { depth: i + 1, first, last: (starts[i + 1] ?? layers.length) - 1 };
  });
  const depths = new Set([stages.length]);
  for (let power = 1; power <= stages.length; power *= 10) {
    for (const factor of [1, 2, 5]) depths.add(factor * power);
  }
  return stages.filter(({ depth }) => depths.has(depth));
}

/** As many of the samples as may be computed with, at least one. */
function affordable(network: AnyNetwork, samples: Samples, budget: Budget): Samples {
  const { inputs, count } = samples;
  const width = sizeOf(networkInput(network));
  const cost = network.layers.reduce((sum, layer) => sum + forwardCost(layer), 0);
  const allowed = Math.max(1, Math.floor(budget.left / cost));
  // Samples of another width are for the forward pass to refuse.
  if (allowed >= count || inputs.length !== count * width) return samples;
  budget.spend(count * cost, `samples from number ${allowed + 1} on`);
  return { inputs: inputs.subarray(0, allowed * width), count: allowed };
}

/** Multiply-adds for a sample, and one for each output. */
function forwardCost(layer: Layer): number {
  const { channels, height, width } = outputShape(layer);
  const outputs = channels * height * width;
  if (!isWeighted(layer)) return outputs;
  return outputs + layer.weights.length * height * width;
}

function varianceOverSamples(activations: Float64Array, count: number): number {
  let sum = 0;
  for (let start = 0; start < activations.length; start += count) {
    let mean = 0;
    for (let s = 0; s < count; s++) mean += activations[start + s] / count;
    for (let s = 0; s < count; s++) sum += (activations[start + s] - mean) ** 2;
  }
  return sum / activations.length;
}
