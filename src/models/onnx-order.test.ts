import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { certify } from "../certificate/index.ts";
import { exportNetwork } from "../formats/index.ts";
import { randomStream } from "../math/random.ts";
import type { ConvolutionLayer, Layer } from "../network/network.ts";
import { fromLayers } from "../network/validate.ts";
import { type Arrangement, arrange } from "../topology/arrangement.ts";
import { nonZeros } from "../topology/topology.ts";
import { inspectModel } from "./inspect.ts";
import { openModel } from "./open-model.ts";

const folder = mkdtempSync(join(tmpdir(), "isosparse-order-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The inspection of three convolutions of 16 channels on groups of these sizes, as an ONNX model. */
async function inspected(sizes: number[], arrangement: Arrangement, form: "fast" | "dense") {
  const groups = Int32Array.from(sizes);
  const layers = [0, 1, 2].map((i): ConvolutionLayer => {
    const topology = arrange("sao", { rows: groups, columns: groups }, arrangement, randomStream(i));
    const random = randomStream(i).split("weights");
    return {
      kind: "convolution",
      name: `layers.${i}`,
      topology,
      weights: Float32Array.from({ length: 9 * nonZeros(topology) }, () => random.normal() / 4),
      bias: new Float32Array(16),
      kernelSize: 3,
      stride: 1,
      dilation: 1,
      padding: "zeros",
      input: { channels: 16, height: 4, width: 4 },
      activation: "tanh",
      asked: {},
      initializer: "kaiming",
    };
  });
  const path = join(folder, "model.onnx");
  const network = fromLayers<Layer>(layers);
  const certificate = certify(network, { workLimit: 1e4 });
  await exportNetwork(network, path, { to: "onnx", form, certificate });
  const model = await openModel(path);
  try {
    return await inspectModel(model, { workLimit: 1e6 });
  } finally {
    await model.close();
  }
}

const disconnected = ({ verdict }: Awaited<ReturnType<typeof inspected>>) =>
  verdict.filter(({ code }) => code === "disconnected").length;

describe("layers of our own ONNX models", () => {
  it("are one chain where channels go straight through, and what it is cut into shows", async () => {
    const dealt = await inspected([4, 4, 4, 4], "debruijn", "dense");
    expect(dealt.chains).toHaveLength(1);
    expect(dealt.chains[0].pairs).toBe(1);
    const cut = await inspected([4, 4, 4, 4], "fixed", "fast");
    expect(cut.chains).toMatchObject([{ first: 0, last: 2, pairs: 0.25 }]);
    expect(disconnected(cut)).toBe(1);
  });

  it("are none where a Gather puts channels in another order, so nothing false is said of them", async () => {
    const dealt = await inspected([4, 4, 4, 4], "debruijn", "fast");
    expect(dealt.layers.map(({ groups }) => groups)).toEqual([4, 4, 4]);
    expect(dealt.chains).toHaveLength(3);
    expect(disconnected(dealt)).toBe(0);
  });

  it("are none where they lie beside one another, as groups of different sizes do", async () => {
    const mixed = await inspected([8, 4, 4], "fixed", "fast");
    expect(mixed.layers.map(({ rows, groups }) => [rows, groups])).toEqual(
      [0, 1, 2].flatMap(() => [
        [8, 1],
        [8, 2],
      ]),
    );
    expect(mixed.chains).toHaveLength(6);
  });
});
