import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changed, put, readsSafely } from "../../test/hostile-files.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../../test/random-convolution-network.ts";
import { networkOf, randomLayer, randomNetwork } from "../../test/random-network.ts";
import { FormatError } from "../errors.ts";
import { randomStream } from "../math/random.ts";
import type { AnyNetwork, Network } from "../network/network.ts";
import type { EdgeTopology } from "../topology/topology.ts";
import { loadCheckpoint, loadNetwork } from "./network-file.ts";
import { networkFromTensors, networkToTensors } from "./network-tensors.ts";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "./safetensors.ts";
import { float32Tensor, int32Tensor, type Tensor, uint32Tensor } from "./tensor.ts";

/** Of all kinds of layers, every other one of linear layers alone. */
function anyNetwork(seed: number): AnyNetwork {
  if (seed % 2 === 0) return randomNetwork(seed);
  return seed % 8 === 1 ? everyKindNetwork(seed) : randomConvolutionNetwork(seed);
}

function bytesOf(file: TensorFile): Uint8Array {
  return new Uint8Array(Buffer.concat(encodeSafetensors(file)));
}

describe("a file that is no sound network", () => {
  const blocks = networkOf("blocks");
  const edges = networkOf("edges");

  const array = (tensors: Map<string, Tensor>, name: string) => tensors.get(`layers.0.${name}`)!.data;
  const set = (tensors: Map<string, Tensor>, name: string, tensor: Tensor) =>
    tensors.set(`layers.0.${name}`, tensor);

  const cases: [what: string, file: TensorFile, message: RegExp][] = [
    ["no isosparse file", changed(blocks, (_, m) => m.delete("isosparse")), /without the isosparse metadata/],
    [
      "a later version",
      changed(blocks, (_, m) => m.set("isosparse", "2")),
      /layout version "2".*update isosparse/,
    ],
    ["no description", changed(blocks, (_, m) => m.delete("network")), /metadata "network" is missing/],
    ["a description that is no JSON", changed(blocks, (_, m) => m.set("network", "{")), /not valid JSON/],
    [
      "a description that is a tower",
      changed(blocks, (_, m) => m.set("network", "[".repeat(1_000_000))),
      /nested deeper than 32 levels/,
    ],
    [
      "a description that is endless",
      changed(blocks, (_, m) => m.set("network", " ".repeat(2 ** 24 + 1))),
      /over the limit/,
    ],
    [
      "a million layers",
      changed(blocks, (_, m) => put(m, ["layers"], Array(1_000_000).fill(0))),
      /1000000 layers are more than the file has tensors for/,
    ],
    ["no layers", changed(blocks, (_, m) => put(m, ["layers"], [])), /at least one layer/],
    ["layers that are no array", changed(blocks, (_, m) => put(m, ["layers"], {})), /must be an array/],
    ["a layer that is null", changed(blocks, (_, m) => put(m, ["layers", 0], null)), /layers\[0\]/],
    [
      "an unknown activation",
      changed(blocks, (_, m) => put(m, ["layers", 0, "activation"], "gelu")),
      /layers\[0\] "activation": Invalid option/,
    ],
    [
      "an unknown kind of layer",
      changed(blocks, (_, m) => put(m, ["layers", 0, "kind"], "attention")),
      /layers\[0\] "kind"/,
    ],
    [
      "an unknown field",
      changed(blocks, (_, m) => put(m, ["layers", 0, "stride"], 2)),
      /layers\[0\]: a field that is not known/,
    ],
    [
      "an unknown topology",
      changed(blocks, (_, m) => put(m, ["layers", 0, "topology", "kind"], "dense")),
      /"topology.kind"/,
    ],
    ["a negative seed", changed(blocks, (_, m) => put(m, ["provenance", "seed"], -1)), /provenance "seed"/],
    ["no provenance", changed(blocks, (_, m) => put(m, ["provenance"], undefined)), /provenance/],
    [
      "rows of 2^31",
      changed(blocks, (_, m) => put(m, ["layers", 0, "topology", "rows"], 2 ** 31)),
      /"topology.rows"/,
    ],
    [
      "more rows than there are",
      changed(blocks, (_, m) => put(m, ["layers", 0, "topology", "rows"], 2 ** 31 - 1)),
      /entries in its row order where its shape needs 2147483647/,
    ],
    [
      "edges said to be blocks",
      changed(edges, (_, m) => put(m, ["layers", 0, "topology", "kind"], "blocks")),
      /tensor "layers.0.blocks.row_order" is missing/,
    ],
    [
      "two layers of a name",
      changed({ ...blocks, layers: [blocks.layers[0]] }, (_, m) =>
        put(m, ["layers", 1], JSON.parse(m.get("network")!).layers[0]),
      ),
      /is missing/,
    ],
    [
      "no weights",
      changed(blocks, (t) => t.delete("layers.0.blocks.weight")),
      /"layers.0.blocks.weight" is missing/,
    ],
    [
      "weights of another type",
      changed(blocks, (t) => set(t, "blocks.weight", int32Tensor(new Int32Array(4)))),
      /"layers.0.blocks.weight" must be F32, not I32/,
    ],
    [
      "complex weights",
      changed(blocks, (t) =>
        set(t, "blocks.weight", { dtype: "C64", shape: [2], data: new Float32Array(4) }),
      ),
      /must be F32, not C64/,
    ],
    [
      "an order of another type",
      changed(blocks, (t) => set(t, "blocks.row_order", uint32Tensor(new Uint32Array(4)))),
      /"layers.0.blocks.row_order" must be I32, not U32/,
    ],
    [
      "a weight matrix",
      changed(blocks, (t) => set(t, "blocks.weight", float32Tensor(new Float32Array(4), [2, 2]))),
      /must be a vector, not \[2,2\]/,
    ],
    [
      "a weight that is not finite",
      changed(blocks, (t) => array(t, "blocks.weight").fill(Number.POSITIVE_INFINITY as never)),
      /weight 0 is Infinity/,
    ],
    [
      "too few weights",
      changed(blocks, (t) => set(t, "blocks.weight", float32Tensor(new Float32Array(1)))),
      /1 weights/,
    ],
    [
      "too many biases",
      changed(blocks, (t) => set(t, "bias", float32Tensor(new Float32Array(99)))),
      /99 biases/,
    ],
    [
      "a row out of range",
      changed(blocks, (t) => array(t, "blocks.row_order").set([99] as never)),
      /has 99 in its row order/,
    ],
    [
      "a negative column",
      changed(blocks, (t) => array(t, "blocks.column_order").set([-1] as never)),
      /has -1 in its column order/,
    ],
    [
      "a column twice",
      changed(blocks, (t) => {
        const order = array(t, "blocks.column_order");
        order[0] = order[1];
      }),
      /layer "layers.0" has \d twice in its column order/,
    ],
    [
      "offsets from 1",
      changed(blocks, (t) => array(t, "blocks.row_offsets").set([1] as never)),
      /row offsets that do not start at 0/,
    ],
    [
      "an empty group",
      changed(blocks, (t) => array(t, "blocks.row_offsets").set([0, 0] as never)),
      /do not rise at index 1/,
    ],
    [
      "offsets past the end",
      changed(blocks, (t) => {
        const offsets = array(t, "blocks.column_offsets");
        offsets[offsets.length - 1] = 100;
      }),
      /column offsets that end at 100 instead of/,
    ],
    [
      "groups of rows only",
      changed(blocks, (t) => set(t, "blocks.column_offsets", int32Tensor(Int32Array.of(0)))),
      /groups of rows but 0 of columns/,
    ],
    [
      "row pointers from -1",
      changed(edges, (t) => array(t, "edges.row_pointers").set([-1] as never)),
      /row pointers that do not start at 0/,
    ],
    [
      "row pointers that fall",
      changed(edges, (t) => array(t, "edges.row_pointers").set([0, 99] as never)),
      /row pointers that do not rise/,
    ],
    [
      "a column index out of range",
      changed(edges, (t) => array(t, "edges.column_indices").fill(-5 as never)),
      /to column -5, which is not among/,
    ],
    [
      "columns that nothing bounds",
      changed(edges, (_, m) => put(m, ["layers", 0, "topology", "columns"], 2 ** 31 - 1)),
      /layer "layers.0" has 2147483647 inputs, over the limit of 16777216/,
    ],
    [
      "columns repeated",
      changed(edges, (t) => array(t, "edges.column_indices").fill(0 as never)),
      /out of order or repeated/,
    ],
  ];
  it.each(cases)("is refused: %s", (_, file, message) => {
    const read = () => networkFromTensors(file, "x.safetensors");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^x\.safetensors: [^\n]{1,300}$/);
  });

  function square(construction: EdgeTopology["construction"]): Network {
    const ends = Int32Array.of(0, 1, 2, 3, 4);
    const four: EdgeTopology = {
      kind: "edges",
      name: "givens",
      rows: 4,
      columns: 4,
      rowPointers: ends,
      columnIndices: ends.slice(0, 4),
      construction,
    };
    return { layers: [randomLayer(four, 0, randomStream(1))], provenance: { seed: 0, start: "none" } };
  }
  const clifford = { kind: "clifford" as const, shifts: Int32Array.of(0, 1), signs: Int32Array.of(0, 3) };
  const givens = { kind: "givens" as const, stages: [Int32Array.of(0, 1, 2, 3), Int32Array.of(0, 2)] };
  const constructions: [what: string, file: TensorFile, message: RegExp][] = [
    [
      "a shift",
      changed(square(clifford), (t) => array(t, "clifford.shifts").set([4] as never)),
      /shifts or signs outside 0 to 3/,
    ],
    [
      "a sign",
      changed(square(clifford), (t) => array(t, "clifford.signs").set([-1] as never)),
      /shifts or signs outside 0 to 3/,
    ],
    [
      "too few signs",
      changed(square(clifford), (t) => set(t, "clifford.signs", int32Tensor(new Int32Array(1)))),
      /2 clifford shifts but 1 signs/,
    ],
    [
      "a unit",
      changed(square(givens), (t) => array(t, "givens.pairs").set([4] as never)),
      /pairs unit 4, of 4, in givens stage 0/,
    ],
    [
      "a unit twice",
      changed(square(givens), (t) => array(t, "givens.pairs").set([1] as never)),
      /pairs unit 1 twice in givens stage 0/,
    ],
    [
      "half a pair",
      changed(square(givens), (t) => array(t, "givens.offsets").set([0, 3] as never)),
      /no whole pairs in givens stage 0/,
    ],
    [
      "falling stages",
      changed(square(givens), (t) => array(t, "givens.offsets").set([0, 7] as never)),
      /do not rise at stage 1/,
    ],
    [
      "stages past the end",
      changed(square(givens), (t) => array(t, "givens.offsets").set([0, 4, 8] as never)),
      /must rise from 0/,
    ],
    [
      "endless stages",
      changed(square(givens), (t) => set(t, "givens.offsets", int32Tensor(new Int32Array(5000)))),
      /4999 stages, over the limit/,
    ],
    [
      "no pairs",
      changed(square(givens), (t) => t.delete("layers.0.givens.pairs")),
      /"layers.0.givens.pairs" is missing/,
    ],
  ];
  it.each(constructions)("is refused: a construction with %s wrong", (_, file, message) => {
    expect(() => networkFromTensors(file)).toThrow(FormatError);
    expect(() => networkFromTensors(file)).toThrow(message);
  });

  it("is refused or can be followed, whatever number of an array is changed", () => {
    const values = fc.oneof(
      fc.integer({ min: -2, max: 10 }),
      fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 2 ** 30, Number.NaN, Number.POSITIVE_INFINITY),
    );
    const outcomes = [0, 0];
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.array(fc.tuple(fc.nat(), fc.nat(), values), { minLength: 1, maxLength: 3 }),
        (seed, edits) => {
          const file = changed(anyNetwork(seed), (tensors) => {
            for (const [which, at, value] of edits) {
              const { data } = [...tensors.values()][which % tensors.size];
              if (data.length > 0) data[at % data.length] = value as never;
            }
          });
          outcomes[Number(readsSafely(() => networkFromTensors(file).network))]++;
        },
      ),
      { numRuns: 1500 },
    );
    expect(Math.min(...outcomes)).toBeGreaterThan(100);
  });

  it("is refused or can be followed, whatever tensor has another length", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), fc.nat(20), (seed, which, length) => {
        const file = changed(anyNetwork(seed), (tensors) => {
          const [name, { dtype, data }] = [...tensors][which % tensors.size];
          const resized = dtype === "F32" ? new Float32Array(length) : new Int32Array(length);
          resized.set(data.subarray(0, length) as never);
          tensors.set(name, { dtype, shape: [length], data: resized });
        });
        readsSafely(() => networkFromTensors(file).network);
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused or can be followed, whatever the description says", () => {
    const sizes = fc.constantFrom(
      0,
      1,
      2,
      3,
      4,
      6,
      0.5,
      -1,
      1024,
      2 ** 16,
      2 ** 16 + 1,
      2 ** 24,
      2 ** 31,
      2 ** 53,
    );
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.array(fc.nat(20), { maxLength: 4 }),
        fc.oneof(fc.jsonValue(), sizes),
        (seed, steps, value) => {
          const file = changed(anyNetwork(seed), (_, metadata) => {
            const path: string[] = [];
            let place: unknown = JSON.parse(metadata.get("network")!);
            for (const step of steps) {
              const keys = typeof place === "object" && place !== null ? Object.keys(place) : [];
              if (keys.length === 0) break;
              const key = keys[step % keys.length];
              path.push(key);
              place = (place as Record<string, unknown>)[key];
            }
            put(metadata, path, value);
          });
          readsSafely(() => networkFromTensors(file).network);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("is refused or can be followed, whatever bytes of it are changed or cut", () => {
    const originals = Array.from({ length: 40 }, (_, seed) => bytesOf(networkToTensors(anyNetwork(seed))));
    const edit = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        fc.nat(39),
        fc.array(edit, { maxLength: 3 }),
        fc.option(fc.nat(), { freq: 5 }),
        (which, edits, cutAt) => {
          const whole = originals[which];
          const bytes = whole.slice(0, cutAt === null ? whole.length : cutAt % whole.length);
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          readsSafely(() => networkFromTensors(decodeSafetensors(bytes)).network);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("is refused from disk with its path", async () => {
    const folder = mkdtempSync(join(tmpdir(), "isosparse-hostile-"));
    try {
      const path = join(folder, "hostile.safetensors");
      writeFileSync(path, bytesOf(changed(blocks, (t) => t.delete("layers.0.bias"))));
      await expect(loadCheckpoint(path)).rejects.toThrow(
        /hostile\.safetensors: tensor "layers.0.bias" is missing/,
      );
      const foreign = { tensors: new Map([["w", float32Tensor(new Float32Array(3))]]), metadata: new Map() };
      writeFileSync(path, bytesOf(foreign));
      await expect(loadNetwork(path)).rejects.toThrow(/give one that isosparse saved/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
