/**
 * @file Batch normalization, for the reference forward pass (Ioffe & Szegedy, ICML 2015).
 */

import type { BatchNormLayer } from "../network.ts";

/** A mean and a variance for each channel. */
export interface ChannelMoments {
  /** [channels] */
  readonly means: Float64Array;
  /** [channels], divided by n, as normalization uses them. */
  readonly variances: Float64Array;
}

/** weights · (x − mean) / √(variance + ε) + bias for x [channels, height, width, count]. */
export function batchNorm(
  { input, weights, bias, epsilon }: BatchNormLayer,
  { means, variances }: ChannelMoments,
  x: Float64Array,
): Float64Array {
  const perChannel = x.length / input.channels;
  return x.map((value, k) => {
    const channel = Math.floor(k / perChannel);
    return (
      (weights[channel] * (value - means[channel])) / Math.sqrt(variances[channel] + epsilon) + bias[channel]
    );
  });
}

/** What a layer keeps for everything but training. */
export function runningMoments({ input, statistics }: BatchNormLayer): ChannelMoments {
  return {
    means: Float64Array.from(statistics.subarray(0, input.channels)),
    variances: Float64Array.from(statistics.subarray(input.channels)),
  };
}

/** Those of x [channels, …] itself, over all samples and pixels, as training takes them of a shard. */
export function momentsOf(channels: number, x: Float64Array): ChannelMoments {
  const perChannel = x.length / channels;
  const means = new Float64Array(channels);
  const variances = new Float64Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const values = x.subarray(channel * perChannel, (channel + 1) * perChannel);
    const mean = values.reduce((sum, value) => sum + value, 0) / perChannel;
    means[channel] = mean;
    variances[channel] = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / perChannel;
  }
  return { means, variances };
}
