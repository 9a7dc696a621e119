import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certify } from "../../src/certificate/index.ts";
import { loadNetwork, readSafetensors } from "../../src/formats/index.ts";
import { pytorchExporter } from "../../src/formats/pytorch/exporter.ts";
import { writeDenseSafetensors } from "../../src/formats/safetensors-dense.ts";
import { forward } from "../../src/network/evaluate.ts";
import { type AnyNetwork, parametersOf } from "../../src/network/network.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../random-convolution-network.ts";
import { relativeError } from "./onnx-peers.ts";
import { hasPyTorch, python } from "./python.ts";

const present = hasPyTorch("PyTorch exports of convolutions");
const folder = mkdtempSync(join(tmpdir(), "isosparse-pytorch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seeds = Array.from({ length: 15 }, (_, seed) => seed);
const networks: AnyNetwork[] = [
  ...seeds.map((seed) => everyKindNetwork(seed)),
  ...seeds.map((seed) => randomConvolutionNetwork(seed)),
];
const forms = ["masked", "fast"] as const;

interface Ran {
  readonly outputs: number[];
  readonly training: number[];
  readonly after: number[];
  readonly zero: boolean;
}

interface Answer {
  readonly images: (Record<(typeof forms)[number], Ran> & { dense: number[] })[];
  readonly hostile: { refused: number; unexpected: string[] };
  readonly scripts: { returned: number | null; printed: string }[];
}

const place = (i: number) => join(folder, `${i}`);
const driver = fileURLToPath(new URL("pytorch-tasks.py", import.meta.url));

describe.skipIf(!present)("PyTorch export of networks of all kinds of layers", () => {
  let answer: Answer;
  /** Of the folder's self-test, [count, inputs], and what comes out, here. */
  const checks: { inputs: Float64Array; outputs: Float32Array }[] = [];

  beforeAll(async () => {
    for (const [i, network] of networks.entries()) {
      const certificate = certify(network, { workLimit: 1e6 });
      const request = { certificate, form: "fast", out: place(i), source: "test", options: {} } as const;
      await pytorchExporter.export(network, request);
      await writeDenseSafetensors(network, join(place(i), "dense.safetensors"));
      const { tensors } = await readSafetensors(join(place(i), "model.safetensors"));
      checks.push({
        inputs: Float64Array.from(tensors.get("check.inputs")!.data as Float32Array),
        outputs: tensors.get("check.outputs")!.data as Float32Array,
      });
    }
    const request = {
      images: networks.map((_, i) => ({
        folder: place(i),
        dense: join(place(i), "dense.safetensors"),
        save: join(place(i), "saved-"),
      })),
      hostile: { folder: place(0), count: 200 },
      scripts: [[join(place(1), "model.py"), "--check"]],
    };
    const { status, stdout, stderr } = python([driver], JSON.stringify(request));
    expect(stderr).toBe("");
    expect(status).toBe(0);
    answer = JSON.parse(stdout);
  }, 60_000);

  const error = (values: readonly number[], expected: ArrayLike<number>) =>
    relativeError(Float32Array.from(values), Float32Array.from(expected));

  it.each(forms)("computes what the network does, %s, by running statistics and by the batch's", (form) => {
    for (const [i, network] of networks.entries()) {
      const { inputs, outputs } = checks[i];
      const ran = answer.images[i][form];
      expect(error(ran.outputs, outputs), `network ${i}`).toBeLessThan(1e-5);
      const training = forward(network, inputs, 4, undefined, { training: true });
      expect(error(ran.training, training), `network ${i}`).toBeLessThan(1e-4);
    }
  });

  it("trains both forms alike, keeps masks, and saves what is read here", async () => {
    for (const [i, network] of networks.entries()) {
      const [masked, fast] = await Promise.all(
        forms.map((form) => loadNetwork(join(place(i), `saved-${form}`))),
      );
      expect(forms.map((form) => answer.images[i][form].zero)).toEqual([true, true]);
      for (const [k, layer] of network.layers.entries()) {
        const [before, a, b] = [layer, masked.layers[k], fast.layers[k]].map(parametersOf);
        expect({ ...fast.layers[k], ...before }).toEqual({ ...layer, ...before });
        for (const part of ["weights", "bias", "statistics"] as const) {
          if (before[part] === undefined || before[part].length === 0) continue;
          expect(relativeError(b[part]!, a[part]!), `network ${i}, ${layer.name}, ${part}`).toBeLessThan(
            1e-4,
          );
        }
      }
      expect(error(answer.images[i].fast.after, forward(fast, checks[i].inputs, 4))).toBeLessThan(1e-5);
    }
    const changed = await loadNetwork(join(place(0), "saved-fast"));
    const weights = (network: AnyNetwork) => network.layers.map((layer) => parametersOf(layer).weights);
    expect(weights(changed)).not.toEqual(weights(networks[0]));
  });

  it("loads the dense safetensors as a state dict", () => {
    for (const [i, { outputs }] of checks.entries()) {
      expect(error(answer.images[i].dense, outputs), `network ${i}`).toBeLessThan(1e-5);
    }
  });

  it("refuses damaged files with ValueError alone", () => {
    expect(answer.hostile.unexpected).toEqual([]);
    expect(answer.hostile.refused).toBeGreaterThan(150);
  });

  it("tests itself", () => {
    const [{ returned, printed }] = answer.scripts;
    expect(printed).toMatch(/layers, images \d+ x 5 x 3 to \d outputs?; takes standardised inputs/);
    expect([returned, printed]).toEqual([0, expect.not.stringContaining("FAIL")]);
  });
});
