/**
 * @file Where values lie in one stretch of memory: what is not needed at the same time may lie in the same place. The
 * largest first, each at the lowest place where it fits (greedy by size: Pisarchyk & Lee, "Efficient memory management
 * for deep neural net inference", arXiv:2001.03288).
 */

/** What must lie somewhere from step `first` to step `last`. */
export interface Value {
  readonly size: number;
  readonly first: number;
  readonly last: number;
  /** The number of the value that it is written over, of the same size; that is last needed at `first`. */
  readonly over?: number;
}

/** Places of the values, and how much they take together. */
export interface Places {
  readonly places: readonly number[];
  readonly size: number;
}

/** Lays out `values`; no two overlap that are needed at one step. */
export function placeValues(values: readonly Value[]): Places {
  const stretches = mergeInPlace(values);
  const bySize = [...new Set(stretches)].sort((a, b) => b.size - a.size || a.first - b.first);
  const placed: Stretch[] = [];
  let size = 0;
  for (const stretch of bySize) {
    const others = placed
      .filter(({ first, last }) => first <= stretch.last && stretch.first <= last)
      .sort((a, b) => a.place - b.place);
    let place = 0;
    for (const other of others) {
      if (place + stretch.size <= other.place) break;
      place = Math.max(place, other.place + other.size);
    }
    stretch.place = place;
    placed.push(stretch);
    size = Math.max(size, place + stretch.size);
  }
  return { places: stretches.map(({ place }) => place), size };
}

interface Stretch {
  readonly size: number;
  readonly first: number;
  last: number;
  place: number;
}

/** [values] the stretch of each: its own, or that of the value it is written over. */
function mergeInPlace(values: readonly Value[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { size, first, last, over } of values) {
    if (over === undefined) {
      stretches.push({ size, first, last, place: 0 });
    } else {
      const stretch = stretches[over];
      stretch.last = Math.max(stretch.last, last);
      stretches.push(stretch);
    }
  }
  return stretches;
}
