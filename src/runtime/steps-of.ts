/**
 * @file The steps of a network's layers, for samples that take so many bytes a unit, and the buffers that they need.
 */

import { inputOrder, outputPlaces } from "../engine/unit-order.ts";
import { networkInput, outputShape, sizeOf } from "../network/layer-shape.ts";
import {
  type Activation,
  type AddLayer,
  type AnyNetwork,
  type AveragePoolLayer,
  activationOf,
  type ConvolutionLayer,
  type Layer,
  type LinearLayer,
} from "../network/network.ts";
import type { Value } from "../network/place-values.ts";
import { computedLayout, convolutionSteps, type Layout, plainLayout } from "./convolution-steps.ts";
import { copyStep, movedPlanes } from "./copies.ts";
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
  const layouts = layoutsOf(network, wiring, placed, rowBytes);
  const buffers = valueBuffers(network, wiring, layouts, rowBytes);
  const steps = layers.flatMap((layer, i): Step[] => {
    const buffer = (bytes: number) => buffers.push({ size: roundUp(bytes), first: i, last: i }) - 1;
    const [from, to] = [wiring.taken[i], wiring.given[i]];
    const around = { placed: placed[i], from, to, rowBytes, memory, buffer };
    const bare =
      layer.kind === "convolution"
        ? convolutionSteps(layer, layouts[from], layouts[to], around)
        : layerSteps(network, i, wiring, around);
    const outputBytes = Math.ceil((outputShape(layer).channels * layouts[to].plane * rowBytes) / 32) * 32;
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

/** [values] How each lies in memory: with gaps where a convolution computes them and convolutions alone take it. */
function layoutsOf(
  network: AnyNetwork,
  { given, forConvolutions }: Wiring,
  placed: readonly PlacedLayer[],
  rowBytes: number,
): Layout[] {
  const layouts = [plainLayout(networkInput(network))];
  for (const [i, layer] of network.layers.entries()) {
    if (layer.kind === "flatten") continue;
    const gaps = layer.kind === "convolution" && forConvolutions[given[i]];
    layouts.push(
      gaps ? computedLayout(layer, placed[i].reaches!, rowBytes) : plainLayout(outputShape(layer)),
    );
  }
  return layouts;
}

/** One buffer for each value. */
function valueBuffers(
  network: AnyNetwork,
  { taken, lastUse }: Wiring,
  layouts: readonly Layout[],
  rowBytes: number,
): Value[] {
  const buffers: Value[] = [];
  const add = (channels: number, first: number, over?: number) => {
    const v = buffers.length;
    buffers.push({ size: roundUp(channels * layouts[v].plane * rowBytes), first, last: lastUse[v], over });
  };
  add(networkInput(network).channels, -1);
  for (const [i, layer] of network.layers.entries()) {
    if (layer.kind === "flatten") continue;
    const inPlace = IN_PLACE.includes(layer.kind) && lastUse[taken[i]] === i;
    add(outputShape(layer).channels, i, inPlace ? taken[i] : undefined);
  }
  return buffers;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Of all kinds but convolutions. */
function layerSteps(network: AnyNetwork, i: number, wiring: Wiring, around: Surroundings): BareStep[] {
  const layer = network.layers[i] as Exclude<Layer, ConvolutionLayer>;
  const { from, to, rowBytes, placed } = around;
  switch (layer.kind) {
    case "linear":
      return linearSteps(layer, wiring, around);
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
      return [{ kind: "add", from, to, other: wiring.earlier[i], words: addWords(layer, earlier, rowBytes) }];
    }
    default:
      return [copyStep(movedPlanes(layer), from, to, around)];
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
  const lines = Array.from(columnOrder, (unit, place) => [unit, place] as const);
  const units = {
    planes: 1,
    fromPlane: columns,
    toPlane: columns,
    runs: [{ from: 0, to: 0, count: 1 }],
    step: 1,
  };
  return [copyStep({ ...units, lines }, from, ordered, around), { ...product, from: ordered }];
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
