/**
 * @file Proofs from numbers: the floor's public face.
 */

export type { Skipped } from "./budget.ts";
export {
  type AnyCertificate,
  type AnyCertificateData,
  type Certificate,
  type CertificateData,
  type CertifyOptions,
  certify,
} from "./certificate.ts";
export { type Cost, type Costs, costs } from "./costs.ts";
export type { JacobianSpectrum } from "./jacobian-spectrum.ts";
export {
  type AskedSparsity,
  hasMask,
  type LayerCertificate,
  type LinearLayerCertificate,
  type MaskCertificate,
  type PlainLayerCertificate,
  type WeightedLayerCertificate,
  type WeightsCertificate,
} from "./layer.ts";
export type { Mixing } from "./mixing.ts";
export type { Reach } from "./reach.ts";
export type { Samples, SignalDepth, Signals } from "./signals.ts";
export type { MaskSpectrum } from "./spectrum.ts";
export { summarize } from "./summary.ts";
export type { Answer, Verdict } from "./verdict.ts";
export type { SingularValueRange } from "./weight-spectrum.ts";
