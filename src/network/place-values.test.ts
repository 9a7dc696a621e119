import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeValues, type Value } from "./place-values.ts";

const value = fc
  .record({
    size: fc.integer({ min: 1, max: 50 }),
    first: fc.integer({ min: -1, max: 12 }),
    steps: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ size, first, steps }): Value => ({ size, first, last: first + steps }));

describe("places of values", () => {
  it("never overlap for values that are needed at one step, and lie within the whole", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const { places, size } = placeValues(values);
        for (const [i, a] of values.entries()) {
          expect(places[i]).toBeGreaterThanOrEqual(0);
          expect(places[i] + a.size).toBeLessThanOrEqual(size);
          for (const [j, b] of values.slice(0, i).entries()) {
            const together = a.first <= b.last && b.first <= a.last;
            const apart = places[i] + a.size <= places[j] || places[j] + b.size <= places[i];
            expect(!together || apart).toBe(true);
          }
        }
        expect(size).toBeLessThanOrEqual(values.reduce((sum, { size: own }) => sum + own, 0));
      }),
    );
  });

  it("are two buffers for a chain, and one place for values written over one another", () => {
    const chain = Array.from({ length: 9 }, (_, i) => ({ size: 10, first: i - 1, last: i }));
    expect(placeValues(chain).size).toBe(20);
    const over = chain.map((step, i) => ({ ...step, over: i > 0 ? i - 1 : undefined }));
    expect(placeValues(over)).toEqual({ places: Array(9).fill(0), size: 10 });
  });
});
