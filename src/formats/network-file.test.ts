import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { followNetwork } from "../../test/follow-network.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { networkOf, randomLayer, randomNetwork } from "../../test/random-network.ts";
import { ArgumentError, FileError } from "../errors.ts";
import type { ImageShape } from "../init/convolution/convolution.ts";
import { randomStream } from "../math/random.ts";
import { forward } from "../network/evaluate.ts";
import { networkInput, sizeOf } from "../network/layer-shape.ts";
import type {
  AnyNetwork,
  BatchNormLayer,
  ConvolutionLayer,
  LinearLayer,
  Network,
} from "../network/network.ts";
import type { BlockTopology } from "../topology/topology.ts";
import { loadCheckpoint, loadNetwork, saveCheckpoint, saveNetwork } from "./network-file.ts";
import { layerSchemas } from "./network-layer-schema.ts";
import { networkFromTensors, networkToTensors } from "./network-tensors.ts";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";
import { float32Tensor, type Tensor, uint32Tensor } from "./tensor.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "isosparse-network-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function bytesOf(file: TensorFile): Uint8Array {
  return new Uint8Array(Buffer.concat(encodeSafetensors(file)));
}

function normOf(name: string, input: ImageShape): BatchNormLayer {
  const { channels } = input;
  return {
    kind: "batchNorm",
    name,
    input,
    weights: new Float32Array(channels).fill(1),
    bias: new Float32Array(channels),
    statistics: new Float32Array(2 * channels).fill(1),
    epsilon: 1e-5,
    momentum: 0.1,
    activation: "linear",
  };
}

describe("a network in a file", () => {
  it("comes back the same, whatever its topologies", () => {
    fc.assert(
      fc.property(fc.nat().map(randomNetwork), (original) => {
        followNetwork(original);
        const read = networkFromTensors(decodeSafetensors(bytesOf(networkToTensors(original))));
        expect(read.network).toEqual(original);
        expect([read.tensors.size, read.metadata.size]).toEqual([0, 0]);
      }),
    );
  });

  it("comes back the same, whatever its kinds of layers", () => {
    const kinds = new Set<string>();
    const any = fc
      .tuple(fc.nat(), fc.boolean())
      .map(([seed, every]) => (every ? everyKindNetwork(seed) : randomConvolutionNetwork(seed)));
    fc.assert(
      fc.property(any, (original) => {
        followNetwork(original);
        const read = networkFromTensors(decodeSafetensors(bytesOf(networkToTensors(original))));
        expect(read.network).toEqual(original);
        expect([read.tensors.size, read.metadata.size]).toEqual([0, 0]);
        for (const { kind } of original.layers) kinds.add(kind);
      }),
    );
    expect([...kinds].sort()).toEqual(Object.keys(layerSchemas).sort());
  });

  it("gives the same outputs as before", () => {
    const original = everyKindNetwork(5);
    const { network } = networkFromTensors(decodeSafetensors(bytesOf(networkToTensors(original))));
    const inputs = Float64Array.from({ length: sizeOf(networkInput(original)) }, (_, i) => Math.sin(i));
    expect(forward(network, inputs, 1)).toEqual(forward(original, inputs, 1));
  });

  it("has kernels, and running means and variances, in these shapes", () => {
    const input = { channels: 2, height: 5, width: 4 };
    const convolution: ConvolutionLayer = {
      kind: "convolution",
      name: "stem.0",
      topology: {
        kind: "edges",
        name: "random",
        rows: 2,
        columns: 2,
        rowPointers: Int32Array.of(0, 1, 3),
        columnIndices: Int32Array.of(1, 0, 1),
      },
      weights: Float32Array.from({ length: 12 }, (_, i) => i),
      bias: Float32Array.of(0, 1),
      kernelSize: 2,
      stride: 2,
      dilation: 1,
      padding: "circular",
      input,
      activation: "relu",
      asked: { groups: 2 },
      initializer: "delta",
    };
    const norm = normOf("norm", { channels: 2, height: 3, width: 2 });
    const file = networkToTensors({
      layers: [convolution, norm],
      provenance: { seed: 0, start: "none" },
    });
    expect([...file.tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["stem.0.edges.weight", [3, 2, 2]],
      ["stem.0.edges.row_pointers", [3]],
      ["stem.0.edges.column_indices", [3]],
      ["stem.0.bias", [2]],
      ["norm.weight", [2]],
      ["norm.bias", [2]],
      ["norm.statistics", [2, 2]],
    ]);
    expect(JSON.parse(file.metadata.get("network")!).layers).toEqual([
      {
        name: "stem.0",
        kind: "convolution",
        activation: "relu",
        asked: { groups: 2 },
        initializer: "delta",
        topology: { kind: "edges", name: "random", rows: 2, columns: 2 },
        kernelSize: 2,
        stride: 2,
        dilation: 1,
        padding: "circular",
        input: { channels: 2, height: 5, width: 4 },
      },
      {
        name: "norm",
        kind: "batchNorm",
        input: { channels: 2, height: 3, width: 2 },
        epsilon: 1e-5,
        momentum: 0.1,
        activation: "linear",
      },
    ]);
  });

  it("is laid out like this", () => {
    const layer: LinearLayer = {
      kind: "linear",
      name: "layers.0",
      topology: {
        kind: "blocks",
        name: "sao",
        arrangement: "debruijn",
        rows: 2,
        columns: 4,
        rowOrder: Int32Array.of(1, 0),
        columnOrder: Int32Array.of(0, 2, 1, 3),
        rowOffsets: Int32Array.of(0, 1, 2),
        columnOffsets: Int32Array.of(0, 2, 4),
      },
      weights: Float32Array.of(1, 2, 3, 4),
      bias: Float32Array.of(0, -1),
      activation: "tanh",
      asked: { sparsity: 0.5 },
      initializer: "orthogonal",
    };
    const bytes = bytesOf(networkToTensors({ layers: [layer], provenance: { seed: 7, start: "none" } }));
    const length = Number(Buffer.from(bytes).readBigUInt64LE(0));
    const json =
      '{"layers":[{"name":"layers.0","kind":"linear","activation":"tanh","asked":{"sparsity":0.5},' +
      '"initializer":"orthogonal","topology":{"kind":"blocks","name":"sao","rows":2,"columns":4,' +
      '"arrangement":"debruijn"}}],"provenance":{"seed":7,"start":"none"}}';
    expect(
      Buffer.from(bytes)
        .toString("utf8", 8, 8 + length)
        .trimEnd(),
    ).toBe(
      `{"__metadata__":{"isosparse":"1","network":${JSON.stringify(json)}},` +
        '"layers.0.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
        '"layers.0.blocks.weight":{"dtype":"F32","shape":[4],"data_offsets":[8,24]},' +
        '"layers.0.blocks.column_offsets":{"dtype":"I32","shape":[3],"data_offsets":[24,36]},' +
        '"layers.0.blocks.column_order":{"dtype":"I32","shape":[4],"data_offsets":[36,52]},' +
        '"layers.0.blocks.row_offsets":{"dtype":"I32","shape":[3],"data_offsets":[52,64]},' +
        '"layers.0.blocks.row_order":{"dtype":"I32","shape":[2],"data_offsets":[64,72]}}',
    );
    const words = new Int32Array(bytes.buffer.slice(8 + length));
    expect([...new Float32Array(words.buffer, 0, 6)]).toEqual([0, -1, 1, 2, 3, 4]);
    expect([...words.subarray(6)]).toEqual([0, 2, 4, 0, 2, 1, 3, 0, 1, 2, 1, 0]);
  });

  it("takes 4 bytes per non-zero and O(rows + columns) more", () => {
    const random = randomStream(1);
    const size = 4096;
    const groups = 256;
    const even = Int32Array.from({ length: groups + 1 }, (_, q) => (q * size) / groups);
    const topology: BlockTopology = {
      kind: "blocks",
      name: "sao",
      rows: size,
      columns: size,
      rowOrder: random.permutation(size),
      columnOrder: random.permutation(size),
      rowOffsets: even,
      columnOffsets: even,
    };
    const layer = randomLayer(topology, 0, random);
    const bytes = bytesOf(networkToTensors({ layers: [layer], provenance: { seed: 1, start: "none" } }));
    expect(bytes.length).toBeLessThan(4 * (size * 16 + 3 * size + 2 * groups + 2) + 2000);
  });

  it("is written and read on disk, with what is kept beside it", async () => {
    const path = join(folder, "net.safetensors");
    const original = randomNetwork(3);
    await saveNetwork(original, path);
    expect(await loadNetwork(path)).toEqual(original);

    const tensors = new Map<string, Tensor>([
      ["optimizer.momentum", float32Tensor(Float32Array.of(1, 2))],
      ["random", uint32Tensor(randomStream(1).state())],
    ]);
    const metadata = new Map([["progress", '{"step":12}']]);
    await saveCheckpoint(path, { network: original, tensors, metadata });
    const first = readFileSync(path);
    expect(await loadCheckpoint(path)).toEqual({ network: original, tensors, metadata });
    await saveNetwork(original, path, { metadata, tensors });
    expect(readFileSync(path).equals(first)).toBe(true);
    expect(readdirSync(folder)).toEqual(["net.safetensors"]);
  });

  it("is not written when it could not be read back, and the old file stays", async () => {
    const path = join(folder, "kept.safetensors");
    const sound = networkOf("blocks");
    await saveNetwork(sound, path);
    const before = readFileSync(path);
    const [layer, ...rest] = sound.layers;
    const broken = (change: Partial<LinearLayer>): Network => ({
      ...sound,
      layers: [{ ...layer, ...change }, ...rest],
    });
    const topology = layer.topology as BlockTopology;
    for (const [change, message] of [
      [{ bias: layer.bias.map(() => Number.NaN) }, /bias 0 is NaN/],
      [{ weights: new Float32Array(1) }, /1 weights/],
      [{ name: "" }, /cannot save the network: .*layers\[0\] "name"/],
      [{ name: "a\nb" }, /cannot be printed/],
      [{ asked: { sparsity: 0.5, degree: 2 } }, /more than one kind of sparsity/],
      [
        { topology: { ...topology, rowOrder: topology.rowOrder.map(() => 0) } },
        /has 0 twice in its row order/,
      ],
    ] as const) {
      await expect(saveNetwork(broken(change), path)).rejects.toThrow(ArgumentError);
      await expect(saveNetwork(broken(change), path)).rejects.toThrow(message);
    }
    const norm = normOf(`${layer.name}.blocks`, { channels: layer.topology.rows, height: 1, width: 1 });
    const clash: AnyNetwork = { ...sound, layers: [layer, norm] };
    await expect(saveNetwork(clash, path)).rejects.toThrow(
      /two of its layers have a tensor "layers.0.blocks.weight"; rename "layers.0.blocks"/,
    );
    const taken = new Map([["layers.0.bias", float32Tensor(new Float32Array(1))]]);
    await expect(saveNetwork(sound, path, { tensors: taken })).rejects.toThrow(
      /uses the name "layers.0.bias"/,
    );
    const reserved = { metadata: new Map([["network", "x"]]) };
    await expect(saveNetwork(sound, path, reserved)).rejects.toThrow(/uses the name "network"/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is said to be missing where there is no file", async () => {
    await expect(loadNetwork(join(folder, "none"))).rejects.toThrow(FileError);
  });
});
