import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { denseConvolution } from "../../../test/dense-convolution.ts";
import { multiply } from "../../../test/dense-matrix.ts";
import { convolution } from "../../init/convolution/build-convolution.ts";
import type { Convolution, ImageSize } from "../../init/convolution/convolution.ts";
import { type ConvolutionChainOptions, convolutionChain } from "../../init/convolution/convolution-chain.ts";
import { randomStream } from "../../math/random.ts";
import { singularValues } from "../../math/singular-values.ts";
import { certifyConvolutions } from "./certificate.ts";
import { convolutionOperator } from "./operator.ts";
import { withoutTwins } from "./twins.ts";

const random = randomStream(11);
const image = { height: 6, width: 6 };

/** The product of layers' matrices, from the definition. */
function denseChain(layers: readonly Convolution[], size: ImageSize): Float64Array {
  const parts = layers.map((layer) => denseConvolution(layer, size));
  let product = parts[0].matrix;
  for (const { matrix, rows, columns } of parts.slice(1)) {
    product = multiply(matrix, product, rows, columns, parts[0].columns);
  }
  return singularValues(product, parts[parts.length - 1].rows, parts[0].columns);
}

describe("the certificate of an isometric chain", () => {
  const eco = { channels: [6, 6, 6], init: "eco", kernelSize: 3, image } as const;
  const cases: [string, ConvolutionChainOptions][] = [
    ["dense delta", { channels: [6, 6, 6] }],
    ["SAO-Delta", { channels: [6, 6, 6], groups: 3, kernelSize: 4, dilation: 2 }],
    ["dense ECO", eco],
    ["SAO-ECO", { ...eco, compression: 3 }],
    ["narrowing SAO-ECO", { ...eco, channels: [6, 5, 4, 2], groups: 2 }],
  ];

  it.each(cases)("says so: %s", (_, options) => {
    const layers = convolutionChain(options);
    const { verdict, jacobian, layers: certified } = certifyConvolutions(layers, { image });
    expect(verdict.orthogonal.holds).toBe(true);
    for (const { singularValues: values, isometry, frequencies } of certified) {
      expect(isometry).toBe(true);
      expect(values?.kind).toBe("enclosure");
      expect(frequencies.orthogonal).toBe(true);
    }
    const values = denseChain(layers, image);
    expect(jacobian?.singularValues?.smallest).toBeLessThanOrEqual(values[values.length - 1] + 1e-12);
    expect(jacobian?.singularValues?.largest).toBeGreaterThanOrEqual(values[0] - 1e-12);
    expect(jacobian?.singularValues?.smallest).toBeGreaterThan(0.9999);
    expect(jacobian?.singularValues?.largest).toBeLessThan(1.0001);
    expect(jacobian?.gain).toBeCloseTo(1, 5);
  });

  it("says why ECO is none elsewhere", () => {
    const layers = convolutionChain({ ...eco, groups: 2 });
    const zeros = certifyConvolutions(
      layers.map((layer) => ({ ...layer, padding: "zeros" as const })),
      { image, workLimit: 1e7 },
    );
    expect(zeros.verdict.orthogonal.holds).toBe(false);
    expect(zeros.verdict.orthogonal.detail).toMatch(/own 3 x 3 frequencies, but it needs circular padding/);
    const elsewhere = certifyConvolutions(layers, { image: { height: 8, width: 6 }, workLimit: 1e7 });
    expect(elsewhere.verdict.orthogonal.detail).toMatch(/images of 8 x 6 have 4 x 3 of them/);
    expect(elsewhere.layers[0].frequencies).toEqual({ orthogonal: true, down: 4, right: 3, covered: false });
  });

  it("tells what stride 2 loses", () => {
    const layer = convolution({ outChannels: 4, inChannels: 4, stride: 2, groups: 2, random });
    const { verdict, layers } = certifyConvolutions([layer], { image });
    expect(layers[0].energy).toBeCloseTo(0.25, 6);
    expect(layers[0].output).toEqual({ height: 3, width: 3 });
    expect(verdict.orthogonal.detail).toMatch(/layers\.0, at stride 2, passes 25% of the energy on/);
  });
});

describe("the certificate of any chain", () => {
  it("has the singular values of the whole chain", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1e6 }),
        fc.array(fc.integer({ min: 2, max: 4 }), { minLength: 2, maxLength: 4 }),
        fc.constantFrom("zeros", "circular"),
        (seed, channels, padding) => {
          const size = { height: 3, width: 4 };
          const layers = convolutionChain({ channels, seed, padding, init: "kaiming" });
          const values = denseChain(layers, size);
          const { jacobian } = certifyConvolutions(layers, { image: size });
          expect(jacobian?.singularValues?.kind).toBe("exact");
          expect(jacobian?.singularValues?.largest).toBeCloseTo(values[0], 6);
          expect(jacobian?.singularValues?.smallest).toBeCloseTo(values[values.length - 1], 6);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("connects channels in as few layers as de Bruijn graphs do", () => {
    const layers = convolutionChain({ channels: [16, 16, 16, 16], degree: 4 });
    const { reach, mixing, layers: certified, costs } = certifyConvolutions(layers, { image });
    expect(reach).toMatchObject({ connected: true, layers: 2, lowerBound: 2 });
    expect(mixing.map(({ ratio }) => ratio)).toEqual([expect.closeTo(1), expect.closeTo(0)]);
    expect(certified[0]).toMatchObject({ nonZeros: 64, sparsity: 0.75, weights: 576, components: 4 });
    expect(costs.compression).toBe(4);
    expect(costs.sparse.forwardFlops).toBe(2 * 3 * 576 * 36);
    expect(costs.sparse.trainingFlops).toBe(2 * (9 - 1) * 576 * 36);
    const apart = convolutionChain({ channels: [16, 16, 16, 16], degree: 4, arrangement: "fixed" });
    expect(certifyConvolutions(apart, { image }).verdict.connected.holds).toBe(false);
  });

  it("leaves out what is too much work, and says so", () => {
    const layers = convolutionChain({
      channels: [8, 8, 8],
      init: "kaiming",
      topology: "random",
      sparsity: 0.5,
    });
    const { skipped, jacobian, verdict } = certifyConvolutions(layers, { image, workLimit: 1000 });
    expect(jacobian).toBeNull();
    expect(verdict.orthogonal.holds).toBeNull();
    expect(skipped.map(({ measure }) => measure)).toEqual(
      expect.arrayContaining(["singularValues", "jacobian", "mixing"]),
    );
  });

  it("reads on 80 columns and survives JSON", () => {
    const looksLinear = { channels: [3, 16, 16, 16, 10], compression: 4, start: "looks-linear" } as const;
    const gaussian = { channels: [16, 16, 16], init: "kaiming", gain: 1e-4, compression: 4 } as const;
    for (const [options, shows] of [
      [looksLinear, /channels 3 -> 16 x 3 -> 10, images 16 x 16/],
      [gaussian, /^0-1 .*e-4\+$/m],
    ] as const) {
      const layers = convolutionChain(options);
      const certificate = certifyConvolutions(layers, { image: { height: 16, width: 16 }, workLimit: 1e8 });
      const lines = certificate.summary().split("\n");
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
      expect(certificate.summary()).toMatch(shows);
      expect(JSON.parse(JSON.stringify(certificate))).toEqual(certificate);
    }
  });

  it("refuses layers that do not follow one another, and none", () => {
    const layers = convolutionChain({ channels: [4, 4, 4] });
    const refuse = (chain: Convolution[], size: ImageSize) =>
      expect(() => certifyConvolutions(chain, { image: size })).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^bad-/) }),
      );
    refuse([], image);
    refuse([...layers, convolution({ outChannels: 4, inChannels: 6, random })], image);
    refuse(layers, { height: 6, width: 0 });
    refuse([{ ...layers[0], stride: 0 }], image);
  });
});

describe("looks-linear convolutions", () => {
  const options = { channels: [3, 8, 8, 8, 4], groups: 2, start: "looks-linear" } as const;
  const edges = {
    ...options,
    topology: "random",
    groups: undefined,
    sparsity: 0.5,
    init: "kaiming",
  } as const;

  it.each([
    ["delta blocks", options],
    ["random edges", edges],
  ])("are, with ReLU between them, the linear map of their bases: %s", (_, chosen) => {
    const layers = convolutionChain(chosen);
    const bases = layers.map((layer) => withoutTwins(layer).base);
    expect(bases.map(({ topology }) => [topology.rows, topology.columns])).toEqual([
      [4, 3],
      [4, 4],
      [4, 4],
      [4, 4],
    ]);
    const start = new Float64Array(3 * 36).map(() => random.normal());
    let [signal, linear] = [start, start];
    for (const [i, layer] of layers.entries()) {
      signal = apply(layer, signal);
      if (i < layers.length - 1) signal = signal.map((value) => Math.max(0, value));
      linear = apply(bases[i], linear);
    }
    for (const [i, value] of linear.entries()) expect(signal[i]).toBeCloseTo(value, 5);
    expect(linear.some((value) => Math.abs(value) > 1e-3)).toBe(true);
  });

  it("are certified as their bases, until a twin changes", () => {
    const layers = convolutionChain({ channels: [8, 16, 16, 8], groups: 2, start: "looks-linear" });
    const { verdict, jacobian, layers: certified } = certifyConvolutions(layers, { image });
    expect(certified.map(({ mirrored }) => mirrored)).toEqual([
      { rows: true, columns: false },
      { rows: true, columns: true },
      { rows: false, columns: true },
    ]);
    expect(verdict.orthogonal.holds).toBe(true);
    expect(jacobian?.singularValues?.largest).toBeCloseTo(1, 5);
    layers[1].weights[4] += 1;
    const changed = certifyConvolutions(layers, { image });
    expect(changed.layers[1].mirrored).toEqual({ rows: false, columns: false });
    expect(changed.verdict.orthogonal.holds).toBe(false);
  });
});

function apply(layer: Convolution, x: Float64Array): Float64Array<ArrayBuffer> {
  const operator = convolutionOperator(layer, image);
  const y = new Float64Array(operator.rows);
  operator.multiply(x, y);
  return y;
}
