/** @file Networks of the engine to time, in Node or in a page: SGD with momentum, threads and kernels as told. */

import {
  convolution,
  createTrainer,
  fromLayers,
  mlp,
  networkInput,
  networkOutput,
  randomStream,
  sgd,
  sizeOf,
  startModel,
} from "./isosparse.mjs";

/** The kernels of engines and runtimes that are not told which: by default the best that the machine has. */
let usualKernels;

/** From here on it is these: a Node whose flags the bench has changed would pick others by itself than its users'. */
export function useKernels(name) {
  usualKernels = name;
}

/** So small that nothing diverges however many steps are timed. */
const LEARNING_RATE = 1e-6;

/** Sizes at which everyone's networks are made: images of MNIST in, classes out. */
const INPUTS = 784;
const OUTPUTS = 10;

/** Widths of a classifier of `depth` layers. */
export function classifierWidths({ depth, width }) {
  return [INPUTS, ...Array(depth - 1).fill(width), OUTPUTS];
}

/** A tanh classifier of `depth` layers; `degree` absent: dense. */
export function classifier({ depth, width, degree, weights }) {
  const init = degree === undefined ? { topology: "dense" } : { degree };
  return mlp({
    widths: classifierWidths({ depth, width }),
    init: weights === undefined ? init : { ...init, weights },
    seed: 7,
  });
}

/** `layers` times one tanh layer of `width` × `width`, made once, as wide ones take long to make. */
export function repeatedLayer({ layers, width }, init) {
  const [layer] = mlp({ widths: [width, width, width], init: { ...init, weights: "xavier" } }).layers;
  return fromLayers(Array.from({ length: layers }, (_, i) => ({ ...layer, name: `layers.${i}` })));
}

/**
 * `layers` tanh convolutions of `channels` to as many, 3 × 3 taps, on images of `side` × `side`, with 1 in `factor` of the
 * kernels; then, with `head`, the mean over the image, so that channels are classes.
 */
export function convolutions({ layers, channels, side, topology, factor, head = true }) {
  const input = { channels, height: side, width: side };
  const random = randomStream(11);
  const made = Array.from({ length: layers }, (_, i) => ({
    kind: "convolution",
    name: `layers.${i}`,
    ...convolution({
      ...{ outChannels: channels, inChannels: channels, topology },
      sparsity: 1 - 1 / factor,
      init: "kaiming",
      random: random.split("layer", i),
    }),
    bias: new Float32Array(channels),
    activation: "tanh",
    input,
    asked: { sparsity: 1 - 1 / factor },
    initializer: "kaiming",
  }));
  const mean = [
    { kind: "averagePool", name: "pool", input, window: { height: side, width: side } },
    { kind: "flatten", name: "flatten", input: { channels, height: 1, width: 1 } },
  ];
  return { layers: head ? [...made, ...mean] : made, provenance: { seed: 11, start: "none" } };
}

/** `(count) => …` that calls `work` so many times. */
export function repeat(work) {
  return (count) => {
    for (let i = 0; i < count; i++) work();
  };
}

/**
 * A trainer of `network` on one batch of noise: `train(count)` steps and `infer(count)` predicts so often.
 * `kernels`: `"simd"` or `"relaxed-simd"`.
 */
export async function startEngine(
  network,
  { batch = 128, threads = 1, kernels = usualKernels, loss = "crossEntropy", shardSize },
) {
  const trainer = await createTrainer(network, {
    loss: loss === "crossEntropy" ? { kind: loss, labelSmoothing: 0 } : { kind: loss },
    optimizer: sgd({ momentum: 0.9 }),
    batchSize: batch,
    threads,
    reproducible: kernels === "simd",
    ...(shardSize !== undefined && { shardSize }),
  });
  const width = sizeOf(networkInput(network));
  const outputs = sizeOf(networkOutput(network));
  const { labels, values, ...inputs } = noiseBatch({ width, outputs, count: batch, loss });
  const samples = { ...inputs, labels, values };
  return {
    trainer,
    train: repeat(() => trainer.step(samples, LEARNING_RATE)),
    infer: repeat(() => trainer.predict(inputs)),
  };
}

/** The runtime of inference alone, on one thread, on one batch of noise: `infer(count)` predicts so often. */
export async function startRuntime(network, { batch, kernels = usualKernels }) {
  const model = await startModel(network, undefined, kernels === "simd");
  const { inputs } = noiseBatch({ width: model.inputs, outputs: 1, count: batch });
  return { infer: repeat(() => model.predict(inputs)) };
}

/** Normal inputs of `width`, and what `loss` needs: labels below `outputs`, or values. */
function noiseBatch({ width, outputs, count, loss }) {
  const random = randomStream(3);
  const normals = (length) => Float32Array.from({ length }, () => random.normal());
  const targets =
    loss === "crossEntropy"
      ? { labels: Int32Array.from({ length: count }, () => random.integer(outputs)) }
      : { values: normals(count * outputs) };
  return {
    count,
    inputs: normals(count * width),
    ...targets,
    mean: new Float32Array(1),
    deviation: new Float32Array(1).fill(1),
  };
}
