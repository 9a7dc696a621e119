import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiply as multiplyDense } from "../../test/dense-matrix.ts";
import {
  type LinearOperator,
  largestSingularPair,
  largestSingularValue,
  singularValueRange,
  transposed,
} from "./lanczos.ts";
import { semiOrthogonal } from "./orthonormal.ts";
import { randomStream } from "./random.ts";
import { singularValues } from "./singular-values.ts";

function operator(matrix: Float64Array, rows: number, columns: number): LinearOperator {
  return {
    rows,
    columns,
    multiply: (x, y) => y.set(multiplyDense(matrix, x, rows, columns, 1)),
    multiplyTransposed: (y, x) => x.set(multiplyDense(y, matrix, 1, rows, columns)),
  };
}

function gaussian(rows: number, columns: number, seed: number): Float64Array {
  const random = randomStream(seed);
  return Float64Array.from({ length: rows * columns }, () => random.normal());
}

const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 40 }),
  columns: fc.integer({ min: 1, max: 40 }),
  seed: fc.nat(),
});

describe("largestSingularValue", () => {
  it("agrees with a full decomposition, also with the first vectors deflated", () => {
    fc.assert(
      fc.property(shapes, ({ rows, columns, seed }) => {
        const matrix = gaussian(rows, columns, seed);
        const expected = singularValues(matrix, rows, columns);
        const deflate: Float64Array[] = [];
        for (let i = 0; i < Math.min(3, rows, columns); i++) {
          const random = randomStream(seed).split(i);
          const pair = largestSingularPair(operator(matrix, rows, columns), {
            random,
            deflate,
            tolerance: 1e-13,
          });
          expect(pair.value / expected[i]).toBeCloseTo(1, 9);
          deflate.push(pair.right);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("restarts where the first cycle is too short", () => {
    // The second value is 2e-4 below the first, and the rest crowd up to it: one cycle of vectors is not enough.
    const n = 400;
    const scale = (x: Float64Array) => x.map((value, i) => value * (i === 0 ? 1 : 0.9998 - (i / n) ** 2 / 4));
    let products = 0;
    const diagonal: LinearOperator = {
      rows: n,
      columns: n,
      multiply: (x, y) => {
        products++;
        y.set(scale(x));
      },
      multiplyTransposed: (y, x) => x.set(scale(y)),
    };
    const value = largestSingularValue(diagonal, { random: randomStream(1), tolerance: 1e-9 });
    expect(Math.abs(value - 1)).toBeLessThan(1e-9);
    expect(products).toBeGreaterThan(160);
  });

  it("is 0 for nothing", () => {
    const options = { random: randomStream(1) };
    expect(largestSingularValue(operator(new Float64Array(6), 2, 3), options)).toBe(0);
    const deflate = [Float64Array.of(1, 0), Float64Array.of(0, 1)];
    expect(largestSingularValue(operator(gaussian(2, 2, 1), 2, 2), { ...options, deflate })).toBe(0);
  });

  it("does not pursue rounding noise below the absolute tolerance", () => {
    const n = 50;
    const ones = operator(new Float64Array(n * n).fill(1), n, n);
    const deflate = [new Float64Array(n).fill(1 / Math.sqrt(n))];
    const options = { random: randomStream(1), deflate, absoluteTolerance: 1e-10 };
    expect(largestSingularValue(ones, options)).toBeLessThan(1e-10);
  });

  it("says so when it did not converge, and when a deflated vector does not fit", () => {
    const random = randomStream(1);
    const matrix = operator(gaussian(30, 30, 1), 30, 30);
    expect(() => largestSingularValue(matrix, { random, maxIterations: 3 })).toThrow("did not settle");
    expect(() => largestSingularValue(matrix, { random, deflate: [new Float64Array(4)] })).toThrow(
      "must have 30 entries",
    );
  });
});

describe("singularValueRange", () => {
  it("is exact for any shape that fits", () => {
    fc.assert(
      fc.property(shapes, ({ rows, columns, seed }) => {
        const matrix = gaussian(rows, columns, seed);
        const expected = singularValues(matrix, rows, columns);
        const found = singularValueRange(operator(matrix, rows, columns), { random: randomStream(seed) });
        expect(found.exact).toBe(true);
        expect(found.largest).toBeCloseTo(expected[0], 11);
        expect(found.smallest).toBeCloseTo(expected[expected.length - 1], 11);
      }),
      { numRuns: 60 },
    );
  });

  it("finds repeated values: an orthogonal matrix with one row shrunk", () => {
    const matrix = semiOrthogonal(20, 30, randomStream(3));
    for (let j = 0; j < 30; j++) matrix[7 * 30 + j] *= 0.25;
    const found = singularValueRange(operator(matrix, 20, 30), { random: randomStream(1) });
    expect(found.smallest).toBeCloseTo(0.25, 12);
    expect(found.largest).toBeCloseTo(1, 12);
  });

  it("finds zeros", () => {
    const matrix = multiplyDense(gaussian(12, 5, 1), gaussian(5, 12, 2), 12, 5, 12);
    expect(singularValueRange(operator(matrix, 12, 12), { random: randomStream(1) }).smallest).toBeLessThan(
      1e-12,
    );
    const zero = singularValueRange(operator(new Float64Array(6), 2, 3), { random: randomStream(1) });
    expect(zero).toEqual({ smallest: 0, largest: 0, exact: true });
  });

  it("leaves out the zeros of a matrix whose rank is known, repeated values or not", () => {
    const narrow = multiplyDense(gaussian(12, 5, 1), gaussian(5, 14, 2), 12, 5, 14);
    const isometric = multiplyDense(
      semiOrthogonal(12, 5, randomStream(3)),
      semiOrthogonal(5, 14, randomStream(4)),
      12,
      5,
      14,
    );
    for (const matrix of [narrow, isometric]) {
      const expected = singularValues(matrix, 12, 14);
      for (const side of [operator(matrix, 12, 14), transposed(operator(matrix, 12, 14))]) {
        const found = singularValueRange(side, { random: randomStream(1), rank: 5 });
        expect(found.exact).toBe(true);
        expect(found.smallest).toBeCloseTo(expected[4], 11);
        expect(found.largest).toBeCloseTo(expected[0], 11);
        const more = singularValueRange(side, { random: randomStream(1), rank: 7 });
        expect(more.smallest).toBeLessThan(1e-12);
      }
    }
    const zero = singularValueRange(operator(new Float64Array(6), 2, 3), {
      random: randomStream(1),
      rank: 1,
    });
    expect(zero).toEqual({ smallest: 0, largest: 0, exact: true });
  });

  it("stays within the true range when it stops early, and says so", () => {
    const matrix = gaussian(60, 80, 5);
    const expected = singularValues(matrix, 60, 80);
    for (const side of [operator(matrix, 60, 80), transposed(operator(matrix, 60, 80))]) {
      const found = singularValueRange(side, { random: randomStream(1), maxSteps: 12 });
      expect(found.exact).toBe(false);
      expect(found.smallest).toBeGreaterThan(expected[59]);
      expect(found.largest).toBeLessThan(expected[0] * (1 + 1e-12));
      expect(found.largest).toBeGreaterThan(0.8 * expected[0]);
    }
  });
});
