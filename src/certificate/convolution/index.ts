/**
 * @file Proofs about convolutions: the folder's public face.
 */

export {
  type ConvolutionCertificate,
  type ConvolutionCertificateData,
  type ConvolutionCertifyOptions,
  certifyConvolutions,
} from "./certificate.ts";
export type { ChainJacobian } from "./chain-jacobian.ts";
export type { BareConvolutionCertificate, ConvolutionLayerCertificate, KernelFrequencies } from "./layer.ts";
export { convolutionOperator } from "./operator.ts";
export type { OperatorSpectrum, SpectrumMethod } from "./spectrum.ts";
