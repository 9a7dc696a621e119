/** @file The passes over one convolution, on one core, in memory laid out by the engine's own plan. */

import { kernelBinary } from "./compile-kernels.mjs";
import { convolutions, repeat } from "./engine.mjs";
import { makePlan, networkInput, randomStream, represent, sizeOf, writePlan } from "./isosparse.mjs";
import { kernelModule } from "./kernel-module.mjs";

const TANH = 1;
const PAGE = 65536;

/**
 * Contestants by what they do: `forward`, `tanh`, `derivative`, `gradients` (derivative and weight gradient) and
 * `backward` (both and the input's gradient), each of one shard of samples.
 */
export async function convolutionContestants(variant, shape, shard) {
  const { network } = represent(convolutions({ ...shape, layers: 1, head: false }));
  const plan = makePlan(network, { shardSize: shard, shards: 1, lanes: 1, threads: 1, stateVectors: 0 });
  const binary = await kernelBinary(variant, "convolutions.ts");
  const { kernels, memory } = await kernelModule(binary, Math.ceil(plan.bytes / PAGE) * PAGE);
  fillWithNoise(memory, plan.fields);
  writePlan(plan, memory.buffer);
  const { descriptors: layer, rowBytes, gradients, inputs, arenas, gradientA, gradientB } = plan.fields;
  const [from, to, output] = [arenas + gradientA, arenas + gradientB, kernels.outputOf(layer, arenas)];
  const kind = network.layers[0].topology.kind === "edges" ? "edgeConvolution" : "convolution";
  const backward = (place) => () =>
    kernels[`${kind}Backward`](layer, from, inputs, output, place, arenas, gradients, rowBytes, false);
  const bytes = sizeOf(networkInput(network)) * rowBytes;
  return {
    forward: repeat(() => kernels[`${kind}Forward`](layer, inputs, output, rowBytes)),
    tanh: repeat(() => kernels.activate(TANH, to, bytes)),
    derivative: repeat(() => kernels.derivative(layer, from, output, arenas, gradients, rowBytes)),
    gradients: repeat(backward(0)),
    backward: repeat(backward(to)),
  };
}

/** Numbers between −1 and 1 everywhere from the parameters on: zeros or garbage could be faster or slower than numbers. */
function fillWithNoise(memory, { parameters }) {
  const random = randomStream(12);
  const few = Float32Array.from({ length: 4099 }, () => Math.tanh(random.normal()));
  const values = new Float32Array(memory.buffer, parameters);
  for (let at = 0; at < values.length; at += few.length) {
    values.set(few.subarray(0, Math.min(few.length, values.length - at)), at);
  }
}
