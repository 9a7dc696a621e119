/**
 * @file The layer of convolutions that TensorFlow.js is taught: only the kernels that exist are variables.
 */

import { forEachConnection } from "../topology/connections.ts";
import type { Topology } from "../topology/topology.ts";
import { convolution, withMargins } from "./convolution.ts";
import { scatter } from "./grouped-product.ts";
import { activate, initializer, type LayerClass, onlyShape, onlyTensor } from "./layer-classes.ts";
import { CLASS_NAMES, type ConvolutionConfig, type WeightSpec } from "./layer-spec.ts";
import type { Shape, Tensor, TensorFlow, TfVariable } from "./tensorflow.ts";

/** y = activation(W * x + b). Inputs [batch, height, width, channels]. */
export function convolutionLayerClass(tf: TensorFlow): LayerClass<ConvolutionConfig> {
  return class extends tf.layers.Layer {
    static readonly className = CLASS_NAMES.convolution;
    readonly settings: ConvolutionConfig;
    readonly initial: readonly WeightSpec[];
    readonly places: Int32Array;
    readonly product: (x: Tensor, filter: Tensor) => Tensor;
    kernel: TfVariable | undefined;
    bias: TfVariable | undefined;

    constructor(config: ConvolutionConfig, initial: readonly WeightSpec[] = []) {
      super(config);
      this.initial = initial;
      this.settings = config;
      this.places = placesOf(config);
      this.product = convolution(tf, config);
    }

    override build(shape: Shape | Shape[]): void {
      const { channels, filters, kernelSize } = this.settings;
      const given = onlyShape(shape).at(-1);
      if (given !== channels) {
        throw new RangeError(
          `layer ${this.name} takes ${channels} channels, but what comes before it gives ${given}`,
        );
      }
      const kernels = this.places.length / 2 / kernelSize ** 2;
      const [kernel, bias] = [0, 1].map((k) => initializer(tf, this.initial[k]));
      this.kernel = this.addWeight("kernel", [kernels, kernelSize, kernelSize], "float32", kernel);
      this.bias = this.addWeight("bias", [filters], "float32", bias);
      this.built = true;
    }

    computeOutputShape(shape: Shape | Shape[]): Shape {
      const [batch, height, width] = onlyShape(shape);
      const { stride, filters } = this.settings;
      const side = (pixels: number | null) => (pixels === null ? null : Math.ceil(pixels / stride));
      return [batch, side(height), side(width), filters];
    }

    call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const { channels, filters, kernelSize, activation } = this.settings;
        const values = tf.reshape(this.kernel!.read(), [this.places.length / 2]);
        const matrix = scatter(tf, values, this.places, [kernelSize ** 2 * channels, filters]);
        const filter = tf.reshape(matrix, [kernelSize, kernelSize, channels, filters]);
        const y = this.product(withMargins(tf, onlyTensor(inputs), this.settings), filter);
        return activate(tf, activation, tf.add(y, this.bias!.read()));
      });
    }

    override getConfig(): Record<string, unknown> {
      return { ...super.getConfig(), ...this.settings };
    }
  };
}

/** (tap and input channel, output channel) of each weight, in the network's order. */
function placesOf({ channels, filters, kernelSize, connections }: ConvolutionConfig): Int32Array {
  const places: number[] = [];
  forEachConnection(topologyOf(channels, filters, connections), (row, column) => {
    for (let tap = 0; tap < kernelSize ** 2; tap++) places.push(tap * channels + column, row);
  });
  return Int32Array.from(places);
}

function topologyOf(columns: number, rows: number, connections: ConvolutionConfig["connections"]): Topology {
  const arrays = Object.entries(connections).map(([name, values]) => [name, Int32Array.from(values)]);
  const kind = "rowOrder" in connections ? "blocks" : "edges";
  return { kind, name: "", rows, columns, ...Object.fromEntries(arrays) } as Topology;
}
