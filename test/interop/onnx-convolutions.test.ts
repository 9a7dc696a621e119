import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sizesOf } from "../../src/formats/onnx/write-network.ts";
import { cnn } from "../../src/network/cnn.ts";
import { cnnEco } from "../../src/network/cnn-eco.ts";
import { edgeCnn } from "../../src/network/edge-cnn.ts";
import { forward } from "../../src/network/evaluate.ts";
import { networkInput, networkOutput, sizeOf } from "../../src/network/layer-shape.ts";
import { lipConvNet } from "../../src/network/lip-conv-net.ts";
import type { AnyNetwork } from "../../src/network/network.ts";
import { resnet } from "../../src/network/resnet.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../random-convolution-network.ts";
import {
  hasOnnx,
  modelBytes,
  type Ort,
  peer,
  relativeError,
  runEngine,
  runOnnx,
  someInputs,
} from "./onnx-peers.ts";
import { python } from "./python.ts";

const ortNode = peer<Ort>("onnxruntime-node", "ONNX models of convolutions in onnxruntime-node");
const ortWeb = peer<Ort>("onnxruntime-web", "ONNX models of convolutions in onnxruntime-web");
const checker = hasOnnx("ONNX models of convolutions in onnx.checker");
const folder = mkdtempSync(join(tmpdir(), "isosparse-onnx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seeds = Array.from({ length: 50 }, (_, seed) => seed);
const networks: [name: string, network: AnyNetwork][] = [
  ...seeds.map((seed) => [`random network ${seed}`, randomConvolutionNetwork(seed)] as [string, AnyNetwork]),
  ...seeds.map((seed) => [`every kind ${seed}`, everyKindNetwork(seed)] as [string, AnyNetwork]),
];
const forms = ["fast", "dense"] as const;

const input = { channels: 3, height: 12, width: 16 };
const wide = { channels: 3, height: 32, width: 32 };
const init = { sparsity: 0.75 };
/** As they are built here: strides, space-to-depth, circular borders, MaxMin, shortcuts and batch normalization. */
const builders: Record<string, () => AnyNetwork> = {
  "cnn, tanh": () => cnn({ input, outputs: 5, depth: 3, width: 16, init }),
  "cnn, looks-linear": () => cnn({ input, outputs: 5, depth: 3, width: 16, activation: "relu", init }),
  "cnn, random, space-to-depth": () =>
    cnn({
      input,
      outputs: 5,
      depth: 3,
      width: 15,
      downsample: "spaceToDepth",
      init: { sparsity: 0.6, arrangement: "random" },
    }),
  "cnn, ramanujan": () =>
    cnn({
      input,
      outputs: 5,
      depth: 2,
      width: 16,
      init: { topology: "ramanujan", weights: "kaiming", degree: 4 },
    }),
  "cnn-eco": () => cnnEco({ input, outputs: 5, depth: 2, width: 16, init }),
  resnet: () => resnet({ input, outputs: 5, depth: 8, width: 8, init: { sparsity: 0.5 } }),
  "lip-conv-net": () => lipConvNet({ input: wide, outputs: 5, depth: 5, width: 4, init: { sparsity: 0.5 } }),
  "edge-cnn": () => edgeCnn({ input: wide, outputs: 5, init }),
};

describe("ONNX models of convolutions", () => {
  for (const [runtime, ort, provider] of [
    ["onnxruntime-node", ortNode, "cpu"],
    ["onnxruntime-web", ortWeb, "wasm"],
  ] as const) {
    it.skipIf(ort === undefined)(`give the reference outputs in ${runtime}, in both forms`, async () => {
      ort!.env.wasm.numThreads = 1;
      // The wasm runtime takes longer to open a model than to run it.
      const some = networks.filter((_, i) => provider === "cpu" || i % 4 === 0);
      for (const [name, network] of some) {
        const count = 3;
        const inputs = someInputs(network, count);
        const expected = Float32Array.from(forward(network, Float64Array.from(inputs), count));
        const sides = sizesOf(networkInput(network));
        for (const form of forms) {
          const model = modelBytes(network, { form });
          const { data, dims } = await runOnnx(ort!, model, inputs, count, provider, sides);
          expect(dims).toEqual([count, ...sizesOf(networkOutput(network))]);
          expect(relativeError(data, expected), `${name}, ${form}`).toBeLessThan(1e-5);
        }
      }
    });
  }

  it.skipIf(ortNode === undefined)(
    "give the engine's outputs of raw images, for all networks there are",
    async () => {
      for (const [name, build] of Object.entries(builders)) {
        const network = build();
        const shape = networkInput(network);
        const each = Float32Array.from({ length: sizeOf(shape) }, (_, i) => 1 + (i % 5) / 4);
        const scalings = [
          { mean: Float32Array.of(0.5), deviation: Float32Array.of(2) },
          { mean: each, deviation: each },
        ];
        const inputs = someInputs(network, 2);
        for (const [k, form] of forms.entries()) {
          const expected = await runEngine(network, inputs, 2, scalings[k]);
          const model = modelBytes(network, { form, scaling: scalings[k] });
          const { data } = await runOnnx(ortNode!, model, inputs, 2, "cpu", sizesOf(shape));
          expect(relativeError(data, expected), `${name}, ${form}`).toBeLessThan(1e-5);
        }
      }
    },
  );

  it.skipIf(!checker)("are what onnx.checker and its shape inference accept", () => {
    for (const [i, [, network]] of networks.entries()) {
      for (const form of forms) {
        writeFileSync(join(folder, `${i}-${form}.onnx`), modelBytes(network, { form }));
      }
    }
    const { stdout, stderr, status } = python(["-c", CHECK, folder]);
    expect(stderr).toBe("");
    expect([status, stdout.trim()]).toEqual([0, `${forms.length * networks.length}`]);
  });
});

const CHECK = `
import glob, sys
import onnx
models = 0
for path in glob.glob(sys.argv[1] + "/*.onnx"):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    models += 1
print(models)
`;
