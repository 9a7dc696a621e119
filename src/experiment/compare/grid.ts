/**
 * @file The cells of a comparison: the product of each grid's lists, less what means nothing. Cells that differ only
 * in their seed stand in one line, which is what means and intervals are over.
 */

import { closest } from "../../data/closest.ts";
import { ArgumentError } from "../../errors.ts";
import type { Activation, Start } from "../../network/network.ts";
import { type Method, methodNamed, methodNames } from "../../sparsify/index.ts";
import { defaults } from "../defaults.ts";
import {
  type ComparedImageModel,
  hasStart,
  type KernelWeights,
  type ModelSpec,
  modelSpecs,
  requireKernelMethod,
  usualWeights,
} from "./compared-models.ts";
import type { Comparison, Grid } from "./complete.ts";

/** What a network is made of, but for its seed. */
export interface NetworkSpec {
  readonly method: string;
  /** Absent: mlp. The next three but `depth` and `width` are of convolutions only. */
  readonly model?: ComparedImageModel;
  /** Weight layers; of convolutions, the hidden ones. */
  readonly depth: number;
  /** Units of every hidden layer, or channels. */
  readonly width: number;
  /** Taps a side, where the model lets one choose. */
  readonly kernelSize?: number;
  readonly downsample?: "stride" | "spaceToDepth";
  /** Of methods with orthogonal weights. */
  readonly weights?: KernelWeights;
  /** Asked for, of convolutions in kernels; 0 for methods that are dense. */
  readonly sparsity: number;
  readonly activation: Activation;
  readonly start: Start;
}

/** Cells that differ in nothing but the seed. */
export interface Line extends NetworkSpec {
  /** What the grid asked for: `start` by its name, or the method's best. */
  readonly askedStart: Grid["start"][number];
  readonly steps: number;
  /** Training steps of each rate tried. */
  readonly searchSteps: number;
  /** Null: searched. */
  readonly learningRate: number | null;
  readonly seeds: readonly number[];
}

/** What a method cannot make, and why. */
export interface Infeasible {
  readonly spec: NetworkSpec;
  readonly cells: number;
  readonly reason: string;
}

/** All lines of a comparison, in the order of its grids, each once. */
export interface Lines {
  readonly lines: readonly Line[];
  /** Whole lines that no start makes possible. */
  readonly infeasible: readonly Infeasible[];
}

/** Throws ArgumentError: `unknown-method`; `idle-start`, a start that goes with nothing beside it. */
export function linesOf({ grids }: Comparison): Lines {
  const lines = new Map<string, Line>();
  const infeasible: Infeasible[] = [];
  for (const grid of grids) {
    const used = new Set<string>();
    for (const method of grid.methods.map(knownMethod)) {
      for (const spec of grid.model.flatMap((model) => modelSpecs(model, grid))) {
        requireKernelMethod(method, spec.model ?? "mlp", methodNames.map(methodNamed));
        const starts = startsOf(method, spec, grid);
        for (const [asked] of starts) used.add(asked);
        for (const shape of shapesOf(method, spec, grid)) {
          if (starts.length === 0) infeasible.push(withoutStart(method, shape, grid));
          for (const [askedStart, start] of starts) addLines(lines, grid, { ...shape, start }, askedStart);
        }
      }
    }
    const idle = grid.start.find((start) => !used.has(start));
    if (idle !== undefined && used.size > 0) {
      throw new ArgumentError(
        "idle-start",
        `start ${idle} goes with none of ${grid.methods.join(", ")} with ${grid.activation.join(", ")}; leave it out`,
      );
    }
  }
  return { lines: [...lines.values()], infeasible };
}

/**
 * The network in words, for messages and progress: `sao 100 x 128, sparsity 0.875, tanh, critical`, or `sao, cnn 32 x 16,
 * …`.
 */
export function describeSpec(spec: NetworkSpec): string {
  const { method, depth, width, sparsity, activation, start } = spec;
  const sparse = methodNamed(method).when === "dense" ? "" : `, sparsity ${sparsity}`;
  const model = spec.model === undefined ? " " : `, ${describeModel(spec)} `;
  return `${method}${model}${depth} x ${width}${sparse}, ${activation}, ${start}`;
}

/** A model with what it has besides depth and width that it need not have: `cnn`, `cnn-eco delta 5 x 5 taps`. */
export function describeModel({ model, weights, kernelSize, downsample }: Partial<NetworkSpec>): string {
  if (model === undefined) return "mlp";
  return [
    model,
    ...(weights === usualWeights(model) ? [] : [weights]),
    ...(kernelSize === undefined || kernelSize === defaults.kernelSize
      ? []
      : [`${kernelSize} x ${kernelSize} taps`]),
    ...(downsample === "spaceToDepth" ? ["space to depth"] : []),
  ].join(" ");
}

/** A network's spec out of what holds more; the same fields in the same order wherever it came from. */
export function specOf({
  method,
  model,
  depth,
  width,
  kernelSize,
  downsample,
  weights,
  sparsity,
  activation,
  start,
}: NetworkSpec): NetworkSpec {
  return {
    method,
    ...(model !== undefined && { model }),
    depth,
    width,
    ...(kernelSize !== undefined && { kernelSize }),
    ...(downsample !== undefined && { downsample }),
    ...(weights !== undefined && { weights }),
    sparsity,
    activation,
    start,
  };
}

/** Whether two stand for the same network. */
export function sameSpec(a: NetworkSpec, b: NetworkSpec): boolean {
  return JSON.stringify(specOf(a)) === JSON.stringify(specOf(b));
}

type Shape = Omit<NetworkSpec, "start">;

function shapesOf({ name, when }: Method, spec: ModelSpec, grid: Grid): Shape[] {
  const sparsities = when === "dense" ? [0] : grid.sparsity;
  return sparsities.map((sparsity) => ({ method: name, ...spec, sparsity }));
}

/** The starts that a method has with a model and an activation. */
function possibleStarts(
  method: Method,
  { model, activation }: Pick<ModelSpec, "model" | "activation">,
): Start[] {
  return method.starts(activation).filter((start) => hasStart(model ?? "mlp", start));
}

/** Those of them that were asked for, each beside what it comes to. */
function startsOf(
  method: Method,
  spec: ModelSpec,
  grid: Grid,
): (readonly [asked: Grid["start"][number], start: Start])[] {
  const possible = possibleStarts(method, spec);
  return grid.start.flatMap((asked) => {
    const start = asked === "best" ? possible[0] : asked;
    return start !== undefined && possible.includes(start) ? [[asked, start] as const] : [];
  });
}

function withoutStart(method: Method, shape: Shape, grid: Grid): Infeasible {
  const possible = possibleStarts(method, shape);
  const rates = grid.learningRate?.length ?? 1;
  const reason =
    possible.length === 0
      ? `it does not work with ${shape.activation}`
      : `with ${shape.activation} it starts by ${possible.join(" or ")} (or: best), not ${grid.start.join(" or ")}`;
  return {
    spec: { ...shape, start: grid.start.find((start) => start !== "best") ?? "none" },
    cells: grid.seeds.length * rates,
    reason,
  };
}

function addLines(
  lines: Map<string, Line>,
  {
    steps,
    searchSteps,
    seeds,
    learningRate = [null],
  }: Omit<Grid, "learningRate"> & {
    readonly learningRate?: readonly (number | null)[];
  },
  spec: NetworkSpec,
  askedStart: Grid["start"][number],
): void {
  for (const rate of learningRate) {
    const own = rate === null ? searchSteps : 0;
    const rest = { ...specOf(spec), askedStart, steps, searchSteps: own, learningRate: rate };
    const key = JSON.stringify(rest);
    const all = new Set([...(lines.get(key)?.seeds ?? []), ...seeds]);
    lines.set(key, { ...rest, seeds: [...all].sort((a, b) => a - b) });
  }
}

function knownMethod(name: string): Method {
  if (methodNames.includes(name)) return methodNamed(name);
  const match = closest(name, methodNames);
  const hint = match === undefined ? `there are ${methodNames.join(", ")}` : `did you mean "${match}"?`;
  throw new ArgumentError("unknown-method", `there is no method "${name}"; ${hint}`);
}
