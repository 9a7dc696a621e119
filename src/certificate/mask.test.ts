import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiply, toDense } from "../../test/dense-matrix.ts";
import { randomStream } from "../math/random.ts";
import { singularValues } from "../math/singular-values.ts";
import { buildTopology } from "../topology/registry.ts";
import { type BlockTopology, type EdgeTopology, nonZeros, type Topology } from "../topology/topology.ts";
import { Budget } from "./budget.ts";
import { maskSteps } from "./channels.ts";
import { componentCount, degrees, maskOperator, range } from "./mask.ts";
import { mixing } from "./mixing.ts";
import { reach } from "./reach.ts";
import { maskSpectrum } from "./spectrum.ts";

const unlimited = (): Budget => new Budget("test", Number.POSITIVE_INFINITY);

function sao(rows: number, columns: number, groups: number, arrangement: string, seed = 0): Topology {
  const options = { random: randomStream(seed), arrangement: arrangement as "debruijn" };
  return buildTopology("sao", { rows, columns }, { groups }, options);
}

/** A random mask, as edges, that may have empty rows and columns. */
function randomEdges(rows: number, columns: number, density: number, seed: number): EdgeTopology {
  const random = randomStream(seed);
  const columnIndices: number[] = [];
  const rowPointers = Int32Array.of(0, ...new Array<number>(rows).fill(0));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) if (random.uniform() < density) columnIndices.push(j);
    rowPointers[i + 1] = columnIndices.length;
  }
  const indices = Int32Array.from(columnIndices);
  return { kind: "edges", name: "random", rows, columns, rowPointers, columnIndices: indices };
}

const dense = (topology: Topology): Float64Array =>
  toDense(topology, new Float64Array(nonZeros(topology)).fill(1));

function fans(topology: Topology) {
  const { rows, columns } = degrees(topology);
  return { rowDegrees: range(rows), columnDegrees: range(columns), components: componentCount(topology) };
}

const spectrum = (topology: Topology) => maskSpectrum(topology, fans(topology), randomStream(1));

/** Random layers, blocks or edges. */
const anyTopology = fc
  .record({
    rows: fc.integer({ min: 1, max: 24 }),
    columns: fc.integer({ min: 1, max: 24 }),
    seed: fc.nat(),
    kind: fc.constantFrom("debruijn", "random", "fixed", "edges"),
    share: fc.double({ min: 0.02, max: 1, noNaN: true }),
  })
  .map(({ rows, columns, seed, kind, share }) => {
    const groups = Math.max(
      1,
      Math.round(share * Math.min(rows, columns, Math.floor(Math.max(rows, columns) / 2))),
    );
    return kind === "edges"
      ? randomEdges(rows, columns, share, seed)
      : sao(rows, columns, groups, kind, seed);
  });

describe("degrees, components and products of a mask", () => {
  it("agree with the dense matrix", () => {
    fc.assert(
      fc.property(anyTopology, (topology) => {
        const { rows, columns } = topology;
        const matrix = dense(topology);
        const x = Float64Array.from({ length: columns }, (_, i) => Math.sin(i + 1));
        const y = Float64Array.from({ length: rows }, (_, i) => Math.cos(i + 1));
        const [image, back] = [new Float64Array(rows), new Float64Array(columns)];
        maskOperator(topology).multiply(x, image);
        maskOperator(topology).multiplyTransposed(y, back);
        for (const [i, value] of multiply(matrix, x, rows, columns, 1).entries()) {
          expect(image[i]).toBeCloseTo(value, 12);
        }
        for (const [j, value] of multiply(y, matrix, 1, rows, columns).entries()) {
          expect(back[j]).toBeCloseTo(value, 12);
        }
        const ones = new Float64Array(columns).fill(1);
        expect([...degrees(topology).rows]).toEqual([...multiply(matrix, ones, rows, columns, 1)]);
        const otherOnes = new Float64Array(rows).fill(1);
        expect([...degrees(topology).columns]).toEqual([...multiply(otherOnes, matrix, 1, rows, columns)]);
        expect(componentCount(topology)).toBe(floodComponents(topology));
      }),
    );
  });
});

describe("maskSpectrum", () => {
  it("agrees with a direct decomposition, closed form and Lanczos alike", () => {
    fc.assert(
      fc.property(anyTopology, (topology) => {
        const [first, second = 0] = singularValues(dense(topology), topology.rows, topology.columns);
        const { sigma1, sigma2 } = spectrum(topology);
        expect(sigma1).toBeCloseTo(first, 7);
        expect(Math.abs(sigma2 - second)).toBeLessThan(1e-6 * Math.max(1, first));
      }),
    );
  });

  it("shows that the published masks are not Ramanujan: width 128, degree 16", () => {
    const published = sao(128, 128, 8, "random", 3);
    expect(spectrum(published)).toMatchObject({
      sigma1: 16,
      sigma2: 16,
      ramanujan: false,
      method: "closed form",
    });
    expect(spectrum(published).ramanujanBound).toBeCloseTo(7.746, 3);
    expect(componentCount(published)).toBe(8);
  });

  it("has half of sigma1 left for clifford of degree 16, and 0 for dense", () => {
    const clifford = buildTopology(
      "clifford",
      { rows: 128, columns: 128 },
      { degree: 16 },
      { random: randomStream(1) },
    );
    const { sigma1, sigma2, ramanujanBound } = spectrum(clifford);
    expect(sigma1).toBe(16);
    expect(sigma2).toBeCloseTo(8, 7);
    expect(sigma2 / ramanujanBound!).toBeCloseTo(1.033, 3);
    expect(spectrum(sao(30, 20, 1, "fixed"))).toMatchObject({ sigma2: 0, ramanujan: true });
    expect(spectrum(randomEdges(12, 9, 2, 1)).sigma2).toBeLessThan(1e-8);
  });

  it("passes a true Ramanujan graph", () => {
    const graph = buildTopology(
      "ramanujan",
      { rows: 64, columns: 64 },
      { degree: 8 },
      { random: randomStream(2) },
    );
    expect(spectrum(graph).ramanujan).toBe(true);
  });
});

describe("reach", () => {
  it("agrees with products of dense boolean matrices, from every layer", () => {
    const chains = fc
      .record({
        widths: fc.array(fc.integer({ min: 2, max: 14 }), { minLength: 2, maxLength: 6 }),
        seed: fc.nat(),
      })
      .map(({ widths, seed }) => chain(widths, seed));
    fc.assert(
      fc.property(chains, (topologies) => {
        const found = reach(maskSteps(topologies), unlimited())!;
        const windows = topologies.map((_, start) => denseWindow(topologies.slice(start)));
        expect(found.layers).toBe(windows[0].layers);
        expect(found.connectedPairs).toBeCloseTo(windows[0].pairs, 12);
        const complete = windows.map(({ layers }) => layers ?? 0);
        expect(found.worstWindow?.layers ?? 0).toBe(Math.max(...complete));
        const unfinished = windows.findIndex(({ layers }) => layers === null);
        expect(found.unfinishedFrom).toBe(unfinished < 0 ? null : unfinished);
        if (found.layers !== null) expect(found.lowerBound).toBeLessThanOrEqual(found.layers);
      }),
      { numRuns: 200 },
    );
  });

  it("is at the lower bound for de Bruijn, and never for the fixed arrangement", () => {
    for (const [width, groups] of [
      [128, 8],
      [128, 64],
      [60, 15],
      [81, 27],
    ]) {
      const degree = width / groups;
      const depth = 12;
      const debruijn = new Array(depth).fill(sao(width, width, groups, "debruijn"));
      const layers = Math.ceil(Math.log(width) / Math.log(degree) - 1e-9);
      expect(reach(maskSteps(debruijn), unlimited())).toEqual({
        connected: true,
        connectedPairs: 1,
        layers,
        lowerBound: layers,
        worstWindow: { start: 0, layers },
        unfinishedFrom: depth - layers + 1,
      });
      const fixed = new Array(depth).fill(sao(width, width, groups, "fixed"));
      expect(reach(maskSteps(fixed), unlimited())).toMatchObject({
        connected: false,
        connectedPairs: 1 / groups,
        layers: null,
        worstWindow: null,
        unfinishedFrom: 0,
      });
    }
  });

  it("is left out, with a reason, when the budget is too small", () => {
    const layers = [sao(16, 16, 4, "debruijn"), sao(16, 16, 4, "debruijn")];
    const budget = new Budget("reach", 70);
    expect(reach(maskSteps(layers), budget)).toBeNull();
    expect(budget.skipped[0].reason).toMatch(/workLimit/);
  });
});

describe("mixing", () => {
  it("follows the closed form for de Bruijn of constant width", () => {
    for (const [n, d] of [
      [128, 2],
      [128, 4],
      [128, 16],
      [60, 4],
      [90, 6],
    ]) {
      const layers = new Array<Topology>(6).fill(sao(n, n, n / d, "debruijn"));
      const found = mixing(maskSteps(layers), randomStream(1), unlimited());
      for (const { depth, ratio } of found) {
        const power = d ** depth;
        const [c, r] = [gcd(power, n), power % n];
        const expected =
          r === 0 ? 0 : (c * Math.sin((Math.PI * r) / n)) / (power * Math.sin((Math.PI * c) / n));
        expect(ratio).toBeCloseTo(Math.abs(expected), 8);
      }
    }
  });

  it("agrees with a direct decomposition of the product", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 14 }), { minLength: 2, maxLength: 5 }),
        fc.nat(),
        (widths, seed) => {
          const layers = chain(widths, seed);
          const found = mixing(maskSteps(layers), randomStream(1), unlimited());
          let product = dense(layers[0]);
          for (const [k, { ratio }] of found.entries()) {
            if (k > 0) product = multiply(dense(layers[k]), product, widths[k + 1], widths[k], widths[0]);
            const [first, second = 0] = singularValues(product, widths[k + 1], widths[0]);
            expect(Math.abs(ratio - (first === 0 ? 1 : second / first))).toBeLessThan(2e-6);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

function chain(widths: readonly number[], seed: number): Topology[] {
  const random = randomStream(seed);
  return widths.slice(1).map((rows, i) => {
    const columns = widths[i];
    const most = Math.max(1, Math.min(rows, columns, Math.floor(Math.max(rows, columns) / 2)));
    const kind = random.integer(4);
    if (kind === 3) return randomEdges(rows, columns, 0.2 + 0.5 * random.uniform(), random.uint32());
    return sao(
      rows,
      columns,
      1 + random.integer(most),
      ["debruijn", "random", "fixed"][kind],
      random.uint32(),
    );
  });
}

function denseWindow(topologies: readonly Topology[]): { layers: number | null; pairs: number } {
  let layers: number | null = null;
  const inputs = topologies[0].columns;
  let product = dense(topologies[0]);
  for (const [k, topology] of topologies.entries()) {
    if (k > 0) product = multiply(dense(topology), product, topology.rows, topology.columns, inputs);
    product = product.map((paths) => (paths > 0 ? 1 : 0));
    if (layers === null && product.every((path) => path === 1)) layers = k + 1;
  }
  return { layers, pairs: product.reduce((sum, path) => sum + path, 0) / product.length };
}

function floodComponents(topology: BlockTopology | EdgeTopology): number {
  const { rows, columns } = topology;
  const matrix = dense(topology);
  const seen = new Set<number>();
  let count = 0;
  for (let start = 0; start < rows + columns; start++) {
    if (seen.has(start)) continue;
    count++;
    const queue = [start];
    seen.add(start);
    for (let unit = queue.pop(); unit !== undefined; unit = queue.pop()) {
      for (let other = 0; other < rows + columns; other++) {
        const [row, column] = unit < rows ? [unit, other - rows] : [other, unit - rows];
        if (row >= rows || column < 0 || seen.has(other) || matrix[row * columns + column] === 0) continue;
        seen.add(other);
        queue.push(other);
      }
    }
  }
  return count;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
