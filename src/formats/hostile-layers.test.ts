import { describe, expect, it } from "vitest";
import { changed, put } from "../../test/hostile-files.ts";
import { everyKindNetwork } from "../../test/random-convolution-network.ts";
import { FormatError } from "../errors.ts";
import type { AnyNetwork, Layer } from "../network/network.ts";
import { networkFromTensors } from "./network-tensors.ts";
import type { TensorFile } from "./safetensors.ts";
import { float32Tensor, type Tensor } from "./tensor.ts";

const network = everyKindNetwork(3);

/** Index of the first layer of a kind. */
function indexOf(kind: Layer["kind"], { layers }: AnyNetwork = network): number {
  const index = layers.findIndex((layer) => layer.kind === kind);
  if (index < 0) throw new Error(`no ${kind} in the network of this test`);
  return index;
}

/** The file with one field of the first layer of a kind changed in the description. */
function said(kind: Layer["kind"], path: readonly string[], value: unknown): TensorFile {
  return changed(network, (_, metadata) => put(metadata, ["layers", indexOf(kind), ...path], value));
}

/** The file with one tensor of the first layer of a kind changed. */
function held(
  kind: Layer["kind"],
  suffix: string,
  change: (tensor: Tensor) => Tensor | undefined,
): TensorFile {
  const layer = network.layers[indexOf(kind)];
  const topology = "topology" in layer ? layer.topology.kind : "";
  const name = `${layer.name}.${suffix.replace("$", topology)}`;
  return changed(network, (tensors) => {
    const tensor = change(tensors.get(name)!);
    if (tensor === undefined) tensors.delete(name);
    else tensors.set(name, tensor);
  });
}

function filled({ shape, data }: Tensor, value: number): Tensor {
  return float32Tensor(new Float32Array(data.length).fill(value), shape);
}

/** A layer alone, taking `input`. */
function alone(kind: Layer["kind"], change: Readonly<Record<string, unknown>>): TensorFile {
  const layer = network.layers[indexOf(kind)];
  const one: AnyNetwork = { layers: [layer], provenance: { seed: 0, start: "none" } };
  return changed(one, (_, metadata) => {
    for (const [field, value] of Object.entries(change)) put(metadata, ["layers", 0, field], value);
  });
}

const broad = { channels: 2 ** 24, height: 1, width: 1 };

describe("a file of layers that are not sound", () => {
  const cases: [what: string, file: TensorFile, message: RegExp][] = [
    ["a kind of later", said("pad", ["kind"], "attention"), /"kind": there is no layer "attention" here/],
    ["a kind of objects' own", said("pad", ["kind"], "toString"), /"kind": there is no layer "toString"/],
    ["no kind", said("pad", ["kind"], undefined), /layers\[1\] "kind"/],
    ["another kind's field", said("flatten", ["side"], 2), /a field that is not known/],
    ["an image with a depth", said("flatten", ["input", "depth"], 2), /"input": a field that is not known/],
    ["an image of no pixels", said("flatten", ["input", "height"], 0), /"input.height"/],
    ["half a channel", said("maxMin", ["input", "channels"], 1.5), /"input.channels"/],
    ["an image of 2^17 rows", said("maxMin", ["input", "height"], 2 ** 17), /"input.height"/],
    [
      "an image of 2^48 numbers",
      said("maxMin", ["input"], { channels: 2 ** 16, height: 2 ** 16, width: 2 ** 16 }),
      /"input": images of more than 16777216 numbers/,
    ],
    [
      "an image whose size overflows",
      said("maxMin", ["input"], { channels: 2 ** 31 - 1, height: 2 ** 16, width: 2 ** 16 }),
      /"input": images of more than 16777216 numbers/,
    ],
    ["a kernel of 2^31 taps a side", said("convolution", ["kernelSize"], 2 ** 31), /"kernelSize"/],
    ["a kernel of no taps", said("convolution", ["kernelSize"], 0), /"kernelSize"/],
    [
      "another kernel than the weights'",
      said("convolution", ["kernelSize"], 7),
      /must be of shape \[n,7,7\]/,
    ],
    ["a stride of 0", said("convolution", ["stride"], 0), /"stride"/],
    ["a stride of 2^20", said("convolution", ["stride"], 2 ** 20), /"stride"/],
    ["another stride", said("convolution", ["stride"], 5), /before it gives/],
    ["half a dilation", said("convolution", ["dilation"], 0.5), /"dilation"/],
    ["a dilation beyond any image", said("convolution", ["dilation"], 2 ** 17), /"dilation"/],
    ["mirrors as padding", said("convolution", ["padding"], "reflect"), /"padding"/],
    [
      "other channels than the kernels'",
      said("convolution", ["input", "channels"], 9),
      /9 channels, its kernels/,
    ],
    ["a window larger than the image", said("averagePool", ["window", "height"], 100), /its window's height/],
    ["a window of nothing", said("averagePool", ["window", "width"], 0), /"window.width"/],
    [
      "a window with a depth",
      said("averagePool", ["window", "channels"], 1),
      /"window": a field that is not known/,
    ],
    ["squares that do not fit", said("spaceToDepth", ["side"], 5), /its side must divide/],
    ["less than there is, padded", said("pad", ["height"], 1), /its padded height/],
    [
      "more than fits, padded",
      alone("pad", { height: 2 ** 16, width: 2 ** 16 }),
      /over the limit of 16777216/,
    ],
    [
      "an odd channel without its pair",
      alone("maxMin", { input: { channels: 3, height: 1, width: 1 } }),
      /even, not 3/,
    ],
    ["an addition of what comes later", said("add", ["from"], "head"), /head, which is no earlier layer/],
    ["an addition of itself", said("add", ["from"], network.layers[indexOf("add")].name), /no earlier layer/],
    ["an addition of nothing", said("add", ["from"], ""), /"from"/],
    ["an epsilon of 0", said("batchNorm", ["epsilon"], 0), /"epsilon"/],
    ["a momentum above 1", said("batchNorm", ["momentum"], 1.5), /"momentum"/],
    [
      "statistics for other channels",
      alone("batchNorm", { input: broad }),
      /statistics" must be of shape \[n,16777216\]/,
    ],
    ["no statistics", held("batchNorm", "statistics", () => undefined), /statistics" is missing/],
    [
      "a negative variance",
      held("batchNorm", "statistics", (tensor) => filled(tensor, -1)),
      /variance of channel 0 is -1/,
    ],
    [
      "a mean that is no number",
      held("batchNorm", "statistics", (tensor) => filled(tensor, Number.NaN)),
      /statistic 0 is NaN/,
    ],
    [
      "scales for fewer channels",
      held("batchNorm", "weight", () => float32Tensor(new Float32Array(1))),
      /channels need \d+ weights, but it has 1/,
    ],
    [
      "kernels as a vector",
      held("convolution", "$.weight", ({ data }) => float32Tensor(data as Float32Array)),
      /\.weight" must be of shape \[n,\d,\d\], not \[\d+\]/,
    ],
    [
      "more kernels than pairs of channels",
      held("convolution", "$.weight", ({ shape: [kernels, side] }) =>
        float32Tensor(new Float32Array((kernels + 1) * side ** 2), [kernels + 1, side, side]),
      ),
      /kernels of \d+ taps, but it has \d+ weights/,
    ],
  ];
  it.each(cases)("is refused: %s", (_, file, message) => {
    const read = () => networkFromTensors(file, "x.safetensors");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^x\.safetensors: [^\n]{1,300}$/);
  });

  it("is refused: activations that no memory holds, in layers that are each sound", () => {
    const file = changed(network, (_, metadata) => {
      const layers = Array.from({ length: 65 }, (_, i) => ({
        name: `flat.${i}`,
        kind: "flatten",
        input: broad,
      }));
      metadata.set("network", JSON.stringify({ layers, provenance: { seed: 0, start: "none" } }));
    });
    expect(() => networkFromTensors(file)).toThrow(
      /layer "flat.64" brings the activations of one sample to 1090519040 numbers, over the limit of 1073741824/,
    );
  });

  it("is refused: more layers than its tensors could go with", () => {
    const file = changed(network, (_, metadata) => {
      const layers = Array.from({ length: 1000 }, (_, i) => ({
        name: `flat.${i}`,
        kind: "flatten",
        input: { channels: 1, height: 1, width: 1 },
      }));
      metadata.set("network", JSON.stringify({ layers, provenance: { seed: 0, start: "none" } }));
    });
    expect(() => networkFromTensors(file)).toThrow(/1000 layers are more than the file has tensors for/);
  });
});
