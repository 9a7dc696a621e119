/**
 * @file The last step of the critical and isometric starts: scale the first layer so that real inputs give its
 * pre-activations the mean square that all layers keep (docs/theory.md, section 8), and the last layer of a network
 * that averages images, whose means are smaller than what they are of.
 *
 * Scales are folded into the weights, so that nothing changes for whoever uses the network.
 */

import { ArgumentError, DataError } from "../errors.ts";
import { OUTPUT_SIZE } from "../init/critical-start.ts";
import { forward } from "./evaluate.ts";
import { networkInput, outputShape, sizeOf } from "./layer-shape.ts";
import {
  type AnyNetwork,
  type CriticalScales,
  isMlp,
  isWeighted,
  type Layer,
  type Network,
  parametersOf,
  type WeightedLayer,
} from "./network.ts";

/** Numbers that a layer's values may have at once. */
const mostNumbers = 2 ** 23;
/** Images to measure inputs on: each has many pixels, so these are as good as thousands of vectors. */
const mostImages = 256;
/** Images to measure outputs on, fewer where that takes more multiply-adds than these. */
const outputImages = { most: 64, fewest: 8, work: 2e8 };

/**
 * The network with its first layer's weights times a factor s > 0 such that the mean square of s·W x + b over
 * `samples` is `provenance.critical.meanSquare`; s is recorded as `provenance.critical.inputScale` (times an
 * earlier one, so that doing this again on other samples is right too). In a network of images the mean is over pixels
 * too, and the last layer, if it is linear, is scaled so that outputs have a root mean square of 0.4, as those of
 * critical networks of linear layers have about; that factor is in `provenance.critical.outputGain`.
 *
 * `samples` is [count, inputs], row-major, standardised as the network will see its inputs; 2000 are plenty, of images
 * it takes up to 256, evenly spread. Throws ArgumentError ("no-input-scale") if the network was not made with one, and
 * DataError if the samples do not fit ("bad-input-size"), are not finite ("not-finite") or give no signal at all
 * ("no-signal").
 */
export function foldInputScale<L extends Layer>(
  network: Network<L>,
  samples: Float32Array | Float64Array,
): Network<L> {
  const { critical } = network.provenance;
  const first = network.layers.findIndex(isWeighted);
  if (critical === undefined || first < 0) {
    throw new ArgumentError(
      "no-input-scale",
      `only a network with start "critical" or "isometric" has an input scale; this one has "${network.provenance.start}"`,
    );
  }
  const width = sizeOf(networkInput(network));
  const images = !isMlp(network);
  const inputs = spread(checked(samples, width), width, images ? mostImages : Number.POSITIVE_INFINITY);
  const scale = scaleOf(network, first, inputs, critical.meanSquare);
  const scaled = withFactor(network, first, scale, {
    ...critical,
    inputScale: scale * (critical.inputScale ?? 1),
  });
  const last = network.layers.length - 1;
  return images && network.layers[last].kind === "linear" ? withOutputScale(scaled, last, inputs) : scaled;
}

function withOutputScale<L extends Layer>(
  network: Network<L>,
  last: number,
  inputs: Float64Array,
): Network<L> {
  const { most, fewest, work } = outputImages;
  const count = Math.min(most, Math.max(fewest, Math.floor(work / workOf(network))));
  const fewer = spread(inputs, sizeOf(networkInput(network)), count);
  const factor = scaleOf(network, last, fewer, OUTPUT_SIZE ** 2);
  const critical = network.provenance.critical!;
  return withFactor(network, last, factor, {
    ...critical,
    outputGain: factor * (critical.outputGain ?? 1),
  });
}

function withFactor<L extends Layer>(
  network: Network<L>,
  index: number,
  factor: number,
  critical: CriticalScales,
): Network<L> {
  return {
    layers: network.layers.map((layer, i) =>
      i === index
        ? { ...layer, weights: parametersOf(layer).weights.map((weight) => factor * weight) }
        : layer,
    ),
    provenance: { ...network.provenance, critical },
  };
}

function checked(samples: Float32Array | Float64Array, width: number): Float64Array {
  if (samples.length === 0 || samples.length % width !== 0) {
    throw new DataError(
      "bad-input-size",
      `samples for inputs of width ${width} must be a positive multiple of ${width} numbers, not ${samples.length}`,
    );
  }
  const bad = samples.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new DataError(
      "not-finite",
      `sample ${Math.floor(bad / width)} is ${samples[bad]} at column ${bad % width}; inputs must be finite`,
    );
  }
  return Float64Array.from(samples);
}

/** At most `most` of the samples, evenly spread, as data may come sorted by class. */
function spread(samples: Float64Array, width: number, most: number): Float64Array {
  const count = samples.length / width;
  if (count <= most) return samples;
  const taken = new Float64Array(most * width);
  for (let i = 0; i < most; i++) {
    const from = Math.floor((i * count) / most) * width;
    taken.set(samples.subarray(from, from + width), i * width);
  }
  return taken;
}

/** Multiply-adds of one sample, without weights that are 0. */
function workOf(network: AnyNetwork): number {
  return network.layers.filter(isWeighted).reduce((sum, layer) => {
    const { height, width } = outputShape(layer);
    return sum + layer.weights.reduce((count, weight) => count + (weight === 0 ? 0 : 1), 0) * height * width;
  }, 0);
}

/** The root s > 0 of mean((s·W x + b)²) = meanSquare for layer `index`, x being what comes to it. */
function scaleOf(network: AnyNetwork, index: number, samples: Float64Array, meanSquare: number): number {
  const layers = network.layers.slice(0, index + 1);
  const layer = layers[index] as WeightedLayer;
  const width = sizeOf(networkInput(network));
  const atOnce = Math.max(
    1,
    Math.floor(mostNumbers / Math.max(...layers.map((l) => sizeOf(outputShape(l))))),
  );
  let [signal, mixed, constant, terms] = [0, 0, 0, 0];
  for (let start = 0; start < samples.length; start += atOnce * width) {
    const part = samples.subarray(start, start + atOnce * width);
    const count = part.length / width;
    forward({ ...network, layers }, part, count, (i, preActivations) => {
      if (i !== index) return;
      const perBias = preActivations.length / layer.bias.length;
      for (let k = 0; k < preActivations.length; k++) {
        const bias = layer.bias[Math.floor(k / perBias)];
        const response = preActivations[k] - bias;
        signal += response * response;
        mixed += response * bias;
        constant += bias * bias;
      }
      terms += preActivations.length;
    });
  }
  const missing = meanSquare * terms - constant;
  const scale = (-mixed + Math.sqrt(mixed * mixed + signal * missing)) / signal;
  if (!(scale > 0 && Number.isFinite(Math.fround(scale)))) {
    throw new DataError(
      "no-signal",
      `${layer.name} answers the ${samples.length / width} samples with a mean square of ${signal / terms}, which no ` +
        `scale brings to ${meanSquare}: give it samples that are not all zero`,
    );
  }
  return scale;
}
