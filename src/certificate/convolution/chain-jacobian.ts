/**
 * @file What a chain of convolutions does to images as a whole, with nothing between the layers: the singular values
 * of the product of their matrices, which is the Jacobian of its outputs by its inputs.
 *
 * Where every layer is known to be nearly an isometry and sizes only fall, or only rise, products of the layers' own
 * ends bound those of the whole. Elsewhere it is Lanczos on the product, which is never formed.
 */

import type { LinearOperator } from "../../math/lanczos.ts";
import { chainOperator } from "../chain-operator.ts";
import { krylovRange, probedSquares, probesWithin, type SpectrumOptions } from "../krylov.ts";
import type { SingularValueRange } from "../weight-spectrum.ts";

/** Singular values of the whole chain. */
export interface ChainJacobian {
  /** Root mean square of the min(rows, columns) singular values, estimated from `probes` random images. */
  readonly gain: number;
  readonly probes: number;
  /** Null where left out. */
  readonly singularValues: SingularValueRange | null;
}

/** A layer's matrix, what a product with it costs, and the range of its singular values if known. */
export interface MeasuredLink {
  readonly operator: LinearOperator;
  /** Multiply-adds of a product. */
  readonly cost: number;
  readonly singularValues: SingularValueRange | null;
}

/** Ends closer together than this, relatively, need no further work. */
const tight = 1e-3;

/** Measures the product of `links`; null where not even probes are affordable. */
export function chainJacobian(
  links: readonly MeasuredLink[],
  { random, work }: SpectrumOptions,
): ChainJacobian | null {
  const product = chainOperator(links);
  const cost = links.reduce((sum, link) => sum + link.cost, 0);
  const probes = probesWithin(product, cost, work);
  if (probes < 1) return null;
  const squares = probedSquares(product, probes, random.split("probes"));
  const left = { random: random.split("values"), work: work - probes * cost };
  return {
    gain: Math.sqrt(squares / Math.min(product.rows, product.columns)),
    probes,
    singularValues: enclosed(links) ?? krylovRange(product, cost, left),
  };
}

/** One layer's own, or bounds from those of all; null where they do not follow or are not tight. */
function enclosed(links: readonly MeasuredLink[]): SingularValueRange | null {
  if (links.length === 1) return links[0].singularValues;
  const falls = links.every(({ operator }) => operator.rows <= operator.columns);
  const rises = links.every(({ operator }) => operator.rows >= operator.columns);
  if (!falls && !rises) return null;
  let [smallest, largest] = [1, 1];
  for (const { singularValues } of links) {
    if (singularValues === null || singularValues.kind === "inner") return null;
    smallest *= singularValues.smallest;
    largest *= singularValues.largest;
  }
  return largest - smallest <= tight * largest ? { smallest, largest, kind: "enclosure" } : null;
}
