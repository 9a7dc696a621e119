import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { certify } from "../../certificate/index.ts";
import { type CnnOptions, cnn } from "../../network/cnn.ts";
import { type MlpOptions, mlp } from "../../network/mlp.ts";
import type { AnyNetwork } from "../../network/network.ts";
import { openOnnx } from "../onnx/onnx-file.ts";
import { type ExportOptions, exportNetwork } from "./export-network.ts";

const folder = mkdtempSync(join(tmpdir(), "isosparse-export-onnx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function exported(options: MlpOptions, more: Partial<ExportOptions> = {}) {
  const network = mlp({ seed: 1, ...options });
  const path = join(folder, "model.onnx");
  const result = await exportNetwork(network, path, { to: "onnx", source: "net.safetensors", ...more });
  const file = await openOnnx(path);
  await file.close();
  return { network, result, path, model: file.model };
}

const sparse: MlpOptions = { widths: [40, 64, 64, 10], init: { sparsity: 0.75 } };

describe("exportNetwork to onnx", () => {
  it("says what it wrote, and what the dense form would take", async () => {
    const { result, path } = await exported(sparse);
    expect(result.files).toEqual([{ path, bytes: statSync(path).size }]);
    expect(result.warnings).toEqual([]);
    expect(result.notes).toEqual([
      'operator set 13, IR version 7; input "input" [batch, 40], output "output"',
      "takes standardised inputs: (x - mean) / deviation is left to whoever calls it",
      expect.stringMatching(/^1 Gather: /),
    ]);
    const dense = await exported(sparse, { form: "dense" });
    const [{ bytes }] = dense.result.files;
    expect(dense.result.denseBytes).toBe(bytes);
    expect(Math.abs(result.denseBytes / bytes - 1)).toBeLessThan(0.02);
  });

  it("carries the certificate", async () => {
    const { network, model } = await exported(sparse);
    const certificate = certify(network);
    expect(model.metadata.get("isosparse.certificate")).toBe(certificate.summary());
    expect(model.metadata.get("isosparse.connected")).toBe(`yes: ${certificate.verdict.connected.detail}`);
    expect(model.metadata.get("isosparse.form")).toBe("fast");
    expect(model.metadata.get("isosparse.input")).toBe("standardised: (x - mean) / deviation");
  });

  it("standardises raw inputs when it is told how", async () => {
    const scaling = { mean: Float32Array.of(33), deviation: Float32Array.of(79) };
    const { model, result } = await exported(sparse, { scaling });
    expect(model.nodes.slice(0, 2).map(({ opType }) => opType)).toEqual(["Sub", "Div"]);
    expect(result.notes[1]).toMatch(/^takes raw inputs/);
    expect(model.metadata.get("isosparse.input")).toBe("raw");
  });

  it("writes blocks with the samples first when it is told to", async () => {
    const shapesOf = async (options: Partial<ExportOptions>) => {
      const { model } = await exported({ widths: [40, 64, 10], init: { groups: 2 } }, options);
      return [...model.tensors.values()]
        .filter(({ name }) => name.endsWith("blocks"))
        .map(({ shape }) => shape);
    };
    const [wide, narrow] = [await shapesOf({}), await shapesOf({ options: { smallBatches: true } })];
    expect(narrow).toEqual(wide.map(([groups, rows, columns]) => [groups, columns, rows]));
    await expect(exported(sparse, { form: "dense", options: { smallBatches: true } })).rejects.toMatchObject({
      code: "contradiction",
    });
  });

  it("warns of edge layers, which lose their sparsity", async () => {
    const givens = (widths: number[]) => exported({ widths, init: { topology: "givens", degree: 4 } });
    const { result } = await givens([64, 64]);
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^layer "layers\.0" \(givens, 6\.25 % of it non-zero\) is written dense: .*--form dense$/,
      ),
    ]);
    const { result: several } = await givens([64, 64, 64, 64]);
    expect(several.warnings[0]).toMatch(
      /^3 layers \(givens; "layers\.0" is 6\.25 % non-zero\) are written dense/,
    );
  });

  it("refuses what no file can hold before it makes any of it", async () => {
    const network = mlp({ widths: [32768, 32768], init: { degree: 8 }, seed: 1 });
    const out = join(folder, "large.onnx");
    await expect(exportNetwork(network, out, { to: "onnx", form: "dense" })).rejects.toMatchObject({
      code: "too-large",
      message: expect.stringMatching(/the dense form takes about 429\d{7} bytes, .*use --form fast/),
    });
    expect(readdirSync(folder)).not.toContain("large.onnx");
  });

  it("counts edge layers whole when it asks what a file can hold", async () => {
    const network = mlp({ widths: [32768, 32768], init: { topology: "givens", degree: 2 }, seed: 1 });
    const out = join(folder, "edges.onnx");
    await expect(exportNetwork(network, out, { to: "onnx" })).rejects.toMatchObject({
      code: "too-large",
      message: expect.stringMatching(/the fast form takes about 429\d{7} bytes/),
    });
    expect(readdirSync(folder)).not.toContain("edges.onnx");
  });

  it("says how many layers are put in order by indices", async () => {
    const widths = [64, 64, 64, 64];
    const { result } = await exported({ widths, init: { sparsity: 0.75, arrangement: "random" } });
    expect(result.notes.at(-1)).toMatch(/^3 Gather: /);
    const { result: dealt } = await exported({ widths, init: { sparsity: 0.75 } });
    expect(dealt.notes.join()).not.toContain("Gather");
  });

  it("takes away what a killed export left", async () => {
    writeFileSync(join(folder, ".model.onnx.99999999.1.tmp"), "half");
    await exported(sparse);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("refuses a form that a format does not have", () => {
    const network = mlp({ ...sparse, seed: 1 });
    const out = join(folder, "nowhere");
    expect(() => exportNetwork(network, out, { to: "pytorch", form: "dense" })).toThrow(
      /pytorch has no dense form/,
    );
    expect(() => exportNetwork(network, out, { to: "onyx" })).toThrow(/did you mean onnx/);
  });
});

describe("exportNetwork to onnx, of images", () => {
  const image = { channels: 3, height: 8, width: 12 };
  const options: CnnOptions = { input: image, outputs: 5, depth: 3, width: 12, init: { groups: 3 }, seed: 1 };
  const exportedImages = async (network: AnyNetwork, more: Partial<ExportOptions> = {}) => {
    const path = join(folder, "images.onnx");
    const certificate = certify(network, { workLimit: 1e5 });
    const result = await exportNetwork(network, path, { to: "onnx", certificate, ...more });
    const file = await openOnnx(path);
    await file.close();
    return { result, model: file.model };
  };

  it("says what it takes, and how large it would be dense", async () => {
    const { result, model } = await exportedImages(cnn(options));
    expect(model.inputs[0].shape).toEqual(["batch", 3, 8, 12]);
    expect(model.outputs[0].shape).toEqual(["batch", 5]);
    expect(result.notes).toEqual([
      'operator set 13, IR version 7; input "input" [batch, 3, 8, 12] (channels, height, width), output "output"',
      "takes standardised inputs: (x - mean) / deviation is left to whoever calls it",
      expect.stringMatching(/^\d Gather: channels change places/),
    ]);
    expect(result.warnings).toEqual([]);
    const dense = await exportedImages(cnn(options), { form: "dense" });
    expect(dense.result.denseBytes).toBe(dense.result.files[0].bytes);
    expect(Math.abs(result.denseBytes / dense.result.denseBytes - 1)).toBeLessThan(0.1);
    expect(result.files[0].bytes).toBeLessThan(dense.result.files[0].bytes / 2);
  });

  it("standardises each pixel, or all alike", async () => {
    const each = new Float32Array(3 * 8 * 12).fill(2);
    const { model } = await exportedImages(cnn(options), { scaling: { mean: each, deviation: each } });
    expect(model.tensors.get("input.mean")!.shape).toEqual([3, 8, 12]);
    const one = Float32Array.of(2);
    const { model: alike } = await exportedImages(cnn(options), { scaling: { mean: one, deviation: one } });
    expect(alike.tensors.get("input.deviation")!.shape).toEqual([1]);
  });

  it("warns of irregular kernel masks", async () => {
    const init = { topology: "random", weights: "kaiming", degree: 4 } as const;
    const { result } = await exportedImages(cnn({ ...options, init }));
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^7 layers \(random; "stem\.0" is 33\.3 % non-zero\) are written dense: ONNX has no stock convolution or product with irregular sparse weights/,
      ),
    ]);
  });
});
