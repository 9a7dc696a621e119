import { describe, expect, it } from "vitest";
import { multiply, toDense } from "../../test/dense-matrix.ts";
import { randomStream } from "../math/random.ts";
import { singularValues } from "../math/singular-values.ts";
import { forward } from "../network/evaluate.ts";
import { foldInputScale } from "../network/fold-input-scale.ts";
import { dense, sao } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import { certify } from "./certificate.ts";

function gaussianSamples(width: number, count: number, scale = 1) {
  const random = randomStream(11);
  return { inputs: Float64Array.from({ length: width * count }, () => scale * random.normal()), count };
}

describe("signals", () => {
  it("have the singular values of the Jacobian that finite differences give", () => {
    for (const [activation, init] of [
      ["tanh", sao({ groups: 3 })],
      ["relu", sao({ degree: 4 })],
    ] as const) {
      const network = mlp({ widths: [15, 12, 12, 6, 9], activation, init, start: "none", seed: 2 });
      const samples = gaussianSamples(15, 1, 0.8);
      const { signals } = certify(network, { samples });
      const step = 1e-6;
      const jacobian = new Float64Array(9 * 15);
      for (let j = 0; j < 15; j++) {
        const [up, down] = [1, -1].map((sign) => {
          const inputs = samples.inputs.slice();
          inputs[j] += sign * step;
          return forward(network, inputs, 1);
        });
        for (let i = 0; i < 9; i++) jacobian[i * 15 + j] = (up[i] - down[i]) / (2 * step);
      }
      const expected = singularValues(jacobian, 9, 15).subarray(0, 6);
      const last = signals!.depths.at(-1)!;
      expect(last.depth).toBe(4);
      expect(last.jacobian!.dimension).toBe(6);
      expect(last.jacobian!.largest).toBeCloseTo(expected[0], 7);
      expect(last.jacobian!.smallest).toBeCloseTo(expected[5], 7);
      expect(last.jacobian!.meanSquare).toBeCloseTo(expected.reduce((s, v) => s + v * v, 0) / 6, 7);
      expect(last.jacobian!.deciles![10]).toBeCloseTo(expected[0], 7);
    }
  });

  it("keep all singular values of a linear network, the product of its layers", () => {
    const network = mlp({
      widths: [20, 9, 14, 14],
      activation: "linear",
      init: dense({ weights: "gaussian" }),
      seed: 4,
    });
    let product = toDense(network.layers[0].topology, network.layers[0].weights);
    for (const { topology, weights } of network.layers.slice(1)) {
      product = multiply(toDense(topology, weights), product, topology.rows, topology.columns, 20);
    }
    const { signals } = certify(network, { samples: gaussianSamples(20, 4) });
    const values = singularValues(product, 14, 20);
    expect(signals!.depths.at(-1)!.jacobian).toMatchObject({ dimension: 9 });
    expect(signals!.depths.at(-1)!.jacobian!.smallest).toBeCloseTo(values[8], 12);
    expect(signals!.depths.at(-1)!.jacobian!.largest).toBeCloseTo(values[0], 12);
  });

  it("have Jacobian singular values of exactly 1 at every depth of a looks-linear network", () => {
    const network = mlp({
      widths: [20, ...Array(30).fill(24), 12],
      activation: "relu",
      init: sao({ groups: 3 }),
      seed: 1,
    });
    const { depths } = certify(network, { samples: gaussianSamples(20, 3) }).signals!;
    for (const { jacobian } of depths) {
      expect(jacobian!.dimension).toBe(12);
      expect(jacobian!.smallest).toBeCloseTo(1, 5);
      expect(jacobian!.largest).toBeCloseTo(1, 5);
    }
  });

  it("stay near-isometric to depth 200 from the isometric start, and fade without it", () => {
    const widths = [64, ...Array(200).fill(64)];
    const samples = gaussianSamples(64, 20);
    const start = foldInputScale(
      mlp({ widths, init: sao({ groups: 4 }), start: "isometric", seed: 3 }),
      samples.inputs,
    );
    const good = certify(start, { samples }).signals!.depths.at(-1)!;
    expect(good.jacobian!.meanSquare).toBeGreaterThan(0.85);
    expect(good.jacobian!.smallest).toBeGreaterThan(0.25);
    const { meanSquare, outputGain } = start.provenance.critical!;
    expect(good.preActivationMeanSquare / (meanSquare * outputGain! ** 2)).toBeCloseTo(1, 0);
    const plain = mlp({ widths, init: sao({ groups: 4 }), start: "none", seed: 3 });
    const faded = certify(plain, { samples }).signals!.depths.at(-1)!;
    // q_L = q_0 / (1 + 2 q_0 L), and the mean squared singular value with it (docs/theory.md, section 8).
    expect(faded.preActivationMeanSquare).toBeLessThan(0.006);
    expect(faded.jacobian!.meanSquare).toBeLessThan(0.02);
  });

  it("give up on Jacobians that overflow, without failing", () => {
    const network = mlp({ widths: Array(12).fill(4), activation: "linear", init: dense({ gain: 1e30 }) });
    const { depths } = certify(network, { samples: gaussianSamples(4, 1) }).signals!;
    expect(depths.at(-1)!.jacobian).toBeNull();
    expect(depths[0].jacobian!.largest).toBeCloseTo(1e30, -24);
  });
});
