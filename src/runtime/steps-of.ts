/**
 * @file The steps of a network's layers, for samples that take so many bytes a unit, and the buffers that they need.
 */

import { inputOrder, outputPlaces } from "../engine/unit-order.ts";
import { networkInput, outputShape, sizeOf } from "../network/layer-shape.ts";
import {
  type Activation,
  type AddLayer,
  type AnyNetwork,
  activationOf,
  type AveragePoolLayer,
  type Layer,
  type LinearLayer,
} from "../network/network.ts";
import type { Value } from "../network/place-values.ts";
import { convolutionSteps } from "./convolution-steps.ts";
import { copyStep, linesOf, movedLines } from "./copies.ts";
import type { GrowingMemory } from "./memory.ts";
import type { PlacedLayer } from "./place-layers.ts";
import type { Step, Steps } from "./steps.ts";
import { type Wiring, wire } from "./wiring.ts";

const ACTIVATIONS: Readonly<Record<Activation, number>> = { linear: 0, tanh: 1, relu: 2, hardtanh: 3 };

/** Kinds whose output may take the place of their input. */
const IN_PLACE: readonly Layer["kind"][] = ["maxMin", "batchNorm", "add"];

/** What a layer's steps are made from. */
export interface Surroundings {
  readonly placed: PlacedLayer;
  /** Buffers. */
  readonly from: number;
  readonly to: number;
  readonly rowBytes: number;
  readonly memory: GrowingMemory;
  /** The number of a buffer of so many bytes for this layer's steps alone. */
  buffer(bytes: number): number;
}

/** A step before the activation is known, which is its layer's last step's. */
export type BareStep = Omit<Step, "activation" | "outputBytes">;

export function stepsOf(
  network: AnyNetwork,
  placed: readonly PlacedLayer[],
  rowBytes: number,
  memory: GrowingMemory,
): Steps {
  const { layers } = network;
  const wiring = wire(network);
  const buffers = layerBuffers(network, wiring, rowBytes);
  const steps = layers.flatMap((layer, i): Step[] => {
    const buffer = (bytes: number) => buffers.push({ size: roundUp(bytes), first: i, last: i }) - 1;
    const [from, to] = [wiring.taken[i], wiring.given[i]];
    const bare = layerSteps(network, i, wiring, { placed: placed[i], from, to, rowBytes, memory, buffer });
    const outputBytes = Math.ceil((sizeOf(outputShape(layer)) * rowBytes) / 32) * 32;
    const activation = ACTIVATIONS[activationOf(layer)];
    return bare.map((step, k) => ({
      ...step,
      outputBytes,
      activation: k === bare.length - 1 ? activation : 0,
    }));
  });
  const first = wiring.orderedFor[0];
  return {
    buffers,
    steps,
    input: 0,
    output: wiring.given[layers.length - 1],
    inputOrder: first && inputOrder(first),
  };
}

/** One buffer for each value. */
function layerBuffers(network: AnyNetwork, { taken, given, lastUse }: Wiring, rowBytes: number): Value[] {
  const sizes = [sizeOf(networkInput(network))];
  const buffers: Value[] = [];
  const add = (size: number, first: number, over?: number) =>
    buffers.push({ size: roundUp(size * rowBytes), first, last: lastUse[buffers.length], over });
  add(sizes[0], -1);
  for (const [i, layer] of network.layers.entries()) {
    if (given[i] < buffers.length) continue;
    const inPlace = IN_PLACE.includes(layer.kind) && lastUse[taken[i]] === i;
    add(sizeOf(outputShape(layer)), i, inPlace ? taken[i] : undefined);
  }
  return buffers;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

function layerSteps(network: AnyNetwork, i: number, wiring: Wiring, around: Surroundings): BareStep[] {
  const layer = network.layers[i];
  const { from, to, rowBytes, placed } = around;
  switch (layer.kind) {
    case "linear":
      return linearSteps(layer, wiring, around);
    case "convolution":
      return convolutionSteps(layer, around);
    case "averagePool":
      return [{ kind: "pool", from, to, words: poolWords(layer, rowBytes) }];
    case "flatten":
      return [];
    case "maxMin":
      return [{ kind: "maxMin", from, to, words: [(sizeOf(layer.input) / 2) * rowBytes] }];
    case "batchNorm": {
      const { channels, height, width } = layer.input;
      return [{ kind: "scale", from, to, words: [channels, height * width * rowBytes, placed.weights] }];
    }
    case "add": {
      const earlier = network.layers.find(({ name }) => name === layer.from)!;
      return [
        { kind: "add", from, to, other: wiring.earlier[i], words: addWords(layer, earlier, rowBytes) },
      ];
    }
    default:
      return [copyStep(movedLines(layer), from, to, around)];
  }
}

/** The inputs of blocks in the order of their groups, unless they lie so, and the product. */
function linearSteps({ topology }: LinearLayer, { orderedFor }: Wiring, around: Surroundings): BareStep[] {
  const { placed, from, to, rowBytes, memory, buffer } = around;
  const offsets = (places: Int32Array) => memory.words(Uint32Array.from(places, (unit) => unit * rowBytes));
  const places = offsets(outputPlaces(topology, orderedFor[to]));
  const words = [topology.rows, placed.groups, placed.weights, placed.bias, places, placed.rowPointers];
  if (topology.kind === "edges") {
    return [{ kind: "edges", from, to, words: [...words, offsets(topology.columnIndices)] }];
  }
  const { columns, columnOrder } = topology;
  const product = { kind: "blocks", to, words: [...words, placed.columnOffsets] } as const;
  if (orderedFor[from] === topology || columnOrder.every((unit, k) => unit === k)) {
    return [{ ...product, from }];
  }
  const ordered = buffer(columns * rowBytes);
  const lines = linesOf([...columnOrder], [{ from: 0, count: 1 }]);
  return [copyStep({ ...lines, planes: 1, planeSize: columns }, from, ordered, around), { ...product, from: ordered }];
}

function poolWords(layer: AveragePoolLayer, rowBytes: number): number[] {
  const { input, window } = layer;
  const { channels, height, width } = outputShape(layer);
  const share = new Uint32Array(Float32Array.of(1 / (window.height * window.width)).buffer)[0];
  return [
    ...[channels, input.height * input.width * rowBytes, height, width, input.width * rowBytes],
    ...[window.height, window.width * rowBytes, share],
  ];
}

function addWords({ input }: AddLayer, earlier: Layer, rowBytes: number): number[] {
  const { channels, height, width } = outputShape(earlier);
  const pixels = input.height * input.width;
  return [
    ...[channels, input.height, input.width * rowBytes, height / input.height, width * rowBytes],
    ...[height * width * rowBytes, (input.channels - channels) * pixels * rowBytes],
  ];
}
