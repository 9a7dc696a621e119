/**
 * @file Shifted orthogonal kernels: an orthogonal matrix over the channels, each of its rows in a tap of its own.
 *
 * Delta puts the whole matrix into the centre tap, so a network begins without looking at any pixel's neighbours, and
 * has to find that first. Here every output channel's row of the matrix stands in a tap drawn at random: the channel
 * is delta's, moved by a pixel or so. Moving a channel's image is a permutation of its pixels where borders are
 * circular, so the layer is still exactly orthogonal there; with zero padding it loses what is moved over the border.
 * Random walks of channels through the layers mix neighbourhoods from the start.
 */

import { forEachConnection } from "../../topology/connections.ts";
import type { KernelInitializer } from "./kernel-initializer.ts";
import { orthogonalChannels } from "./orthogonal-channels.ts";

/**
 * [non-zeros, k, k]: output channel o has the weights that `orthogonal` gives it in one tap t(o), uniform over the k²,
 * and zeros in all others. At stride 1 and circular padding an isometry on every image, up to `gain`. Throws as
 * `orthogonalChannels`.
 */
export const shift: KernelInitializer = (topology, { kernelSize, random, gain, onProgress }) => {
  const matrix = orthogonalChannels(topology, { random: random.split("matrix"), gain, onProgress });
  const taps = kernelSize ** 2;
  const draw = random.split("taps");
  const tapOf = Int32Array.from({ length: topology.rows }, () => draw.integer(taps));
  const weights = new Float32Array(matrix.length * taps);
  let n = 0;
  forEachConnection(topology, (row) => {
    weights[n * taps + tapOf[row]] = matrix[n];
    n++;
  });
  return weights;
};
