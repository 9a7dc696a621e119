/**
 * @file Multilayer perceptrons: widths, an activation and an `InitSpec` make a network ready to train.
 */

import { ArgumentError } from "../errors.ts";
import { initializerNamed } from "../init/registry.ts";
import { randomStream } from "../math/random.ts";
import { type InitSpec, initFields, requestOf } from "./init-spec.ts";
import { buildLayer, requireFeasible } from "./layer-plan.ts";
import { layerProgress, type MakingProgress } from "./making-progress.ts";
import type { Activation, Network, Provenance } from "./network.ts";
import { checkActivation, drawBiases, requirePairs, scalesFor, startFor } from "./start.ts";

export interface MlpOptions {
  /** Input width, hidden widths, output width: two or more whole numbers from 1. */
  readonly widths: readonly number[];
  /** Of all layers but the last, which is linear. Default `"tanh"`. */
  readonly activation?: Activation;
  readonly init: InitSpec;
  /** Integer in [0, 2⁵³). Default 0. */
  readonly seed?: number;
  /**
   * How the weights' scale suits the activation. Default: `"critical"` for tanh and `"looks-linear"` for ReLU
   * when the weights are orthogonal or approximately so and no gain is given; else `"none"`, gain 1 and zero
   * biases.
   */
  readonly start?: Provenance["start"];
  /** q of the critical start, in (0, 1]: mean square of all pre-activations. Default by depth. */
  readonly meanSquare?: number;
  /** Told how far the weights are, after each layer and, of wide orthogonal blocks, each row. */
  readonly onProgress?: (progress: MakingProgress) => void;
}

/**
 * A network of layers `layers.0`, `layers.1`, …, of shapes [widths[i + 1], widths[i]].
 *
 * Every hidden layer meets the request of `init` or the call fails. The first and last layers, whose shapes the
 * data dictates, give way unless they are square (or the topology is `dense`): where the topology cannot have the
 * request on them (few outputs, or givens and clifford off the square), they are `sao` with the nearest request
 * that it can have, down to dense. `asked` keeps the request, so that both show in certificates.
 *
 * With start `"critical"` (trains fastest) or `"isometric"` (end-to-end singular values nearest 1), gain, bias
 * variance and the last layer's further gain come from the number of layers;
 * the input scale is still to be measured, by `foldInputScale`. With `"looks-linear"`, units come in pairs: hidden widths must be even and
 * the degree at least 4.
 *
 * Layer i draws from streams of its own, split from the seed by its index, so no layer depends on another.
 *
 * Throws ArgumentError for values out of range, fields that do not exist and combinations that mean nothing,
 * InfeasibleError for a request that a hidden layer cannot meet; the message names the layer and the nearest
 * request that all hidden layers can.
 */
export function mlp(options: MlpOptions): Network {
  checkOptions(options);
  const { widths, activation = "tanh", init, seed = 0 } = options;
  checkWidths(widths);
  checkActivation(activation);
  const start = startFor(activation, {
    asked: options.start,
    isometric: isometricWeights.includes(init.weights ?? "orthogonal"),
    gain: init.gain,
    meanSquare: options.meanSquare,
  });
  if (start === "looks-linear") checkPairs(widths);
  const critical = scalesFor(start, widths.length - 1, options.meanSquare);
  const gain = critical?.gain ?? init.gain ?? 1;
  const { topology = "sao", weights: initializer = "orthogonal" } = init;
  const initialize = initializerNamed(initializer);
  const asked = requestOf(init);
  const random = randomStream(seed);
  const last = widths.length - 2;
  const plans = widths.slice(1).map((rows, i) => ({
    name: `layers.${i}`,
    shape: { rows, columns: widths[i] },
    counts: "parameters" as const,
    topology,
    arrangement: init.arrangement,
    asked,
    atEnd: i === 0 || i === last,
    mirrored: { rows: start === "looks-linear" && i < last, columns: start === "looks-linear" && i > 0 },
    initializer: initialize,
    gain: i === last && critical ? gain * critical.outputGain : gain,
    random: { topology: random.split("topology", i), weights: random.split("weights", i) },
  }));
  requireFeasible(plans);
  const progressOf = layerProgress(plans, options.onProgress);
  const layers = plans.map((plan, i) => ({
    kind: "linear" as const,
    name: plan.name,
    ...buildLayer(plan, progressOf(i)),
    bias: drawBiases(plan.shape.rows, critical?.biasVariance ?? 0, random.split("bias", i)),
    activation: i === last ? ("linear" as const) : activation,
    asked,
    initializer,
  }));
  return { layers, provenance: { seed, start, ...(critical && { critical }) } };
}

const isometricWeights: readonly string[] = ["orthogonal", "approximateIsometry"];

const optionFields: readonly string[] = [
  "widths",
  "activation",
  "init",
  "seed",
  "start",
  "meanSquare",
  "onProgress",
] satisfies readonly (keyof MlpOptions)[];

/** That both objects are there and have no other fields: callers of JavaScript have no types to tell them. */
function checkOptions(options: MlpOptions): void {
  checkFields("options", options, optionFields);
  checkFields("init", options.init, initFields);
}

function checkFields(what: string, value: unknown, fields: readonly string[]): void {
  if (typeof value !== "object" || value === null) {
    throw new ArgumentError(
      `bad-${what}`,
      `mlp needs ${what}, e.g. mlp({ widths: [784, 128, 10], init: sao({ sparsity: 0.875 }) })`,
    );
  }
  const unknown = Object.keys(value).find((key) => !fields.includes(key));
  if (unknown !== undefined) {
    throw new ArgumentError("unknown-field", `${what} has no "${unknown}"; it has ${fields.join(", ")}`);
  }
}

function checkWidths(widths: readonly number[]): void {
  if (!Array.isArray(widths) || widths.length < 2) {
    throw new ArgumentError(
      "bad-widths",
      `widths must be at least an input and an output width, not [${widths}]`,
    );
  }
  for (const [i, width] of widths.entries()) {
    if (!Number.isSafeInteger(width) || width < 1) {
      throw new ArgumentError("bad-widths", `widths[${i}] must be a whole number from 1, not ${width}`);
    }
  }
}

function checkPairs(widths: readonly number[]): void {
  for (let i = 1; i < widths.length - 1; i++) {
    requirePairs(`layers.${i - 1} (${widths[i]} x ${widths[i - 1]})`, "units", widths[i]);
  }
}
