/**
 * @file What a network connects, channel by channel: the chain of graphs that connectivity by depth is about. A unit of
 * a linear layer is a channel of one pixel; which pixels of a channel are met is not looked at.
 */

import { outputShape, sizeOf } from "../network/layer-shape.ts";
import { type AnyNetwork, isWeighted, type Layer } from "../network/network.ts";
import type { BlockTopology, EdgeTopology, Topology } from "../topology/topology.ts";
import { degrees, type Range, range } from "./mask.ts";

/** Degrees of a layer. */
export interface Fans {
  readonly rowDegrees: Range;
  readonly columnDegrees: Range;
}

/** Channels that depend on channels of the value before. */
export interface GraphStep extends Fans {
  readonly kind: "graph";
  /** Index of the layer. */
  readonly layer: number;
  /** Whether the layer has weights, and so counts as a layer. */
  readonly weighted: boolean;
  readonly topology: Topology;
}

/** Each channel also depends on the channel of its number, where there is one, of an earlier value. */
export interface AddStep {
  readonly kind: "add";
  readonly layer: number;
  readonly channels: number;
  /** Value 0 is the chain's input, value k what step k − 1 makes. */
  readonly from: number;
  readonly fromChannels: number;
}

export type ChannelStep = GraphStep | AddStep;

/** A network's steps. Layers that take each channel by itself (pooling, padding, batch normalization) have none. */
export function channelSteps({ layers }: AnyNetwork): ChannelStep[] {
  const steps: ChannelStep[] = [];
  const given = new Map<string, { value: number; channels: number }>();
  for (const [index, layer] of layers.entries()) {
    if (layer.kind === "add") {
      const { value, channels } = given.get(layer.from)!;
      const { input } = layer;
      steps.push({
        kind: "add",
        layer: index,
        channels: input.channels,
        from: value,
        fromChannels: channels,
      });
    } else {
      const topology = channelGraph(layer);
      if (topology !== undefined) steps.push(graphStep(index, topology, isWeighted(layer)));
    }
    given.set(layer.name, { value: steps.length, channels: outputShape(layer).channels });
  }
  return steps;
}

/** A chain of masks alone. */
export function maskSteps(topologies: readonly Topology[]): GraphStep[] {
  return topologies.map((topology, index) => graphStep(index, topology, true));
}

/** Channels of the value that a step makes. */
export function channelsAfter(step: ChannelStep): number {
  return step.kind === "add" ? step.channels : step.topology.rows;
}

/** Channels of the value that a step takes. */
export function channelsBefore(step: ChannelStep): number {
  return step.kind === "add" ? step.channels : step.topology.columns;
}

function graphStep(layer: number, topology: Topology, weighted: boolean): GraphStep {
  const { rows, columns } = degrees(topology);
  return { kind: "graph", layer, weighted, topology, rowDegrees: range(rows), columnDegrees: range(columns) };
}

/** Undefined where each channel depends on itself alone. */
function channelGraph(layer: Layer): Topology | undefined {
  switch (layer.kind) {
    case "linear":
    case "convolution":
      return layer.topology;
    case "flatten": {
      const { channels } = layer.input;
      const pixels = sizeOf(layer.input) / channels;
      return pixels === 1 ? undefined : copies(channels, pixels);
    }
    case "spaceToDepth":
      return layer.side === 1 ? undefined : copies(layer.input.channels, layer.side ** 2);
    case "maxMin":
      return pairs(layer.input.channels);
    default:
      return undefined;
  }
}

/** Each channel becomes `count`, one after the other. */
function copies(channels: number, count: number): EdgeTopology {
  const rows = channels * count;
  return {
    kind: "edges",
    name: "copies",
    rows,
    columns: channels,
    rowPointers: Int32Array.from({ length: rows + 1 }, (_, r) => r),
    columnIndices: Int32Array.from({ length: rows }, (_, r) => Math.floor(r / count)),
  };
}

/** Channels c and c + half make both. */
function pairs(channels: number): BlockTopology {
  const half = channels / 2;
  const order = Int32Array.from({ length: channels }, (_, i) => (i >>> 1) + (i % 2) * half);
  const offsets = Int32Array.from({ length: half + 1 }, (_, q) => 2 * q);
  return {
    kind: "blocks",
    name: "pairs",
    rows: channels,
    columns: channels,
    rowOrder: order,
    columnOrder: order,
    rowOffsets: offsets,
    columnOffsets: offsets,
  };
}
