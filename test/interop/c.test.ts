/**
 * @file C exports through gcc: warnings are errors, memory and arithmetic are checked while they run, and answers are
 * those of the engine.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { inputWidth } from "../../src/data/dataset.ts";
import * as datasets from "../../src/data/datasets.ts";
import { createTrainer, sgd } from "../../src/engine/index.ts";
import { train } from "../../src/experiment/train.ts";
import { toC } from "../../src/formats/c/c-files.ts";
import { quantise } from "../../src/formats/c/quantise.ts";
import { simulate } from "../../src/formats/c/simulate.ts";
import { randomStream } from "../../src/math/random.ts";
import { dense, type InitSpec, sao } from "../../src/network/init-spec.ts";
import { networkInput, sizeOf } from "../../src/network/layer-shape.ts";
import { mlp } from "../../src/network/mlp.ts";
import type { AnyNetwork, Network } from "../../src/network/network.ts";
import { randomNetwork } from "../random-network.ts";
import { CFolder, type CNetwork, compileNetworks, hasGcc, predict, STRICT } from "./c-program.ts";

if (!hasGcc) console.log("C exports are not compiled: gcc is not installed");
const MNIST = fileURLToPath(new URL("../../../shared/data/mnist", import.meta.url));

const folders: CFolder[] = [];
const newFolder = () => {
  const folder = new CFolder();
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) folder.remove();
});

const normals = (count: number, seed: number) => {
  const random = randomStream(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** What the engine answers to standardised inputs. */
async function engine(network: AnyNetwork, inputs: Float32Array): Promise<Float32Array> {
  const count = inputs.length / sizeOf(networkInput(network));
  const trainer = await createTrainer(network, {
    loss: { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: count,
  });
  const outputs = trainer.predict({ count, inputs, mean: Float32Array.of(0), deviation: Float32Array.of(1) });
  trainer.dispose();
  return outputs;
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]) / largest).toBeLessThanOrEqual(1e-5);
  }
}

const deep = (init: InitSpec, depth: number, activation: "tanh" | "relu" = "tanh") =>
  mlp({ widths: [30, ...Array(depth - 1).fill(24), 7], init, activation, seed: depth });

/** Every topology, arrangement and activation, and random networks of odd shapes. */
const networks: Network[] = [
  deep(sao({ degree: 4 }), 6),
  deep(sao({ degree: 8, arrangement: "random" }), 6, "relu"),
  deep(sao({ sparsity: 0.7 }), 6),
  deep(sao({ groups: 3, arrangement: "fixed" }), 3),
  deep(dense(), 4),
  deep({ topology: "givens", degree: 8 }, 5),
  deep({ topology: "random", sparsity: 0.8, weights: "gaussian" }, 5, "relu"),
  mlp({ widths: [300, 40, 700, 3], init: sao({ sparsity: 0.75, arrangement: "random" }), seed: 1 }),
  mlp({ widths: [400, 300, 3], init: { topology: "fixed-fan-in", degree: 9, weights: "gaussian" }, seed: 1 }),
  mlp({ widths: [5, 1], init: dense(), seed: 1 }),
  ...Array.from({ length: 8 }, (_, i) => randomNetwork(100 + i)),
];

describe.skipIf(!hasGcc)("C99 in float32", () => {
  const folder = newFolder();
  const compiled: CNetwork[] = networks.map((network, i) => {
    const prefix = `net${i}`;
    return { prefix, network, files: toC(network, { prefix }) };
  });

  it("compiles without a warning, many networks into one program, and answers as the engine does", async () => {
    compileNetworks(folder, compiled, STRICT);
    for (const [i, network] of networks.entries()) {
      const inputs = normals(network.layers[0].topology.columns * 9, i);
      expectClose(predict(folder, i, network, inputs), await engine(network, inputs));
    }
  });

  it("needs nothing of the C library but what compilers themselves put in", () => {
    for (const level of ["-Os", "-O3"]) {
      folder.run("gcc", ["-std=c99", level, "-c", "net0.c", "net5.c"]);
      const undefinedSymbols = folder.run("nm", ["-u", "net0.o", "net5.o"]).toString();
      expect(undefinedSymbols.match(/ U (?!mem(cpy|set)$).*/gm)).toBeNull();
    }
  });

  it("takes the flash, RAM and stack that its comment says", () => {
    const network = mlp({
      widths: [100, 200, 200, 10],
      init: sao({ degree: 4, arrangement: "random" }),
      seed: 1,
    });
    for (const int8 of [undefined, { inputs: Float64Array.from(normals(800, 1)), count: 8 }]) {
      const { costs, source, header } = toC(network, { prefix: "sized", int8 });
      folder.write("sized.c", source);
      folder.write("sized.h", header);
      const { section, stack } = folder.sizes("sized", ["-std=c99", "-Os"]);
      expect(section("rodata")).toBeGreaterThanOrEqual(costs.flash);
      expect(section("rodata")).toBeLessThan(costs.flash + 200);
      expect(section("text")).toBeLessThan(3 * 1024);
      expect(section("data")).toBe(0);
      expect(section("bss")).toBeGreaterThanOrEqual(costs.ram);
      expect(section("bss")).toBeLessThan(costs.ram + 100);
      expect(stack).toBeLessThan(300);
    }
  });

  it("standardises raw inputs, by one scale or by one an input", async () => {
    const network = networks[0];
    const one = { mean: Float32Array.of(33.25), deviation: Float32Array.of(78.5) };
    const many = { mean: normals(30, 5), deviation: normals(30, 6).map((x) => Math.abs(x) + 0.1) };
    const raw = normals(30 * 9, 7).map((x) => 50 * x);
    const own = newFolder();
    const files = [one, many].map((scaling, i) => toC(network, { prefix: `raw${i}`, scaling }));
    compileNetworks(
      own,
      files.map((file, i) => ({ prefix: `raw${i}`, network, files: file })),
      STRICT,
    );
    for (const [i, { mean, deviation }] of [one, many].entries()) {
      const at = (values: Float32Array, k: number) => values[values.length === 1 ? 0 : k % 30];
      const inputs = raw.map((x, k) => (x - at(mean, k)) / at(deviation, k));
      expectClose(predict(own, i, network, raw), await engine(network, inputs));
    }
  });

  it("gives the same answers in its dense form", () => {
    const own = newFolder();
    const forms = (["fast", "dense"] as const).map((form) => ({
      prefix: form,
      network: networks[1],
      files: toC(networks[1], { prefix: form, form }),
    }));
    compileNetworks(own, forms, STRICT);
    const inputs = normals(30 * 9, 2);
    expectClose(predict(own, 1, networks[1], inputs), predict(own, 0, networks[1], inputs));
    const [fast, full] = forms.map(({ files }) => files.costs);
    expect(full.multiplyAdds).toBe(30 * 24 + 4 * 24 * 24 + 24 * 7);
    expect(fast.multiplyAdds).toBeLessThan(full.multiplyAdds);
  });

  it("compiles a thousand layers in a loop over a table", async () => {
    const network = mlp({ widths: [20, ...Array(999).fill(16), 4], init: sao({ degree: 4 }), seed: 1 });
    const files = toC(network, { prefix: "deep" });
    const own = newFolder();
    compileNetworks(own, [{ prefix: "deep", network, files }], STRICT);
    expect(own.run("gcc", ["-std=c99", "-Os", "-c", "deep.c"]).length).toBe(0);
    const code = /^\.text\s+(\d+)/m.exec(own.run("size", ["-A", "deep.o"]).toString());
    expect(Number(code?.[1])).toBeLessThan(2048);
    const inputs = normals(60, 3);
    expectClose(predict(own, 0, network, inputs), await engine(network, inputs));
  });

  it("has a header that C++ takes", () => {
    folder.write(
      "user.cpp",
      '#include "net0.h"\nint main() { float x[NET0_INPUTS] = {}, y[NET0_OUTPUTS]; net0_predict(x, y); return 0; }\n',
    );
    folder.run("gcc", ["-c", "-std=c99", "net0.c"]);
    if (folder.try("g++", ["--version"]).status !== 0)
      return console.log("no g++: the header is not tried from C++");
    folder.run("g++", ["-Wall", "-Wextra", "-Werror", "user.cpp", "net0.o", "-o", "user"]);
    folder.run("./user", []);
  });
});

describe.skipIf(!hasGcc)("C99 in int8", () => {
  it("computes what the simulation does, to the bit", () => {
    const folder = newFolder();
    const samples = networks.map((network, i) => {
      const width = network.layers[0].topology.columns;
      return { inputs: Float64Array.from(normals(width * 16, 50 + i)), count: 16 };
    });
    const compiled = networks.map((network, i) => {
      const prefix = `q${i}`;
      return { prefix, network, files: toC(network, { prefix, int8: samples[i] }) };
    });
    compileNetworks(folder, compiled, STRICT);
    for (const [i, network] of networks.entries()) {
      // Ten times as large as what the scales were fitted to, and no numbers at all: nothing may overflow.
      const inputs = Float32Array.from(samples[i].inputs, (x, k) => (k % 2 === 0 ? x : 10 * x));
      const expected = simulate(network, quantise(network, samples[i]), inputs);
      expect(predict(folder, i, network, inputs)).toEqual(expected);
      predict(
        folder,
        i,
        network,
        inputs.map((_, k) => [Number.NaN, Infinity, -Infinity, 1e30][k % 4]),
      );
    }
  });

  it("tests itself where it runs, and notices when it is broken", () => {
    const folder = newFolder();
    const network = networks[2];
    const selfTest = { inputs: Float64Array.from(normals(30 * 8, 4)), count: 8 };
    const scaling = { mean: Float32Array.of(3), deviation: Float32Array.of(20) };
    for (const int8 of [undefined, selfTest]) {
      const files = toC(network, { prefix: "net", int8, scaling, selfTest });
      folder.add("net", files);
      folder.run("gcc", [...STRICT, "net.c", "net_test.c", "-o", "test"]);
      expect(folder.run("./test", []).toString()).toMatch(
        /^net: 8 samples, largest difference [\d.e-]+ of the largest output\n$/,
      );
      folder.write(
        "net.c",
        files.source.replace("+= w[r]", "-= w[r]").replace("+= (int32_t)w", "-= (int32_t)w"),
      );
      folder.run("gcc", ["-std=c99", "net.c", "net_test.c", "-o", "test"]);
      expect(folder.try("./test", []).status).toBe(1);
    }
  });
});

const hasMnist = existsSync(MNIST);
if (!hasMnist) console.log("int8 is not tried on MNIST: no ../shared/data/mnist beside the project");

describe.skipIf(!hasGcc || !hasMnist)("a network trained on MNIST", () => {
  it("keeps its accuracy in C: float32 to a sample, int8 within one point", async () => {
    const dataset = await datasets.mnist(MNIST);
    const few = { ...dataset, train: { ...dataset.train, count: 12_000 } };
    const start = mlp({ widths: [784, ...Array(7).fill(128), 10], init: sao({ sparsity: 0.875 }), seed: 1 });
    const { network } = await train(start, few, { epochs: 2, threads: 1 });
    const { mean, deviation, test } = dataset;
    const calibrating = dataset.train.inputs.subarray(0, 256 * inputWidth(dataset));
    const int8 = {
      inputs: Float64Array.from(calibrating, (x) => (x - mean[0]) / deviation[0]),
      count: 256,
    };
    const folder = newFolder();
    const scaling = { mean, deviation };
    const compiled = [
      { prefix: "whole", network, files: toC(network, { prefix: "whole", scaling, int8 }) },
      { prefix: "real", network, files: toC(network, { prefix: "real", scaling }) },
    ];
    compileNetworks(folder, compiled, ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"]);
    const inputs = Float32Array.from(test.inputs);
    const standardised = inputs.map((x) => (x - mean[0]) / deviation[0]);
    const share = (outputs: Float32Array) => accuracy(outputs, test.labels!);
    const exact = share(await engine(network, standardised));
    const real = share(predict(folder, 1, network, inputs));
    const whole = share(predict(folder, 0, network, inputs));
    console.log(`MNIST, 8 layers: engine ${exact}, C float32 ${real}, C int8 ${whole}`);
    expect(exact).toBeGreaterThan(0.85);
    expect(Math.abs(real - exact)).toBeLessThanOrEqual(1e-4);
    expect(exact - whole).toBeLessThan(0.01);
  });
});

function accuracy(outputs: Float32Array, labels: Int32Array): number {
  const classes = outputs.length / labels.length;
  let right = 0;
  for (let s = 0; s < labels.length; s++) {
    const row = outputs.subarray(s * classes, (s + 1) * classes);
    if (row.indexOf(Math.max(...row)) === labels[s]) right++;
  }
  return right / labels.length;
}
