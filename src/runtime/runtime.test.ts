import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { networkOf, randomNetwork } from "../../test/random-network.ts";
import { createTrainer, sgd } from "../engine/index.ts";
import { IsosparseError } from "../errors.ts";
import { networkToTensors } from "../formats/network-tensors.ts";
import { encodeSafetensors, type TensorFile } from "../formats/safetensors.ts";
import { float32Tensor, uint32Tensor } from "../formats/tensor.ts";
import { randomStream } from "../math/random.ts";
import { sao } from "../network/init-spec.ts";
import { mlp } from "../network/mlp.ts";
import type { Network } from "../network/network.ts";
import { load } from "./index.ts";

const bytesOf = (file: TensorFile) => new Uint8Array(Buffer.concat(encodeSafetensors(file)));
const saved = (network: Network) => bytesOf(networkToTensors(network));
const normals = (count: number, seed: number) => {
  const random = randomStream(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** The engine's answers, and the name of its kernels. */
async function engine(
  network: Network,
  inputs: Float32Array | Uint8Array,
  count: number,
  scaling = { mean: Float32Array.of(0), deviation: Float32Array.of(1) },
  reproducible = false,
) {
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: Math.max(1, count),
    reproducible,
  });
  const outputs = trainer.predict({ count, inputs, ...scaling });
  trainer.dispose();
  return { outputs, kernels: trainer.kernels };
}

describe("predictions of the runtime", () => {
  const networks: Network[] = [
    mlp({ widths: [40, 64, 64, 64, 5], init: sao({ degree: 8 }), seed: 1 }),
    mlp({
      widths: [40, 64, 48, 5],
      init: sao({ sparsity: 0.7, arrangement: "random" }),
      activation: "relu",
      seed: 2,
    }),
    mlp({ widths: [40, 64, 64, 5], init: { topology: "givens", degree: 8 }, seed: 3 }),
    mlp({ widths: [200, 300, 3], init: { topology: "random", sparsity: 0.9, weights: "gaussian" }, seed: 4 }),
    // Edges that are a full block unknown to their maker, which the engine runs as one.
    mlp({ widths: [40, 64, 64, 5], init: { topology: "random", sparsity: 0, weights: "gaussian" }, seed: 5 }),
    // Blocks so small that they run as edges, alone and beside others that stay blocks.
    mlp({ widths: [40, 64, 64, 40], init: sao({ degree: 2 }), seed: 6 }),
    mlp({ widths: [40, 64, 64, 5], init: sao({ degree: 3, arrangement: "random" }), seed: 7 }),
    ...Array.from({ length: 12 }, (_, seed) => randomNetwork(seed)),
  ];

  it("have the bits of the engine's, whatever the topology and the batch", async () => {
    for (const [i, network] of networks.entries()) {
      const width = network.layers[0].topology.columns;
      const model = await load(saved(network));
      for (const count of [1, 7, 8, 9, 32, 33, 100]) {
        const inputs = normals(count * width, 10 * i + count);
        const { outputs, kernels } = await engine(network, inputs, count);
        expect(model.predict(inputs)).toEqual(outputs);
        expect(model.kernels).toBe(kernels);
      }
    }
  });

  it("are those of plain SIMD when asked for reproducible ones", async () => {
    const inputs = normals(40 * 20, 5);
    const model = await load(saved(networks[0]), { reproducible: true });
    expect(model.kernels).toBe("simd");
    const { outputs } = await engine(networks[0], inputs, 20, undefined, true);
    expect(model.predict(inputs)).toEqual(outputs);
  });

  it("do not depend on what was predicted before, nor on the batch", async () => {
    const model = await load(saved(networks[1]));
    const inputs = normals(40 * 50, 6);
    const first = model.predict(inputs);
    const one = model.predict(inputs.subarray(40 * 17, 40 * 18));
    expect(one).toEqual(first.subarray(5 * 17, 5 * 18));
    expect(model.predict(inputs)).toEqual(first);
    expect(model.predict(new Float32Array(0))).toEqual(new Float32Array(0));
  });

  it("standardise raw inputs, numbers and bytes, as the engine does", async () => {
    const network = networks[0];
    const bytes = Uint8Array.from({ length: 40 * 30 }, (_, i) => (i * 97) % 256);
    const shared = { mean: Float32Array.of(33.3), deviation: Float32Array.of(78.6) };
    const each = { mean: normals(40, 1), deviation: normals(40, 2).map((x) => 0.1 + x * x) };
    for (const scaling of [shared, each]) {
      for (const inputs of [bytes, Float32Array.from(bytes)]) {
        const { outputs } = await engine(network, inputs, 30, scaling);
        const { mean, deviation } = scaling;
        const model = await load(saved(network), { scaling: { mean: [...mean], deviation: [...deviation] } });
        expect(model.predict(inputs)).toEqual(outputs);
      }
    }
  });

  it("tell what they come from, and take memory by the weights", async () => {
    const network = mlp({ widths: [784, ...Array(99).fill(128), 10], init: sao({ degree: 16 }), seed: 1 });
    const model = await load(saved(network));
    expect(model).toMatchObject({ inputs: 784, outputs: 10, layers: 100, parameters: 215_594 });
    model.predict(normals(784, 1));
    expect(model.bytes).toBeLessThan(2 * 4 * model.parameters);
  });

  it("refuse inputs that are no whole number of samples", async () => {
    const model = await load(saved(networks[0]));
    expect(() => model.predict(new Float32Array(41))).toThrow(
      "41 numbers are no whole number of inputs of 40",
    );
  });
});

describe("loading", () => {
  const network = networkOf("blocks");
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => "none",
      (error: unknown) => (error instanceof IsosparseError ? error.code : `untyped: ${error}`),
    );

  it("takes bytes, an ArrayBuffer or a URL", async () => {
    const bytes = saved(network);
    const url = `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`;
    const inputs = normals(network.layers[0].topology.columns, 1);
    const expected = (await load(bytes)).predict(inputs);
    for (const source of [bytes.slice().buffer, url, new URL(url)]) {
      expect((await load(source)).predict(inputs)).toEqual(expected);
    }
  });

  it("reads the layout that is written, checkpoints with their optimizer state too", async () => {
    const { tensors, metadata } = networkToTensors(network);
    const more = new Map([
      ...tensors,
      ["optimizer.momentum", float32Tensor(new Float32Array(9))] as const,
      ["random", uint32Tensor(Uint32Array.of(1, 2))] as const,
    ]);
    const model = await load(
      bytesOf({ tensors: more, metadata: new Map([...metadata, ["training", "{}"]]) }),
    );
    expect(model.layers).toBe(network.layers.length);
  });

  it("gives typed errors for sources and scalings that are none", async () => {
    const bytes = saved(network);
    expect(await code(load(42 as unknown as string))).toBe("bad-source");
    expect(await code(load("file:///etc/hosts"))).toBe("fetch-failed");
    expect(await code(load("no url"))).toBe("fetch-failed");
    expect(await code(load("http://127.0.0.1:1/x"))).toBe("fetch-failed");
    expect(await code(load(bytes, { scaling: { mean: [0, 0], deviation: [1] } }))).toBe("bad-scaling");
    expect(await code(load(bytes, { scaling: { mean: [0], deviation: [0] } }))).toBe("bad-scaling");
    expect(await code(load(bytes, { scaling: { mean: [Number.NaN], deviation: [1] } }))).toBe("bad-scaling");
    expect(await code(load(new Uint8Array(0)))).toBe("bad-safetensors");
    expect(await code(load(bytesOf({ tensors: new Map(), metadata: new Map() })))).toBe("not-a-network-file");
  });

  it("gives a typed error, or a model that predicts, for any file with changed bytes", async () => {
    const files = [networkOf("blocks"), networkOf("edges")].map(saved);
    let [broken, sound] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
        fc.option(fc.nat(), { freq: 3 }),
        async (file, changes, cut) => {
          const bytes = cut === null ? file.slice() : file.slice(0, cut % (file.length + 1));
          if (cut === null) for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const found = await code(
            load(bytes).then((model) => model.predict(new Float32Array(model.inputs * 3))),
          );
          expect(found).not.toMatch(/^untyped/);
          if (found === "none") sound++;
          else broken++;
        },
      ),
      { numRuns: 1500 },
    );
    expect(Math.min(broken, sound)).toBeGreaterThan(10);
  });

  it("gives a typed error for any description that fits no network", async () => {
    const { tensors, metadata } = networkToTensors(networkOf("edges"));
    type Described = { layers: unknown; [key: string]: unknown };
    const places: ((description: Described) => [Record<string, unknown>, string])[] = [
      (description) => [description, "layers"],
      ...["kind", "name", "activation", "topology"].map(
        (key) => (description: Described) =>
          [firstLayer(description), key] as [Record<string, unknown>, string],
      ),
      ...["kind", "rows", "columns"].map(
        (key) => (description: Described) =>
          [firstLayer(description).topology, key] as [Record<string, unknown>, string],
      ),
    ];
    const hostile = [null, 0, -1, 0.5, 1e300, "", "x", [], [null], {}, JSON.parse('{"toString":1}'), true];
    for (const place of places) {
      for (const value of hostile) {
        const description = JSON.parse(metadata.get("network")!) as Described;
        const [parent, key] = place(description);
        parent[key] = value;
        const changed = new Map([...metadata, ["network", JSON.stringify(description)]]);
        expect(await code(load(bytesOf({ tensors, metadata: changed })))).toBe("bad-network-file");
      }
    }
  });
});

function firstLayer(description: { layers: unknown }): Record<string, unknown> {
  return (description.layers as Record<string, unknown>[])[0];
}
