/**
 * @file What a network of convolutions does to signals and gradients before training, layer by layer, in float64: the
 * counterpart of backward.ts for layers of any kind, one sample at a time.
 */

import {
  batchNormOperator,
  maxMinOperator,
  rearrangementOperator,
  shortcutOperator,
  weightOperator,
  windowSums,
} from "../../certificate/layer-operators.ts";
import { sampleOf, slopesAt } from "../../certificate/slopes.ts";
import type { ImageShape } from "../../init/convolution/convolution.ts";
import type { LinearOperator } from "../../math/lanczos.ts";
import { singularValues } from "../../math/singular-values.ts";
import { forward } from "../../network/evaluate.ts";
import { networkInput, outputShape, sizeOf } from "../../network/layer-shape.ts";
import { type AnyNetwork, activationOf, isWeighted, type Layer } from "../../network/network.ts";

/** How strong a signal and its gradient are at one layer with weights; null where they are not finite. */
export interface LayerSignal {
  /** From 1. */
  readonly layer: number;
  /** Root mean square of the pre-activations. */
  readonly signal: number | null;
  /** Root mean square, over units and samples, of the loss's gradient by the pre-activations. */
  readonly gradient: number | null;
}

export interface ImageProbe {
  /** One for each layer with weights. */
  readonly signals: readonly LayerSignal[];
  /** Singular values for each sample that was measured, maybe none. */
  readonly jacobians: readonly Float64Array[];
}

/** Multiply-adds that signals and gradients may take, beyond those of a single sample. */
const signalWork = 3e8;
/** And Jacobians: where one takes more, there is none. */
const jacobianWork = 1e9;
const jacobianSamples = 2;

/**
 * Measures on as many of the samples [count, inputs] as a few seconds allow, at least one.
 *
 * @param lossGradient by the outputs [count, outputs], as [outputs, count]
 */
export function probeImages(
  network: AnyNetwork,
  samples: Float64Array,
  lossGradient: (outputs: Float64Array, count: number) => Float64Array,
): ImageProbe {
  const width = sizeOf(networkInput(network));
  const back = new Backward(network);
  const count = Math.min(samples.length / width, Math.max(1, Math.floor(signalWork / back.cost)));
  const squares = new Float64Array(network.layers.length);
  const outputs = forward(network, samples.subarray(0, count * width), count, (i, before, after) => {
    squares[i] = meanSquare(before);
    back.visit(i, before, after, count);
  });
  const loss = lossGradient(outputs, count);
  const gradients = new Float64Array(network.layers.length);
  const last = network.layers.length - 1;
  for (let s = 0; s < count; s++) {
    back.run(s, last, sampleOf(loss, count, s), (i, gradient) => {
      gradients[i] += meanSquare(gradient) / count;
    });
  }
  const weighted = [...network.layers.keys()].filter((i) => isWeighted(network.layers[i]));
  return {
    signals: weighted.map((i, k) => ({
      layer: k + 1,
      signal: finite(Math.sqrt(squares[i])),
      gradient: finite(Math.sqrt(gradients[i])),
    })),
    jacobians: jacobiansOf(network, back, count, weighted[weighted.length - 1] - 1),
  };
}

/** Of layer `last`, the last hidden one, by the inputs, those times the factor that a start folded into the first layer. */
function jacobiansOf(network: AnyNetwork, back: Backward, count: number, last: number): Float64Array[] {
  const rows = sizeOf(outputShape(network.layers[last]));
  const affordable = Math.floor(jacobianWork / (rows * back.cost));
  const columns = sizeOf(networkInput(network));
  const inputScale = network.provenance.critical?.inputScale ?? 1;
  return Array.from({ length: Math.min(jacobianSamples, count, affordable) }, (_, s) => {
    const matrix = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      const unit = new Float64Array(rows);
      unit[r] = 1;
      matrix.set(back.run(s, last, unit), r * columns);
    }
    if (!matrix.every(Number.isFinite)) {
      return new Float64Array(Math.min(rows, columns)).fill(Number.POSITIVE_INFINITY);
    }
    return singularValues(matrix, rows, columns).map((value) => value / inputScale);
  });
}

/** Derivatives going back from any layer to the inputs, at the samples of a forward pass. */
class Backward {
  /** Multiply-adds of one pass. */
  readonly cost: number;
  readonly #layers: readonly Layer[];
  /** Absent: a layer that is the identity, or depends on the sample. */
  readonly #operators: readonly (LinearOperator | undefined)[];
  /** By layer and sample. */
  readonly #slopes: Float64Array[][] = [];
  readonly #sorted: LinearOperator[][] = [];
  readonly #shapes: ReadonlyMap<string, ImageShape>;
  #given: Float64Array = new Float64Array(0);

  constructor({ layers }: AnyNetwork) {
    this.#layers = layers;
    this.#operators = layers.map(operatorOf);
    this.#shapes = new Map(layers.map((layer) => [layer.name, outputShape(layer)]));
    this.cost = layers.filter(isWeighted).reduce((sum, layer) => sum + weightOperator(layer).cost, 0);
  }

  /** To be called after each layer of the forward pass. */
  visit(index: number, before: Float64Array, after: Float64Array, count: number): void {
    const layer = this.#layers[index];
    const activation = activationOf(layer);
    const each = <T>(make: (s: number) => T): T[] => Array.from({ length: count }, (_, s) => make(s));
    if (activation !== "linear") this.#slopes[index] = each((s) => slopesAt(activation, before, count, s));
    if (layer.kind === "maxMin") {
      this.#sorted[index] = each((s) => maxMinOperator(layer, sampleOf(this.#given, count, s)));
    }
    this.#given = after;
  }

  /** The gradient by the inputs, from that by layer `last`'s outputs; `visit` sees those by all pre-activations. */
  run(
    sample: number,
    last: number,
    gradient: Float64Array,
    visit?: (index: number, gradient: Float64Array) => void,
  ): Float64Array {
    let g = gradient;
    const pending = new Map<string, Float64Array>();
    for (let index = last; index >= 0; index--) {
      const layer = this.#layers[index];
      const more = pending.get(layer.name);
      if (more !== undefined) g = g.map((value, k) => value + more[k]);
      const slopes = this.#slopes[index]?.[sample];
      if (slopes !== undefined) g = g.map((value, k) => value * slopes[k]);
      visit?.(index, g);
      if (layer.kind === "add") {
        const shortcut = shortcutOperator(layer.input, this.#shapes.get(layer.from)!);
        const before = pending.get(layer.from);
        const added = back(shortcut, g);
        pending.set(layer.from, before === undefined ? added : added.map((value, k) => value + before[k]));
      }
      const operator = this.#operators[index] ?? this.#sorted[index]?.[sample];
      if (operator !== undefined) g = back(operator, g);
      if (layer.kind === "averagePool")
        g = g.map((value) => value / (layer.window.height * layer.window.width));
    }
    return g;
  }
}

function operatorOf(layer: Layer): LinearOperator | undefined {
  switch (layer.kind) {
    case "linear":
    case "convolution":
      return weightOperator(layer).operator;
    case "averagePool":
      return windowSums(layer);
    case "spaceToDepth":
    case "pad":
      return rearrangementOperator(layer);
    case "batchNorm":
      return batchNormOperator(layer);
    default:
      return undefined;
  }
}

function back(operator: LinearOperator, gradient: Float64Array): Float64Array {
  const result = new Float64Array(operator.columns);
  operator.multiplyTransposed(gradient, result);
  return result;
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x * x, 0) / values.length;
}

/** Null in place of what is no finite number, for JSON. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
