/**
 * @file The certificate of one convolution.
 */

import { type Convolution, type ImageSize, outputImage } from "../../init/convolution/convolution.ts";
import { ecoIsIsometry, frequencyCount } from "../../init/convolution/eco-dilation.ts";
import type { RandomStream } from "../../math/random.ts";
import { nonZeros } from "../../topology/topology.ts";
import type { Budget } from "../budget.ts";
import type { SpectrumOptions } from "../krylov.ts";
import { certifyMask, type MaskCertificate, type Origin, type WeightsCertificate } from "../layer.ts";
import { places } from "./placed-taps.ts";
import { type OperatorSpectrum, operatorSpectrum } from "./spectrum.ts";
import { withoutTwins } from "./twins.ts";

/** What there is to say of kernels that are orthogonal at their own k × k frequencies, as `eco` makes them. */
export interface KernelFrequencies {
  /** Whether they are: an isometry of circular k × k images with dilation 1. Null where not measured. */
  readonly orthogonal: boolean | null;
  /** Frequencies along the height that the taps tell apart on circular images: side / gcd(side, dilation). */
  readonly down: number;
  /** Along the width. */
  readonly right: number;
  /** Whether both divide k, so that orthogonal kernels are an isometry of circular images of this size at stride 1. */
  readonly covered: boolean;
}

/** Of a bare convolution; units are channels, connections kernels, singular values those of the map of whole images. */
export interface BareConvolutionCertificate extends MaskCertificate, WeightsCertificate, OperatorSpectrum {
  readonly kind: "convolution";
  readonly name: string;
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: Convolution["padding"];
  /** Of its inputs, and of its outputs. */
  readonly image: ImageSize;
  readonly output: ImageSize;
  /** Kernels × k². */
  readonly weights: number;
  /**
   * Whether all singular values are equal to within 1e-4: lengths are kept up to the factor `gain`. Null: not known, as
   * the spectrum was left out or is `"inner"` and shows no difference.
   */
  readonly isometry: boolean | null;
  /** Share of the energy of white noise that the layer passes on: mean square over all input directions; null as `gain`. */
  readonly energy: number | null;
  readonly frequencies: KernelFrequencies;
}

/** Of a network's convolution. */
export interface ConvolutionLayerCertificate extends BareConvolutionCertificate, Origin {}

/** Values of an isometry differ by less, relatively: float32 weights of k² taps differ by some 1e-6. */
const isometricTo = 1e-4;

/** Measures a layer on images of size `image`; also returns the base that the spectrum is that of. */
export function certifyConvolution(
  name: string,
  convolution: Convolution,
  image: ImageSize,
  options: {
    readonly random: RandomStream;
    /** For masks. */
    readonly budget: Budget;
    /** Multiply-adds for the singular values. */
    readonly work: number;
  },
): { certificate: BareConvolutionCertificate; base: Convolution } {
  const { topology, kernelSize, stride, dilation, padding, weights } = convolution;
  const { base, mirrored } = withoutTwins(convolution);
  const spectrum = operatorSpectrum(base, image, options);
  const certificate = {
    kind: "convolution" as const,
    name,
    kernelSize,
    stride,
    dilation,
    padding,
    image: { height: image.height, width: image.width },
    output: outputImage(convolution, image),
    ...certifyMask({ kind: "convolution", name, topology }, options.random.split("mask"), options.budget),
    weights: weights.length,
    mirrored,
    ...spectrum,
    orthogonalityError: orthogonalityError(spectrum),
    isometry: isometry(spectrum),
    energy: energy(spectrum, base, image),
    frequencies: kernelFrequencies(base, image, options),
  };
  return { certificate, base };
}

/**
 * How much of the work each layer may take: by what products with images and of its channels take, and at least half of
 * what it had if all had the same.
 */
export function workShares(layers: readonly Convolution[], images: readonly ImageSize[]): number[] {
  const sizes = layers.map(({ topology, weights }, i) => {
    return weights.length * (places(images[i]) + nonZeros(topology) / topology.rows);
  });
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => 0.5 / layers.length + (all === 0 ? 0 : (0.5 * size) / all));
}

/** Why singular values were left out. */
export function whyNot({ gain }: { readonly gain: number | null }, workLimit: number): string {
  return gain === null
    ? "weights that are not finite"
    : `needs more than its share of workLimit ${workLimit.toExponential(1)}, or of memory`;
}

function orthogonalityError({ gain, singularValues }: OperatorSpectrum): number | null {
  if (gain === null || singularValues === null) return null;
  if (gain === 0) return 1;
  const { smallest, largest } = singularValues;
  return Math.max(...[smallest, largest].map((value) => Math.abs((value / gain) ** 2 - 1)));
}

function isometry({ gain, singularValues }: OperatorSpectrum): boolean | null {
  if (gain === null || singularValues === null) return null;
  const { smallest, largest, kind } = singularValues;
  if (gain === 0 || largest - smallest > isometricTo * largest) return false;
  return kind === "inner" ? null : true;
}

function energy(
  { gain }: OperatorSpectrum,
  { topology, stride }: Convolution,
  image: ImageSize,
): number | null {
  if (gain === null) return null;
  const output = outputImage({ stride }, image);
  const columns = topology.columns * image.height * image.width;
  const rows = topology.rows * output.height * output.width;
  return (gain ** 2 * Math.min(rows, columns)) / columns;
}

function kernelFrequencies(base: Convolution, image: ImageSize, options: SpectrumOptions): KernelFrequencies {
  const { kernelSize, dilation } = base;
  const own = operatorSpectrum(
    { ...base, stride: 1, dilation: 1, padding: "circular" },
    { height: kernelSize, width: kernelSize },
    options,
  );
  return {
    orthogonal: isometry(own),
    down: frequencyCount(image.height, dilation),
    right: frequencyCount(image.width, dilation),
    covered: ecoIsIsometry(image, kernelSize, dilation),
  };
}
