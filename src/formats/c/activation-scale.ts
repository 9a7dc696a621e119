/**
 * @file Which 256 numbers stand for a layer's activations: evenly spaced, between ends that make the mean squared
 * error least on given values.
 */

/** q = round(x · factor + shift), kept within −128 … 127; x ≈ (q − shift) / factor. Both float32. */
export interface ActivationScale {
  readonly factor: number;
  readonly shift: number;
}

const BINS = 512;
/** Shares of the range that are cut off at an end, to try. */
const CUTS = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4];

/**
 * The scale for values like these. With `zero`, one of the 256 numbers is 0 exactly, as the zeros beyond an image's
 * border want it; `shift` is then whole.
 */
export function chooseScale(values: Float64Array, zero = false): ActivationScale {
  const { low, high } = chooseEnds(values);
  if (!zero) return scaleOf(low, high);
  const { factor, shift } = scaleOf(Math.min(low, 0), Math.max(high, 0));
  return { factor, shift: Math.round(shift) };
}

function chooseEnds(values: Float64Array): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  // A constant: any range around it.
  if (!(high > low)) return { low, high: low + Math.max(1e-3, Math.abs(low) / 64) };
  const counts = histogram(values, low, high);
  let best = { error: Infinity, low, high };
  for (const cutLow of CUTS) {
    for (const cutHigh of CUTS) {
      const ends = { low: low + cutLow * (high - low), high: high - cutHigh * (high - low) };
      const error = squaredError(counts, low, high, ends);
      if (error < best.error) best = { error, ...ends };
    }
  }
  return best;
}

function scaleOf(low: number, high: number): ActivationScale {
  const factor = Math.fround(255 / (high - low));
  return { factor, shift: Math.fround(-128 - low * factor) };
}

function histogram(values: Float64Array, low: number, high: number): Float64Array {
  const counts = new Float64Array(BINS);
  const factor = (BINS - 1) / (high - low);
  for (let i = 0; i < values.length; i++) counts[Math.round((values[i] - low) * factor)]++;
  return counts;
}

/** Rounding within the ends, as if uniform; the distance to the nearer end without. */
function squaredError(
  counts: Float64Array,
  low: number,
  high: number,
  ends: { readonly low: number; readonly high: number },
): number {
  const rounding = ((ends.high - ends.low) / 255) ** 2 / 12;
  let error = 0;
  for (let b = 0; b < BINS; b++) {
    const value = low + (b * (high - low)) / (BINS - 1);
    const outside = Math.max(ends.low - value, value - ends.high, 0);
    error += counts[b] * (outside > 0 ? outside ** 2 : rounding);
  }
  return error;
}
