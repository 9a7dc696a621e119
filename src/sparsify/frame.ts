/**
 * @file The frame of a network before anyone has chosen its connections: sizes, gains and biases, as `mlp` or a builder
 * of convolutional networks would choose them for the task.
 *
 * A looks-linear network is planned at half its size and doubled at the end (docs/theory.md, section 6). So a
 * method that scores and prunes works on the halves, and what it leaves is still exactly linear at the start.
 */

import { ArgumentError } from "../errors.ts";
import { looksLinearKernels } from "../init/convolution/looks-linear-kernels.ts";
import { criticalStart, isometricStart } from "../init/critical-start.ts";
import { type RandomStream, randomStream } from "../math/random.ts";
import { foldInputScale } from "../network/fold-input-scale.ts";
import { type AnyNetwork, isWeighted, type LinearLayer, type WeightedLayer } from "../network/network.ts";
import { type MirrorSides, mirror } from "../topology/mirror.ts";
import { checkShape, type LayerShape } from "../topology/shape.ts";
import type { Topology } from "../topology/topology.ts";
import { connectionWeights } from "./connection-weights.ts";
import { type ImageTask, isImageTask, type MlpTask, type Scoring, type Task } from "./method.ts";
import { completeTopology } from "./places.ts";
import { tapsOf, weightedLayers } from "./weighted-layers.ts";

/** One layer of the frame. */
export interface FrameLayer {
  /** Without twins. */
  readonly shape: LayerShape;
  /** Sides that get twins in the finished network. */
  readonly sides: MirrorSides;
  /** Connections of the finished layer for each one here: 1, 2 or 4. */
  readonly copies: number;
  /** Taps a side of a connection that is a kernel; absent for linear layers. */
  readonly kernelSize?: number;
  /** Weights of a connection: 1, or the taps of its kernel. */
  readonly taps: number;
  /** Of weights with variance 1 / fan-in. */
  readonly gain: number;
}

export interface Frame {
  readonly task: Task;
  /** One for each layer with connections. */
  readonly layers: readonly FrameLayer[];
  /** The finished network with all connections, of which no weights are there. */
  readonly skeleton: AnyNetwork;
}

/** A layer's connections and weights, as a method chose them. */
export interface BareLayer {
  readonly topology: Topology;
  /** In topology order. */
  readonly weights: Float32Array;
}

/** Frames are asked for at every update of a run. */
const frames = new WeakMap<Task, Frame>();

/** Throws ArgumentError (`"bad-shape"`, `"bad-widths"`, `"odd-width"`), and what an image task's builder throws. */
export function frameOf(task: Task): Frame {
  const known = frames.get(task);
  if (known !== undefined) return known;
  const frame = isImageTask(task) ? imageFrame(task) : mlpFrame(task);
  frames.set(task, frame);
  return frame;
}

const noWeights = new Float32Array(0);

function mlpFrame(task: MlpTask): Frame {
  const { widths, activation, seed, start } = task;
  if (widths.length < 2) {
    throw new ArgumentError(
      "bad-widths",
      `widths must be at least an input and an output width, not [${widths}]`,
    );
  }
  const last = widths.length - 2;
  const critical =
    start === "critical"
      ? criticalStart(last + 1)
      : start === "isometric"
        ? isometricStart(last + 1)
        : undefined;
  const deviation = Math.sqrt(critical?.biasVariance ?? 0);
  const layers = widths.slice(1).map((rows, i): LinearLayer => {
    const shape = { rows, columns: widths[i] };
    checkShape(shape);
    const random = layerStream(task, "bias", i);
    return {
      kind: "linear",
      name: `layers.${i}`,
      topology: completeTopology("dense", shape),
      weights: noWeights,
      bias: Float32Array.from({ length: rows }, () => (deviation === 0 ? 0 : deviation * random.normal())),
      activation: i === last ? "linear" : activation,
      asked: task.sparsity,
      initializer: "none",
    };
  });
  return framed(task, { layers, provenance: { seed, start, ...(critical && { critical }) } });
}

/** The weights that it is built with are of no use. */
function imageFrame(task: ImageTask): Frame {
  const network = task.build({ topology: "dense", weights: "kaiming" });
  const layers = network.layers.map((layer) =>
    isWeighted(layer) ? { ...layer, weights: noWeights } : layer,
  );
  return framed(task, { ...network, layers });
}

function framed(task: Task, skeleton: AnyNetwork): Frame {
  const { activation, start } = task;
  const weighted = weightedLayers(skeleton);
  const { critical } = skeleton.provenance;
  // Without looks-linear, √2 makes up for the half that a ReLU drops.
  const gain = critical?.gain ?? (activation === "relu" && start === "none" ? Math.SQRT2 : 1);
  const layers = weighted.map((layer, i): FrameLayer => {
    const last = i === weighted.length - 1;
    const sides = { rows: start === "looks-linear" && !last, columns: start === "looks-linear" && i > 0 };
    const { rows, columns } = layer.topology;
    return {
      shape: { rows: half(rows, sides.rows), columns: half(columns, sides.columns) },
      sides,
      copies: (sides.rows ? 2 : 1) * (sides.columns ? 2 : 1),
      ...(layer.kind === "convolution" && { kernelSize: layer.kernelSize }),
      taps: tapsOf(layer),
      gain: last ? gain * (critical?.outputGain ?? 1) : gain,
    };
  });
  return { task, layers, skeleton };
}

function half(width: number, paired: boolean): number {
  if (!paired) return width;
  if (width % 2 === 0) return width / 2;
  throw new ArgumentError(
    "odd-width",
    `looks-linear pairs units, so hidden widths must be even, not ${width}; use start "none"`,
  );
}

/** The stream of one layer for one purpose; `"weights"` and `"bias"` are those of the builders. */
export function layerStream({ seed }: Task, purpose: string, layer: number): RandomStream {
  return randomStream(seed).split(purpose, layer);
}

/** Each layer's weights if it kept all connections: [rows, columns, taps] row-major, those that a builder would draw. */
export function denseWeightsOf(frame: Frame, initializer: "orthogonal" | "kaiming"): Float32Array[] {
  return frame.layers.map(({ shape, gain, kernelSize }, i) =>
    connectionWeights(frame.task, initializer)(completeTopology("dense", shape), {
      random: layerStream(frame.task, "weights", i),
      gain: initializer === "kaiming" ? 1 : gain,
      kernelSize,
    }),
  );
}

/** The finished network of layers without twins: twins, biases, activations, names. */
export function assemble(frame: Frame, layers: readonly BareLayer[], initializer: string): AnyNetwork {
  return finish(
    frame,
    layers.map(({ topology, weights }, i) => {
      const { sides, copies } = frame.layers[i];
      if (copies === 1) return { topology, weights };
      const mirrored = mirror(topology, sides);
      return { topology: mirrored, weights: looksLinearKernels(topology, weights, mirrored, sides) };
    }),
    initializer,
  );
}

/** The same of layers that have their twins already. */
export function finish(
  { task, skeleton }: Frame,
  layers: readonly BareLayer[],
  initializer: string,
): AnyNetwork {
  let next = 0;
  const chosen = (layer: WeightedLayer) => {
    const { topology, weights } = layers[next++];
    return { ...layer, topology, weights, bias: layer.bias.slice(), asked: task.sparsity, initializer };
  };
  return {
    layers: skeleton.layers.map((layer) => (isWeighted(layer) ? chosen(layer) : layer)),
    provenance: skeleton.provenance,
  };
}

/** The network with its input scale measured, where its start has one. */
export function scaledToInputs(network: AnyNetwork, scoring: Scoring): AnyNetwork {
  return network.provenance.critical === undefined ? network : foldInputScale(network, scoring.samples());
}
