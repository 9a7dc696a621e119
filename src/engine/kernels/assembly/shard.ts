/**
 * @file One shard of samples through the whole network, forward and backward, while its activations are warm.
 */

import { addBackward, addForward, join } from "./add";
import { averagePoolBackward, averagePoolForward } from "./average-pool";
import { batchNormBackward, batchNormForward } from "./batch-norm";
import { blockBackward } from "./block-backward";
import { blockForward } from "./block-forward";
import { blockGradient } from "./block-gradient";
import { convolutionBackward, convolutionForward } from "./convolution";
import { edgeConvolutionBackward, edgeConvolutionForward } from "./convolution-edges";
import { edgesBackward, edgesForward, edgesGradient } from "./edges";
import { activate, differentiate } from "./elementwise";
import { field, Field, Kind, part, Part } from "./header";
import { crossEntropy, meanSquaredError } from "./loss";
import { maxMinBackward, maxMinForward } from "./max-min";
import { rearrangeBackward, rearrangeForward } from "./rearrange";

// @ts-ignore: decorator
@inline
function arenaOf(thread: usize): usize {
  return field(Field.Arenas) + thread * field(Field.ArenaBytes);
}

// @ts-ignore: decorator
@inline
function descriptor(layer: usize): usize {
  return field(Field.Descriptors) + layer * (Part.Size << 2);
}

/** What a layer makes of `x`, to `out`. `labels` are those of the shard's samples in training, else 0. */
function layerForward(layer: usize, x: usize, out: usize, arena: usize, labels: usize, rowBytes: usize): void {
  const kind = <i32>part(layer, Part.Kind);
  if (kind >= Kind.Rearrange) {
    if (kind == Kind.Rearrange) rearrangeForward(layer, x, out, rowBytes);
    else if (kind == Kind.AveragePool) averagePoolForward(layer, x, out, rowBytes);
    else if (kind == Kind.MaxMin) maxMinForward(layer, x, out, rowBytes);
    else if (kind == Kind.BatchNorm) batchNormForward(layer, x, out, arena, labels, rowBytes);
    else addForward(layer, x, outputOf(arena, part(layer, Part.From)), out, rowBytes);
    return;
  }
  // Predictions pass from one buffer to another and back, which are in the cache already.
  const ahead = part(layer, Part.Ahead);
  if (kind == Kind.Blocks) blocksForward(layer, x, out, labels != 0 && ahead != 0 ? arena + ahead : 0, rowBytes);
  else if (kind == Kind.Edges) edgesLayerForward(layer, x, out, rowBytes);
  else if (kind == Kind.BlockConvolution) convolutionForward(layer, x, out, rowBytes);
  else edgeConvolutionForward(layer, x, out, rowBytes);
  activate(part(layer, Part.Activation), out, part(layer, Part.OutputBytes));
}

function edgesLayerForward(layer: usize, x: usize, out: usize, rowBytes: usize): void {
  const parameters = field(Field.Parameters);
  edgesForward(parameters + part(layer, Part.Weights), part(layer, Part.Rows), part(layer, Part.RowPointers), part(layer, Part.ColumnBytes), x, part(layer, Part.Places), out, parameters + part(layer, Part.Bias), rowBytes);
}

function blocksForward(layer: usize, x: usize, out: usize, ahead: usize, rowBytes: usize): void {
  const parameters = field(Field.Parameters);
  let places = part(layer, Part.Places);
  let weights = parameters + part(layer, Part.Weights);
  let bias = parameters + part(layer, Part.Bias);
  let rowOffset = part(layer, Part.RowOffsets);
  let columnOffset = part(layer, Part.ColumnOffsets);
  for (let q = part(layer, Part.Groups); q > 0; q--) {
    const m = groupSize(rowOffset);
    const n = groupSize(columnOffset);
    blockForward(weights, m, n, x, places, out, bias, ahead, rowBytes);
    if (ahead != 0) ahead += m * rowBytes;
    weights += (m * n) << 2;
    bias += m << 2;
    places += m << 2;
    x += n * rowBytes;
    rowOffset += 4;
    columnOffset += 4;
  }
}

// @ts-ignore: decorator
@inline
function groupSize(offset: usize): usize {
  return <usize>load<u32>(offset, 4) - <usize>load<u32>(offset);
}

/** From the gradient of this layer's output y to its parameters' gradients and, unless `out` is 0, its input's. */
function layerBackward(layer: usize, gradient: usize, x: usize, y: usize, out: usize, arena: usize, parameterGradients: usize, labels: usize, rowBytes: usize, add: bool): void {
  const kind = <i32>part(layer, Part.Kind);
  if (kind == Kind.Blocks) blocksBackward(layer, gradient, x, y, out, arena, parameterGradients, rowBytes, add);
  else if (kind == Kind.Edges) edgesLayerBackward(layer, gradient, x, y, out, arena, parameterGradients, rowBytes, add);
  else if (kind == Kind.BlockConvolution) convolutionBackward(layer, gradient, x, y, out, arena, parameterGradients, rowBytes, add);
  else if (kind == Kind.EdgeConvolution) edgeConvolutionBackward(layer, gradient, x, y, out, arena, parameterGradients, rowBytes, add);
  else if (kind == Kind.BatchNorm) batchNormBackward(layer, gradient, x, y, out, arena, parameterGradients, labels, rowBytes, add);
  else if (out != 0) {
    if (kind == Kind.Rearrange) rearrangeBackward(layer, gradient, out, rowBytes);
    else if (kind == Kind.AveragePool) averagePoolBackward(layer, gradient, out, rowBytes);
    else if (kind == Kind.MaxMin) maxMinBackward(layer, gradient, x, out, rowBytes);
    else addBackward(layer, gradient, y, out, arena + part(layer, Part.ShortcutGradient), rowBytes);
  }
  if (part(layer, Part.Joins) != 0) join(layer, out, arena);
}

function edgesLayerBackward(layer: usize, gradient: usize, x: usize, y: usize, out: usize, arena: usize, parameterGradients: usize, rowBytes: usize, add: bool): void {
  const rows = part(layer, Part.Rows);
  const delta = arena + field(Field.Delta);
  differentiate(part(layer, Part.Activation), rows, part(layer, Part.Places), gradient, y, delta, 0, parameterGradients + part(layer, Part.Bias), rowBytes, add);
  edgesGradient(parameterGradients + part(layer, Part.Weights), rows, part(layer, Part.RowPointers), part(layer, Part.ColumnBytes), delta, x, rowBytes, add);
  if (out == 0) return;
  edgesBackward(field(Field.Parameters) + part(layer, Part.Weights), part(layer, Part.Columns), part(layer, Part.ColumnPointers), part(layer, Part.RowBytes), part(layer, Part.WeightBytes), delta, out, rowBytes);
}

/** Group by group, so that a group's deltas are still in the first-level cache when they are used. */
function blocksBackward(layer: usize, gradient: usize, x: usize, y: usize, out: usize, arena: usize, parameterGradients: usize, rowBytes: usize, add: bool): void {
  const kind = part(layer, Part.Activation);
  const delta = arena + field(Field.Delta);
  const transposed = arena + field(Field.Transposed);
  let places = part(layer, Part.Places);
  let weights = field(Field.Parameters) + part(layer, Part.Weights);
  let weightGradient = parameterGradients + part(layer, Part.Weights);
  let biasGradient = parameterGradients + part(layer, Part.Bias);
  let rowOffset = part(layer, Part.RowOffsets);
  let columnOffset = part(layer, Part.ColumnOffsets);
  for (let q = part(layer, Part.Groups); q > 0; q--) {
    const m = groupSize(rowOffset);
    const n = groupSize(columnOffset);
    differentiate(kind, m, places, gradient, y, delta, transposed, biasGradient, rowBytes, add);
    blockGradient(weightGradient, m, n, delta, transposed, x, rowBytes, add);
    if (out != 0) {
      blockBackward(weights, m, n, delta, out, rowBytes);
      out += n * rowBytes;
    }
    weights += (m * n) << 2;
    weightGradient += (m * n) << 2;
    biasGradient += m << 2;
    places += m << 2;
    x += n * rowBytes;
    rowOffset += 4;
    columnOffset += 4;
  }
}

function loss(shard: usize, z: usize, delta: usize, outputs: usize, rowBytes: usize): void {
  const kind = field(Field.Loss);
  if (kind == 1) crossEntropy(shard, z, delta, outputs, rowBytes);
  else if (kind == 2) meanSquaredError(shard, z, delta, outputs, rowBytes);
}

/** Labels of a shard's samples, which tell those that only fill it up. */
// @ts-ignore: decorator
@inline
function labelsOf(shard: usize, rowBytes: usize): usize {
  return field(Field.Labels) + shard * rowBytes;
}

/**
 * Forward for the outputs alone: they go to the output area, losses beside them. Layers' outputs are kept only where a
 * layer reads another than the one before it.
 */
export function forwardShard(shard: usize, thread: usize): void {
  const rowBytes = field(Field.RowBytes);
  const arena = arenaOf(thread);
  const last = field(Field.Layers) - 1;
  let x = field(Field.Inputs) + shard * field(Field.InputBytes);
  let from = arena + field(Field.GradientA);
  let to = arena + field(Field.GradientB);
  if (field(Field.Shortcuts) != 0) {
    x = segmentForward(0, last, x, arena, 0, rowBytes);
  } else {
    for (let l: usize = 0; l < last; l++) {
      layerForward(descriptor(l), x, to, arena, 0, rowBytes);
      x = to;
      to = from;
      from = x;
    }
  }
  const out = field(Field.Outputs) + shard * field(Field.OutputBytes);
  layerForward(descriptor(last), x, out, arena, 0, rowBytes);
  loss(shard, out, to, field(Field.OutputBytes) / rowBytes, rowBytes);
}

// @ts-ignore: decorator
@inline
function outputOf(arena: usize, layer: usize): usize {
  return arena + part(descriptor(layer), Part.Output);
}

/** Layers `first` to `end` (not included) forward from `x`; returns the last one's output. */
function segmentForward(first: usize, end: usize, x: usize, arena: usize, labels: usize, rowBytes: usize): usize {
  for (let l = first; l < end; l++) {
    const y = outputOf(arena, l);
    layerForward(descriptor(l), x, y, arena, labels, rowBytes);
    x = y;
  }
  return x;
}

/**
 * Forward and backward; `add` is false on the first shard of a gradient's, which starts it. Forward leaves the
 * last output of each segment of layers and all of the last segment; backward makes the others again.
 */
function trainShard(shard: usize, thread: usize, gradients: usize, add: bool): void {
  const rowBytes = field(Field.RowBytes);
  const arena = arenaOf(thread);
  const layers = field(Field.Layers);
  const segment = field(Field.Segment);
  const labels = labelsOf(shard, rowBytes);
  const input = field(Field.Inputs) + shard * field(Field.InputBytes);
  const z = segmentForward(0, layers, input, arena, labels, rowBytes);
  let gradient = arena + field(Field.GradientA);
  let next = arena + field(Field.GradientB);
  loss(shard, z, gradient, field(Field.OutputBytes) / rowBytes, rowBytes);
  let end = layers;
  while (end > 0) {
    const first = ((end - 1) / segment) * segment;
    const from = first > 0 ? outputOf(arena, first - 1) : input;
    if (end < layers) segmentForward(first, end - 1, from, arena, labels, rowBytes);
    for (let l = end; l-- > first; ) {
      const below = l > first ? outputOf(arena, l - 1) : from;
      layerBackward(descriptor(l), gradient, below, outputOf(arena, l), l > 0 ? next : 0, arena, gradients, labels, rowBytes, add);
      const swap = gradient;
      gradient = next;
      next = swap;
    }
    end = first;
  }
}

/** All shards of the lanes that share the gradient number `sum`, in order. */
export function trainLanes(sum: usize, thread: usize): void {
  const lanes = field(Field.Lanes);
  const shards = field(Field.Shards);
  const together = field(Field.Together);
  const gradients = field(Field.Gradients) + sum * field(Field.ParameterBytes);
  const first = (sum * together * shards) / lanes;
  const end = (min((sum + 1) * together, lanes) * shards) / lanes;
  for (let shard = first; shard < end; shard++) trainShard(shard, thread, gradients, shard > first);
}
