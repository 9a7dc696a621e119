/**
 * @file Proof, from the actual numbers, of what a network is: how sparse, how orthogonal, how connected.
 */

import { ArgumentError } from "../errors.ts";
import { type RandomStream, randomStream } from "../math/random.ts";
import { networkInput, outputShape, sizeOf } from "../network/layer-shape.ts";
import {
  type AnyNetwork,
  activationOf,
  isMlp,
  type Layer,
  type Network,
  type Provenance,
} from "../network/network.ts";
import { Budget, type Skipped } from "./budget.ts";
import { channelSteps } from "./channels.ts";
import { certifyConvolution, whyNot, workShares } from "./convolution/layer.ts";
import { type Costs, costs } from "./costs.ts";
import {
  certifyLinearLayer,
  hasMask,
  type LayerBudgets,
  type LayerCertificate,
  type LinearLayerCertificate,
  originOf,
} from "./layer.ts";
import { type Mixing, mixing } from "./mixing.ts";
import { type Reach, reach } from "./reach.ts";
import { type Samples, type Signals, signals } from "./signals.ts";
import { summarize } from "./summary.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** Plain data: survives JSON. Null means not measured, and `skipped` says why. Of an MLP unless said. */
export interface CertificateData<L extends LayerCertificate = LinearLayerCertificate> {
  readonly verdict: Verdict;
  /** How many numbers the network takes, then how many each layer gives. */
  readonly widths: readonly number[];
  readonly provenance: Provenance;
  /** One for each layer. */
  readonly layers: readonly L[];
  /** Of units; of images, of their channels, whichever pixels are met. */
  readonly reach: Reach | null;
  /** By depth from the input, until mixed; of images, of their channels. */
  readonly mixing: readonly Mixing[];
  /** Null when no samples were given. */
  readonly signals: Signals | null;
  readonly costs: Costs;
  readonly skipped: readonly Skipped[];
}

/** Of a network of layers of any kind. */
export type AnyCertificateData = CertificateData<LayerCertificate>;

/** The data, and how to show it. */
export interface Certificate<L extends LayerCertificate = LinearLayerCertificate> extends CertificateData<L> {
  /** A report that fits a terminal of 80 columns, runs of like layers in one row. */
  summary(): string;
}

export type AnyCertificate = Certificate<LayerCertificate>;

export interface CertifyOptions {
  /** Standardised inputs on which signals and Jacobians are measured. */
  readonly samples?: Samples;
  /** How many of them get their Jacobian measured. Default 2. */
  readonly jacobianSamples?: number;
  /** Start vectors for Lanczos. The default is always the same stream. */
  readonly random?: RandomStream;
  /**
   * Multiply-adds that each kind of measurement may take; the rest is left out, and said so. Default 3e9, of networks
   * with layers of other kinds 1e9: seconds.
   */
  readonly workLimit?: number;
}

/**
 * Measures a network. Takes about a second for 1000 block layers of width 128, some seconds for a convolutional one.
 *
 * Throws ArgumentError (`"bad-input-size"`) for samples that do not fit, `"bad-samples"` for none or non-finite.
 */
export function certify(network: Network, options?: CertifyOptions): Certificate;
export function certify(network: AnyNetwork, options?: CertifyOptions): AnyCertificate;
export function certify(network: AnyNetwork, options: CertifyOptions = {}): AnyCertificate {
  const { samples, jacobianSamples = 2, random = randomStream(0) } = options;
  const { workLimit = isMlp(network) ? 3e9 : 1e9 } = options;
  if (samples && (samples.count < 1 || !samples.inputs.every(Number.isFinite))) {
    throw new ArgumentError("bad-samples", "samples to certify on must be at least one, and all finite");
  }
  const budgets = {
    maskSpectrum: new Budget("maskSpectrum", workLimit),
    orthogonality: new Budget("orthogonality", workLimit),
    singularValues: new Budget("singularValues", workLimit),
    reach: new Budget("reach", workLimit),
    mixing: new Budget("mixing", workLimit),
    signals: new Budget("signals", workLimit),
    jacobian: new Budget("jacobian", workLimit),
  };
  const layers = certifyLayers(network, random, budgets, workLimit);
  const steps = channelSteps(network);
  const reached = reach(steps, budgets.reach);
  const mixed = mixing(steps, random.split("mixing"), budgets.mixing);
  const measured = samples
    ? signals(network, samples, {
        jacobianSamples,
        mirrored: (index) => isMirrored(layers[index]),
        random: random.split("signals"),
        budgets,
      })
    : null;
  const data: AnyCertificateData = {
    verdict: verdict(layers.filter(hasMask), reached),
    widths: [sizeOf(networkInput(network)), ...network.layers.map((layer) => sizeOf(outputShape(layer)))],
    provenance: network.provenance,
    layers,
    reach: reached,
    mixing: mixed,
    signals: measured,
    costs: costs(network),
    skipped: Object.values(budgets).flatMap((budget) => budget.skipped),
  };
  // Not enumerable, so that copies, comparisons and JSON see data alone.
  return Object.defineProperty(data as AnyCertificate, "summary", { value: () => summarize(data) });
}

function certifyLayers(
  { layers }: AnyNetwork,
  random: RandomStream,
  budgets: LayerBudgets,
  workLimit: number,
): LayerCertificate[] {
  const convolutions = layers.filter((layer) => layer.kind === "convolution");
  const shares = workShares(
    convolutions,
    convolutions.map(({ input }) => input),
  );
  const certifyOne = (layer: Layer, index: number): LayerCertificate => {
    const stream = random.split("layer", index);
    if (layer.kind === "linear") return certifyLinearLayer(layer, stream, budgets);
    if (layer.kind !== "convolution") {
      const { kind, name, input } = layer;
      return { kind, name, activation: activationOf(layer), input, output: outputShape(layer) };
    }
    const work = workLimit * shares[convolutions.indexOf(layer)];
    const options = { random: stream, budget: budgets.maskSpectrum, work };
    const { certificate } = certifyConvolution(layer.name, layer, layer.input, options);
    if (certificate.singularValues === null)
      budgets.singularValues.skip(layer.name, whyNot(certificate, workLimit));
    return { ...certificate, ...originOf(layer) };
  };
  return layers.map(certifyOne);
}

function isMirrored(layer: LayerCertificate): boolean {
  return hasMask(layer) && layer.mirrored.rows;
}
