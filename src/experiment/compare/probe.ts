/**
 * @file A network looked at before training: how strong signals and gradients are at each depth, how evenly the
 * input-output Jacobian treats directions, and what its certificate says.
 */

import { certify, hasMask } from "../../certificate/index.ts";
import { type Dataset, inputWidth } from "../../data/dataset.ts";
import { singularValues } from "../../math/singular-values.ts";
import { type AnyNetwork, isMlp, type Network } from "../../network/network.ts";
import { countsOf } from "../counts.ts";
import { standardisedSamples } from "../train.ts";
import { forwardSlopes, multiplyTransposed, type Slopes } from "./backward.ts";
import { finite, type LayerSignal, probeImages } from "./probe-images.ts";

export type { LayerSignal };

/** Singular values of the Jacobian from the inputs to the last hidden layer, counted on a logarithmic scale. */
export interface JacobianHistogram {
  /** Samples whose values are counted; 0 where that would take too long. */
  readonly samples: number;
  /** Edges in powers of ten, ascending; values below the first are in `below`. */
  readonly edges: readonly number[];
  /** [edges − 1] shares of all values. */
  readonly shares: readonly number[];
  readonly below: number;
  readonly above: number;
  /** Root mean square of all values: 1 when small changes keep their size on average. Null where not finite. */
  readonly rootMeanSquare: number | null;
}

/** A certificate in a few numbers. Null: not measured. */
export interface NetworkFacts {
  readonly parameters: number;
  readonly sparsity: number;
  /** Every output depends on every input. */
  readonly connected: boolean | null;
  /** Layers until every unit depends on every input, and the fewest that the degrees allow. */
  readonly connectedAfter: number | null;
  readonly lowerBound: number | null;
  readonly orthogonal: boolean | null;
  /** Largest max |W Wᵀ / gain² − I| of all layers; of convolutions |σ² / gain² − 1|. */
  readonly orthogonalityError: number | null;
  /** Smallest and largest singular value of a hidden layer's weights. */
  readonly singularValues: readonly [number, number] | null;
  /** Connected parts of a hidden layer's graph, and its second singular value beside the first: largest of all. */
  readonly components: number;
  readonly spectralRatio: number | null;
  /** Layers without a single connection. */
  readonly emptyLayers: number;
}

/** A network before training. */
export interface ProbeResult {
  readonly facts: NetworkFacts;
  /** By depth, at most about a hundred layers. */
  readonly signals: readonly LayerSignal[];
  readonly jacobian: JacobianHistogram;
}

/** Samples for signals and gradients; the first of them for Jacobians. */
const signalSamples = 32;
const jacobianSamples = 2;
/** Multiply-adds of each measurement of a network of convolutions: what takes more is left out. */
const imageWork = 3e8;
/** About how many layers are reported. */
const reportedLayers = 100;
/** Histogram bins: powers of ten from 1e-6 to 10, five each. */
const [lowest, highest, binsPerPower] = [-6, 1, 5];

/** Measures a network on the first training samples. */
export function probe(network: AnyNetwork, dataset: Dataset): ProbeResult {
  if (!isMlp(network)) {
    const measured = probeImages(network, standardisedSamples(dataset, signalSamples), (outputs, count) =>
      lossGradient(outputs, dataset, count),
    );
    const signals = reported(measured.signals.length).map((layer) => measured.signals[layer - 1]);
    const jacobian = histogramOf(measured.jacobians);
    return { facts: factsOf(network), signals, jacobian };
  }
  const inputs = standardisedSamples(dataset, signalSamples);
  const count = inputs.length / inputWidth(dataset);
  const { outputs, slopes, meanSquares } = forwardSlopes(network, inputs, count);
  const gradients = gradientNorms(network, slopes, lossGradient(outputs, dataset, count), count);
  return {
    facts: factsOf(network),
    signals: reported(network.layers.length).map((layer) => ({
      layer,
      signal: finite(Math.sqrt(meanSquares[layer - 1])),
      gradient: finite(gradients[layer - 1]),
    })),
    jacobian: jacobianHistogram(network, slopes, count),
  };
}

/** Layers from the first to the last, evenly. */
function reported(layers: number): number[] {
  const shown = Math.min(layers, reportedLayers);
  if (shown === 1) return [1];
  return Array.from({ length: shown }, (_, i) => 1 + Math.round((i * (layers - 1)) / (shown - 1)));
}

/** Softmax minus label, for each sample: [outputs, count]. */
function lossGradient(outputs: Float64Array, { train }: Dataset, count: number): Float64Array {
  const classes = outputs.length / count;
  const gradient = new Float64Array(outputs.length);
  for (let s = 0; s < count; s++) {
    const row = outputs.subarray(s * classes, (s + 1) * classes);
    const largest = Math.max(...row);
    const exponentials = row.map((value) => Math.exp(value - largest));
    const sum = exponentials.reduce((a, b) => a + b, 0);
    for (let k = 0; k < classes; k++) {
      gradient[k * count + s] = exponentials[k] / sum - (train.labels![s] === k ? 1 : 0);
    }
  }
  return gradient;
}

/** Root mean square of the gradient by each layer's pre-activations. */
function gradientNorms(network: Network, slopes: Slopes, last: Float64Array, count: number): number[] {
  const norms = new Array<number>(network.layers.length);
  let gradient = last;
  for (let layer = network.layers.length - 1; layer >= 0; layer--) {
    const slope = slopes[layer];
    gradient = gradient.map((value, i) => value * slope[i]);
    norms[layer] = Math.sqrt(gradient.reduce((sum, x) => sum + x * x, 0) / gradient.length);
    if (layer > 0) gradient = multiplyTransposed(network.layers[layer], gradient, count);
  }
  return norms;
}

/**
 * Jacobians of the last hidden layer's activations by the inputs (of the outputs where nothing is hidden), those times
 * the factor that a start folded into the first layer, as in certificates.
 */
function jacobianHistogram(network: Network, slopes: Slopes, count: number): JacobianHistogram {
  const samples = Math.min(jacobianSamples, count);
  return histogramOf(Array.from({ length: samples }, (_, s) => jacobianValues(network, slopes, count, s)));
}

/** Singular values of each sample's Jacobian, counted together; nothing where no sample was measured. */
function histogramOf(jacobians: readonly Float64Array[]): JacobianHistogram {
  const values = jacobians.flatMap((one) => Array.from(one));
  const total = Math.max(1, values.length);
  const bins = (highest - lowest) * binsPerPower;
  const edges = Array.from({ length: bins + 1 }, (_, i) => lowest + i / binsPerPower);
  const counts = new Array<number>(bins).fill(0);
  let [below, above, square] = [0, 0, 0];
  for (const value of values) {
    square += value * value;
    const bin = Math.floor((Math.log10(value) - lowest) * binsPerPower);
    if (!(bin >= 0)) below++;
    else if (bin >= bins) above++;
    else counts[bin]++;
  }
  return {
    samples: jacobians.length,
    edges,
    shares: counts.map((n) => n / total),
    below: below / total,
    above: above / total,
    rootMeanSquare: finite(Math.sqrt(square / values.length)),
  };
}

function jacobianValues(network: Network, slopes: Slopes, count: number, sample: number): Float64Array {
  const { layers, provenance } = network;
  const last = Math.max(0, layers.length - 2);
  const { rows } = layers[last].topology;
  const inputScale = provenance.critical?.inputScale ?? 1;
  const slopeOf = (layer: number, unit: number) => slopes[layer][unit * count + sample];
  // Transposed, [units, rows of the last layer]: one row for each unit on the way down.
  let columns = new Float64Array(rows * rows);
  for (let r = 0; r < rows; r++) columns[r * rows + r] = slopeOf(last, r);
  for (let layer = last; layer >= 0; layer--) {
    columns = new Float64Array(multiplyTransposed(layers[layer], columns, rows));
    if (layer === 0) break;
    const units = layers[layer].topology.columns;
    for (let unit = 0; unit < units; unit++) {
      const slope = slopeOf(layer - 1, unit);
      for (let r = 0; r < rows; r++) columns[unit * rows + r] *= slope;
    }
  }
  const inputs = layers[0].topology.columns;
  if (!columns.every(Number.isFinite))
    return new Float64Array(Math.min(inputs, rows)).fill(Number.POSITIVE_INFINITY);
  return singularValues(columns, inputs, rows).map((value) => value / inputScale);
}

function factsOf(network: AnyNetwork): NetworkFacts {
  const certificate = isMlp(network) ? certify(network) : certify(network, { workLimit: imageWork });
  const { reach, verdict } = certificate;
  const layers = certificate.layers.filter(hasMask);
  const hidden = layers.length > 2 ? layers.slice(1, -1) : layers;
  const values = hidden.map(({ singularValues: range }) => range);
  const errors = layers.map(({ orthogonalityError }) => orthogonalityError);
  const ratios = hidden.map(({ mask }) =>
    mask === null || mask.sigma1 === 0 ? null : mask.sigma2 / mask.sigma1,
  );
  const { parameters, sparsity } = countsOf(network);
  return {
    parameters,
    sparsity,
    connected: verdict.connected.holds,
    connectedAfter: reach?.layers ?? null,
    lowerBound: reach?.lowerBound ?? null,
    orthogonal: verdict.orthogonal.holds,
    orthogonalityError: allKnown(errors, (list) => Math.max(...list)),
    singularValues: allKnown(values, (list) => [
      Math.min(...list.map(({ smallest }) => smallest)),
      Math.max(...list.map(({ largest }) => largest)),
    ]),
    components: Math.max(...hidden.map(({ components }) => components)),
    spectralRatio: allKnown(ratios, (list) => Math.max(...list)),
    emptyLayers: layers.filter(({ nonZeros }) => nonZeros === 0).length,
  };
}

/** Something of all values; null when one is missing. */
function allKnown<T, R>(values: readonly (T | null)[], combine: (values: readonly T[]) => R): R | null {
  const known = values.filter((value): value is T => value !== null);
  return known.length === values.length ? combine(known) : null;
}
