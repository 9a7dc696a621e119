/**
 * @file A network as an ONNX graph of stock operators, from [batch, inputs] or [batch, channels, height, width] to
 * [batch, outputs].
 *
 * Dense form: a Gemm with transB for each linear layer, as PyTorch writes it, and a Conv with the whole kernel tensor for
 * each convolution. Fast form: a linear layer of blocks is one batched MatMul for each size of its groups (buckets.ts),
 * with the samples last or, for small batches, first; a convolution of blocks is one Conv with groups for each size. A
 * full layer between block layers has its columns in the order in which its inputs come. Edge layers are written as
 * full ones: ONNX has no stock operator that multiplies by a sparse matrix, or convolves with one.
 */

import type { ImageShape } from "../../init/convolution/convolution.ts";
import { foldBatchNorm } from "../../network/fold-batch-norm.ts";
import { networkInput, networkOutput } from "../../network/layer-shape.ts";
import {
  type AnyNetwork,
  type ConvolutionLayer,
  isWeighted,
  type Layer,
  type LinearLayer,
} from "../../network/network.ts";
import { type BlockTopology, groupCount } from "../../topology/topology.ts";
import type { ExportForm, InputScaling } from "../export/exporter.ts";
import { addActivation } from "./activation.ts";
import { addBlocksSamplesFirst } from "./blocks-samples-first.ts";
import { addBlocksSamplesLast, addFullBetween } from "./blocks-samples-last.ts";
import { wantedOrders } from "./channel-order.ts";
import { addFullConvolution, addGroupedConvolution } from "./convolution.ts";
import { leaveFeatures } from "./features.ts";
import { type BuiltGraph, GraphBuilder, INPUT, OUTPUT } from "./graph-builder.ts";
import {
  addAddition,
  addAveragePool,
  addBatchNorm,
  addFlatten,
  addMaxMin,
  addPad,
  addSpaceToDepth,
} from "./image-layers.ts";
import { inPlace, placedWeights } from "./placed-weights.ts";
import type { Samples, Standing, VectorStanding } from "./standing.ts";
import { asImages, asVectors, inOrder } from "./units.ts";

/** How a network is written. */
export interface GraphOptions {
  readonly form: ExportForm;
  /** Given: the graph takes raw inputs. */
  readonly scaling?: InputScaling;
  /** Fast form: blocks with the samples first, which is faster for one sample and slower for many. Default false. */
  readonly smallBatches?: boolean;
}

/** What is known while layers are added one after the other. */
interface Writing {
  readonly graph: GraphBuilder;
  readonly smallBatches: boolean;
  /** What earlier layers gave that shortcuts read, by name. */
  readonly kept: ReadonlyMap<string, Standing>;
  /** The blocks that a layer is written as; undefined: it is written full. */
  readonly blocksOf: (layer: Layer) => BlockTopology | undefined;
}

/** What a layer lies between. */
interface Place {
  /** The layer before it. */
  readonly previous: Layer | undefined;
  /** Whether a linear layer of blocks comes somewhere behind. */
  readonly moreBlocks: boolean;
  /** The order of its output channels that suits what comes behind. */
  readonly wanted: Int32Array | undefined;
}

/**
 * The graph of a network. The arrays of full layers are made here: rows × columns floats for each (times k² in a
 * convolution) in the dense form, and for full and edge layers in the fast one. Throws as `foldBatchNorm` does.
 */
export function networkGraph(network: AnyNetwork, options: GraphOptions): BuiltGraph {
  const { form, scaling, smallBatches = false } = options;
  const graph = new GraphBuilder();
  const { layers } = foldBatchNorm(network);
  const kept = new Map<string, Standing>();
  const blocks = form === "fast" ? blocksOf : () => undefined;
  const writing: Writing = { graph, smallBatches, kept, blocksOf: blocks };
  const lastBlocks = layers.findLastIndex((layer) => layer.kind === "linear" && blocks(layer) !== undefined);
  const wanted = form === "fast" ? wantedOrders(layers, blocks) : [];
  const read = new Set(layers.flatMap((layer) => (layer.kind === "add" ? [layer.from] : [])));
  const input = networkInput(network);
  let standing = addInput(graph, input, scaling);
  for (const [i, layer] of layers.entries()) {
    const place = { previous: layers[i - 1], moreBlocks: i < lastBlocks, wanted: wanted[i] };
    standing = addLayer(writing, layer, standing, place);
    if (read.has(layer.name)) kept.set(layer.name, standing);
  }
  finishInOrder(graph, standing);
  return graph.finish("isosparse", sizesOf(input), sizesOf(networkOutput(network)));
}

/** The blocks that a layer of weights is written as in the fast form: it has more than one group. */
export function blocksOf(layer: Layer): BlockTopology | undefined {
  if (!isWeighted(layer)) return undefined;
  const { topology } = layer;
  return topology.kind === "blocks" && groupCount(topology) > 1 ? topology : undefined;
}

/** Sizes of a value behind the batch: images of one pixel are vectors. */
export function sizesOf({ channels, height, width }: ImageShape): number[] {
  return height === 1 && width === 1 ? [channels] : [channels, height, width];
}

function addInput(graph: GraphBuilder, input: ImageShape, scaling: InputScaling | undefined): Standing {
  const name = addScaling(graph, input, scaling);
  const { channels, height, width } = input;
  const positions = inPlace(channels);
  if (height === 1 && width === 1) return { layout: "samples", name, width: channels, positions };
  return { layout: "images", name, width: channels, positions, size: { height, width } };
}

/** (x − mean) / deviation, if the model is to take raw inputs. */
function addScaling(graph: GraphBuilder, input: ImageShape, scaling: InputScaling | undefined): string {
  if (scaling === undefined) return INPUT;
  const numbers = (name: string, values: Float32Array) =>
    graph.constant(name, values, values.length === 1 ? [1] : sizesOf(input));
  const centred = graph.add("Sub", [INPUT, numbers("input.mean", scaling.mean)], "input.centred");
  return graph.add("Div", [centred, numbers("input.deviation", scaling.deviation)], "input.standardised");
}

function addLayer(writing: Writing, layer: Layer, before: Standing, place: Place): Standing {
  const { graph, kept } = writing;
  switch (layer.kind) {
    case "linear":
      return addLinear(writing, layer, before, place);
    case "convolution":
      return { layout: "images", ...addConvolution(writing, layer, before, place) };
    case "averagePool":
      return { layout: "images", ...addAveragePool(graph, layer, before, place.previous) };
    case "flatten":
      return { layout: "samples", ...addFlatten(graph, layer, before) };
    case "spaceToDepth":
      return { layout: "images", ...addSpaceToDepth(graph, layer, before) };
    case "pad":
      return { layout: "images", ...addPad(graph, layer, before) };
    case "maxMin":
      return addMaxMin(graph, layer, before);
    case "batchNorm":
      return addBatchNorm(graph, layer, before);
    case "add":
      return addAddition(graph, layer, before, kept.get(layer.from)!);
  }
}

function addConvolution(
  { graph, blocksOf }: Writing,
  layer: ConvolutionLayer,
  before: Standing,
  { wanted }: Place,
) {
  const from = asImages(graph, before, layer.name);
  const blocks = blocksOf(layer);
  return blocks === undefined
    ? addFullConvolution(graph, layer, from, wanted)
    : addGroupedConvolution(graph, layer, blocks, from, wanted);
}

function addLinear(
  { graph, blocksOf, smallBatches }: Writing,
  layer: LinearLayer,
  before: Standing,
  { moreBlocks }: Place,
): VectorStanding {
  const from: VectorStanding =
    before.layout === "features" ? before : { layout: "samples", ...asVectors(graph, before, layer.name) };
  const blocks = blocksOf(layer);
  const samples = () => asVectors(graph, from, layer.name);
  if (blocks !== undefined && smallBatches) {
    return { layout: "samples", ...addBlocksSamplesFirst(graph, layer, blocks, samples()) };
  }
  if (blocks !== undefined) {
    return { layout: "features", features: addBlocksSamplesLast(graph, layer, blocks, from) };
  }
  if (from.layout === "features" && moreBlocks) {
    return { layout: "features", features: addFullBetween(graph, layer, from.features) };
  }
  return { layout: "samples", ...addFull(graph, layer, samples()) };
}

/** The output's units in order, by an operation if they are not that already; images of one pixel as vectors. */
function finishInOrder(graph: GraphBuilder, from: Standing): void {
  if (from.layout === "features") {
    leaveFeatures(graph, from.features, OUTPUT);
    return;
  }
  const onePixel = from.layout === "images" && from.size.height === 1 && from.size.width === 1;
  inOrder(graph, onePixel ? asVectors(graph, from, OUTPUT) : from, OUTPUT);
}

/** A full linear layer. */
function addFull(
  graph: GraphBuilder,
  layer: LinearLayer,
  { name: input, width, positions }: Samples,
): Samples {
  const { name, bias, activation, topology } = layer;
  const { rows } = topology;
  const weights = placedWeights(layer, positions, width);
  const inputs = [
    input,
    graph.constant(`${name}.weight`, weights, [rows, width]),
    graph.constant(`${name}.bias`, bias),
  ];
  const sum = graph.add("Gemm", inputs, `${name}.sum`, { transB: 1 });
  return { name: addActivation(graph, activation, sum, name), width: rows, positions: inPlace(rows) };
}
