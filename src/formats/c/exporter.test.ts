import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certify } from "../../certificate/index.ts";
import { randomStream } from "../../math/random.ts";
import { sao } from "../../network/init-spec.ts";
import { mlp } from "../../network/mlp.ts";
import type { ExportRequest } from "../export/exporter.ts";
import { toC } from "./c-files.ts";
import { cExporter } from "./exporter.ts";

const network = mlp({ widths: [12, 16, 16, 3], init: sao({ degree: 4 }), seed: 3 });
const certificate = certify(network);
const random = randomStream(6);
const samples = { count: 40, inputs: Float64Array.from({ length: 480 }, () => random.normal()) };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isosparse-c-"));
});
afterAll(() => rm(folder, { recursive: true }));

const request = (more: Partial<ExportRequest>): ExportRequest => ({
  certificate,
  form: "fast",
  out: join(folder, "net.c"),
  source: "net.safetensors",
  options: {},
  ...more,
});
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: { code?: string }) => error.code ?? String(error),
  );

describe("the exporter c", () => {
  it("writes a source and a header named after the file, and says what they take", async () => {
    const { files, notes, warnings } = await cExporter.export(network, request({ samples }));
    expect(files.map(({ path }) => path)).toEqual([join(folder, "net.c"), join(folder, "net.h")]);
    for (const { path, bytes } of files) expect(await readFile(path)).toHaveLength(bytes);
    const source = await readFile(files[0].path, "utf8");
    const { costs } = toC(network, { prefix: "net" });
    expect(costs.multiplyAdds).toBe(128);
    expect(source).toContain(`${costs.flash} bytes of constants`);
    expect(source).toContain("RAM            128 bytes");
    expect(source).toContain("multiply-adds  128 a prediction, of 496 dense");
    expect(source).toContain("orthogonal yes");
    expect(source).toContain("net_predict(input, output);");
    expect(source).not.toContain("malloc");
    expect(notes.join()).toContain("128 multiply-adds");
    expect(warnings).toEqual([]);
  });

  it("counts what the dense form would take to the byte, but for line ends", async () => {
    const fast = await cExporter.export(network, request({ options: { prefix: "dense" } }));
    const dense = await cExporter.export(network, request({ form: "dense", options: { prefix: "dense" } }));
    const written = dense.files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(Math.abs(fast.denseBytes - written)).toBeLessThan(200);
    expect(dense.denseBytes).toBe(written);
  });

  it("fits int8 to the samples and tells how near it comes", async () => {
    const { notes, files } = await cExporter.export(
      network,
      request({ samples, options: { int8: true, selfTest: true, prefix: "small" } }),
    );
    expect(files.map(({ path }) => path)).toContain(join(folder, "net_test.c"));
    expect(notes.join("\n")).toMatch(
      /int8: outputs within [\d.]+ % of float32's .* of 40 calibration samples/,
    );
  });

  it("reads calibration samples from a table", async () => {
    const path = join(folder, "samples.csv");
    const rows = Array.from({ length: 40 }, (_, i) => samples.inputs.subarray(12 * i, 12 * i + 12).join(","));
    await writeFile(path, `${rows[0].replaceAll(/[^,]+/g, "x")}\n${rows.join("\n")}\n`);
    const out = join(folder, "table.c");
    await cExporter.export(network, request({ out, options: { int8: true, calibrate: path } }));
    const other = join(await mkdtemp(join(folder, "given-")), "table.c");
    await cExporter.export(network, request({ out: other, samples, options: { int8: true } }));
    expect(await readFile(out, "utf8")).toBe(await readFile(other, "utf8"));
    await writeFile(path, `${rows[0]}\n1,2,oops\n`);
    const broken = request({ options: { int8: true, calibrate: path } });
    await expect(cExporter.export(network, broken)).rejects.toThrow('line 2: "oops" is not a finite number');
    await writeFile(path, `${rows[0].replaceAll(/[^,]+/g, "nan")}\n`);
    await expect(cExporter.export(network, broken)).rejects.toThrow('line 1: "nan" is not a finite number');
    await writeFile(path, `${rows[0]}\n1,2\n`);
    await expect(cExporter.export(network, broken)).rejects.toThrow("line 2 has 2 numbers");
    await writeFile(path, "\n");
    await expect(cExporter.export(network, broken)).rejects.toThrow("no samples");
  });

  it("refuses what it cannot do before it writes anything", async () => {
    const out = join(folder, "never.c");
    expect(await code(cExporter.export(network, request({ out, options: { int8: true } })))).toBe(
      "missing-samples",
    );
    expect(await code(cExporter.export(network, request({ out, options: { prefix: "2x" } })))).toBe(
      "bad-prefix",
    );
    expect(await code(cExporter.export(network, request({ out, options: { prefix: "a b" } })))).toBe(
      "bad-prefix",
    );
    expect(await code(cExporter.export(network, request({ out, options: { calibrate: "x" } })))).toBe(
      "contradiction",
    );
    for (const name of ["never.h", ".c"]) {
      expect(await code(cExporter.export(network, request({ out: join(folder, name) })))).toBe("bad-out");
    }
    expect(await code(readFile(out))).toBe("ENOENT");
  });

  it("does not replace a header that is not its own", async () => {
    await writeFile(join(folder, "theirs.h"), "int precious;\n");
    const out = join(folder, "theirs.c");
    expect(await code(cExporter.export(network, request({ out })))).toBe("file-exists");
    expect(await readFile(join(folder, "theirs.h"), "utf8")).toBe("int precious;\n");
    expect(await code(readFile(out))).toBe("ENOENT");
    const ours = join(folder, "ours.c");
    expect(await code(cExporter.export(network, request({ out: ours })))).toBe("none");
    expect(await code(cExporter.export(network, request({ out: ours })))).toBe("none");
  });

  it("names header and test after the source, so that sources whose C names are alike do not share them", async () => {
    for (const [name, prefix] of [
      ["a-b", "a_b"],
      ["a_b", "a_b"],
      ["\u00e9", "e"],
      ["\u00e8", "e"],
    ]) {
      const out = join(folder, `${name}.c`);
      const { files } = await cExporter.export(network, request({ out, options: { selfTest: true } }));
      expect(files.map(({ path }) => path.slice(folder.length + 1))).toEqual(
        [".c", ".h", "_test.c"].map((end) => name + end),
      );
      for (const { path } of files) expect(await readFile(path, "utf8")).toContain(`${prefix}_predict(`);
      expect(await readFile(out, "utf8")).toContain(`#include "${name}.h"`);
    }
  });

  it("does not replace a test that is another source", async () => {
    const options = { selfTest: true } as const;
    expect(await code(cExporter.export(network, request({ out: join(folder, "own_test.c") })))).toBe("none");
    const out = join(folder, "own.c");
    expect(await code(cExporter.export(network, request({ out, options })))).toBe("file-exists");
    expect(await code(readFile(out))).toBe("ENOENT");
    expect(await code(cExporter.export(network, request({ out })))).toBe("none");
  });

  it("warns of int8 fitted to few samples", async () => {
    const few = { count: 5, inputs: samples.inputs.subarray(0, 60) };
    const options = { int8: true, prefix: "few" } as const;
    const { warnings } = await cExporter.export(network, request({ samples: few, options }));
    expect(warnings[0]).toMatch(/^int8 is fitted to 5 samples: .*give 32 or more$/);
    const { warnings: enough } = await cExporter.export(network, request({ samples, options }));
    expect(enough.join()).not.toContain("fitted to");
  });

  it("makes a C name of any file name", async () => {
    const out = join(folder, "10k-net v2.c");
    const { files } = await cExporter.export(network, request({ out }));
    expect(files[1].path).toBe(join(folder, "10k-net v2.h"));
    expect(await readFile(out, "utf8")).toContain("void net_10k_net_v2_predict(");
  });
});
