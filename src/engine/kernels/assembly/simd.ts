/**
 * @file Small vector helpers. `madd` is one fused instruction in the relaxed-simd build and a multiply and an
 * add in the plain one; nothing else differs between the two builds.
 */

// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** [sum of a, sum of b, sum of c, sum of d], always added in the same order. */
// @ts-ignore: decorator
@inline
export function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function total(a: v128): f32 {
  const pairs = f32x4.add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Σ over the samples of a · b. */
// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, rowBytes: usize): f32 {
  return stridedDot(a, b, 1, 0, 0, rowBytes);
}

/** Σ over the samples of `pixels` pixels of a · b, whose pixels lie `aBytes` and `bBytes` apart. */
// @ts-ignore: decorator
@inline
export function stridedDot(a: usize, b: usize, pixels: usize, aBytes: usize, bBytes: usize, rowBytes: usize): f32 {
  let even = f32x4.splat(0);
  let odd = even;
  for (; pixels > 0; pixels--) {
    for (let s: usize = 0; s < rowBytes; s += 32) {
      even = madd(v128.load(a + s), v128.load(b + s), even);
      odd = madd(v128.load(a + s, 16), v128.load(b + s, 16), odd);
    }
    a += aBytes;
    b += bBytes;
  }
  return total(f32x4.add(even, odd));
}

/** Stores a vector of the gradient, or adds it to what earlier shards of the lane have left there. */
// @ts-ignore: decorator
@inline
export function accumulate(at: usize, value: v128, add: bool): void {
  v128.store(at, add ? f32x4.add(value, v128.load(at)) : value);
}
