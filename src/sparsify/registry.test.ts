import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toyScoring } from "../../test/scoring.ts";
import { sparseRun, startMlp } from "../../test/sparse-run.ts";
import { createTrainer, sgd } from "../engine/index.ts";
import type { Activation } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import { collapsedLayers } from "./collapsed-layers.ts";
import { layerCounts } from "./layer-counts.ts";
import { type MlpTask, phaseEnds } from "./method.ts";
import { methodNamed, methodNames } from "./registry.ts";

const scoring = toyScoring(10, 4);
const activations: readonly Activation[] = ["tanh", "relu", "hardtanh", "linear"];
/** Clifford layers have 64 units at least, Ramanujan ones a degree of 3, twins apart. */
const widthsOf = (name: string) =>
  name === "clifford" ? [10, 128, 128, 4] : name.startsWith("ramanujan") ? [10, 32, 32, 4] : [10, 16, 16, 4];
const taskFor = (name: string, activation: Activation): MlpTask => ({
  widths: widthsOf(name),
  activation,
  sparsity: name === "clifford" ? { degree: 16 } : { sparsity: 0.75 },
  seed: 2,
  start: methodNamed(name).starts(activation)[0],
});
const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

describe.each(methodNames)("%s", (name) => {
  const method = methodNamed(name);

  it("starts a sound network with every activation, of the connections it should have", async () => {
    for (const activation of activations) {
      const task = taskFor(name, activation);
      const network = await startMlp(method, task, scoring);
      validateNetwork(network);
      const counts = network.layers.map((layer) => layer.weights.length);
      const dense = [...task.widths.keys()].slice(1).map((i) => task.widths[i] * task.widths[i - 1]);
      const expected = method.when === "dense" || method.when === "after" ? dense : layerCounts(task);
      // Twins go by two and four, and on such small layers rotations may miss by a few.
      expect(Math.abs(total(counts) - total(expected))).toBeLessThanOrEqual(activation === "relu" ? 12 : 0);
      expect(network.provenance.start).toBe(task.start);
      expect(network.provenance.critical?.inputScale !== undefined).toBe(task.start === "critical");
      const hidden = network.layers[1].topology.kind;
      if (method.when === "before" || method.when === "during") expect(hidden).toBe(method.topologyKind);
    }
  });

  it("is the same again, training and updates included, and depends on the seed", async () => {
    const task = taskFor(name, "tanh");
    const runs = await Promise.all([1, 2].map(() => sparseRun(method, task, scoring, 12)));
    expect(runs[1]).toEqual(runs[0]);
    const other = await startMlp(method, { ...task, seed: 3 }, scoring);
    const first = await startMlp(method, task, scoring);
    expect(other.layers[1].weights).not.toEqual(first.layers[1].weights);
    const { layers } = runs[0].network;
    expect(layers.every(({ weights }) => weights.every(Number.isFinite))).toBe(true);
    if (method.when === "after") {
      expect(total(layers.map(({ weights }) => weights.length))).toBe(total(layerCounts(task)));
      expect(layers[1].topology.kind).toBe(method.topologyKind);
    }
  });

  it("shares all steps out and has updates between the first and the last", () => {
    const task = taskFor(name, "tanh");
    const phases = method.phases(task);
    expect(phases.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), (steps) => {
        const ends = phaseEnds(phases, steps);
        expect(ends.at(-1)).toBe(steps);
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
        const due = method.updater?.steps(task, steps) ?? [];
        for (const [i, step] of due.entries()) {
          expect(Number.isInteger(step)).toBe(true);
          expect(step).toBeGreaterThan(due[i - 1] ?? 0);
          expect(step).toBeLessThan(steps);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("describes itself", () => {
    expect(method.name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    for (const text of [method.title, method.source, method.summary]) expect(text.length).toBeGreaterThan(2);
    expect(method.summary).toMatch(/\.$/);
  });
});

describe("docs/methods.md", () => {
  it("lists each method, its summary and its source", () => {
    const text = readFileSync(new URL("../../docs/methods.md", import.meta.url), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const expected = methodNames
      .map(methodNamed)
      .map(({ name, summary, source }) => `| \`${name}\` | ${summary} | ${source} |`);
    expect(rows.sort()).toEqual(expected.sort());
  });
});

describe("methodNamed", () => {
  it("names the methods there are", () => {
    expect(() => methodNamed("lottery")).toThrow(/no method "lottery"; there are dense, .*synflow/);
    expect(new Set(methodNames).size).toBe(methodNames.length);
  });
});

describe("a start that a method does not have", () => {
  it("is refused with those it has", async () => {
    const task = { ...taskFor("dense-kaiming", "tanh"), start: "critical" } as const;
    await expect(methodNamed("dense-kaiming").start(task, scoring)).rejects.toThrow(
      /dense-kaiming with tanh starts by none, not critical/,
    );
    const relu = { ...taskFor("snip", "relu"), start: "critical" } as const;
    await expect(methodNamed("snip").start(relu, scoring)).rejects.toThrow(
      /snip with relu starts by looks-linear or none, not critical/,
    );
  });
});

describe("a layer that lost all connections", () => {
  it("is reported, and the network trains on", async () => {
    const method = methodNamed("magnitude-global");
    const task = taskFor("magnitude-global", "tanh");
    const dense = await startMlp(method, task, scoring);
    const faint = dense.layers.map((layer, i) =>
      i === 1 ? { ...layer, weights: layer.weights.map((weight) => 1e-3 * weight) } : layer,
    );
    const request = { task, step: 5, total: 10, memory: {}, scoring };
    const pruned = await method.updater!.update({
      ...request,
      network: { ...dense, layers: faint },
      optimizerState: { updates: 0, vectors: {} },
    });
    expect(collapsedLayers(pruned.network)).toEqual(["layers.1"]);
    const trainer = await createTrainer(pruned.network, {
      loss: scoring.loss,
      optimizer: sgd(),
      batchSize: 16,
    });
    const losses = Array.from({ length: 20 }, (_, step) => trainer.step(scoring.batch(step), 0.1).loss);
    const network = trainer.network();
    trainer.dispose();
    expect(losses.at(-1)).toBeLessThan(losses[0]);
    expect(collapsedLayers(network)).toEqual(["layers.1"]);
  });
});
