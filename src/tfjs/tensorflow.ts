/**
 * @file What is needed of TensorFlow.js, as types of our own: the library is the user's, and no dependency.
 */

/** A tensor. */
export interface Tensor {
  readonly shape: number[];
  dataSync(): ArrayLike<number>;
  dispose(): void;
}

/** A layer, as far as those who use one need it. */
export interface TfLayer {
  readonly name: string;
  getClassName(): string;
  getWeights(trainableOnly?: boolean): Tensor[];
  setWeights(weights: Tensor[]): void;
}

/** What a layer keeps for classes that extend it. */
export interface TfLayerBase extends TfLayer {
  built: boolean;
  addWeight(name: string, shape: number[], type: "float32", initializer: object): TfVariable;
  build(shape: Shape | Shape[]): void;
  apply(inputs: SymbolicTensor | SymbolicTensor[]): SymbolicTensor;
  getConfig(): Record<string, unknown>;
}

/** A weight. */
export interface TfVariable {
  read(): Tensor;
}

/** Sizes, null for the batch. */
export type Shape = (number | null)[];

/** The value of a function, and the gradients of its inputs from that of the value. */
export interface Differentiable {
  readonly value: Tensor;
  readonly gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor | Tensor[];
}

/** A model made of layers. */
export interface TfModel {
  readonly layers: TfLayer[];
}

/** `@tensorflow/tfjs`, or `{ ...core, ...layers }` of `@tensorflow/tfjs-core` and `@tensorflow/tfjs-layers`. */
export interface TensorFlowLibrary {
  readonly layers: { readonly Layer: abstract new (...args: never[]) => object };
  readonly serialization: object;
  readonly initializers: object;
  sequential(config?: never): TfModel;
  model(config: never): TfModel;
  getBackend(): string;
  customGrad(f: never): unknown;
}

/** What makes stock layers, of those that networks with images are made of. */
export type StockFactory =
  | "reshape"
  | "permute"
  | "flatten"
  | "averagePooling2d"
  | "zeroPadding2d"
  | "cropping2D"
  | "maximum"
  | "minimum"
  | "add"
  | "concatenate"
  | "activation"
  | "batchNormalization";

/** What a layer gives in a model that is being made. */
export type SymbolicTensor = object;

/** The same with the types that we call it by: its own are not to be had without depending on it. */
export interface TensorFlow {
  readonly layers: { readonly Layer: new (config: object) => TfLayerBase } & Readonly<
    Record<StockFactory, (config: object) => TfLayerBase>
  >;
  readonly serialization: { registerClass(cls: object): void };
  readonly initializers: { zeros(): object };
  sequential(config?: { layers?: TfLayer[] }): TfModel;
  input(config: { shape: Shape; name: string }): SymbolicTensor;
  model(config: { inputs: SymbolicTensor; outputs: SymbolicTensor; name: string }): TfModel;
  getBackend(): string;
  tidy(work: () => Tensor): Tensor;
  customGrad(
    f: (...inputs: [...Tensor[], (saved: Tensor[]) => void]) => Differentiable,
  ): (...inputs: Tensor[]) => Tensor;
  tensor(values: Float32Array | Int32Array, shape: number[], type: "float32" | "int32"): Tensor;
  reshape(x: Tensor, shape: number[]): Tensor;
  transpose(x: Tensor, order: number[]): Tensor;
  slice(x: Tensor, begin: number[], size: number[]): Tensor;
  concat(parts: Tensor[], axis: number): Tensor;
  gather(x: Tensor, indices: Tensor, axis: number): Tensor;
  gatherND(x: Tensor, indices: Tensor): Tensor;
  scatterND(indices: Tensor, updates: Tensor, shape: number[]): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean): Tensor;
  pad(x: Tensor, around: number[][]): Tensor;
  stridedSlice(x: Tensor, begin: number[], end: number[], strides: number[]): Tensor;
  conv2d(x: Tensor, filter: Tensor, strides: number, pad: "valid", format: "NHWC", dilations: number): Tensor;
  conv2dTranspose(x: Tensor, filter: Tensor, shape: number[], strides: number, pad: "valid"): Tensor;
  depthwiseConv2d(x: Tensor, filter: Tensor, strides: number, pad: "valid"): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  clipByValue(x: Tensor, least: number, most: number): Tensor;
}
