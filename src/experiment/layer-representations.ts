/**
 * @file What the engine runs each layer of a network as, layers that agree told together.
 */

import { type AnyNetwork, isWeighted } from "../network/network.ts";
import { type Representation, representationOf } from "../network/representation.ts";

/** Layers `first` to `last`, counted from 0, and what those of them that have connections run as. */
export interface LayerRepresentations extends Pick<Representation, "kind" | "reason"> {
  readonly first: number;
  readonly last: number;
  /** By name, e.g. `"stem.1 to layers.30"`. */
  readonly layers: string;
}

export function layerRepresentations({ layers }: AnyNetwork): LayerRepresentations[] {
  const runs: Omit<LayerRepresentations, "layers">[] = [];
  for (const [i, layer] of layers.entries()) {
    if (!isWeighted(layer)) continue;
    const { kind, reason } = representationOf(layer);
    const previous = runs.at(-1);
    if (previous?.kind === kind && previous.reason === reason)
      runs[runs.length - 1] = { ...previous, last: i };
    else runs.push({ first: i, last: i, kind, reason });
  }
  return runs.map((run) => {
    const [first, last] = [layers[run.first].name, layers[run.last].name];
    return { ...run, layers: run.first === run.last ? first : `${first} to ${last}` };
  });
}

/** As a line for people: "layers.1 to layers.998 run as blocks: made of blocks". */
export function representationLine({ first, last, layers, kind, reason }: LayerRepresentations): string {
  return `${layers} ${first === last ? "runs" : "run"} as ${kind}: ${reason}`;
}
