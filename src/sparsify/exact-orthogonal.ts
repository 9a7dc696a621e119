/**
 * @file EOI, exact orthogonal initialization: Nowak, Grooten, Mocanu & Tabor, "Sparser, better, deeper, stronger:
 * improving static sparse training with exact orthogonal initialization", ICML 2024.
 *
 * A product of plane rotations is orthogonal, and each rotation fills in what its two lines do not share. So random
 * rotations are multiplied until the matrix has as many non-zeros as wanted. The project's `givens` layers are the
 * regular relative: the same number in every line, but only powers of two, on square layers.
 */

import { InfeasibleError } from "../errors.ts";
import type { RandomStream } from "../math/random.ts";
import type { LayerShape } from "../topology/shape.ts";
import { inCentre, requireDelta, weightsName } from "./connection-weights.ts";
import { assemble, type BareLayer, frameOf, layerStream, scaledToInputs } from "./frame.ts";
import type { LayerDensities } from "./layer-densities.ts";
import { type Method, onePhase } from "./method.ts";
import { topologyAt } from "./places.ts";
import { sharedCounts } from "./random-mask.ts";
import { requireStart, scaledStarts } from "./starts.ts";

/** Random pairs of lines tried before all are looked through. */
const TRIES = 64;
/** Matrices tried until one has exactly the non-zeros wanted. */
const MATRICES = 8;

/** The matrix being filled. */
interface Filling {
  /** The shorter side. */
  readonly lines: number;
  /** The longer side. */
  readonly crossLines: number;
  /** [crossLines, lines] */
  readonly values: Float64Array;
  /** [crossLines, lines] 1 where there may be a non-zero. */
  readonly support: Uint8Array;
}

/** Two lines of entries to rotate: where they start, and the way from one entry to the next. */
interface Pair {
  readonly a: number;
  readonly b: number;
  readonly stride: number;
  readonly length: number;
}

/**
 * A random matrix with orthonormal rows (columns where there are more rows), times `gain`, with `count` non-zeros;
 * a little fewer where none was found, as there may be none: small layers, and nearly dense ones. Held densely while
 * it is made.
 *
 * Throws InfeasibleError (`"infeasible-count"`) when `count` is below the shorter side: every line needs one.
 */
export function exactOrthogonal(
  name: string,
  shape: LayerShape,
  count: number,
  { random, gain }: { readonly random: RandomStream; readonly gain: number },
): BareLayer {
  const { rows, columns } = shape;
  const [lines, crossLines] = [Math.min(rows, columns), Math.max(rows, columns)];
  if (count < lines) {
    throw new InfeasibleError(
      "infeasible-count",
      `a ${rows} x ${columns} orthogonal layer needs ${lines} connections at least, not ${count}`,
    );
  }
  const { values, support } = fill(lines, crossLines, count, random);
  const at = (place: number) =>
    rows > columns ? place : (place % columns) * lines + Math.floor(place / columns);
  const places: number[] = [];
  for (let place = 0; place < lines * crossLines; place++) if (support[at(place)] === 1) places.push(place);
  return {
    topology: topologyAt(name, shape, Int32Array.from(places)),
    weights: Float32Array.from(places, (place) => gain * values[at(place)]),
  };
}

/** Of a few matrices, the first with exactly `count` non-zeros, else the one that comes nearest. */
function fill(lines: number, crossLines: number, count: number, random: RandomStream): Filling {
  let best: Filling | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < MATRICES && least > 0; tried++) {
    const filling = identity(crossLines, lines, random);
    let left = count - lines;
    while (left > 0) {
      const pair = randomPair(filling, left, random) ?? bestPair(filling, left);
      if (pair === undefined) break;
      left -= fillIn(filling, pair);
      rotate(filling, pair, 2 * Math.PI * random.uniform());
    }
    if (left < least) [best, least] = [filling, left];
  }
  return best!;
}

/** One non-zero for each line, in different cross-lines at random. */
function identity(crossLines: number, lines: number, random: RandomStream): Filling {
  const values = new Float64Array(crossLines * lines);
  const support = new Uint8Array(crossLines * lines);
  const order = random.permutation(crossLines);
  for (let line = 0; line < lines; line++) {
    values[order[line] * lines + line] = 1;
    support[order[line] * lines + line] = 1;
  }
  return { crossLines, lines, values, support };
}

function crossLinePair({ lines }: Filling, a: number, b: number): Pair {
  return { a: a * lines, b: b * lines, stride: 1, length: lines };
}

function linePair({ lines, crossLines }: Filling, a: number, b: number): Pair {
  return { a, b, stride: lines, length: crossLines };
}

/** Non-zeros that rotating a pair adds: the entries that only one of the two has. */
function fillIn({ support }: Filling, { a, b, stride, length }: Pair): number {
  let added = 0;
  for (let k = 0; k < length; k++) added += support[a + k * stride] ^ support[b + k * stride];
  return added;
}

/** Two cross-lines, so that all of them take part, that add some but not more than `most`; undefined if hard to find. */
function randomPair(filling: Filling, most: number, random: RandomStream): Pair | undefined {
  const { crossLines } = filling;
  if (crossLines < 2) return undefined;
  for (let tried = 0; tried < TRIES; tried++) {
    const a = random.integer(crossLines);
    const b = (a + 1 + random.integer(crossLines - 1)) % crossLines;
    const pair = crossLinePair(filling, a, b);
    const added = fillIn(filling, pair);
    if (added > 0 && added <= most) return pair;
  }
  return undefined;
}

/** The pair of cross-lines or lines that adds most without exceeding `most`; undefined when none adds anything. */
function bestPair(filling: Filling, most: number): Pair | undefined {
  let best: Pair | undefined;
  let highest = 0;
  for (const [count, pairOf] of [
    [filling.crossLines, crossLinePair] as const,
    [filling.lines, linePair] as const,
  ]) {
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        const pair = pairOf(filling, a, b);
        const added = fillIn(filling, pair);
        if (added <= highest || added > most) continue;
        [best, highest] = [pair, added];
        if (added === most) return best;
      }
    }
  }
  return best;
}

function rotate({ values, support }: Filling, { a, b, stride, length }: Pair, angle: number): void {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  for (let k = 0; k < length; k++) {
    const [i, j] = [a + k * stride, b + k * stride];
    const [x, y] = [values[i], values[j]];
    values[i] = cosine * x - sine * y;
    values[j] = sine * x + cosine * y;
    support[i] |= support[j];
    support[j] = support[i];
  }
}

function exactlyOrthogonal(
  description: Pick<Method, "name" | "title" | "source" | "summary">,
  densities: LayerDensities,
): Method {
  const method: Method = {
    ...description,
    when: "before",
    topologyKind: "edges",
    densePasses: 0,
    starts: scaledStarts,
    phases: () => onePhase,
    async start(task, scoring) {
      requireStart(method, task);
      const frame = frameOf(task);
      requireDelta(method.name, task);
      const counts = sharedCounts(frame, densities);
      const layers = frame.layers.map(({ shape, gain, kernelSize }, i) => {
        const random = layerStream(task, "weights", i);
        const { topology, weights } = exactOrthogonal("eoi", shape, counts[i], { random, gain });
        return { topology, weights: inCentre(weights, kernelSize) };
      });
      return scaledToInputs(assemble(frame, layers, weightsName(task, "orthogonal")), scoring);
    },
  };
  return method;
}

const source = "Nowak, Grooten, Mocanu & Tabor, Sparser, better, deeper, stronger, ICML 2024";
const summary =
  "Random plane rotations are multiplied until the exactly orthogonal layer has the connections wanted.";

/** Each layer with the connections that `layerCounts` says. */
export const exactOrthogonalInit = exactlyOrthogonal(
  { name: "eoi", title: "Exact orthogonal (EOI)", source, summary },
  "uniform",
);

/** The same total by Erdős–Rényi densities. */
export const exactOrthogonalErdosRenyi = exactlyOrthogonal(
  {
    name: "eoi-erdos-renyi",
    title: "Exact orthogonal (EOI), Erdős–Rényi",
    source: `${source}; densities: Mocanu et al., Nature Communications 9, 2018`,
    summary: `${summary} Small layers are denser.`,
  },
  "erdos-renyi",
);
