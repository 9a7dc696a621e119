/**
 * @file For exporters whose format has linear layers only.
 */

import { ArgumentError } from "../../errors.ts";
import { type AnyNetwork, isMlp, type Network } from "../../network/network.ts";
import { quote } from "../quote.ts";

/**
 * The network, if all of its layers are linear. Throws ArgumentError (`"unsupported-layer"`) that names the first that
 * is not, and other formats.
 */
export function requireLinear(network: AnyNetwork, exporter: string): Network {
  if (isMlp(network)) return network;
  const { name, kind } = network.layers.find((layer) => layer.kind !== "linear")!;
  throw new ArgumentError(
    "unsupported-layer",
    `layer ${quote(name)} is ${words[kind]}: ${exporter} is written for networks of linear layers only; ` +
      "--to onnx and --to pytorch write all kinds",
  );
}

const words: Record<AnyNetwork["layers"][number]["kind"], string> = {
  linear: "linear",
  convolution: "a convolution",
  averagePool: "average pooling",
  flatten: "flattening",
  spaceToDepth: "space-to-depth",
  pad: "padding",
  maxMin: "MaxMin",
  batchNorm: "batch normalization",
  add: "an addition",
};
