import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { multiply, orthogonalityError } from "../../test/dense-matrix.ts";
import { floats, gaussian, type StateTensor, writeStateDict } from "../../test/state-dict.ts";
import { readSafetensors } from "../formats/safetensors-file.ts";
import { dataBytes } from "../formats/tensor.ts";
import { randomStream } from "../math/random.ts";
import { freshLayer } from "./fresh-layer.ts";
import { layerListModel } from "./layer-list.ts";
import { lineLayout, type ModelLayer } from "./model.ts";
import { decodeFloats, type FloatType } from "./numbers.ts";
import { openModel } from "./open-model.ts";
import { type PlanOptions, planModel } from "./plan.ts";
import { reinitialize } from "./reinitialize.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isosparse-like-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a state dict, makes its layers anew and reads both files. */
async function remake(tensors: Record<string, StateTensor>, options: PlanOptions, seed = 0, groups?: number) {
  const path = (name: string) => join(folder, `${name}.safetensors`);
  await writeStateDict(path("model"), tensors, { format: "pt", note: "mine" });
  const model = await openModel(path("model"));
  try {
    const plan = planModel(
      model,
      model.layers(() => groups),
      options,
    );
    const made = await reinitialize(model, plan, { out: path("out"), masks: path("masks"), seed });
    const [out, masks] = await Promise.all([readSafetensors(path("out")), readSafetensors(path("masks"))]);
    const values = (name: string) => {
      const { dtype, data } = out.tensors.get(name)!;
      return Float64Array.from(decodeFloats(dtype as FloatType, dataBytes(data).slice()));
    };
    return {
      plan,
      made,
      out,
      masks,
      values,
      bytes: [await readFile(path("model")), await readFile(path("out"))],
    };
  } finally {
    await model.close();
  }
}

const random = randomStream(3);
const resnet = (): Record<string, StateTensor> => ({
  "conv1.weight": gaussian([16, 3, 3, 3], random),
  "bn1.weight": gaussian([16], random),
  "bn1.num_batches_tracked": { dtype: "I64", shape: [], bytes: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) },
  "layer.conv.weight": gaussian([32, 16, 3, 3], random, { dtype: "F16" }),
  "layer.down.weight": gaussian([32, 16, 1, 1], random, { dtype: "BF16" }),
  "tok.embedding.weight": gaussian([40, 32], random),
  "fc.weight": gaussian([24, 32], random, { dtype: "F64" }),
  "fc.bias": gaussian([24], random, { dtype: "F64" }),
});

describe("reinitialize", () => {
  it("replaces the layers and nothing else, to the byte", async () => {
    const tensors = resnet();
    const { out, bytes, plan } = await remake(tensors, { sparsity: 0.75, keep: ["first"] });
    expect(plan.layers.map(({ layer }) => layer.name)).toEqual(["layer.conv", "layer.down", "fc"]);
    const [before, after] = bytes;
    expect(after.length).toBe(before.length);
    // The header too: names, shapes, types, places and metadata.
    const header = 8 + Number(before.readBigUInt64LE());
    expect(after.subarray(0, header)).toEqual(before.subarray(0, header));
    for (const name of [
      "conv1.weight",
      "bn1.weight",
      "bn1.num_batches_tracked",
      "tok.embedding.weight",
      "fc.bias",
    ]) {
      expect(dataBytes(out.tensors.get(name)!.data), name).toEqual(tensors[name].bytes);
    }
    expect(out.metadata.get("note")).toBe("mine");
    expect((await readdir(folder)).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("makes orthogonal matrices in the centre tap, as exact as the type, and masks of whole kernels", async () => {
    const { values, masks, made } = await remake(resnet(), { sparsity: 0.75, activation: "relu" });
    const shapes = {
      "layer.conv.weight": [32, 16, 9],
      "layer.down.weight": [32, 16, 1],
      "fc.weight": [24, 32, 1],
    } as const;
    const precision = { "layer.conv.weight": 2e-3, "layer.down.weight": 2e-2, "fc.weight": 1e-6 } as const;
    for (const [name, [rows, columns, taps]] of Object.entries(shapes)) {
      const weights = values(name);
      const mask = masks.tensors.get(name)!;
      expect(mask).toMatchObject({ dtype: "BOOL", shape: await readShape(name) });
      const centre = new Float64Array(rows * columns);
      for (let k = 0; k < weights.length; k++) {
        const tap = k % taps;
        if (tap === Math.floor(taps / 2)) centre[Math.floor(k / taps)] = weights[k] / Math.SQRT2;
        else expect(weights[k]).toBe(0);
        expect(mask.data[k]).toBe(mask.data[k - tap]);
        if (mask.data[k] === 0) expect(weights[k]).toBe(0);
      }
      expect(orthogonalityError(centre, rows, columns)).toBeLessThan(
        precision[name as keyof typeof precision],
      );
      const kept = (mask.data as Uint8Array).reduce((sum, bit) => sum + bit, 0);
      const layer = made.find((one) => `${one.name}.weight` === name)!;
      expect(kept).toBe(layer.weights);
      expect(layer.sparsity).toBeCloseTo(0.75, 12);
    }
  });

  async function readShape(name: string) {
    return (await readSafetensors(join(folder, "model.safetensors"))).tensors.get(name)!.shape;
  }

  it("gives the same file for the same seed and another for another", async () => {
    const run = async (seed: number) =>
      (await remake({ "a.weight": floats([64, 64], new Float32Array(4096)) }, { sparsity: 0.5 }, seed))
        .bytes[1];
    const [first, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("makes each group of a grouped convolution an orthogonal matrix of its own", async () => {
    const tensors = { "conv.weight": gaussian([32, 8, 3, 3], random) };
    const { values, plan } = await remake(tensors, { sparsity: 0.5, gain: 1 }, 0, 4);
    expect(plan.layers[0].layer).toMatchObject({ groups: 4, columns: 32 });
    const weights = values("conv.weight");
    for (let q = 0; q < 4; q++) {
      const centre = Float64Array.from({ length: 64 }, (_, k) => weights[(q * 64 + k) * 9 + 4]);
      expect(orthogonalityError(centre, 8, 8)).toBeLessThan(1e-6);
      expect(centre.filter((value) => value !== 0)).toHaveLength(32);
    }
  });

  it("makes a chain of ReLU layers exactly linear when asked", async () => {
    const sizes = [12, 16, 20, 6];
    const names = ["0.weight", "1.weight", "2.weight"];
    const tensors = Object.fromEntries(
      names.map((name, i) => [name, gaussian([sizes[i + 1], sizes[i]], random)]),
    );
    const { values } = await remake(tensors, { sparsity: 0.4, start: "looks-linear" });
    const run = (x: Float64Array) =>
      names.reduce((h, name, i) => {
        const y = multiply(values(name), h, sizes[i + 1], sizes[i], 1);
        return i < 2 ? y.map((value) => Math.max(0, value)) : y;
      }, x);
    const [x, y] = [0, 1].map(() => Float64Array.from({ length: 12 }, () => random.normal()));
    const [fx, fy, both] = [run(x), run(y), run(x.map((value, i) => value - 2 * y[i]))];
    for (let i = 0; i < 6; i++) expect(both[i]).toBeCloseTo(fx[i] - 2 * fy[i], 5);
    expect(fx.some((value) => Math.abs(value) > 0.01)).toBe(true);
  });

  it("keeps budgets of parameters over the whole model", async () => {
    const tensors = resnet();
    const all = Object.values(tensors).reduce(
      (sum, { dtype, shape }) => sum + (dtype === "I64" ? 0 : shape.reduce((a, b) => a * b, 1)),
      0,
    );
    for (const densities of ["uniform", "erdos-renyi", "erdos-renyi-kernel"] as const) {
      const { plan, made } = await remake(tensors, { compression: 1.8, densities });
      const saved = made.reduce((sum, layer) => sum + layer.size - layer.weights, 0);
      expect(plan.parameters).toBe(all);
      expect(all - saved).toBeLessThanOrEqual(all / 1.8);
      expect(all - saved).toBeGreaterThan(0.95 * (all / 1.8));
    }
    await expect(remake(tensors, { compression: 50 })).rejects.toThrow(
      /infeasible|has \d+ parameters already|at least/,
    );
  });

  const threeLayers = () => ({
    "conv1.weight": gaussian([64, 3, 7, 7], random),
    "fc.weight": gaussian([256, 64], random),
    "fc2.weight": gaussian([128, 256], random),
  });

  it("counts layers with a sparsity of their own by what they have, and refuses a budget that they exceed", async () => {
    const { made } = await remake(threeLayers(), {
      layers: [{ pattern: "conv1", value: 0.45 }],
      parameters: 20000,
    });
    expect(made.reduce((sum, { weights }) => sum + weights, 0)).toBeLessThanOrEqual(20000);
    const all = [{ pattern: "*", value: 0.5 }];
    for (const options of [
      { layers: all, parameters: 100 },
      { layers: all, compression: 1000 },
      { layers: all, flops: 100, outputSizes: [{ pattern: "*", value: [8, 8] }] },
    ]) {
      await expect(remake(threeLayers(), options)).rejects.toMatchObject({ code: "infeasible-budget" });
    }
  });

  it("keeps budgets whatever sparsities single layers have", async () => {
    const side = fc.integer({ min: 4, max: 48 });
    const budget = fc.record({
      shapes: fc.array(fc.tuple(side, side, fc.constantFrom(1, 3)), { minLength: 2, maxLength: 4 }),
      own: fc.array(fc.tuple(fc.nat(3), fc.double({ min: 0, max: 0.8, noNaN: true })), { maxLength: 4 }),
      share: fc.double({ min: 0.1, max: 1, noNaN: true }),
      places: fc.integer({ min: 1, max: 5 }),
      kind: fc.constantFrom("parameters" as const, "flops" as const),
      densities: fc.constantFrom("uniform" as const, "erdos-renyi" as const),
    });
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(budget, async ({ shapes, own, share, places, kind, densities }) => {
        const tensors = Object.fromEntries(shapes.map((one, i) => [`${i}.weight`, gaussian(one, random)]));
        const cost = (weights: number) => (kind === "flops" ? 2 * weights * places : weights);
        const dense = shapes.reduce((sum, [a, b, c]) => sum + a * b * c, 0);
        const limit = Math.floor(share * cost(dense));
        const layers = own.map(([i, value]) => ({ pattern: `${i % shapes.length}`, value }));
        const sizes = kind === "flops" ? { outputSizes: [{ pattern: "*", value: [places] }] } : {};
        try {
          const { values } = await remake(tensors, { [kind]: limit, layers, densities, ...sizes }, 0, 1);
          const written = Object.keys(tensors).reduce(
            (sum, name) => sum + values(name).reduce((count, w) => count + (w === 0 ? 0 : 1), 0),
            0,
          );
          expect(cost(written)).toBeLessThanOrEqual(limit);
          kept++;
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^infeasible-/) });
        }
      }),
      { numRuns: 60 },
    );
    expect(kept).toBeGreaterThan(10);
  });

  it("rewrites the masks that lie beside the weights, and takes the activation that the file names", async () => {
    const size = 32 * 32;
    const tensors = {
      "layers.0.weight": gaussian([32, 32], random),
      "layers.0.mask": { dtype: "BOOL" as const, shape: [32, 32], bytes: new Uint8Array(size).fill(1) },
      "layers.1.weight": gaussian([8, 32], random),
    };
    const file = join(folder, "dense.safetensors");
    await writeStateDict(file, tensors, { activations: '["tanh","linear"]' });
    const model = await openModel(file);
    const plan = planModel(model, model.layers(), { sparsity: 0.75 });
    const out = join(folder, "dense-out.safetensors");
    await reinitialize(model, plan, { out, seed: 0 });
    await model.close();
    expect(plan.layers.map(({ gain }) => gain)).toEqual([1, 1]);
    const { tensors: written } = await readSafetensors(out);
    const mask = written.get("layers.0.mask")!.data as Uint8Array;
    const weights = written.get("layers.0.weight")!.data as Float32Array;
    expect(mask.reduce((sum, bit) => sum + bit, 0)).toBe(size / 4);
    expect(weights.every((weight, k) => (weight !== 0) === (mask[k] === 1))).toBe(true);
  });

  it("writes the model last", async () => {
    const path = join(folder, "last.safetensors");
    await writeStateDict(path, { "a.weight": gaussian([16, 16], random) });
    const model = await openModel(path);
    const plan = planModel(model, model.layers(), { sparsity: 0.5 });
    const [out, masks] = [join(folder, "never.safetensors"), join(folder, "no-folder", "masks.safetensors")];
    await expect(reinitialize(model, plan, { out, masks, seed: 0 })).rejects.toThrow("cannot write");
    await model.close();
    expect(await readdir(folder)).not.toContain("never.safetensors");
  });

  it.each([
    ["fc1: [300, 20]", '"fc1" is none: not called weight'],
    ["a.weight: [2147483647, 2]", '"a.weight" is none: a side above 16777216'],
    ["a.weight: [1000000, 1000000]", '"a" would have 125000000000 connections'],
  ])("says of the list %s what is wrong with it", (text, message) => {
    const model = layerListModel(`${text}\n`, "list.yaml");
    expect(() => planModel(model, model.layers(), { sparsity: 0.875 })).toThrow(message);
  });

  it("says what a list is written without, and what operations are not counted", () => {
    const list = layerListModel("a.weight: [30, 20]\nb: [30, 20]\n", "list.yaml");
    expect(planModel(list, list.layers(), { flops: 600 }).notes).toEqual([
      '"b" is no layer, and not written: not called weight.',
      expect.stringMatching(/^--flops counts the linear layers and convolutions found here; /),
    ]);
    expect(planModel(list, list.layers(), { sparsity: 0.5 }).notes).toHaveLength(1);
  });

  it("makes layers of any shape at any sparsity, or as near as they come", async () => {
    const side = fc.integer({ min: 1, max: 40 });
    const shape = fc.oneof(fc.tuple(side, side), fc.tuple(side, side, fc.constantFrom(1, 2, 3)));
    const densities = fc.constantFrom(
      "uniform" as const,
      "erdos-renyi" as const,
      "erdos-renyi-kernel" as const,
    );
    const sparsity = fc.double({ min: 0, max: 0.999, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 1, maxLength: 3 }),
        densities,
        sparsity,
        async (all, how, value) => {
          const tensors = Object.fromEntries(all.map((one, i) => [`${i}.weight`, gaussian(one, random)]));
          try {
            const { made } = await remake(tensors, { sparsity: value, densities: how }, 0, 1);
            for (const { weights, size, sparsity: got, asked } of made) {
              expect(weights).toBeGreaterThan(0);
              expect(got).toBeLessThan(asked + 0.5);
              expect(got).toBeCloseTo(1 - weights / size, 12);
            }
          } catch (error) {
            expect(error).toMatchObject({ code: "infeasible-budget" });
            expect(how).not.toBe("uniform");
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [{ sparsity: 0.5, keep: ["nowhere"] }, "--keep: no layer is called"],
    [{ sparsity: 0.5, layers: [{ pattern: "fcc", value: 0.5 }] }, 'did you mean "fc"?'],
    [
      { layers: [{ pattern: "fc", value: 0.999 }] },
      /"fc" cannot have sparsity 0.999; the nearest it can have is 0.9/,
    ],
    [{ sparsity: 0.5, keep: ["*"] }, "every layer is kept"],
    [
      { flops: 1e6 },
      /^--flops: nothing says how large the outputs of "conv1", "layer.conv", "layer.down" are; add --input-size 16x16/,
    ],
    [
      { flops: 1e6, outputSizes: [{ pattern: "*", value: [16] }] },
      /^the output of "conv1.*" has 2 sides, not 16: --input-size 16x16/,
    ],
    [{ sparsity: 0.5, start: "looks-linear" }, "--start looks-linear:"],
    [
      { sparsity: 0.5, start: "looks-linear", activation: "tanh" },
      "goes with relu and leaky-relu, not with tanh",
    ],
    [{ keep: ["fc"], layers: [{ pattern: "fc", value: 0.5 }] }, '"fc" is not made anew'],
    [{ sparsity: 0.5, outputSizes: [{ pattern: "*", value: [8, 8] }] }, "go with --flops"],
    [
      { flops: 1e6, outputSizes: [{ pattern: "fc", value: [8, 8] }] },
      '--output-size: no layer is called "fc"',
    ],
    [{ sparsity: 0.5, activation: "swish" }, "--activation must be one of tanh"],
  ] satisfies [PlanOptions, string | RegExp][])("refuses %j", async (options, message) => {
    await expect(remake(resnet(), options)).rejects.toThrow(message);
  });
});

describe("freshLayer", () => {
  it("writes the transposed tensor of the same layer, for any shape", () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 4, max: 30 }),
      columns: fc.integer({ min: 4, max: 30 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shapes, ({ rows, columns, seed }) => {
        const dense = (transposed: boolean) => {
          const shape = transposed ? [columns, rows] : [rows, columns];
          const layer: ModelLayer = {
            name: "a",
            tensor: { name: "a.weight", dtype: "F32", shape },
            kind: "linear",
            rows,
            columns,
            kernel: [],
            groups: 1,
            transposed,
          };
          const size = rows * columns;
          const planned = {
            layer,
            weights: Math.ceil(size / 2),
            size,
            asked: 0.5,
            gain: 1,
            mirrored: { rows: false, columns: false },
          };
          const fresh = freshLayer(planned, "debruijn", randomStream(seed));
          const { lines, width } = lineLayout(layer);
          const matrix = new Float64Array(size);
          const [line, mask] = [new Float32Array(width), new Uint8Array(width)];
          for (let i = 0; i < lines; i++) {
            fresh.weightLine(i, line);
            fresh.maskLine(i, mask);
            matrix.set(line, i * width);
            for (let j = 0; j < width; j++) expect(mask[j] === 1).toBe(line[j] !== 0);
          }
          return matrix;
        };
        const [plain, transposed] = [dense(false), dense(true)];
        expect(orthogonalityError(plain, rows, columns)).toBeLessThan(1e-5);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) expect(transposed[j * rows + i]).toBe(plain[i * columns + j]);
        }
      }),
      { numRuns: 40 },
    );
  });
});
