/**
 * @file What one prediction takes, as the network is and with every layer a full matrix, or full kernels.
 */

import { outputShape } from "../../network/layer-shape.ts";
import { type AnyNetwork, isWeighted } from "../../network/network.ts";

/** Sparse and dense. */
export interface Beside {
  readonly sparse: number;
  readonly dense: number;
}

/** Multiply-adds of one prediction by weights. */
export function multiplyAdds(network: AnyNetwork): Beside {
  return totalOf(network, ({ height, width }) => height * width);
}

/** Weights kept, biases apart. */
export function weightsKept(network: AnyNetwork): Beside {
  return totalOf(network, () => 1);
}

/** Weights, each as often as `uses` says of the image that its layer gives. */
function totalOf({ layers }: AnyNetwork, uses: (output: ReturnType<typeof outputShape>) => number): Beside {
  let [sparse, dense] = [0, 0];
  for (const layer of layers.filter(isWeighted)) {
    const { rows, columns } = layer.topology;
    const taps = layer.kind === "convolution" ? layer.kernelSize ** 2 : 1;
    const times = uses(outputShape(layer));
    sparse += layer.weights.length * times;
    dense += rows * columns * taps * times;
  }
  return { sparse, dense };
}
