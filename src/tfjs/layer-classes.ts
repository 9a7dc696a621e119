/**
 * @file The layers that TensorFlow.js is taught. Only the weights that exist are variables, so nothing can revive
 * the others, whatever the optimizer.
 */

import type { Activation } from "../network/network.ts";
import { groupedProduct, inverse, permute, scatter } from "./grouped-product.ts";
import {
  type BlockConfig,
  CLASS_NAMES,
  type EdgeConfig,
  type Order,
  type ScalingConfig,
  type WeightSpec,
} from "./layer-spec.ts";
import type { Shape, Tensor, TensorFlow, TfLayerBase, TfVariable } from "./tensorflow.ts";

/** What a layer of an activation alone is made from. JSON. */
export interface ActivationConfig {
  readonly activation: Activation;
}

/** A class of layers made from configurations of type C. */
export interface LayerClass<C> {
  /** @param initial what its weights begin as; absent: zeros, until a model file fills them */
  new (config: C, initial?: readonly WeightSpec[]): TfLayerBase;
  readonly className: string;
}

/** y = activation(W x + b), W block-diagonal in some order of rows and columns. Inputs [batch, inputs]. */
export function blockLayerClass(tf: TensorFlow): LayerClass<BlockConfig> {
  const product = groupedProduct(tf);
  return class extends tf.layers.Layer {
    static readonly className = CLASS_NAMES.blocks;
    readonly settings: BlockConfig;
    readonly initial: readonly WeightSpec[];
    kernels: TfVariable[] = [];
    bias: TfVariable | undefined;

    constructor(config: BlockConfig, initial: readonly WeightSpec[] = []) {
      super(config);
      this.initial = initial;
      this.settings = config;
    }

    override build(shape: Shape | Shape[]): void {
      const { sizes, units, inputs } = this.settings;
      checkWidth(this.name, shape, inputs);
      const start = (k: number) => initializer(tf, this.initial[k]);
      this.kernels = sizes.map(([groups, rows, columns], k) =>
        this.addWeight(`kernel${k}`, [columns, groups, rows], "float32", start(k)),
      );
      this.bias = this.addWeight("bias", [units], "float32", start(sizes.length));
      this.built = true;
    }

    computeOutputShape(shape: Shape | Shape[]): Shape {
      return [...onlyShape(shape).slice(0, -1), this.settings.units];
    }

    call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const { sizes, rowOrder, columnOrder, activation, units } = this.settings;
        const x = toGroups(tf, onlyTensor(inputs), columnOrder, sizes[0][0]);
        const [batch] = x.shape;
        let column = 0;
        const parts = sizes.map(([groups, rows, columns], k) => {
          const part = sizes.length === 1 ? x : tf.slice(x, [0, column], [batch, groups * columns]);
          column += groups * columns;
          const y = product(tf.reshape(part, [batch, groups, columns]), this.kernels[k].read());
          return tf.reshape(y, [batch, groups * rows]);
        });
        const y = fromGroups(
          tf,
          parts.length === 1 ? parts[0] : tf.concat(parts, 1),
          rowOrder,
          units / sizes[0][0],
        );
        return activate(tf, activation, tf.add(y, this.bias!.read()));
      });
    }

    override getConfig(): Record<string, unknown> {
      return { ...super.getConfig(), ...this.settings };
    }
  };
}

/** y = activation(W x + b), W with an irregular mask: kept as its non-zeros, multiplied as a dense matrix. */
export function edgeLayerClass(tf: TensorFlow): LayerClass<EdgeConfig> {
  return class extends tf.layers.Layer {
    static readonly className = CLASS_NAMES.edges;
    readonly settings: EdgeConfig;
    readonly initial: readonly WeightSpec[];
    readonly places: Int32Array;
    kernel: TfVariable | undefined;
    bias: TfVariable | undefined;

    constructor(config: EdgeConfig, initial: readonly WeightSpec[] = []) {
      super(config);
      this.initial = initial;
      this.settings = config;
      this.places = places(config);
    }

    override build(shape: Shape | Shape[]): void {
      const { units, inputs } = this.settings;
      checkWidth(this.name, shape, inputs);
      const [kernel, bias] = [0, 1].map((k) => initializer(tf, this.initial[k]));
      this.kernel = this.addWeight("kernel", [this.places.length / 2], "float32", kernel);
      this.bias = this.addWeight("bias", [units], "float32", bias);
      this.built = true;
    }

    computeOutputShape(shape: Shape | Shape[]): Shape {
      return [...onlyShape(shape).slice(0, -1), this.settings.units];
    }

    call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const { units, inputs: width, activation } = this.settings;
        const matrix = scatter(tf, this.kernel!.read(), this.places, [width, units]);
        return activate(tf, activation, tf.add(tf.matMul(onlyTensor(inputs), matrix), this.bias!.read()));
      });
    }

    override getConfig(): Record<string, unknown> {
      return { ...super.getConfig(), ...this.settings };
    }
  };
}

/** Raw inputs to standardised ones. */
export function scalingLayerClass(tf: TensorFlow): LayerClass<ScalingConfig> {
  return class extends tf.layers.Layer {
    static readonly className = CLASS_NAMES.scaling;
    readonly settings: ScalingConfig;

    constructor(config: ScalingConfig) {
      super(config);
      this.settings = config;
    }

    call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const { mean, deviation } = this.settings;
        const vector = (values: readonly number[]) =>
          tf.tensor(Float32Array.from(values), [values.length], "float32");
        return tf.div(tf.sub(onlyTensor(inputs), vector(mean)), vector(deviation));
      });
    }

    override getConfig(): Record<string, unknown> {
      return { ...super.getConfig(), ...this.settings };
    }
  };
}

/** An activation alone, for what stock layers do not have. */
export function activationLayerClass(tf: TensorFlow): LayerClass<ActivationConfig> {
  return class extends tf.layers.Layer {
    static readonly className = CLASS_NAMES.activation;
    readonly settings: ActivationConfig;

    constructor(config: ActivationConfig) {
      super(config);
      this.settings = config;
    }

    call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => activate(tf, this.settings.activation, onlyTensor(inputs)));
    }

    override getConfig(): Record<string, unknown> {
      return { ...super.getConfig(), ...this.settings };
    }
  };
}

/** What fills a weight when its layer is built. */
export function initializer(tf: TensorFlow, initial: WeightSpec | undefined): object {
  if (initial === undefined) return tf.initializers.zeros();
  return { apply: () => tf.tensor(initial.data, initial.shape, "float32") };
}

/** [batch, units] into the order of the groups. */
function toGroups(tf: TensorFlow, x: Tensor, order: Order, groups: number): Tensor {
  if (order === null) return x;
  if (order !== "dealt") return permute(tf, x, Int32Array.from(order));
  return shuffle(tf, x, x.shape[1] / groups);
}

/** [batch, units] in the order of the groups, of `each` units, back into the layer's own. */
function fromGroups(tf: TensorFlow, y: Tensor, order: Order, each: number): Tensor {
  if (order === null) return y;
  if (order !== "dealt") return permute(tf, y, inverse(Int32Array.from(order)));
  return shuffle(tf, y, y.shape[1] / each);
}

/** Units as a table of so many rows, turned: a perfect shuffle. */
function shuffle(tf: TensorFlow, x: Tensor, rows: number): Tensor {
  const [batch, units] = x.shape;
  return tf.reshape(tf.transpose(tf.reshape(x, [batch, rows, units / rows]), [0, 2, 1]), [batch, units]);
}

export function activate(tf: TensorFlow, activation: Activation, z: Tensor): Tensor {
  if (activation === "tanh") return tf.tanh(z);
  if (activation === "relu") return tf.relu(z);
  return activation === "hardtanh" ? tf.clipByValue(z, -1, 1) : z;
}

/** (column, row) of each weight: the kernel of TensorFlow.js is [inputs, units]. */
function places({ rowPointers, columnIndices }: EdgeConfig): Int32Array {
  const pairs = new Int32Array(2 * columnIndices.length);
  for (let row = 0; row + 1 < rowPointers.length; row++) {
    for (let k = rowPointers[row]; k < rowPointers[row + 1]; k++) pairs.set([columnIndices[k], row], 2 * k);
  }
  return pairs;
}

/** TensorFlow.js passes one tensor alone or in an array; and shapes likewise. */
export function onlyTensor(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

export function onlyShape(shape: Shape | Shape[]): Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
}

function checkWidth(name: string, shape: Shape | Shape[], inputs: number): void {
  const width = onlyShape(shape).at(-1);
  if (width === inputs) return;
  throw new RangeError(`layer ${name} takes ${inputs} inputs, but what comes before it gives ${width}`);
}
