/**
 * @file Delta-orthogonal kernels: an orthogonal matrix over the channels in the centre tap, zeros around it.
 *
 * Xiao, Bahri, Sohl-Dickstein, Schoenholz & Pennington, "Dynamical isometry and a mean field theory of CNNs", ICML
 * 2018, algorithm 1. On an `sao` topology it is SAO-Delta (Esguerra et al. 2023): the matrix is an SAO matrix, the
 * mask keeps or drops whole kernels, and all taps of those kept are there to be trained (docs/theory.md, section 7).
 */

import { centreTap } from "./convolution.ts";
import type { KernelInitializer } from "./kernel-initializer.ts";
import { orthogonalChannels } from "./orthogonal-channels.ts";

/**
 * [non-zeros, k, k]: tap (c, c), c = ⌊(k − 1)/2⌋, has the weights that `orthogonal` gives the topology, all others 0.
 * At stride 1 an isometry on every image, with circular and with zero padding, up to `gain`. Throws as
 * `orthogonalChannels`.
 */
export const delta: KernelInitializer = (topology, { kernelSize, ...options }) => {
  const matrix = orthogonalChannels(topology, options);
  const taps = kernelSize ** 2;
  const centre = centreTap(kernelSize) * (kernelSize + 1);
  const weights = new Float32Array(matrix.length * taps);
  for (let n = 0; n < matrix.length; n++) weights[n * taps + centre] = matrix[n];
  return weights;
};
