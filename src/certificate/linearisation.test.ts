import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { type RandomStream, randomStream } from "../math/random.ts";
import { singularValues } from "../math/singular-values.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, outputShape, sizeOf } from "../network/layer-shape.ts";
import type { AnyNetwork } from "../network/network.ts";
import { Linearisation } from "./linearisation.ts";
import { rankBounds } from "./rank-bounds.ts";

const anyNetwork = fc
  .record({ seed: fc.nat({ max: 1e6 }), everyKind: fc.boolean() })
  .map(({ seed, everyKind }) => ({
    seed,
    network: everyKind ? everyKindNetwork(seed) : randomConvolutionNetwork(seed),
  }));

function normals(length: number, random: RandomStream): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/** Each layer's activations for one sample. */
function activations(network: AnyNetwork, input: Float64Array): Float64Array[] {
  const found: Float64Array[] = [];
  forward(network, input, 1, (_, __, values) => found.push(values));
  return found;
}

/** [outputs, inputs] of layer `last`'s activations, by central differences. */
function differences(network: AnyNetwork, input: Float64Array, last: number): Float64Array {
  const step = 1e-6;
  const columns = Array.from(input.keys(), (j) => {
    const [up, down] = [step, -step].map((change) => {
      const moved = input.slice();
      moved[j] += change;
      return activations(network, moved)[last];
    });
    return up.map((value, i) => (value - down[i]) / (2 * step));
  });
  const rows = columns[0].length;
  return Float64Array.from(
    { length: rows * columns.length },
    (_, k) => columns[k % columns.length][Math.floor(k / columns.length)],
  );
}

describe("Linearisation", () => {
  it("is, at every layer of any network, what finite differences give, and its transpose", () => {
    fc.assert(
      fc.property(anyNetwork, ({ network, seed }) => {
        const random = randomStream(seed);
        const width = sizeOf(networkInput(network));
        const inputs = normals(3 * width, random);
        // Of three samples the first two, so that samples are told apart.
        const samples = [0, 1].map((s) => inputs.subarray(s * width, (s + 1) * width));
        const linearisation = new Linearisation(network, samples);
        forward(network, inputs, 3, (...layer) => linearisation.visit(...layer));
        const direction = normals(width, random);
        const step = 1e-6;
        for (const [s, sample] of samples.entries()) {
          const [up, at, down] = [step, 0, -step].map((size) =>
            activations(
              network,
              sample.map((value, i) => value + size * direction[i]),
            ),
          );
          for (const [last, layer] of network.layers.entries()) {
            const operator = linearisation.jacobian(s, last);
            expect([operator.rows, operator.columns]).toEqual([sizeOf(outputShape(layer)), width]);
            const product = new Float64Array(operator.rows);
            operator.multiply(direction, product);
            for (const [i, value] of product.entries()) {
              // Where an activation's corner lies within the step there is no derivative to compare with.
              const corner = Math.abs(up[last][i] - 2 * at[last][i] + down[last][i]) > 1e-4 * step;
              if (!corner) expect(value).toBeCloseTo((up[last][i] - down[last][i]) / (2 * step), 6);
            }
            const y = normals(operator.rows, random);
            const back = new Float64Array(width);
            operator.multiplyTransposed(y, back);
            const across = back.reduce((sum, value, j) => sum + value * direction[j], 0);
            expect(across).toBeCloseTo(
              product.reduce((sum, value, i) => sum + value * y[i], 0),
              9,
            );
          }
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe("rankBounds", () => {
  it("bound the rank of every Jacobian, shortcuts and all", () => {
    fc.assert(
      fc.property(anyNetwork, ({ network, seed }) => {
        const input = normals(sizeOf(networkInput(network)), randomStream(seed));
        const after = [...network.layers.keys()];
        const bounds = rankBounds(network, after, () => false);
        for (const last of after) {
          const rows = sizeOf(outputShape(network.layers[last]));
          const values = singularValues(differences(network, input, last), rows, input.length);
          expect(bounds.get(last)).toBeLessThanOrEqual(values.length);
          for (const value of values.subarray(bounds.get(last))) expect(value).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("let shortcuts pass narrow places by", () => {
    const image = (channels: number) => ({ channels, height: 2, width: 2 });
    const [wide, narrow] = [image(8), image(2)];
    const base = randomConvolutionNetwork(1);
    const convolution = base.layers[0];
    if (convolution.kind !== "convolution") throw new Error("the first layer is a convolution");
    const layer = (name: string, input: typeof wide, rows: number) => ({
      ...convolution,
      name,
      input,
      stride: 1,
      topology: { ...convolution.topology, rows, columns: input.channels },
    });
    const layers = [
      layer("a", wide, 8),
      layer("b", wide, 2),
      layer("c", narrow, 8),
      { kind: "add" as const, name: "d", input: wide, from: "a", activation: "linear" as const },
      layer("e", wide, 8),
    ];
    const network = { layers, provenance: base.provenance };
    expect([...rankBounds(network, [0, 1, 2, 3, 4], () => false).values()]).toEqual([32, 8, 8, 32, 32]);
    expect([...rankBounds(network, [3, 4], (k) => k === 0).values()]).toEqual([16, 16]);
  });
});
