import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../src/cli/failure.ts";
import { createProgram } from "../src/cli/program.ts";
import { saveNetwork } from "../src/formats/index.ts";
import { readSafetensors } from "../src/formats/safetensors-file.ts";
import { randomStream } from "../src/math/random.ts";
import { mlp } from "../src/network/mlp.ts";
import { external, node, model as onnx, tensor, value } from "./onnx-message.ts";
import { jsonLines, sao } from "./run-cli.ts";
import { gaussian, writeStateDict } from "./state-dict.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isosparse-cli-like-"));
  const random = randomStream(1);
  await writeStateDict(join(folder, "model.safetensors"), {
    "conv.weight": gaussian([16, 3, 3, 3], random),
    "conv.bias": gaussian([16], random),
    "body.0.weight": gaussian([64, 64], random, { dtype: "F16" }),
    "body.2.weight": gaussian([64, 64], random),
    "head.weight": gaussian([10, 64], random),
  });
  await writeStateDict(join(folder, "norms.safetensors"), { "norm.weight": gaussian([16], random) });
  await writeFile(join(folder, "list.yaml"), "a.weight: [64, 32]\nb.weight: [32, 64]\n");
  await writeFile(join(folder, "there.safetensors"), "");
  await writeFile(join(folder, "cut.safetensors"), new Uint8Array(7));
  await symlink("model.safetensors", join(folder, "link.safetensors"));
  await symlink("there.safetensors", join(folder, "there-link.safetensors"));
  const network = mlp({ widths: [8, 8, 4], init: { sparsity: 0.5 }, seed: 1 });
  await saveNetwork(network, join(folder, "own.safetensors"));
  await mkdir(join(folder, "there"));
  await writeFile(join(folder, "there", "w.bin"), "something else");
  await writeFile(
    join(folder, "w.bin"),
    new Uint8Array(Float32Array.from({ length: 256 }, () => random.normal()).buffer),
  );
  await writeFile(
    join(folder, "external.onnx"),
    onnx(
      tensor("w", 1, [16, 16], external("w.bin")),
      node("MatMul", ["x", "w"], ["y"]),
      value(11, "x", [1, 16]),
      value(12, "y", [1, 16]),
    ),
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function run(command: string) {
  try {
    const args = command.split(" ").map((word) => word.replace("@", folder));
    await createProgram().parseAsync(["node", "sao", ...args]);
    return { exitCode: 0, message: "" };
  } catch (error) {
    return failureOf(error);
  }
}

const like = "init --like @/model.safetensors";
/** [arguments, what the message says]; `@` stands for the test's folder. */
const mistakes: [command: string, message: string | RegExp][] = [
  [`${like} --sparsity 0.5`, "required option '--out <FILE>' not specified"],
  [`${like} --out @/x.onnx`, "must end in .safetensors"],
  [`${like} --out @/there.safetensors`, "exists already; choose another name, or add --force"],
  [`${like} --out @/nowhere/x.safetensors`, "its folder does not exist"],
  [`${like} --out @/x.safetensors --masks @/x.safetensors`, "--out and --masks name the same file"],
  [
    `${like} --out @/x.safetensors --certificate @/model.safetensors`,
    "--like and --certificate name the same file",
  ],
  [
    `${like} --out @/x.safetensors --sparsity 1`,
    "--sparsity must be a number from 0 up to, not including, 1",
  ],
  [`${like} --out @/x.safetensors --sparsity 0.5 --flops 1e6`, "--sparsity and --flops exclude each other"],
  [`${like} --out @/x.safetensors --parameters many`, "--parameters must be a number from 1"],
  [`${like} --out @/x.safetensors --parameters 10`, /has \d+ parameters already|need at least/],
  [`${like} --out @/x.safetensors --flops 1e6`, "add --input-size 16x16"],
  [`${like} --out @/x.safetensors --flops 1e6 --input-size big`, "--input-size must be HEIGHTxWIDTH"],
  [`${like} --out @/x.safetensors --output-size conv`, "--output-size must be PATTERN=HEIGHTxWIDTH"],
  [`${like} --out @/x.safetensors --layer body.*`, "--layer must be PATTERN=SPARSITY"],
  [`${like} --out @/x.safetensors --layer body.*=1.5`, "--layer must be PATTERN=SPARSITY"],
  [
    `${like} --out @/x.safetensors --layer boby.0=0.5`,
    '--layer: no layer is called "boby.0"; did you mean "body.0"?',
  ],
  [`${like} --out @/x.safetensors --keep frist`, '--keep: no layer is called "frist"'],
  [
    `${like} --out @/x.safetensors --distribution even`,
    "--distribution must be one of uniform, erdos-renyi, erk",
  ],
  [`${like} --out @/x.safetensors --conv-groups conv=5`, "16 output channels, which 5 groups do not divide"],
  [`${like} --out @/x.safetensors --conv-groups covn=4`, "--conv-groups: no layer is called"],
  ["inspect @/model.safetensors --conv-groups conv", "--conv-groups must be PATTERN=GROUPS"],
  [`${like} --out @/x.safetensors --activation swish`, "--activation must be one of tanh, linear"],
  [`${like} --out @/x.safetensors --depth 3`, "--depth does not go with --like"],
  [`${like} --out @/x.safetensors --dataset digits`, "--dataset does not go with --like"],
  [`${like} --out @/x.safetensors --start critical`, "--start is looks-linear or none with --like"],
  [`${like} --out @/x.safetensors --start looks-linear --activation tanh`, "goes with relu and leaky-relu"],
  [`${like} --out @/x.safetensors --masks @/m.safetensors --no-masks`, "--masks and --no-masks exclude each"],
  [`${like} --out @/x.safetensors --no-masks --masks @/m.safetensors`, "--masks and --no-masks exclude each"],
  [`${like} --out @/x.safetensors --input-size 8x8`, "go with --flops, which is not given"],
  [`${like} --out @/x.safetensors --flops 1e6 --output-size body.0=8x8`, "--output-size: no layer is called"],
  [
    `${like} --out @/x.safetensors --layer body.0=0.5 --distribution erk`,
    "--distribution goes with a figure",
  ],
  [`${like} --out @/x.safetensors --keep body.0 --layer body.0=0.5`, '"body.0" is not made anew'],
  [`${like} --out @/x.safetensors --layer *=0.1 --parameters 100`, /has \d+ parameters already/],
  [
    `${like} --out @/x.safetensors --force --masks @/link.safetensors`,
    "--like and --masks name the same file",
  ],
  [
    `${like} --out @/x.safetensors --force --certificate @/link.safetensors`,
    "--like and --certificate name the same file",
  ],
  [
    `${like} --out @/there.safetensors --force --certificate @/there-link.safetensors --no-masks`,
    "--out and --certificate name the same file",
  ],
  [
    "init --like @/own.safetensors --out @/x.safetensors",
    "sao export @/own.safetensors --to safetensors --form dense",
  ],
  [
    "inspect @/model.safetensors --test-fraction 0.5",
    "--test-fraction goes with a run or a network of isosparse",
  ],
  ["init --like @/external.onnx --out @/there/x.onnx", "external data @/there/w.bin exists already"],
  ["init --like @/external.onnx --out @/x.onnx --force", "name the same file"],
  ["init --like @/external.onnx --out @/there/x.onnx --masks @/there/w.bin --force", "name the same file"],
  ["init --like @/norms.safetensors --out @/x.safetensors", "no linear or convolution layer"],
  ["init --like @/cut.safetensors --out @/x.safetensors", "7 bytes are too few for a safetensors file"],
  ["init --like @/model.pt --out @/x.safetensors", "a pickle, which runs the code in it"],
  ["init --like @/nowhere.safetensors --out @/x.safetensors", "there is no such file"],
  ["init --layers 4,4 --out @/x.safetensors --keep first", "--keep goes with --like MODEL"],
  ["init --layers 4,4 --out @/x.safetensors --no-masks", "--no-masks goes with --like MODEL"],
  ["inspect @/model.safetensors --best", "--best goes with a run or a network of isosparse"],
  ["inspect @/model.safetensors --dataset digits", "--dataset goes with a run or a network of isosparse"],
  ["inspect @/model.safetensors --work-limit no", "--work-limit must be a number from 1"],
  ["inspect @/list.yaml", "a list of layers, which has no numbers to inspect"],
  ["inspect @/cut.safetensors", "7 bytes are too few"],
  ["inspect @/model.pth", "there is no such file"],
];

describe("a mistake", () => {
  it.each(mistakes)("sao %s", async (command, message) => {
    const found = await run(command);
    expect(found.message).toMatch(typeof message === "string" ? message.replaceAll("@", folder) : message);
    expect(found.exitCode).toBe(2);
    expect(found.message).not.toContain("\n");
    expect((await readdir(folder)).filter((name) => /^x\.|tmp/.test(name))).toEqual([]);
  });
});

describe("sao init --like", () => {
  it("writes the model, its masks and a certificate, and says what it did", async () => {
    const args = [
      "--like",
      "model.safetensors",
      "--sparsity",
      "0.75",
      "--keep",
      "head",
      "--out",
      "out.safetensors",
    ];
    const made = await sao(
      folder,
      "init",
      ...args,
      "--certificate",
      "out.json",
      "--json",
      "--activation",
      "gelu",
    );
    expect(made).toMatchObject({ code: 0 });
    const [line] = jsonLines(made.stdout);
    expect(line).toMatchObject({ event: "end", masks: "out.masks.safetensors", certificate: "out.json" });
    expect(made.stderr).toContain("note: conv has sparsity 0.6667 where");
    const masks = await readSafetensors(join(folder, "out.masks.safetensors"));
    expect([...masks.tensors.keys()].sort()).toEqual(["body.0.weight", "body.2.weight", "conv.weight"]);
    const certificate = JSON.parse(await readFile(join(folder, "out.json"), "utf8"));
    expect(certificate.asked).toMatchObject({ sparsity: 0.75, keep: ["head"], activation: "gelu", seed: 0 });
    expect(certificate.made.map(({ name }: { name: string }) => name)).toEqual(["conv", "body.0", "body.2"]);
    expect(certificate.inspection.layers[2].figures.gain).toBeCloseTo(Math.SQRT2, 5);

    const inspected = await sao(folder, "inspect", "out.safetensors");
    expect(inspected).toMatchObject({ code: 0, stderr: "" });
    expect(inspected.stdout).toMatch(/^out\.safetensors: safetensors, 4 layers/);
    const again = await sao(folder, "init", ...args, "--force", "--no-masks");
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(/layers +3 made anew with sparsity 0\.7\d+, 1 kept/);
    expect(again.stdout).toContain("for relu, assumed: --activation or --gain");
  });

  it("makes a model from a list of layers, and only the layers named where nothing else is asked", async () => {
    const made = await sao(
      folder,
      "init",
      "--like",
      "list.yaml",
      "--layer",
      "a=0.5",
      "--out",
      "list.safetensors",
      "--json",
    );
    expect(jsonLines(made.stdout)[0]).toMatchObject({
      sparsity: 0.5,
      layers: [{ name: "a", weights: 1024 }],
    });
    expect([...(await readSafetensors(join(folder, "list.safetensors"))).tensors.keys()]).toEqual([
      "a.weight",
    ]);
  });

  it("names the external data that it writes, and replaces none but by --force", async () => {
    const args = ["--like", "external.onnx", "--out", "there/new.onnx", "--layer", "w=0.5"];
    const refused = await sao(folder, "init", ...args);
    expect(refused).toMatchObject({ code: 2 });
    expect(await readFile(join(folder, "there", "w.bin"), "utf8")).toBe("something else");
    const made = await sao(folder, "init", ...args, "--force");
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toMatch(/^model +there\/new\.onnx\n +there\/w\.bin\n/);
    expect(await readFile(join(folder, "there", "w.bin"))).toHaveLength(1024);
  });

  it("replaces the model itself when told to, through a link too", async () => {
    const made = await sao(
      folder,
      "init",
      "--like",
      "link.safetensors",
      "--out",
      "link.safetensors",
      "--force",
      "--no-masks",
    );
    expect(made).toMatchObject({ code: 0 });
    const inspected = await sao(folder, "inspect", "model.safetensors", "--json");
    expect(jsonLines(inspected.stdout)[0]).toMatchObject({ verdict: [], layers: expect.any(Array) });
  });
});
