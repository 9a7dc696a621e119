/**
 * @file How evenly depth mixes: σ2/σ1 of the product of the first k masks (docs/theory.md, section 3). Of images, masks
 * are over channels (channels.ts); a shortcut adds the paths that go through it.
 *
 * The entries of the product count paths. 1 means that some parts never mix, 0 that every output sees every
 * input through equally many paths. Where all degrees are constant the top singular vector is constant too and
 * is deflated exactly; otherwise it is computed first.
 */

import { largestSingularPair, largestSingularValue } from "../math/lanczos.ts";
import type { RandomStream } from "../math/random.ts";
import type { Budget } from "./budget.ts";
import { type ChainLink, chainOperator, identityOperator, selectionOperator } from "./chain-operator.ts";
import { type ChannelStep, channelsAfter, channelsBefore } from "./channels.ts";
import { maskOperator } from "./mask.ts";

export interface Mixing {
  /** Layers multiplied, from the first; what has no weights belongs to the layer before it. */
  readonly depth: number;
  /** σ2/σ1 of their product, in [0, 1]; below `mixedBelow` it is rounding. */
  readonly ratio: number;
}

/** Ratios below this count as perfectly mixed, and deeper products are not looked at. */
export const mixedBelow = 1e-6;

/** Few enough that path counts stay finite. */
const deepest = 16;

/** Depths 1, 2, … until mixed, at most 16, fewer where `budget` ends. */
export function mixing(steps: readonly ChannelStep[], random: RandomStream, budget: Budget): Mixing[] {
  const result: Mixing[] = [];
  for (const [index, end] of layerEnds(steps).slice(0, deepest).entries()) {
    const depth = index + 1;
    const chain = steps.slice(0, end);
    if (!budget.spend(work(chain), `product of ${depth}`)) break;
    const ratio = mixingRatio(chain, random.split("depth", depth));
    result.push({ depth, ratio });
    if (ratio < mixedBelow) break;
  }
  return result;
}

/** How many steps there are up to the next layer with weights, for each such layer. */
function layerEnds(steps: readonly ChannelStep[]): number[] {
  const starts = [...steps.keys()].filter((k) => isLayer(steps[k]));
  return starts.map((_, i) => starts[i + 1] ?? steps.length);
}

function isLayer(step: ChannelStep): boolean {
  return step.kind === "graph" && step.weighted;
}

function mixingRatio(chain: readonly ChannelStep[], random: RandomStream): number {
  const operator = chainOperator(chain.map(linkOf));
  const { columns } = operator;
  if (chain.every(isRegular)) {
    const constant = new Float64Array(columns).fill(1 / Math.sqrt(columns));
    const image = new Float64Array(operator.rows);
    operator.multiply(constant, image);
    const sigma1 = Math.sqrt(image.reduce((sum, value) => sum + value * value, 0));
    const options = { random, deflate: [constant], absoluteTolerance: 1e-9 * sigma1 };
    return sigma1 === 0 ? 1 : Math.min(1, largestSingularValue(operator, options) / sigma1);
  }
  const first = largestSingularPair(operator, { random, tolerance: 1e-14 });
  if (first.value === 0) return 1;
  const options = { random, deflate: [first.right], absoluteTolerance: 1e-9 * first.value };
  return Math.min(1, largestSingularValue(operator, options) / first.value);
}

function linkOf(step: ChannelStep): ChainLink {
  if (step.kind === "graph") return { operator: maskOperator(step.topology) };
  const { channels, from, fromChannels } = step;
  const present = Int32Array.from({ length: channels }, (_, c) => (c < fromChannels ? c : -1));
  return {
    operator: identityOperator(channels),
    shortcut: { from, operator: selectionOperator(present, fromChannels) },
  };
}

/** Whether paths are as many from every channel, and to every channel. */
function isRegular(step: ChannelStep): boolean {
  if (step.kind === "add") return step.fromChannels === step.channels;
  const { rowDegrees, columnDegrees } = step;
  return rowDegrees.smallest === rowDegrees.largest && columnDegrees.smallest === columnDegrees.largest;
}

/** About 60 Lanczos steps. */
function work(chain: readonly ChannelStep[]): number {
  const products = chain.reduce((sum, step) => sum + productCost(step), 0);
  const [columns, rows] = [channelsBefore(chain[0]), channelsAfter(chain[chain.length - 1])];
  const steps = Math.min(60, columns, rows);
  return steps * (2 * products + 2 * steps * (columns + rows));
}

function productCost(step: ChannelStep): number {
  if (step.kind === "add") return step.channels;
  const { topology } = step;
  return topology.kind === "blocks" ? topology.rows + topology.columns : topology.columnIndices.length;
}
