import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { denseConvolution } from "../../../test/dense-convolution.ts";
import { orthogonalityError, toDense } from "../../../test/dense-matrix.ts";
import { randomStream } from "../../math/random.ts";
import { singularValues } from "../../math/singular-values.ts";
import { clifford } from "../../topology/clifford.ts";
import { forEachConnection } from "../../topology/connections.ts";
import { random as randomTopology } from "../../topology/random.ts";
import { sao } from "../../topology/sao.ts";
import { density, nonZeros } from "../../topology/topology.ts";
import { convolution } from "./build-convolution.ts";
import type { Convolution, Padding } from "./convolution.ts";
import { delta } from "./delta.ts";
import { eco } from "./eco.ts";
import { ecoIsIsometry } from "./eco-dilation.ts";
import { kaimingKernels } from "./kaiming-kernels.ts";
import { shift } from "./shift.ts";

const random = randomStream(5);

/** Largest |A Aᵀ − I| of a layer's matrix on the shorter side. */
function errorOf(layer: Convolution, height: number, width: number): number {
  const { matrix, rows, columns } = denseConvolution(layer, { height, width });
  return orthogonalityError(matrix, rows, columns);
}

const channels = fc.integer({ min: 2, max: 6 });
const padding = fc.constantFrom<Padding>("zeros", "circular");

describe("delta", () => {
  it("is an isometry on any image at stride 1, dense or sparse, for odd and even kernels", () => {
    fc.assert(
      fc.property(
        fc.record({
          out: channels,
          inputs: channels,
          groups: fc.integer({ min: 1, max: 2 }),
          seed: fc.nat(),
        }),
        fc.record({
          kernelSize: fc.integer({ min: 1, max: 5 }),
          dilation: fc.integer({ min: 1, max: 2 }),
          padding,
        }),
        fc.record({ height: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 4 }) }),
        ({ out, inputs, groups, seed }, geometry, { height, width }) => {
          const topology = sao({ rows: out, columns: inputs }, { groups }, { random, minimumDegree: 1 });
          const weights = delta(topology, { ...geometry, random: randomStream(seed), gain: 1 });
          expect(errorOf({ topology, weights, stride: 1, ...geometry }, height, width)).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("leaves all taps of kept kernels but the centre at 0", () => {
    const topology = sao({ rows: 4, columns: 4 }, { groups: 2 }, { random });
    for (const [kernelSize, centre] of [
      [3, 4],
      [4, 5],
      [2, 0],
      [5, 12],
    ]) {
      const weights = delta(topology, { kernelSize, random, gain: 1 });
      expect(weights).toHaveLength(8 * kernelSize ** 2);
      for (const [i, weight] of weights.entries()) {
        expect(weight !== 0).toBe(i % kernelSize ** 2 === centre);
      }
    }
  });

  it("passes a quarter of the energy on at stride 2, which space-to-depth does not lose", () => {
    const layer = convolution({ outChannels: 4, inChannels: 4, stride: 2, groups: 2, random });
    const { matrix, columns } = denseConvolution(layer, { height: 6, width: 6 });
    const energy = matrix.reduce((sum, entry) => sum + entry ** 2, 0) / columns;
    expect(energy).toBeCloseTo(0.25, 6);
  });
});

describe("shift", () => {
  it("is an isometry of circular images, dense or sparse, and loses what crosses zero borders", () => {
    fc.assert(
      fc.property(
        fc.record({
          out: channels,
          inputs: channels,
          groups: fc.integer({ min: 1, max: 2 }),
          seed: fc.nat(),
        }),
        fc.record({ kernelSize: fc.integer({ min: 1, max: 5 }), dilation: fc.integer({ min: 1, max: 2 }) }),
        fc.record({ height: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 4 }) }),
        ({ out, inputs, groups, seed }, geometry, { height, width }) => {
          const topology = sao({ rows: out, columns: inputs }, { groups }, { random, minimumDegree: 1 });
          const weights = shift(topology, { ...geometry, random: randomStream(seed), gain: 1 });
          const layer = { topology, weights, stride: 1, ...geometry };
          expect(errorOf({ ...layer, padding: "circular" }, height, width)).toBeLessThan(1e-6);
          const { matrix, rows, columns } = denseConvolution(
            { ...layer, padding: "zeros" },
            { height, width },
          );
          expect(singularValues(matrix, rows, columns)[0]).toBeLessThan(1 + 1e-6);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("has one tap for all kernels of an output channel, and not the same for all channels", () => {
    const topology = sao({ rows: 32, columns: 32 }, { groups: 4 }, { random });
    const weights = shift(topology, { kernelSize: 3, random: randomStream(3), gain: 1 });
    const seen = new Map<number, Set<number>>();
    let n = 0;
    forEachConnection(topology, (row) => {
      const kernel = weights.subarray(9 * n, 9 * n + 9);
      const taps = [...kernel.keys()].filter((tap) => kernel[tap] !== 0);
      for (const tap of taps) seen.set(row, (seen.get(row) ?? new Set()).add(tap));
      n++;
    });
    expect([...seen.values()].every((taps) => taps.size === 1)).toBe(true);
    expect(new Set([...seen.values()].flatMap((taps) => [...taps])).size).toBeGreaterThan(4);
  });
});

describe("eco", () => {
  it("is an isometry of circular images exactly where side / gcd(side, dilation) divides k", () => {
    fc.assert(
      fc.property(
        fc.record({ kernelSize: fc.integer({ min: 1, max: 5 }), dilation: fc.integer({ min: 1, max: 5 }) }),
        fc.record({ height: fc.integer({ min: 1, max: 6 }), width: fc.integer({ min: 1, max: 6 }) }),
        fc.record({
          out: fc.integer({ min: 3, max: 4 }),
          inputs: fc.integer({ min: 3, max: 4 }),
          seed: fc.nat(),
        }),
        ({ kernelSize, dilation }, image, { out, inputs, seed }) => {
          const topology = sao({ rows: out, columns: inputs }, {}, { random });
          const weights = eco(topology, { kernelSize, random: randomStream(seed), gain: 1 });
          const layer: Convolution = {
            topology,
            weights,
            kernelSize,
            stride: 1,
            dilation,
            padding: "circular",
          };
          const error = errorOf(layer, image.height, image.width);
          if (ecoIsIsometry(image, kernelSize, dilation)) expect(error).toBeLessThan(2e-6);
          else expect(error).toBeGreaterThan(1e-4);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    [2, 6],
    [3, 6],
    [3, 9],
    [4, 8],
    [5, 5],
  ])(
    "with %i taps a side is an isometry of circular images of side %i, sparse too, at the dilation chosen",
    (k, side) => {
      const image = { height: side, width: side };
      const layer = convolution({
        outChannels: 4,
        inChannels: 6,
        kernelSize: k,
        groups: 2,
        init: "eco",
        image,
        random,
      });
      expect(layer.dilation).toBe(side / k);
      expect(nonZeros(layer.topology)).toBe(12);
      expect(errorOf(layer, side, side)).toBeLessThan(2e-6);
      const taps = k ** 2;
      for (let tap = 0; tap < taps; tap++) {
        expect(layer.weights.some((weight, i) => i % taps === tap && weight !== 0)).toBe(true);
      }
    },
  );

  it("is none with zero padding", () => {
    for (const kernelSize of [2, 3, 4]) {
      const image = { height: 2 * kernelSize, width: 2 * kernelSize };
      const layer = convolution({ outChannels: 3, inChannels: 3, kernelSize, init: "eco", image, random });
      const { matrix, rows, columns } = denseConvolution({ ...layer, padding: "zeros" }, image);
      const values = singularValues(matrix, rows, columns);
      expect(values[values.length - 1]).toBeLessThan(0.9);
    }
  });

  it("has symmetric kernels and the same orthogonal matrix at a frequency and its conjugate", () => {
    const k = 4;
    const topology = sao({ rows: 3, columns: 3 }, {}, { random });
    const weights = eco(topology, { kernelSize: k, random, gain: 2 });
    const at = (n: number, a: number, b: number) => weights[n * k * k + ((a + k) % k) * k + ((b + k) % k)];
    for (let n = 0; n < 9; n++) {
      for (let a = 0; a < k; a++) {
        for (let b = 0; b < k; b++) expect(at(n, 1 + a, 1 + b)).toBeCloseTo(at(n, 1 - a, 1 - b), 6);
      }
    }
    for (const [u, v] of [
      [0, 0],
      [1, 3],
      [2, 0],
      [3, 1],
    ]) {
      const transfer = Float32Array.from({ length: 9 }, (_, n) => {
        let sum = 0;
        for (let a = 0; a < k; a++) {
          for (let b = 0; b < k; b++) sum += at(n, 1 + a, 1 + b) * Math.cos((Math.PI / 2) * (u * a + v * b));
        }
        return sum / 2;
      });
      expect(orthogonalityError(toDense(topology, transfer), 3, 3)).toBeLessThan(1e-5);
    }
  });

  it("takes any topology that has exactly orthogonal weights, and no other", () => {
    const options = { random, gain: 1, kernelSize: 2 };
    const graph = clifford({ rows: 64, columns: 64 }, { degree: 8 }, { random });
    const weights = eco(graph, options);
    const layer: Convolution = {
      topology: graph,
      weights,
      kernelSize: 2,
      stride: 1,
      dilation: 1,
      padding: "circular",
    };
    expect(errorOf(layer, 2, 2)).toBeLessThan(2e-6);
    const none = randomTopology({ rows: 6, columns: 6 }, { sparsity: 0.5 }, { random });
    expect(() => eco(none, options)).toThrow(expect.objectContaining({ code: "no-orthogonal-weights" }));
    expect(() => delta(none, options)).toThrow(expect.objectContaining({ code: "no-orthogonal-weights" }));
  });
});

describe("kaiming", () => {
  it("scales by the kernels kept times their taps", () => {
    const topology = sao({ rows: 40, columns: 40 }, { groups: 4 }, { random });
    const weights = kaimingKernels(topology, { kernelSize: 3, random, gain: 1 });
    const variance = weights.reduce((sum, weight) => sum + weight ** 2, 0) / weights.length;
    expect(weights).toHaveLength(3600);
    expect(density(topology)).toBe(0.25);
    expect(variance * 90).toBeGreaterThan(1.8);
    expect(variance * 90).toBeLessThan(2.2);
  });
});
