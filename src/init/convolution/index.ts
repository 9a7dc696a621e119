/**
 * @file Convolutions, kernel-sparse, and their weights: the folder's public face.
 */

export { type ConvolutionOptions, convolution, type KernelOptions } from "./build-convolution.ts";
export {
  type Convolution,
  type ConvolutionGeometry,
  checkConvolution,
  type ImageShape,
  type ImageSize,
  outputImage,
  type Padding,
} from "./convolution.ts";
export { type ConvolutionChainOptions, convolutionChain } from "./convolution-chain.ts";
export { delta } from "./delta.ts";
export { eco } from "./eco.ts";
export { ecoDilation, ecoIsIsometry } from "./eco-dilation.ts";
export { kaimingKernels } from "./kaiming-kernels.ts";
export type { KernelInitializer, KernelInitializerOptions } from "./kernel-initializer.ts";
export { fromKernelTensor } from "./kernel-tensor.ts";
export { kernelTopology } from "./kernel-topology.ts";
export { looksLinearKernels } from "./looks-linear-kernels.ts";
export { type KernelInitializerName, kernelInitializerNames } from "./registry.ts";
export { shift } from "./shift.ts";
