/**
 * @file Results as comma-separated values: one row to a run, to a line of runs, to a test on the way, and to a layer or
 * a network before training. Empty cells: nothing to say.
 */

import { totalFlops } from "./flops.ts";
import type { NetworkSpec } from "./grid.ts";
import type { ProbeResult } from "./probe.ts";
import type { RunRecord } from "./run-record.ts";
import type { Estimate } from "./statistics.ts";
import type { ComparisonResults, LineSummary, ProbeRecord } from "./summary.ts";

type Row = Readonly<Record<string, string | number | null>>;

/** Every run. */
export function runsCsv({ runs }: ComparisonResults): string {
  return csv(runs.map(runRow));
}

/** Every line of runs. */
export function summaryCsv({ lines }: ComparisonResults): string {
  return csv(lines.map(lineRow));
}

/** Every test of every run. */
export function curvesCsv({ runs }: ComparisonResults): string {
  return csv(
    runs.flatMap((run) =>
      run.points.map(({ step, flops, accuracy, loss, nonZeros }) => ({
        ...specCells(run),
        seed: run.seed,
        learningRate: run.learningRate,
        steps: run.steps,
        step,
        flops,
        accuracy,
        loss,
        nonZeros,
      })),
    ),
  );
}

/** Signals and gradients of every network before training, by layer. */
export function layersCsv(results: ComparisonResults): string {
  return csv(
    measured(results).flatMap(([probe, { signals }]) =>
      signals.map(({ layer, signal, gradient }) => ({
        ...specCells(probe),
        seed: probe.seed,
        layer,
        signal,
        gradient,
      })),
    ),
  );
}

/** Certificate and Jacobian of every network before training. */
export function certificatesCsv(results: ComparisonResults): string {
  return csv(
    measured(results).map(([probe, { facts, jacobian }]) => {
      const { singularValues, connected, orthogonal, ...numbers } = facts;
      const { samples, edges, shares, below, above, rootMeanSquare } = jacobian;
      return {
        ...specCells(probe),
        seed: probe.seed,
        ...numbers,
        connected: yesNo(connected),
        orthogonal: yesNo(orthogonal),
        smallestSingularValue: singularValues?.[0] ?? null,
        largestSingularValue: singularValues?.[1] ?? null,
        jacobianRootMeanSquare: rootMeanSquare,
        jacobianSamples: samples,
        [`jacobianBelow1e${edges[0]}`]: below,
        ...Object.fromEntries(shares.map((share, i) => [`jacobianFrom1e${edges[i]}`, share])),
        [`jacobianFrom1e${edges[edges.length - 1]}`]: above,
      };
    }),
  );
}

/** Networks that could be made. */
function measured({ probes }: ComparisonResults): (readonly [ProbeRecord, ProbeResult])[] {
  return probes.flatMap((probe) => (probe.result === null ? [] : [[probe, probe.result] as const]));
}

/** What is of convolutions only is left empty elsewhere. */
function specCells(spec: NetworkSpec): Row {
  const { method, model = "mlp", depth, width, sparsity, activation, start } = spec;
  const { kernelSize = null, downsample = null, weights = null } = spec;
  return { method, model, depth, width, kernelSize, downsample, weights, sparsity, activation, start };
}

function yesNo(value: boolean | null): number | null {
  return value === null ? null : Number(value);
}

function runRow(run: RunRecord): Row {
  const { flops, parameters, sparsityReached, changes, wall } = run;
  return {
    ...specCells(run),
    seed: run.seed,
    learningRate: run.learningRate,
    status: run.status,
    accuracy: run.accuracy,
    loss: run.loss,
    iterations: run.iterations,
    parametersStart: parameters.start,
    parametersEnd: parameters.end,
    sparsityEnd: sparsityReached.end,
    reachedSparsity: Number(run.reachedSparsity),
    flopsForward: flops.forward,
    flopsBackward: flops.backward,
    flopsScoring: flops.scoring,
    flopsTotal: totalFlops(flops),
    ...Object.fromEntries(
      run.reached.flatMap(({ target, iterations, flops: spent }) => [
        [`iterationsTo${target}`, iterations],
        [`flopsTo${target}`, spent],
      ]),
    ),
    engineBytes: run.engineBytes,
    peakBytes: run.peakBytes,
    fileBytes: run.fileBytes,
    updates: changes.updates,
    removed: changes.removed,
    added: changes.added,
    kernels: run.kernels,
    seconds: wall.seconds,
    processBytes: wall.processBytes,
    threads: wall.threads,
  };
}

function lineRow(line: LineSummary): Row {
  const { ended, parameters, flopsOf } = line;
  return {
    ...specCells(line),
    askedStart: line.askedStart,
    steps: line.steps,
    learningRate: line.learningRate,
    rateSearched: line.searched ? 1 : 0,
    rateAtEdge: line.rateAtEdge ? 1 : 0,
    seeds: line.seeds,
    trained: ended.trained,
    guessing: ended.guessing,
    diverged: ended.diverged,
    tooDense: line.tooDense,
    ...estimateCells("accuracy", line.accuracy),
    iterations: line.iterations?.mean ?? null,
    flops: line.flops?.mean ?? null,
    flopsForward: flopsOf?.forward ?? null,
    flopsBackward: flopsOf?.backward ?? null,
    flopsScoring: flopsOf?.scoring ?? null,
    searchFlops: line.searchFlops,
    parametersStart: parameters?.start ?? null,
    parametersEnd: parameters?.end ?? null,
    sparsityEnd: line.sparsityReached,
    ...Object.assign(
      {},
      ...line.reached.map(({ target, runs, iterations, flops }) => ({
        [`runsTo${target}`]: runs,
        [`iterationsTo${target}`]: iterations?.mean ?? null,
        [`flopsTo${target}`]: flops?.mean ?? null,
      })),
    ),
    engineBytes: line.engineBytes,
    peakBytes: line.peakBytes,
    fileBytes: line.fileBytes,
    ...estimateCells("seconds", line.wall.seconds),
    processBytes: line.wall.processBytes,
  };
}

function estimateCells(name: string, value: Estimate | null): Row {
  return {
    [name]: value?.mean ?? null,
    [`${name}Low`]: value?.low ?? null,
    [`${name}High`]: value?.high ?? null,
  };
}

/** The rows under their names; all have the same. */
function csv(rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const lines = [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))];
  return lines.map((cells) => `${cells.map(cell).join(",")}\n`).join("");
}

function cell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
