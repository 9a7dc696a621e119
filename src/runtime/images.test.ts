import { describe, expect, it } from "vitest";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { createTrainer, sgd } from "../engine/index.ts";
import { networkToTensors } from "../formats/network-tensors.ts";
import { encodeSafetensors } from "../formats/safetensors.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, sizeOf } from "../network/layer-shape.ts";
import type { AnyNetwork } from "../network/network.ts";
import { load } from "./index.ts";

const saved = (network: AnyNetwork) =>
  new Uint8Array(Buffer.concat(encodeSafetensors(networkToTensors(network))));
const normals = (count: number, seed: number) => {
  const random = randomStream(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

async function engine(network: AnyNetwork, inputs: Float32Array, count: number) {
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: Math.max(1, count),
  });
  const outputs = trainer.predict({ count, inputs, mean: Float32Array.of(0), deviation: Float32Array.of(1) });
  trainer.dispose();
  return outputs;
}

describe("predictions of networks with images", () => {
  const networks = [
    ...Array.from({ length: 8 }, (_, seed) => everyKindNetwork(seed)),
    ...Array.from({ length: 60 }, (_, seed) => randomConvolutionNetwork(seed)),
  ];

  it("have the bits of the engine's, and are the reference's, whatever the kinds of layers and the batch", async () => {
    for (const [i, network] of networks.entries()) {
      const width = sizeOf(networkInput(network));
      const model = await load(saved(network));
      for (const count of [1, 5, 9, 33]) {
        const inputs = normals(width * count, 10 * i + count);
        const actual = model.predict(inputs);
        const expected = forward(network, Float64Array.from(inputs), count);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
        for (const [k, value] of expected.entries())
          expect(Math.abs(actual[k] - value) / largest, `network ${i}, batch ${count}`).toBeLessThan(1e-4);
        expect(actual, `network ${i}, batch ${count}`).toEqual(await engine(network, inputs, count));
      }
    }
  });
});
