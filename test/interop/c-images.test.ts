/**
 * @file C exports of networks with images through gcc: warnings are errors, memory and arithmetic are checked while they
 * run, and answers are those of the reference forward pass.
 */

import { afterAll, describe, expect, it } from "vitest";
import { toC } from "../../src/formats/c/c-files.ts";
import { programOf } from "../../src/formats/c/program.ts";
import { quantiseProgram } from "../../src/formats/c/quantise-program.ts";
import { simulateProgram } from "../../src/formats/c/simulate-program.ts";
import { randomStream } from "../../src/math/random.ts";
import { cnn } from "../../src/network/cnn.ts";
import { forward } from "../../src/network/evaluate.ts";
import { foldBatchNorm } from "../../src/network/fold-batch-norm.ts";
import type { KernelInitSpec } from "../../src/network/kernel-init-spec.ts";
import { networkInput, sizeOf } from "../../src/network/layer-shape.ts";
import { type AnyNetwork, isMlp } from "../../src/network/network.ts";
import { everyKindNetwork, randomConvolutionNetwork } from "../random-convolution-network.ts";
import { CFolder, type CNetwork, compileNetworks, hasGcc, predict, STRICT } from "./c-program.ts";

if (!hasGcc) console.log("C exports of images are not compiled: gcc is not installed");

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

/** Small functions are copied many times over otherwise, which takes seconds with all those checks in them. */
const FLAGS = [...STRICT, "-fno-inline"];

const widthOf = (network: AnyNetwork) => sizeOf(networkInput(network));

function expectClose(actual: Float32Array, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]) / largest).toBeLessThanOrEqual(1e-5);
  }
}

const networks: AnyNetwork[] = [
  ...Array.from({ length: 3 }, (_, i) => everyKindNetwork(i)),
  ...Array.from({ length: 6 }, (_, i) => randomConvolutionNetwork(i)),
].map((network, i) => (i % 3 === 2 ? { ...network, layers: network.layers.slice(0, -2) } : network));

describe.skipIf(!hasGcc)("C99 of images", () => {
  it("compiles without a warning, and answers as the reference does", () => {
    const folder = newFolder();
    const compiled: CNetwork[] = networks.map((network, i) => {
      const prefix = `net${i}`;
      return { prefix, network, files: toC(network, { prefix, form: i % 5 === 4 ? "dense" : "fast" }) };
    });
    compileNetworks(folder, compiled, FLAGS);
    for (const [i, network] of networks.entries()) {
      const inputs = normals(widthOf(network) * 3, i);
      expectClose(predict(folder, i, network, inputs), forward(network, Float64Array.from(inputs), 3));
    }
  });

  it("computes in int8 what the simulation does, to the bit", () => {
    const folder = newFolder();
    const samples = networks.map((network, i) => ({
      inputs: Float64Array.from(normals(widthOf(network) * 8, 50 + i)),
      count: 8,
    }));
    const compiled = networks.map((network, i) => {
      const prefix = `q${i}`;
      return { prefix, network, files: toC(network, { prefix, int8: samples[i] }) };
    });
    compileNetworks(folder, compiled, FLAGS);
    for (const [i, network] of networks.entries()) {
      const folded = foldBatchNorm(network);
      if (isMlp(folded)) continue;
      const program = programOf(folded);
      const inputs = Float32Array.from(samples[i].inputs, (x, k) => (k % 2 === 0 ? x : 10 * x));
      const quantised = quantiseProgram(program, folded, samples[i]);
      expect(predict(folder, i, network, inputs)).toEqual(simulateProgram(program, quantised, inputs));
      const wild = inputs.map((_, k) => [Number.NaN, Infinity, -Infinity, 1e30][k % 4]);
      predict(folder, i, network, wild);
    }
  });

  it("takes the flash, RAM and stack that its comment says, and nothing of the C library", () => {
    const folder = newFolder();
    const network = everyKindNetwork(0);
    const samples = { inputs: Float64Array.from(normals(widthOf(network) * 8, 1)), count: 8 };
    for (const int8 of [undefined, samples]) {
      const { costs, source, header } = toC(network, { prefix: "sized", int8 });
      expect(source).toContain("less than 1000 bytes of stack");
      folder.write("sized.c", source);
      folder.write("sized.h", header);
      for (const level of ["-Os", "-O3"]) {
        const { section, stack } = folder.sizes("sized", ["-std=c99", level]);
        expect(section("rodata")).toBeGreaterThanOrEqual(costs.flash);
        expect(section("rodata")).toBeLessThan(costs.flash + 1000);
        expect(section("text")).toBeLessThan(12 * 1024);
        expect(section("data")).toBe(0);
        expect(section("bss")).toBeGreaterThanOrEqual(costs.ram);
        expect(section("bss")).toBeLessThan(costs.ram + 100);
        expect(stack).toBeLessThan(1000);
        const undefinedSymbols = folder.run("nm", ["-u", "sized.o"]).toString();
        expect(undefinedSymbols.match(/ U (?!mem(cpy|set)$).*/gm)).toBeNull();
      }
    }
  });

  it("keeps int8 near float32, and tests itself", () => {
    const folder = newFolder();
    const network = chain();
    const width = widthOf(network);
    const scaling = { mean: channels(width, 3, (c) => c), deviation: channels(width, 3, (c) => 20 + c) };
    const samples = { inputs: Float64Array.from(normals(width * 64, 2)), count: 64 };
    for (const int8 of [undefined, samples]) {
      const files = toC(network, { prefix: "net", int8, scaling, selfTest: samples });
      expect(files.source).toMatch(/input_mean\[3\]/);
      if (int8) expect(files.fidelity!.relativeError).toBeLessThan(0.03);
      folder.add("net", files);
      folder.run("gcc", [...STRICT, "-fno-inline", "net.c", "net_test.c", "-o", "test"]);
      expect(folder.run("./test", []).toString()).toMatch(
        /^net: 8 samples, largest difference [\d.e-]+ of the largest output\n$/,
      );
      const broken = files.source
        .replace("s0[r] += w[r]", "s0[r] -= w[r]")
        .replace("sum += (int16", "sum -= (int16");
      expect(broken).not.toBe(files.source);
      folder.write("net.c", broken);
      folder.run("gcc", ["-std=c99", "net.c", "net_test.c", "-o", "test"]);
      expect(folder.try("./test", []).status).toBe(1);
    }
  });
});

/** Numbers of images of so many channels, the same all over each. */
function channels(width: number, count: number, of: (channel: number) => number): Float32Array {
  return Float32Array.from({ length: width }, (_, i) => of(Math.floor((i * count) / width)));
}

/** Convolutions of groups, a pool and a head. */
function chain(): AnyNetwork {
  const init: KernelInitSpec = { groups: 2 };
  const input = { channels: 3, height: 12, width: 12 };
  return cnn({ input, outputs: 5, depth: 3, width: 8, init, seed: 4 });
}
