/**
 * @file Puts a network into wasm memory and drives the kernels over it (trainer.ts says what a Trainer does).
 *
 * A batch is cut into shards of `shardSize` samples, each stored [feature][sample]; shards are dealt to `lanes`
 * in runs; a thread carries a lane's shards through the network one after the other, adding up the lane's
 * gradient; lanes are summed two and two, and those in order. Shards and lanes depend on the options alone, so results
 * do not depend on the threads.
 */

import { ArgumentError, RunError } from "../errors.ts";
import { networkInput, networkOutput, sizeOf } from "../network/layer-shape.ts";
import { type Layer, type Network, parameterCount, parametersOf } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import { compileKernels, type Kernels } from "./kernels/load.ts";
import { rowSources } from "./layout.ts";
import { chosenRows, loadInputs, loadTargets, missing } from "./load-batch.ts";
import { stateVectors } from "./optimizer.ts";
import { flatten, type LayerParameters, readParameters, unflatten, writeParameters } from "./parameters.ts";
import { type Field, makePlan, type Plan, type Real, writeField, writePlan, writeReal } from "./plan.ts";
import { type Represented, represent } from "./representation.ts";
import { mayBlock, startThreads, type Thread } from "./threads.ts";
import type { Batch, CreateTrainer, Evaluation, StepResult, Trainer, TrainerOptions } from "./trainer.ts";
import { type Resolved, resolveOptions } from "./trainer-options.ts";

/** Jobs, as numbered in kernels/assembly/index.ts. */
const Phase = { exit: 0, train: 1, reduce: 2, update: 3, forward: 4 } as const;
const PAGE = 65536;

/**
 * Puts a copy of `network` into wasm memory and starts the threads. Throws ArgumentError for impossible options
 * and for networks too large for 32-bit memory.
 */
export const createTrainer: CreateTrainer = async <L extends Layer>(
  network: Network<L>,
  options: TrainerOptions,
) => {
  validateNetwork(network);
  const resolved = resolveOptions(options);
  const { optimizer, memoryBudget } = options;
  const held = represent(network);
  const plan = makePlan(held.network, { ...resolved, stateVectors: stateVectors(optimizer), memoryBudget });
  const shared = resolved.threads > 1;
  const { module, name } = compileKernels({ shared, reproducible: options.reproducible ?? false });
  const memory = allocateMemory(plan.bytes, shared);
  writePlan(plan, memory.buffer);
  const threads = shared ? await startThreads(module, memory, resolved.threads - 1) : [];
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  return new WasmTrainer<L>(network, options, {
    ...resolved,
    held,
    plan,
    memory,
    kernels,
    threads,
    kernelsName: name,
  });
};

interface Parts extends Resolved {
  readonly held: Represented;
  readonly plan: Plan;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly kernelsName: string;
}

function allocateMemory(bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    const size = `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    throw new ArgumentError("out-of-memory", `this machine will not give the ${size} the network needs`, {
      cause,
    });
  }
}

class WasmTrainer<L extends Layer> implements Trainer<L> {
  readonly kernels: string;
  readonly recomputes: boolean;
  readonly bytes: number;
  readonly #network: Network<L>;
  /** Number of a sample that each row of the inputs is, and how many there are. */
  readonly #inputs: { readonly width: number; readonly order: Int32Array | undefined };
  readonly #options: TrainerOptions;
  readonly #parts: Omit<Parts, "threads"> & { readonly threads: readonly Thread[] };
  readonly #blocking = mayBlock();
  #updates = 0;

  constructor(
    network: Network<L>,
    options: TrainerOptions,
    parts: Omit<Parts, "threads"> & { threads: readonly Thread[] },
  ) {
    this.#network = network;
    this.#inputs = { width: sizeOf(networkInput(network)), order: rowSources(parts.held.network.layers[0]) };
    this.#options = options;
    this.#parts = parts;
    this.kernels = parts.kernelsName;
    this.recomputes = parts.plan.segment < network.layers.length;
    this.bytes = parts.memory.buffer.byteLength;
    const { optimizer, loss } = options;
    const { labelSmoothing } = loss.kind === "crossEntropy" ? loss : { labelSmoothing: 0 };
    this.#real("labelSmoothing", labelSmoothing);
    this.#real("weightDecay", optimizer.weightDecay);
    if (optimizer.kind === "sgd") {
      this.#real("momentum", optimizer.momentum);
      this.#field("nesterov", optimizer.nesterov ? 1 : 0);
    } else {
      this.#field("optimizer", optimizer.kind === "adam" ? 1 : 2);
      this.#real("beta1", optimizer.beta1);
      this.#real("beta2", optimizer.beta2);
      this.#real("epsilon", optimizer.epsilon);
    }
    this.#write(parts.plan.fields.parameters, network.layers.map(parametersOf));
  }

  step(batch: Batch, learningRate: number): StepResult {
    if (!Number.isFinite(learningRate)) {
      throw new ArgumentError("bad-learning-rate", `the learning rate must be finite, not ${learningRate}`);
    }
    const { loss, correct, gradientNorm } = this.#differentiate(batch);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new RunError(
        "not-finite",
        `loss ${loss}, gradient norm ${gradientNorm} after ${this.#updates} updates`,
      );
    }
    const { clipNorm, optimizer } = this.#options;
    this.#updates++;
    this.#real(
      "gradientScale",
      clipNorm !== undefined && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1,
    );
    this.#real("learningRate", learningRate);
    if (optimizer.kind !== "sgd") {
      this.#real("correction1", 1 - optimizer.beta1 ** this.#updates);
      this.#real("correction2", 1 - optimizer.beta2 ** this.#updates);
    }
    this.#run(Phase.update, this.#parts.plan.chunks);
    return { loss, correct, gradientNorm };
  }

  gradients(batch: Batch) {
    const { loss } = this.#differentiate(batch);
    return { loss, layers: this.#read(this.#parts.plan.fields.gradients) };
  }

  evaluate(batch: Batch): Evaluation {
    this.#requireTargets(batch);
    let loss = 0;
    let correct = 0;
    this.#forwardAll(batch, (_, count) => {
      const sums = this.#sums(Math.ceil(count / this.#parts.shardSize));
      loss += sums.loss;
      correct += sums.correct;
    });
    const accuracy = this.#options.loss.kind === "crossEntropy" ? correct / batch.count : Number.NaN;
    return { loss: loss / batch.count, accuracy };
  }

  predict(batch: Omit<Batch, "labels" | "values">): Float32Array {
    const { plan, shardSize, memory } = this.#parts;
    const width = this.#outputs();
    const result = new Float32Array(batch.count * width);
    this.#forwardAll({ ...batch, labels: undefined, values: undefined }, (first, count) => {
      const outputs = new Float32Array(
        memory.buffer,
        plan.fields.outputs,
        Math.ceil(count / shardSize) * shardSize * width,
      );
      for (let i = 0; i < count; i++) {
        const shard = Math.floor(i / shardSize) * shardSize * width + (i % shardSize);
        for (let k = 0; k < width; k++) result[(first + i) * width + k] = outputs[shard + k * shardSize];
      }
    });
    return result;
  }

  network(): Network<L> {
    const parameters = this.#read(this.#parts.plan.fields.parameters);
    const layers = this.#network.layers.map((layer, i) =>
      "weights" in layer ? { ...layer, ...parameters[i] } : layer,
    );
    return { ...this.#network, layers };
  }

  optimizerState() {
    const vectors: Record<string, Float32Array> = {};
    for (const [name, address] of this.#stateAddresses()) vectors[name] = flatten(this.#read(address));
    return { updates: this.#updates, vectors };
  }

  restoreOptimizerState(state: {
    readonly updates: number;
    readonly vectors: Record<string, Float32Array>;
  }): void {
    const expected = parameterCount(this.#network);
    for (const [name, address] of this.#stateAddresses()) {
      const vector = state.vectors[name];
      if (vector?.length !== expected) {
        throw new ArgumentError(
          "bad-optimizer-state",
          `optimizer state "${name}" has ${vector?.length ?? "no"} values where this network and optimizer need ${expected}`,
        );
      }
      this.#write(address, unflatten(this.#network, vector));
    }
    this.#updates = state.updates;
  }

  dispose(): void {
    this.#run(Phase.exit, 0);
    for (const thread of this.#parts.threads) thread.terminate();
  }

  /** Forward and backward over a batch; the gradient is left in lane 0. */
  #differentiate(batch: Batch): StepResult {
    if (batch.count > this.#options.batchSize || batch.count < 1) {
      throw new ArgumentError(
        "bad-batch",
        `a batch has 1 to ${this.#options.batchSize} samples, not ${batch.count}`,
      );
    }
    this.#requireTargets(batch);
    const { plan, lanes, memory } = this.#parts;
    const shards = this.#load(batch, 0, batch.count);
    const used = Math.min(lanes, shards);
    // Of a small batch's lanes each has a sum to itself, where there are so many sums, so that more threads can help.
    const together = used <= plan.sums ? 1 : plan.fields.together;
    this.#field("lanes", used);
    this.#field("together", together);
    this.#run(Phase.train, Math.ceil(used / together));
    this.#run(Phase.reduce, plan.chunks);
    const { loss, correct } = this.#sums(shards);
    const squares = new Float64Array(memory.buffer, plan.fields.chunkSums, plan.chunks);
    return {
      loss: loss / batch.count,
      correct,
      gradientNorm: Math.sqrt(squares.reduce((sum, square) => sum + square, 0)),
    };
  }

  #requireTargets(batch: Batch): void {
    const { kind } = this.#options.loss;
    const needed = kind === "crossEntropy" ? "labels" : "values";
    if (batch[needed] === undefined) throw missing(needed, kind);
  }

  /** Forward over any number of samples, as many at a time as there is room for. */
  #forwardAll(batch: Batch, done: (first: number, count: number) => void): void {
    const room = this.#parts.shards * this.#parts.shardSize;
    for (let first = 0; first < batch.count; first += room) {
      const count = Math.min(room, batch.count - first);
      this.#run(Phase.forward, this.#load(batch, first, count));
      done(first, count);
    }
  }

  /** Copies samples and their targets to where the kernels read them; returns the shards used. */
  #load(batch: Batch, first: number, count: number): number {
    const { plan, shardSize, memory } = this.#parts;
    const { width, order } = this.#inputs;
    const shape = { inputs: width, outputs: this.#outputs(), shardSize, order };
    const shards = Math.ceil(count / shardSize);
    const rows = chosenRows(batch, first, count, shards * shardSize, shape.inputs);
    const floats = (address: number, width: number) =>
      new Float32Array(memory.buffer, address, rows.length * width);
    loadInputs(batch, rows, shape, floats(plan.fields.inputs, shape.inputs));
    const labels = new Int32Array(memory.buffer, plan.fields.labels, rows.length);
    const loss = this.#options.loss.kind;
    const kind = loadTargets(
      batch,
      loss,
      rows,
      count,
      shape,
      labels,
      floats(plan.fields.values, shape.outputs),
    );
    this.#field("loss", kind);
    this.#field("shards", shards);
    this.#field("count", count);
    return shards;
  }

  /** Losses and correct counts of the first `shards` shards, summed in order. */
  #sums(shards: number) {
    const { plan, memory } = this.#parts;
    const losses = new Float64Array(memory.buffer, plan.fields.lossSums, shards);
    const corrects = new Int32Array(memory.buffer, plan.fields.correct, shards);
    return { loss: losses.reduce((a, b) => a + b, 0), correct: corrects.reduce((a, b) => a + b, 0) };
  }

  #write(address: number, parameters: readonly LayerParameters[]): void {
    const { held, plan, memory } = this.#parts;
    writeParameters(held.network, plan, memory.buffer, address, held.arrange(parameters));
  }

  #read(address: number) {
    const { held, plan, memory } = this.#parts;
    return held.restore(readParameters(held.network, plan, memory.buffer, address));
  }

  #stateAddresses(): [string, number][] {
    const { state1, state2 } = this.#parts.plan.fields;
    if (this.#options.optimizer.kind === "sgd") return state1 ? [["momentum", state1]] : [];
    return [
      ["moment1", state1],
      ["moment2", state2],
    ];
  }

  #outputs(): number {
    return sizeOf(networkOutput(this.#network));
  }

  #run(phase: number, count: number): void {
    this.#parts.kernels.dispatch(phase, count, this.#blocking && this.#parts.threads.length > 0);
  }

  #field(name: Field, value: number): void {
    writeField(this.#parts.memory.buffer, name, value);
  }

  #real(name: Real, value: number): void {
    writeReal(this.#parts.memory.buffer, name, value);
  }
}
