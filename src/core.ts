/**
 * @file What runs anywhere, browsers included: topologies, weights, networks, certificates and the engine, without
 * files, datasets on disk or any Node API.
 */

export * from "./certificate/convolution/index.ts";
export {
  type AnyCertificate,
  type AnyCertificateData,
  type Certificate,
  type CertificateData,
  type CertifyOptions,
  certify,
  type LayerCertificate,
} from "./certificate/index.ts";
export * from "./engine/index.ts";
export * from "./errors.ts";
export * from "./init/convolution/index.ts";
export { initializerNames } from "./init/registry.ts";
export { type RandomStream, randomStream } from "./math/random.ts";
export { type CnnOptions, cnn, type Downsample } from "./network/cnn.ts";
export { type CnnEcoOptions, cnnEco } from "./network/cnn-eco.ts";
export { type EdgeCnnOptions, edgeCnn } from "./network/edge-cnn.ts";
export { type ForwardOptions, forward, type LayerVisitor } from "./network/evaluate.ts";
export { foldInputScale } from "./network/fold-input-scale.ts";
export type { ImageNetworkOptions } from "./network/image-options.ts";
export { dense, type InitSpec, sao } from "./network/init-spec.ts";
export type { KernelInitSpec } from "./network/kernel-init-spec.ts";
export { inputShape, networkInput, networkOutput, outputShape } from "./network/layer-shape.ts";
export { type LipConvNetOptions, lipConvNet } from "./network/lip-conv-net.ts";
export type { MakingProgress } from "./network/making-progress.ts";
export { type MlpOptions, mlp } from "./network/mlp.ts";
export * from "./network/network.ts";
export { type ResnetOptions, resnet } from "./network/resnet.ts";
export { fromLayers, validateNetwork } from "./network/validate.ts";
export * from "./sparsify/index.ts";
export * from "./topology/index.ts";
