/**
 * @file SynFlow: Tanaka, Kunin, Yamins & Ganguli, "Pruning neural networks without any data by iteratively conserving
 * synaptic flow", NeurIPS 2020.
 *
 * R = 1ᵀ |W_L| ⋯ |W_1| 1 is a loss without data, and |w · ∂R/∂w| a connection's flow: what of R goes through it.
 * Each layer's flows add up to R (their conservation law), so that thin layers have large ones and keep them. Pruned
 * in 100 rounds, with the density falling geometrically (their algorithm 1), and flows computed anew in each.
 *
 * Products of a thousand layers leave the range of numbers; but as every layer's flows add up to R, they need only be
 * known up to a factor, which conservation then sets.
 *
 * A kernel carries what its taps carry together, borders apart. Between layers a unit may become several, as pixels
 * become channels, or a channel's pixels units.
 */

import { ArgumentError } from "../errors.ts";
import type { LayerShape } from "../topology/shape.ts";
import type { Frame } from "./frame.ts";
import { bareCounts } from "./layer-counts.ts";
import { magnitudesOf } from "./places.ts";
import { prunedAtStart } from "./pruned-at-start.ts";
import { copiesOf, type Selection } from "./selection.ts";
import { highestOfAll } from "./top-k.ts";

const ROUNDS = 100;

/** A layer's connections that are left. */
export interface Remaining {
  readonly shape: LayerShape;
  /** Places, ascending. */
  readonly places: Int32Array;
  /** Their weights; of kernels, the sums of their taps' magnitudes. */
  readonly weights: Float32Array | Float64Array;
}

/**
 * Each connection's flow as a part of R: each layer's add up to 1. All are 0 once some layer has no path left
 * through it.
 */
export function synapticFlows(layers: readonly Remaining[]): Float64Array[] {
  const inputs: Float64Array[] = [new Float64Array(layers[0].shape.columns).fill(1)];
  for (const [i, layer] of layers.entries()) {
    const given = normalised(forward(layer, inputs[i]));
    inputs.push(spread(given, layers[i + 1]?.shape.columns ?? given.length));
  }
  let outputs: Float64Array = new Float64Array(layers[layers.length - 1].shape.rows).fill(1);
  const flows: Float64Array[] = [];
  for (let i = layers.length - 1; i >= 0; i--) {
    flows.unshift(flowsOf(layers[i], inputs[i], outputs));
    if (i > 0) outputs = normalised(collected(backward(layers[i], outputs), layers[i - 1].shape.rows));
  }
  return flows;
}

/**
 * Floating-point operations of `synapticFlows`, as those of a training step are counted: a multiply-add for each
 * connection forward and backward (not the first layer's), and two multiplications for its flow.
 */
export function flowFlops(layers: readonly Remaining[]): number {
  const connections = layers.reduce((sum, { places }) => sum + places.length, 0);
  return 2 * (3 * connections - layers[0].places.length);
}

/** |W| x. */
function forward({ shape, places, weights }: Remaining, x: Float64Array): Float64Array {
  const y = new Float64Array(shape.rows);
  for (let k = 0, row = 0, first = 0; k < places.length; k++) {
    for (; places[k] >= first + shape.columns; first += shape.columns) row++;
    y[row] += Math.abs(weights[k]) * x[places[k] - first];
  }
  return y;
}

/** |W|ᵀ y. */
function backward({ shape, places, weights }: Remaining, y: Float64Array): Float64Array {
  const x = new Float64Array(shape.columns);
  for (let k = 0, row = 0, first = 0; k < places.length; k++) {
    for (; places[k] >= first + shape.columns; first += shape.columns) row++;
    x[places[k] - first] += Math.abs(weights[k]) * y[row];
  }
  return x;
}

function flowsOf({ shape, places, weights }: Remaining, x: Float64Array, y: Float64Array): Float64Array {
  const flows = new Float64Array(places.length);
  let sum = 0;
  for (let k = 0, row = 0, first = 0; k < places.length; k++) {
    for (; places[k] >= first + shape.columns; first += shape.columns) row++;
    flows[k] = y[row] * Math.abs(weights[k]) * x[places[k] - first];
    sum += flows[k];
  }
  if (sum > 0) for (let k = 0; k < flows.length; k++) flows[k] /= sum;
  return flows;
}

/** Each of a layer's units as those that the next one takes for it. */
function spread(units: Float64Array, length: number): Float64Array {
  const each = length / units.length;
  return each === 1 ? units : Float64Array.from({ length }, (_, i) => units[Math.floor(i / each)]);
}

/** The other way around: sums. */
function collected(units: Float64Array, length: number): Float64Array {
  const each = units.length / length;
  if (each === 1) return units;
  const sums = new Float64Array(length);
  for (let i = 0; i < units.length; i++) sums[Math.floor(i / each)] += units[i];
  return sums;
}

function normalised(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, value) => Math.max(most, value), 0);
  return largest === 0 ? vector : vector.map((value) => value / largest);
}

/** 100 rounds over the whole network, from all connections to as many as `layerCounts` has in total. */
export const bySynapticFlow: Selection = async ({ frame, weights }, { onFlops }) => {
  requireChain(frame);
  const copies = copiesOf(frame);
  const unit = Math.min(...copies);
  const costs = copies.map((copy) => copy / unit);
  const total = (counts: readonly number[]) => counts.reduce((sum, count, i) => sum + count * costs[i], 0);
  const strengths = weights.map((layer, i) => magnitudesOf(layer, frame.layers[i].taps));
  const [all, final] = [total(strengths.map((layer) => layer.length)), total(bareCounts(frame))];
  let layers: Remaining[] = frame.layers.map(({ shape }, i) => ({
    shape,
    places: Int32Array.from(strengths[i], (_, place) => place),
    weights: strengths[i],
  }));
  for (let round = 1; round <= ROUNDS; round++) {
    const count = Math.round(all * (final / all) ** (round / ROUNDS));
    onFlops?.(flowFlops(layers));
    layers = keepStrongest(layers, count, costs);
  }
  return layers.map(({ places }) => places);
};

/** Throws ArgumentError (`"no-chain"`) for networks in which flow takes other ways than from layer to layer. */
function requireChain({ skeleton }: Frame): void {
  const layer = skeleton.layers.find(({ kind }) => kind === "add" || kind === "maxMin");
  if (layer === undefined) return;
  throw new ArgumentError(
    "no-chain",
    `method synflow follows flow from layer to layer, which ${layer.name} does not let it: use snip or grasp`,
  );
}

function keepStrongest(layers: readonly Remaining[], count: number, costs: readonly number[]): Remaining[] {
  // With costs the rounds before may have left a place empty.
  const left = layers.reduce((sum, { places }, i) => sum + places.length * costs[i], 0);
  const kept = highestOfAll(synapticFlows(layers), Math.min(count, left), costs);
  return layers.map(({ shape, places, weights }, i) => {
    const one = { shape, places: new Int32Array(kept[i].length), weights: new Float64Array(kept[i].length) };
    for (let k = 0; k < kept[i].length; k++) {
      one.places[k] = places[kept[i][k]];
      one.weights[k] = weights[kept[i][k]];
    }
    return one;
  });
}

/** Ranked over the whole network, as published. */
export const synflow = prunedAtStart({
  name: "synflow",
  title: "SynFlow",
  source: "Tanaka, Kunin, Yamins & Ganguli, SynFlow, NeurIPS 2020",
  summary: "The connections that carry most from inputs to outputs stay, found in 100 rounds without data.",
  densePasses: 0,
  weights: "orthogonal",
  select: bySynapticFlow,
});
