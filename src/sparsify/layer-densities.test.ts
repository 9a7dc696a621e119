import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toyScoring } from "../../test/scoring.ts";
import { startMlp } from "../../test/sparse-run.ts";
import { layerCounts } from "./layer-counts.ts";
import { layerDensityNames, shareConnections } from "./layer-densities.ts";
import type { MlpTask } from "./method.ts";
import { methodNamed } from "./registry.ts";

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
const shapes = fc.array(
  fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })),
    fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(1, 3, 5),
      fc.constantFrom(1, 3),
    ),
  ),
  { minLength: 1, maxLength: 8 },
);

describe("shareConnections", () => {
  it("adds up to the total exactly and fills no layer beyond its size", () => {
    fc.assert(
      fc.property(
        shapes,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(...layerDensityNames),
        (s, share, name) => {
          const sizes = s.map(product);
          const total = Math.round(share * sum(sizes));
          const counts = shareConnections(s, total, name);
          expect(sum(counts)).toBe(total);
          for (const [i, count] of counts.entries()) {
            expect(Number.isInteger(count)).toBe(true);
            expect(count).toBeGreaterThanOrEqual(0);
            expect(count).toBeLessThanOrEqual(sizes[i]);
          }
        },
      ),
    );
  });

  it("gives each layer the same density when uniform", () => {
    expect(
      shareConnections(
        [
          [100, 20],
          [20, 40],
        ],
        700,
        "uniform",
      ),
    ).toEqual([500, 200]);
  });

  it("shares by rows + columns as Erdős and Rényi, and what a full layer cannot take goes to the others", () => {
    // LeNet-300-100: (784 + 300) : (300 + 100) : (100 + 10) of 8000 are 5441, 2008 and 552.
    const lenet = [
      [300, 784],
      [100, 300],
      [10, 100],
    ];
    expect(shareConnections(lenet, 8000, "erdos-renyi")).toEqual([5440, 2008, 552]);
    // At 20000 the last layer's part, 1380, exceeds its 1000: the rest is shared 1084 : 400.
    expect(shareConnections(lenet, 20000, "erdos-renyi")).toEqual([13879, 5121, 1000]);
  });

  it("counts the kernel's sides in the kernel variant", () => {
    const convolutions = [
      [8, 4, 3, 3],
      [16, 8, 1, 1],
    ];
    // (8 + 4 + 3 + 3) : (16 + 8 + 1 + 1), against 9 · (8 + 4) : 16 + 8.
    expect(shareConnections(convolutions, 88, "erdos-renyi-kernel")).toEqual([36, 52]);
    expect(shareConnections(convolutions, 110, "erdos-renyi")).toEqual([90, 20]);
  });

  it("rejects totals that do not fit and shapes that are none", () => {
    expect(() => shareConnections([[2, 3]], 7, "uniform")).toThrow(/from 0 to 6, .* not 7/);
    expect(() => shareConnections([[2, 3]], 1.5, "uniform")).toThrow(/whole number/);
    expect(() => shareConnections([[2, 0]], 0, "uniform")).toThrow(/not \[2, 0\]/);
  });
});

describe("methods that have both densities", () => {
  it("share the same total out, uniformly or more to small layers", async () => {
    const task: MlpTask = {
      widths: [60, 60, 60, 10],
      activation: "tanh",
      sparsity: { sparsity: 0.8 },
      seed: 1,
      start: "critical",
    };
    const countsOf = async (name: string) => {
      const { layers } = await startMlp(methodNamed(name), task, toyScoring(60, 10));
      return layers.map((layer) => layer.weights.length);
    };
    const uniform = layerCounts(task);
    for (const name of ["random", "set-uniform", "rigl-uniform", "eoi"]) {
      expect(await countsOf(name)).toEqual(uniform);
    }
    const total = uniform.reduce((sum, count) => sum + count, 0);
    const shared = shareConnections(
      [
        [60, 60],
        [60, 60],
        [10, 60],
      ],
      total,
      "erdos-renyi",
    );
    expect(shared[2]).toBeGreaterThan(1.5 * uniform[2]);
    for (const name of ["random-erdos-renyi", "set", "rigl", "eoi-erdos-renyi"]) {
      expect(await countsOf(name)).toEqual(shared);
    }
  });
});
