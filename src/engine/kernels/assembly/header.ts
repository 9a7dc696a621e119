/**
 * @file The plan's header in memory: where everything is. Written once by ../plan.ts (JavaScript), which holds
 * the same field numbers; read here by every thread. All addresses are bytes; the header starts at HEADER.
 */

/** Address of the header. Nothing lies below it but AssemblyScript's reserved bytes. */
export const HEADER: usize = 1024;

export const enum Field {
  Layers,
  Descriptors,
  /** Samples per shard, times 4: the bytes from one unit's row to the next. */
  RowBytes,
  Parameters,
  /** Bytes of all parameters, weights first. */
  ParameterBytes,
  /** Bytes of the weights: what weight decay touches. */
  WeightBytes,
  /** Bytes of what gradients change: weights and biases; the rest are statistics. */
  LearnedBytes,
  /** Gradient of lane 0; the next sum is ParameterBytes further. */
  Gradients,
  Lanes,
  /** Lanes whose gradients share a sum: 1, or 2, which lanes of one shard alone may. */
  Together,
  /** Shards in this batch. */
  Shards,
  /** [shards][input width][samples] */
  Inputs,
  InputBytes,
  /** [shards][samples] i32 class, −1 for padding. */
  Labels,
  /** [shards][outputs][samples] regression targets. */
  Values,
  /** [shards][outputs][samples] */
  Outputs,
  OutputBytes,
  /** [shards] f64 sum of losses. */
  LossSums,
  /** [shards] i32 */
  Correct,
  /** Thread t's activations start t × ArenaBytes further. */
  Arenas,
  ArenaBytes,
  /** Offsets in an arena of the gradients of two layers' outputs, and of one group's deltas, as they are and transposed. */
  GradientA,
  GradientB,
  Delta,
  Transposed,
  /** Layers whose last output alone is kept; the number of layers: all are. */
  Segment,
  /** 1 if a layer reads another than the one before it, so that inference too keeps outputs. */
  Shortcuts,
  /** 0 none, 1 cross-entropy, 2 mean squared error. */
  Loss,
  /** Samples in the batch. */
  Count,
  State1,
  State2,
  /** [chunks] f64 sums of squares. */
  ChunkSums,
  Optimizer,
  Nesterov,
}

/** f64 fields, after the 64 words of `Field`. */
export const enum Real {
  LabelSmoothing,
  LearningRate,
  Momentum,
  WeightDecay,
  GradientScale,
  Beta1,
  Beta2,
  Epsilon,
  Correction1,
  Correction2,
}

/** What a layer does: the numbers of KINDS in ../../descriptor.ts. */
export const enum Kind {
  Blocks,
  Edges,
  BlockConvolution,
  EdgeConvolution,
  Rearrange,
  AveragePool,
  MaxMin,
  BatchNorm,
  Add,
}

/** Words of one layer's descriptor. */
export const enum Part {
  Kind,
  /** Output units, or channels. */
  Rows,
  /** Input units, or channels. */
  Columns,
  Groups,
  /** Bytes from the start of the parameters (and of a lane's gradient). */
  Weights,
  Bias,
  /** Batch normalization's running means and variances. */
  Statistics,
  /** [rows] byte offsets in the output of the units, in the order in which the layer has them (layout.ts). */
  Places,
  /** Blocks: [groups + 1] where each group's rows and columns begin. */
  RowOffsets,
  ColumnOffsets,
  /** Edges: compressed rows, then the transposed order with each edge's place among the weights (bytes). */
  RowPointers,
  ColumnBytes,
  ColumnPointers,
  RowBytes,
  WeightBytes,
  /** 0 linear, 1 tanh, 2 relu, 3 hardtanh. */
  Activation,
  /** Offset in an arena of this layer's output, and its bytes. */
  Output,
  OutputBytes,
  /** Offset in an arena of what to claim ahead (block-forward.ts); 0: nothing. */
  Ahead,
  /** Images: [rows] bytes from a channel's pixel to its next, in the order of Places. */
  Steps,
  /** Pixels of an input and of an output image, and of a row of each. */
  InputPixels,
  OutputPixels,
  InputWidth,
  OutputWidth,
  /** Convolutions: taps of a kernel. */
  Taps,
  /** Pixels between the inputs of neighbouring outputs. */
  Stride,
  /** Of each output pixel: [pixels + 1] byte offsets into runs (input pixel, tap, taps); edges: into pairs. */
  ForwardPointers,
  ForwardTaps,
  /** Of each input pixel: the same, into pairs (output pixel, tap). */
  BackwardPointers,
  BackwardTaps,
  /** Of each row of the output: [rows + 1] byte offsets into runs (tap, output pixel, input pixel, pixels). */
  RunPointers,
  Runs,
  /** Rearranging: [output units] byte offset in the input, or −1 for 0. */
  Sources,
  /** Pooling: a window's sides. */
  WindowHeight,
  WindowWidth,
  /** Batch normalization: offset in an arena of each channel's mean and 1/deviation; ε and momentum as float32. */
  Saved,
  Epsilon,
  Momentum,
  /** Adding: the layer whose output is the shortcut, its channels, their places and steps, and its row's pixels. */
  From,
  FromChannels,
  FromPlaces,
  FromSteps,
  FromWidth,
  /** Offset in an arena where this layer leaves its shortcut's gradient, its bytes; whether it is the first to do so. */
  ShortcutGradient,
  ShortcutBytes,
  ShortcutFirst,
  /** Offset in an arena of a gradient to be added to that of this layer's input, and its bytes; 0: none. */
  Joins,
  JoinsBytes,
  Size,
}

// @ts-ignore: decorator
@inline
export function field(index: i32): usize {
  return load<u32>(HEADER + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function real(index: i32): f64 {
  return load<f64>(HEADER + 256 + (<usize>index << 3));
}

// @ts-ignore: decorator
@inline
export function part(layer: usize, index: i32): usize {
  return load<u32>(layer + (<usize>index << 2));
}
