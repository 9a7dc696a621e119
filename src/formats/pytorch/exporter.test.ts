import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { certify } from "../../certificate/index.ts";
import { cnn } from "../../network/cnn.ts";
import { forward } from "../../network/evaluate.ts";
import { mlp } from "../../network/mlp.ts";
import { loadCheckpoint } from "../network-file.ts";
import { pytorchExporter } from "./exporter.ts";

const folder = mkdtempSync(join(tmpdir(), "isosparse-pytorch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const network = mlp({ widths: [16, 32, 32, 4], init: { groups: 4 }, seed: 2 });

async function exported(options: { scaling?: { mean: Float32Array; deviation: Float32Array } } = {}) {
  const out = mkdtempSync(join(folder, "network-"));
  const certificate = certify(network);
  const request = { certificate, form: "fast" as const, out, source: "test", options: {}, ...options };
  const result = await pytorchExporter.export(network, request);
  return { out, result, file: await loadCheckpoint(join(out, "model.safetensors")) };
}

describe("pytorchExporter", () => {
  it("writes a network file that loads here too, beside the Python file as it is in the source", async () => {
    const { out, result, file } = await exported();
    expect(file.network).toEqual(network);
    const source = await readFile(new URL("model.py", import.meta.url));
    expect(await readFile(join(out, "model.py"))).toEqual(source);
    expect(result.files.map(({ path }) => path)).toEqual([
      join(out, "model.safetensors"),
      join(out, "model.py"),
    ]);
    expect(result.denseBytes).toBeGreaterThan(result.files[0].bytes + result.files[1].bytes);
  });

  it("keeps the input scaling and raw inputs with what comes out, for the self-test", async () => {
    const scaling = { mean: Float32Array.of(5), deviation: Float32Array.of(3) };
    const { tensors } = (await exported({ scaling })).file;
    expect(tensors.get("input.mean")!.data).toEqual(scaling.mean);
    expect(tensors.get("input.deviation")!.data).toEqual(scaling.deviation);
    const inputs = tensors.get("check.inputs")!.data as Float32Array;
    const outputs = tensors.get("check.outputs")!;
    expect(outputs.shape).toEqual([4, 4]);
    const standardised = Float64Array.from(inputs, (value) => (value - 5) / 3);
    expect(Array.from(standardised.subarray(0, 3), (value) => Number(value.toFixed(4)))).toEqual(
      [0, 1, 2].map((k) => Number(Math.cos(k).toFixed(4))),
    );
    expect(outputs.data).toEqual(Float32Array.from(forward(network, standardised, 4)));
    expect((await exported()).file.tensors.has("input.mean")).toBe(false);
  });

  it("says what images it takes, and what comes out of them", async () => {
    const input = { channels: 3, height: 6, width: 8 };
    const images = cnn({ input, outputs: 5, depth: 2, width: 12, init: { groups: 3 }, seed: 1 });
    const out = mkdtempSync(join(folder, "images-"));
    const certificate = certify(images, { workLimit: 1e5 });
    const request = { certificate, form: "fast" as const, out, source: "test", options: {} };
    const { notes, warnings, denseBytes, files } = await pytorchExporter.export(images, request);
    expect(notes.at(-1)).toBe("takes standardised inputs, images [batch, 3, 6, 8] (channels, height, width)");
    expect(warnings).toEqual([]);
    expect(denseBytes).toBeGreaterThan(files.reduce((sum, { bytes }) => sum + bytes, 0));
    const { tensors, network: read } = await loadCheckpoint(join(out, "model.safetensors"));
    expect(read).toEqual(images);
    const inputs = tensors.get("check.inputs")!;
    expect(inputs.shape).toEqual([4, 3, 6, 8]);
    const expected = forward(images, Float64Array.from(inputs.data as Float32Array), 4);
    expect(tensors.get("check.outputs")).toMatchObject({ shape: [4, 5], data: Float32Array.from(expected) });
  });
});
