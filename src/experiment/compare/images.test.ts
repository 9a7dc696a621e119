import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toyDataset } from "../../../test/toy-dataset.ts";
import { toyImages, writeToyImages } from "../../../test/toy-images.ts";
import { compare, resumeComparison } from "./compare.ts";
import { completeComparison } from "./complete.ts";
import { parseComparison } from "./config-file.ts";
import { linesOf } from "./grid.ts";
import { jobMaker, type TrainKey } from "./job.ts";
import type { TrainResult } from "./results.ts";
import type { CompareSettings } from "./settings.ts";
import { trainNetwork } from "./train-network.ts";

const images = toyImages();
const complete = (yaml: string, dataset = images) =>
  completeComparison(parseComparison(yaml, "grid.yaml"), dataset);
const lines = (yaml: string) => linesOf(complete(yaml)).lines;

describe("grids of convolutional networks", () => {
  it("have the axes of their models, and the models' defaults", () => {
    const found = lines("{methods: [sao], model: [cnn, cnn-eco], depth: 8, weights: [delta, eco]}");
    expect(
      found.map(({ model, depth, width, weights, downsample, sparsity }) => [
        model,
        depth,
        width,
        weights,
        downsample,
        sparsity,
      ]),
    ).toEqual([
      ["cnn", 8, 32, "delta", "stride", 0.75],
      ["cnn-eco", 8, 32, "delta", undefined, 0.75],
      ["cnn-eco", 8, 32, "eco", undefined, 0.75],
    ]);
    const [resnet] = lines("{methods: [magnitude], model: resnet20, activation: tanh}");
    expect(resnet).toMatchObject({ depth: 20, width: 16, activation: "relu", start: "none" });
    expect(lines("{methods: [dense], model: lip-conv-net, weights: eco}")[0].kernelSize).toBe(4);
  });

  it("train by Adam where all networks are plain convolutions, as sao train does", () => {
    expect(complete("{model: cnn}").shared.optimizer).toBe("adam");
    expect(complete("{model: [cnn, mlp]}").shared.optimizer).toBe("sgd");
    expect(complete("{model: resnet20}").shared.optimizer).toBe("sgd");
    expect(complete("{grids: [{model: cnn}, {model: cnn-eco}]}").shared.optimizer).toBe("adam");
    expect(complete("{model: cnn, optimizer: sgd}").shared.optimizer).toBe("sgd");
  });

  it("leave the jobs of linear layers the names that they had", () => {
    const { shared } = complete("{methods: sao, optimizer: sgd}", toyDataset(50, 20));
    const [line] = linesOf(complete("{methods: sao, depth: 3, width: 8}", toyDataset(50, 20))).lines;
    const { network } = jobMaker(shared, "data").probe(line).key;
    expect(JSON.stringify(network)).toBe(
      '{"method":"sao","depth":3,"width":8,"sparsity":0.875,"activation":"tanh","start":"critical"}',
    );
  });

  it("refuse what their models do not have", () => {
    expect(() => complete("{model: mlp, kernelSize: 5}")).toThrow(
      /^grid.yaml:1: kernelSize goes with model cnn or cnn-eco or lip-conv-net, and model is mlp$/,
    );
    expect(() => complete("{grids: [{model: cnn-eco, downsample: stride}]}")).toThrow(
      /grids.0.downsample goes with model cnn, and model is cnn-eco/,
    );
    expect(() => lines("{model: cnn, weights: eco, methods: sao}")).toThrow(/eco go with model cnn-eco/);
    expect(() => lines("{model: cnn, methods: [sao, rg-n]}")).toThrow(
      /^method rg-n is for linear layers, .* but rg-n, rg-u, rg-u-scaled do that: dense, .*iterative-global$/,
    );
  });
});

/** Convolutions 3 → 4 on 8 x 8 pixels, 4 → 4 on 4 x 4, and three on 2 x 2; then 4 x 2 weights. */
const macs = 9 * (3 * 4 * 64 + 16 * 16 + 3 * 16 * 4) + 8;
const first = 9 * 3 * 4 * 64;
const weights = 9 * (12 + 4 * 16) + 8;
const biases = 5 * 4 + 2;

function keyOf(method: string): TrainKey {
  return {
    kind: "train",
    format: 1,
    data: "toy",
    network: {
      method,
      model: "cnn",
      depth: 2,
      width: 4,
      kernelSize: 3,
      downsample: "stride",
      weights: "delta",
      sparsity: 0.5,
      activation: "tanh",
      start: "critical",
    },
    seed: 1,
    training: { batchSize: 16, optimizer: "adam", schedule: "cosine", warmup: 0.25 },
    learningRate: 0.01,
    steps: 9,
    evaluations: 3,
    evaluationSamples: 8,
  };
}

async function run(method: string): Promise<TrainResult> {
  return (await trainNetwork(keyOf(method), images, { threads: 1 }))!.result;
}

describe("counts of a cell of convolutions", () => {
  it("have a weight's operations at every pixel", async () => {
    const { flops, parameters, points } = await run("dense");
    expect(flops).toEqual({ forward: 2 * macs * 144, backward: 2 * (2 * macs - first) * 144, scoring: 0 });
    expect(parameters).toEqual({ start: weights + biases, end: weights + biases });
    expect(points.map(({ nonZeros }) => nonZeros)).toEqual([84, 84, 84]);
  });

  it("follow kernels as they are pruned, and the dense passes of scores", async () => {
    const [dense, pruned, snip, sao] = await Promise.all(["dense", "magnitude", "snip", "sao"].map(run));
    expect(pruned.changes).toEqual({ updates: 1, removed: 42, added: 0 });
    expect(pruned.sparsityReached).toEqual({ start: 0, end: 0.5 });
    expect(pruned.parameters).toEqual({ start: dense.parameters.end, end: sao.parameters.end });
    expect(pruned.points.map(({ nonZeros }) => nonZeros)).toEqual([84, 42, 42]);
    expect(pruned.flops.forward).toBeLessThan(dense.flops.forward);
    expect(pruned.flops.forward).toBeGreaterThan(sao.flops.forward);
    expect(snip.flops.scoring).toBe(8 * 16 * 2 * (3 * macs - first));
    expect(snip.parameters.start).toBeLessThan(dense.parameters.start);
  });
});

describe("a comparison of convolutional networks", () => {
  let folder: string;
  let settings: CompareSettings;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isosparse-compare-images-"));
    await writeToyImages(join(folder, "images"));
    settings = {
      dataset: "image-folder",
      data: join(folder, "images"),
      methods: ["dense-kaiming", "sao", "magnitude"],
      model: ["cnn", "cnn-eco"],
      depth: [1],
      width: [4],
      sparsity: [0.5],
      seeds: [0],
      steps: 18,
      batchSize: 16,
      learningRate: [0.01],
      evaluations: 2,
    };
  });
  afterAll(() => rm(folder, { recursive: true }));
  const results = async (name: string) =>
    (await readFile(join(folder, name, "results.json"), "utf8")).replaceAll(
      /"wall": \{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g,
      "",
    );

  it("is the same when it is stopped between and gone on with, and its report tells models apart", async () => {
    const handlers = { ownProcess: true, cores: 1 };
    const whole = await compare(settings, { out: join(folder, "whole"), ...handlers });
    expect(whole.status).toBe("finished");
    expect(whole.results.lines).toHaveLength(6);

    const controller = new AbortController();
    let stops = 0;
    // In the middle of a cell: its checkpoint is what is gone on from.
    const onJobProgress = (_: number, { step }: { step: number }) => {
      if (step === 13 && ++stops === 2) controller.abort();
    };
    const parts = { out: join(folder, "parts"), ...handlers };
    const stopped = await compare(settings, { ...parts, onJobProgress, signal: controller.signal });
    expect(stopped.status).toBe("interrupted");
    expect((await resumeComparison(parts)).status).toBe("finished");
    expect(await results("parts")).toBe(await results("whole"));

    const facts = whole.results.probes.map(({ method, model, result }) => ({
      method,
      model,
      orthogonal: result!.facts.orthogonal,
    }));
    expect(facts).toContainEqual({ method: "sao", model: "cnn-eco", orthogonal: true });
    expect(facts).toContainEqual({ method: "dense-kaiming", model: "cnn", orthogonal: false });
    const report = await readFile(join(folder, "whole", "report.html"), "utf8");
    expect(report).toContain("Results: cnn, tanh");
    expect(report).toContain("Results: cnn-eco, tanh");
    const csv = (await readFile(join(folder, "whole", "summary.csv"), "utf8")).split("\n");
    expect(csv[0]).toMatch(/^method,model,depth,width,kernelSize,downsample,weights,sparsity,/);
    expect(csv[1]).toMatch(/^dense-kaiming,cnn,1,4,3,stride,delta,0,tanh,none,/);
  });

  it("needs images", async () => {
    const csv = join(folder, "x.csv");
    await writeFile(csv, "a,b,kind\n1,2,x\n2,1,y\n3,4,x\n4,3,y\n5,6,x\n6,5,y\n7,8,x\n8,7,y\n9,1,x\n1,9,y\n");
    const asked = { ...settings, dataset: csv, data: undefined, target: "kind" };
    await expect(compare(asked, { out: join(folder, "none"), ownProcess: true, cores: 1 })).rejects.toThrow(
      /model cnn takes images, and .* has none; use model mlp/,
    );
  });
});
