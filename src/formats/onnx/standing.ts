/**
 * @file A value of the graph between layers: which way it lies, and where each unit or channel is in it.
 */

import type { ImageSize } from "../../init/convolution/convolution.ts";
import type { Features } from "./features.ts";

/** A value of shape [batch, width]. */
export interface Samples {
  readonly name: string;
  /** May be more than there are units; the rest is nobody's. */
  readonly width: number;
  /** [units] which column each unit is. */
  readonly positions: Int32Array;
}

/** A value of shape [batch, width, size.height, size.width]: its units are channels. */
export interface Images extends Samples {
  readonly size: ImageSize;
}

/** Vectors one way or the other. */
export type VectorStanding =
  | ({ readonly layout: "samples" } & Samples)
  | { readonly layout: "features"; readonly features: Features };

/** Vectors or images whose units lie along axis 1. */
export type UnitStanding =
  | ({ readonly layout: "samples" } & Samples)
  | ({ readonly layout: "images" } & Images);

/** A value one way or another. */
export type Standing = VectorStanding | UnitStanding;
