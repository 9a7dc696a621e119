/**
 * @file Methods that exchange connections during training, so that their number never changes: what they share.
 *
 * Every so often each layer drops the fraction of its connections with the smallest weights (of kernels, L1 norms) and
 * grows as many others, which begin at zero with no momentum. The fraction falls along a cosine and reaches zero at three quarters
 * of the steps (Evci et al., "Rigging the lottery", ICML 2020, section 3).
 */

import type { WeightedLayer } from "../network/network.ts";
import type { LayerShape } from "../topology/shape.ts";
import type { Topology } from "../topology/topology.ts";
import { changeTopologies } from "./change-topologies.ts";
import { layerStream } from "./frame.ts";
import type { UpdateRequest, Updater } from "./method.ts";
import { magnitudesOf, placesOf, topologyAt } from "./places.ts";
import { dropFraction } from "./prune-schedule.ts";
import { highest } from "./top-k.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

/** Steps between updates at most; a short run still has 15. */
const INTERVAL = 100;
const FEWEST_INTERVALS = 20;
/** Part of the steps after which connections stay as they are. */
const END = 0.75;
/** Fraction dropped at first. */
const INITIAL_FRACTION = 0.3;

/** Chooses `count` of a layer's places that are not in `taken` (1: a connection that stays). */
export type Growth = (layer: {
  readonly index: number;
  readonly shape: LayerShape;
  readonly taken: Uint8Array;
  readonly count: number;
}) => Int32Array;

/** An updater that drops the smallest weights and grows what `growth` says, which is prepared once an update. */
export function exchanging(
  name: string,
  densePasses: number,
  growth: (request: UpdateRequest) => Promise<Growth>,
): Updater {
  return {
    densePasses,
    steps: (_, total) => exchangeSteps(total),
    async update(request) {
      const { network, step, total } = request;
      const fraction = dropFraction(INITIAL_FRACTION, step, END * total);
      const grow = await growth(request);
      return changeTopologies(
        request,
        weightedLayers(network).map((layer, index) => exchange(name, layer, fraction, index, grow)),
      );
    },
  };
}

/** Steps after which connections are exchanged. */
export function exchangeSteps(total: number): number[] {
  const interval = Math.max(1, Math.min(INTERVAL, Math.floor(total / FEWEST_INTERVALS)));
  const steps: number[] = [];
  for (let step = interval; step < END * total; step += interval) steps.push(step);
  return steps;
}

function exchange(
  name: string,
  layer: WeightedLayer,
  fraction: number,
  index: number,
  grow: Growth,
): Topology {
  const { topology, weights } = layer;
  const { rows, columns } = topology;
  const places = placesOf(topology);
  const count = Math.round(fraction * places.length);
  if (count === 0 || places.length === rows * columns) return topology;
  const kept = highest(magnitudesOf(weights, tapsOf(layer)), places.length - count).map((k) => places[k]);
  const taken = new Uint8Array(rows * columns);
  for (const place of kept) taken[place] = 1;
  const next = new Int32Array(places.length);
  next.set(kept);
  next.set(grow({ index, shape: { rows, columns }, taken, count }), kept.length);
  return topologyAt(name, { rows, columns }, next);
}

/** `count` free places at random, each set equally likely. */
export function randomGrowth({ task, step }: UpdateRequest): Growth {
  return ({ index, taken, count }) => {
    const free = new Int32Array(taken.length);
    let filled = 0;
    for (let place = 0; place < taken.length; place++) if (taken[place] === 0) free[filled++] = place;
    const random = layerStream(task, "growth", index).split(step);
    // The first places of a partial shuffle are a uniform choice.
    for (let k = 0; k < count; k++) {
      const drawn = k + random.integer(filled - k);
      [free[k], free[drawn]] = [free[drawn], free[k]];
    }
    return free.slice(0, count);
  };
}

/** The `count` free places with the highest scores, each [rows, columns] row-major. */
export function scoredGrowth(scores: readonly Float64Array[]): Growth {
  return ({ index, taken, count }) =>
    highest(
      scores[index].map((score, place) => (taken[place] === 1 ? -1 : score)),
      count,
    );
}
