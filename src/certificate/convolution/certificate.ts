/**
 * @file Proof, from the actual numbers, of what a chain of convolutions is: how sparse in kernels, how nearly an
 * isometry of images, and how its channels are connected (docs/theory.md, section 7).
 */

import { ArgumentError } from "../../errors.ts";
import {
  type Convolution,
  checkConvolution,
  checkImage,
  type ImageSize,
  outputImage,
} from "../../init/convolution/convolution.ts";
import { type RandomStream, randomStream } from "../../math/random.ts";
import { nonZeros } from "../../topology/topology.ts";
import { Budget, type Skipped } from "../budget.ts";
import { maskSteps } from "../channels.ts";
import { type Costs, convolutionCosts } from "../costs.ts";
import { type Mixing, mixing } from "../mixing.ts";
import { type Reach, reach } from "../reach.ts";
import { connected, orthogonal, type Verdict } from "../verdict.ts";
import { type ChainJacobian, chainJacobian, type MeasuredLink } from "./chain-jacobian.ts";
import { type BareConvolutionCertificate, certifyConvolution, whyNot, workShares } from "./layer.ts";
import { groupOperator, wholeGroup } from "./operator.ts";
import { placeTaps, productCost } from "./placed-taps.ts";
import { summarizeConvolutions } from "./summary.ts";

/** Plain data: survives JSON. Null means not measured, and `skipped` says why. */
export interface ConvolutionCertificateData {
  readonly verdict: Pick<Verdict, "connected" | "orthogonal">;
  readonly layers: readonly BareConvolutionCertificate[];
  /** Which output channels depend on which input channels, by depth. */
  readonly reach: Reach | null;
  /** σ2/σ1 of the first k masks over channels multiplied. */
  readonly mixing: readonly Mixing[];
  /** Of the whole chain as one linear map; without looks-linear twins where every layer fits the next without. */
  readonly jacobian: ChainJacobian | null;
  /** Without biases. */
  readonly costs: Costs;
  readonly skipped: readonly Skipped[];
}

/** The data, and how to show it. */
export interface ConvolutionCertificate extends ConvolutionCertificateData {
  /** A report that fits a terminal of 80 columns, runs of like layers in one row. */
  summary(): string;
}

export interface ConvolutionCertifyOptions {
  /** Size of the first layer's inputs. */
  readonly image: ImageSize;
  /** Start vectors for Lanczos. The default is always the same stream. */
  readonly random?: RandomStream;
  /** Multiply-adds that each kind of measurement may take over the whole chain. Default 3e9, seconds. */
  readonly workLimit?: number;
}

/**
 * Measures a chain of convolutions on images of a size. Singular values are exact for circular padding at stride 1 and
 * wherever a single tap has weights, up to the work limit; elsewhere for small groups and images.
 *
 * Throws ArgumentError as `checkConvolution` does, `"bad-chain"` for no layers or channels that do not follow one
 * another, `"bad-image"` for an image's sides that are not whole numbers from 1.
 */
export function certifyConvolutions(
  layers: readonly Convolution[],
  options: ConvolutionCertifyOptions,
): ConvolutionCertificate {
  checkImage(options?.image);
  const { image, random = randomStream(0), workLimit = 3e9 } = options;
  checkChain(layers);
  const budgets = {
    maskSpectrum: new Budget("maskSpectrum", workLimit),
    reach: new Budget("reach", workLimit),
    mixing: new Budget("mixing", workLimit),
  };
  const images = imagesOf(layers, image);
  const shares = workShares(layers, images);
  const certified = layers.map((layer, i) =>
    certifyConvolution(`layers.${i}`, layer, images[i], {
      random: random.split("layer", i),
      budget: budgets.maskSpectrum,
      work: workLimit * shares[i],
    }),
  );
  const certificates = certified.map(({ certificate }) => certificate);
  const steps = maskSteps(layers.map(({ topology }) => topology));
  const reached = reach(steps, budgets.reach);
  const jacobian = measureChain(layers, certified, { random: random.split("chain"), work: workLimit });
  const data: ConvolutionCertificateData = {
    verdict: { connected: connected(reached, true), orthogonal: orthogonal(certificates) },
    layers: certificates,
    reach: reached,
    mixing: mixing(steps, random.split("mixing"), budgets.mixing),
    jacobian,
    costs: convolutionCosts(layers, images),
    skipped: [
      ...leftOut(certificates, jacobian, workLimit),
      ...Object.values(budgets).flatMap(({ skipped }) => skipped),
    ],
  };
  // Not enumerable, so that copies, comparisons and JSON see data alone.
  return Object.defineProperty(data as ConvolutionCertificate, "summary", {
    value: () => summarizeConvolutions(data),
  });
}

/** What each layer takes. */
function imagesOf(layers: readonly Convolution[], image: ImageSize): ImageSize[] {
  const images = [image];
  for (const layer of layers.slice(0, -1)) images.push(outputImage(layer, images[images.length - 1]));
  return images;
}

function checkChain(layers: readonly Convolution[]): void {
  if (!Array.isArray(layers) || layers.length === 0) {
    throw new ArgumentError("bad-chain", "a chain to certify is an array of one convolution or more");
  }
  for (const [i, layer] of layers.entries()) {
    checkConvolution(layer);
    const [before, inputs] = [layers[i - 1]?.topology.rows, layer.topology.columns];
    if (before === undefined || before === inputs) continue;
    throw new ArgumentError(
      "bad-chain",
      `layers.${i} takes ${inputs} channels, and layers.${i - 1} before it gives ${before}`,
    );
  }
}

/** The bases where each fits the next, else the layers as they are; null with weights that are not finite. */
function measureChain(
  layers: readonly Convolution[],
  certified: readonly { readonly certificate: BareConvolutionCertificate; readonly base: Convolution }[],
  options: { readonly random: RandomStream; readonly work: number },
): ChainJacobian | null {
  if (certified.some(({ certificate }) => certificate.gain === null)) return null;
  const fit = certified.every(
    ({ base }, i) => i === 0 || base.topology.columns === certified[i - 1].base.topology.rows,
  );
  const links = certified.map(({ certificate, base }, i): MeasuredLink => {
    const { image, mirrored, singularValues } = certificate;
    const layer = fit ? base : layers[i];
    const known = fit || !(mirrored.rows || mirrored.columns);
    const placed = placeTaps(layer, image);
    return {
      operator: groupOperator(wholeGroup(layer.topology), placed),
      cost: productCost(placed, nonZeros(layer.topology)),
      singularValues: known ? singularValues : null,
    };
  });
  return chainJacobian(links, options);
}

function leftOut(
  layers: readonly BareConvolutionCertificate[],
  jacobian: ChainJacobian | null,
  workLimit: number,
): Skipped[] {
  const skipped: Skipped[] = layers
    .filter(({ singularValues }) => singularValues === null)
    .map((layer) => ({ measure: "singularValues", layer: layer.name, reason: whyNot(layer, workLimit) }));
  if (jacobian?.singularValues == null) {
    const worst = layers.find(({ gain }) => gain === null) ?? layers[0];
    skipped.push({ measure: "jacobian", layer: null, reason: whyNot(worst, workLimit) });
  }
  return skipped;
}
