/**
 * @file What becomes of the weights that a mask at the start leaves over: as drawn, rescaled, or made nearly isometric.
 */

import type { RandomStream } from "../math/random.ts";
import type { Topology } from "../topology/topology.ts";
import { centresOf, inCentre } from "./connection-weights.ts";
import { fitMaskedIsometry } from "./masked-isometry.ts";
import { gather } from "./places.ts";

/** A layer that was just masked. */
export interface Masked {
  readonly topology: Topology;
  /** [rows, columns, taps] row-major: the dense layer's weights. */
  readonly dense: Float32Array;
  /** Taps a side of kernels; absent for linear layers. */
  readonly kernelSize?: number;
  /** What a semi-orthogonal layer would be multiplied by. */
  readonly gain: number;
  readonly random: RandomStream;
}

/** The layer's weights, in topology order. */
export type Treatment = (masked: Masked) => Float32Array;

/** As most papers leave them: every mask takes signal away, layer by layer. */
export const asDrawn: Treatment = ({ topology, dense, kernelSize = 1 }) =>
  gather(topology, dense, kernelSize ** 2);

/** Times one number for the layer, so that it keeps the Frobenius norm it had, and with it signals on average. */
export const rescaled: Treatment = (masked) => {
  const { dense } = masked;
  const weights = asDrawn(masked);
  const [before, after] = [squares(dense), squares(weights)];
  return after === 0 ? weights : weights.map((weight) => weight * Math.sqrt(before / after));
};

/** Moved towards an isometry under the mask, of kernels their centre taps alone: Lee et al., ICLR 2020. */
export const nearlyIsometric: Treatment = (masked) => {
  const { topology, gain, random, kernelSize } = masked;
  const fitted = fitMaskedIsometry(topology, centresOf(asDrawn(masked), kernelSize), random);
  return inCentre(
    fitted.map((weight) => gain * weight),
    kernelSize,
  );
};

function squares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
