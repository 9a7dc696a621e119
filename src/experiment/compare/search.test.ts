import { describe, expect, it } from "vitest";
import { toyDataset } from "../../../test/toy-dataset.ts";
import { completeComparison } from "./complete.ts";
import { parseComparison } from "./config-file.ts";
import { linesOf } from "./grid.ts";
import { candidateRates, type Job, jobMaker, type TrialKey } from "./job.ts";
import type { RunStatus, TrainResult } from "./results.ts";
import type { JobOutcome } from "./run-job.ts";
import { linePlanner } from "./schedule.ts";
import { chooseRate } from "./search.ts";

/** Trials of rates 1, 2, … with these outcomes. */
const choose = (...outcomes: [status: RunStatus, accuracy: number, loss: number | null][]) =>
  chooseRate(
    outcomes.map(([status, accuracy, loss], i) => ({
      job: { id: "", key: { learningRate: i + 1 } } as Job<TrialKey>,
      result: { status, accuracy, loss } as TrainResult,
    })),
  );

describe("chooseRate", () => {
  it("takes the highest accuracy, then the lowest loss", () => {
    const lower = ["trained", 0.8, 0.5] as const;
    expect(choose([...lower], ["trained", 0.9, 2], [...lower])).toEqual({ learningRate: 2, edge: null });
    expect(choose(["guessing", 0.1, 2.3], ["guessing", 0.1, 2.2], ["guessing", 0.1, null])).toEqual({
      learningRate: 2,
      edge: null,
    });
  });

  it("says when a better rate may lie beyond those tried", () => {
    expect(choose(["trained", 0.9, 1], ["trained", 0.8, 1])).toEqual({ learningRate: 1, edge: "smallest" });
    expect(choose(["trained", 0.8, 1], ["trained", 0.9, 1])).toEqual({ learningRate: 2, edge: "largest" });
    expect(choose(["trained", 0.9, 1])).toEqual({ learningRate: 1, edge: null });
  });

  it("takes a rate that diverged only where all did, then the smallest", () => {
    expect(choose(["trained", 0.2, 9], ["diverged", 0.9, null]).learningRate).toBe(1);
    expect(choose(["diverged", 0.1, null], ["diverged", 0.9, null]).learningRate).toBe(1);
  });
});

const deep = { depth: 1000, width: 8, activation: "tanh" } as const;

describe("candidateRates", () => {
  it("stand a factor apart around the default rule", () => {
    expect(candidateRates(deep, { rates: 5, rateFactor: 3 })).toEqual([
      0.000111, 0.000333, 0.001, 0.003, 0.009,
    ]);
    expect(candidateRates(deep, { rates: 3, rateFactor: 3 }, { smallest: 1, largest: 1 })).toEqual([
      0.000111, 0.000333, 0.001, 0.003, 0.009,
    ]);
    expect(candidateRates(deep, { rates: 1, rateFactor: 3 })).toEqual([0.001]);
    expect(candidateRates(deep, { rates: 2, rateFactor: 2, optimizer: "adam" })).toEqual([0.000075, 0.00015]);
  });
});

describe("a search whose best rate is at an edge", () => {
  const yaml = "{methods: dense, depth: 1000, width: 8, rates: 3, rateFactor: 3, seeds: 1}";
  const comparison = completeComparison(parseComparison(yaml, "grid.yaml"), toyDataset());
  const [line] = linesOf(comparison).lines;

  /** Rates tried one after the other, and the plan at the end, when the accuracy of a rate is this. */
  function search(widen: number, accuracyOf: (rate: number) => number) {
    const plan = linePlanner(jobMaker(comparison.shared, "data"), widen);
    const known = new Map<string, JobOutcome>();
    const tried: number[] = [];
    for (;;) {
      const found = plan(line, known);
      const next = found.trials.filter(({ id }) => !known.has(id));
      if (next.length === 0) return { tried, choice: found.choice, cells: found.cells };
      expect(found.choice).toBeNull();
      for (const { id, key } of next) {
        tried.push(key.learningRate);
        const result = { status: "trained", accuracy: accuracyOf(key.learningRate), loss: 1 } as TrainResult;
        known.set(id, { result, wall: { seconds: 0, processBytes: 0, threads: 1 } });
      }
    }
  }

  it("goes on beyond it until the best is not at an edge, or as far as it may", () => {
    const best = (rate: number) => (accuracy: number) => -Math.abs(Math.log(accuracy / rate));
    const first = [0.000333, 0.001, 0.003];
    expect(search(2, best(0.001))).toMatchObject({
      tried: first,
      choice: { learningRate: 0.001, edge: null },
    });
    const up = search(2, best(0.003));
    expect(up).toMatchObject({ tried: [...first, 0.009], choice: { learningRate: 0.003, edge: null } });
    expect(up.cells[0].key.learningRate).toBe(0.003);
    expect(search(2, best(1e-9))).toMatchObject({
      tried: [...first, 0.000111, 0.000037],
      choice: { learningRate: 0.000037, edge: "smallest" },
    });
    expect(search(0, best(1))).toMatchObject({
      tried: first,
      choice: { learningRate: 0.003, edge: "largest" },
    });
  });
});
