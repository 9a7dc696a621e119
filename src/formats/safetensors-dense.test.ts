import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { toDense } from "../../test/dense-matrix.ts";
import { everyKindNetwork } from "../../test/random-convolution-network.ts";
import { randomLayer, randomNetwork } from "../../test/random-network.ts";
import { FileError } from "../errors.ts";
import { randomStream } from "../math/random.ts";
import { isWeighted, type Network } from "../network/network.ts";
import type { EdgeTopology } from "../topology/topology.ts";
import { refuseTooDense } from "./dense-size.ts";
import { writeDenseSafetensors } from "./safetensors-dense.ts";
import { readSafetensors } from "./safetensors-file.ts";

const folder = mkdtempSync(join(tmpdir(), "isosparse-dense-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("writeDenseSafetensors", () => {
  it("writes each layer as [out, in] weight, bias and mask, whatever its topology", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), async (seed) => {
        const network = randomNetwork(seed);
        const path = join(folder, "dense.safetensors");
        const bytes = await writeDenseSafetensors(network, path);
        expect((await stat(path)).size).toBe(bytes);
        const { tensors, metadata } = await readSafetensors(path);
        expect(tensors.size).toBe(3 * network.layers.length);
        expect(metadata.get("format")).toBe("pt");
        expect(JSON.parse(metadata.get("activations")!)).toEqual(network.layers.map((l) => l.activation));
        for (const [i, { topology, weights, bias }] of network.layers.entries()) {
          const shape = [topology.rows, topology.columns];
          const ones = weights.map(() => 1);
          expect(tensors.get(`layers.${i}.weight`)).toEqual({
            dtype: "F32",
            shape,
            data: Float32Array.from(toDense(topology, weights)),
          });
          expect(tensors.get(`layers.${i}.mask`)).toEqual({
            dtype: "BOOL",
            shape,
            data: Uint8Array.from(toDense(topology, ones)),
          });
          expect(tensors.get(`layers.${i}.bias`)).toEqual({
            dtype: "F32",
            shape: [topology.rows],
            data: bias,
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it("writes kernels as [out, in, k, k] and batch normalization as PyTorch does, and nothing for other kinds", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { layers, ...network } = everyKindNetwork(seed);
      const path = join(folder, "dense-images.safetensors");
      await writeDenseSafetensors({ layers, ...network }, path);
      const { tensors, metadata } = await readSafetensors(path);
      const left = new Map(tensors);
      for (const [i, layer] of layers.entries()) {
        const take = (name: string) => {
          const tensor = left.get(`layers.${i}.${name}`);
          left.delete(`layers.${i}.${name}`);
          return tensor;
        };
        if (layer.kind === "batchNorm") {
          const { channels } = layer.input;
          expect(take("weight")!.data).toEqual(layer.weights);
          expect(take("bias")).toMatchObject({ shape: [channels], data: layer.bias });
          expect(take("running_mean")!.data).toEqual(layer.statistics.slice(0, channels));
          expect(take("running_var")!.data).toEqual(layer.statistics.slice(channels));
        }
        if (!isWeighted(layer)) continue;
        const k = layer.kind === "linear" ? 1 : layer.kernelSize;
        const weight = take("weight")!;
        const mask = take("mask")!;
        expect(take("bias")!.data).toEqual(layer.bias);
        expect(mask.shape).toEqual(weight.shape);
        expect(weight.shape.slice(2)).toEqual(layer.kind === "linear" ? [] : [k, k]);
        for (let tap = 0; tap < k * k; tap++) {
          const ofTap = (_: unknown, at: number) => at % (k * k) === tap;
          const taps = toDense(layer.topology, layer.weights.filter(ofTap));
          expect((weight.data as Float32Array).filter(ofTap)).toEqual(Float32Array.from(taps));
          const ones = toDense(layer.topology, layer.weights.filter(ofTap).fill(1));
          expect((mask.data as Uint8Array).filter(ofTap)).toEqual(Uint8Array.from(ones));
        }
      }
      expect([...left.keys()]).toEqual([]);
      expect(JSON.parse(metadata.get("names")!)).toEqual(layers.map(({ name }) => name));
    }
  });

  it("refuses a matrix that no memory holds before it makes any of it", async () => {
    const topology: EdgeTopology = {
      kind: "edges",
      name: "random",
      rows: 1024,
      columns: 2 ** 31 - 1,
      rowPointers: Int32Array.from({ length: 1025 }, (_, row) => row),
      columnIndices: new Int32Array(1024),
    };
    const layers = [randomLayer(topology, 0, randomStream(1))];
    const network: Network = { layers, provenance: { seed: 0, start: "none" } };
    const refused = {
      code: "too-large",
      message: expect.stringMatching(/^layer "layers\.0" as a full matrix/),
    };
    await expect(writeDenseSafetensors(network, join(folder, "large.safetensors"))).rejects.toMatchObject(
      refused,
    );
    expect(readdirSync(folder).filter((name) => name.includes("large"))).toEqual([]);
    const small = randomNetwork(1).layers;
    expect(() => refuseTooDense([...small, ...layers], "together")).toThrow(expect.objectContaining(refused));
    expect(() => refuseTooDense(small, "together")).not.toThrow();
  });

  it("says which folder is missing", async () => {
    const path = join(folder, "missing", "dense.safetensors");
    await expect(writeDenseSafetensors(randomNetwork(1), path)).rejects.toThrow(FileError);
  });
});
