/**
 * @file How far the making of a network's weights is: wide orthogonal blocks take minutes.
 */

import { type LayerPlan, makingWork } from "./layer-plan.ts";

/** Where the making of a network is. */
export interface MakingProgress {
  /** Name of the layer under way. */
  readonly layer: string;
  /** Its place among the layers with weights, from 0, and how many of those there are. */
  readonly index: number;
  readonly layers: number;
  /** Share of the whole network's work that is done, in (0, 1], about: as layers' shapes say. */
  readonly share: number;
}

/** What buildLayer is to tell of layer i of `plans`, so that `onProgress` is told of the whole. */
export function layerProgress(
  plans: readonly LayerPlan[],
  onProgress?: (progress: MakingProgress) => void,
): (i: number) => ((share: number) => void) | undefined {
  if (onProgress === undefined) return () => undefined;
  const ends = [0];
  for (const plan of plans) ends.push(ends[ends.length - 1] + makingWork(plan));
  return (i) => (share) =>
    onProgress({
      layer: plans[i].name,
      index: i,
      layers: plans.length,
      share: (ends[i] + share * (ends[i + 1] - ends[i])) / ends[plans.length],
    });
}
