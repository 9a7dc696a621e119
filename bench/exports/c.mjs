/**
 * @file C exports of one network, in float32 and int8, sparse and dense: sizes of the compiled sections, time of a
 * prediction and accuracy, by gcc for speed (-O3 -march=native -fno-trapping-math) and for size (-Os). Prints JSON.
 *
 *   node bench/exports/c.mjs RUN_FOLDER [--data DIR] [--test N]
 *   node bench/exports/c.mjs FILE.safetensors [--dataset mnist --data DIR]
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "../../dist/core.js";
import { toC } from "../../dist/formats/c/c-files.js";
import { weightsKept } from "../../dist/formats/c/multiply-adds.js";
import { networkInput, sizeOf } from "../../dist/network/layer-shape.js";
import { interleave, spread } from "../measure.mjs";
import { accuracyOf, samplesOf, targetOf } from "./measured-network.mjs";

/** gcc takes about 250 bytes a weight; more than this many is more than most machines have. */
const MOST_WEIGHTS = 8_000_000;
const LEVELS = { speed: ["-O3", "-march=native", "-fno-trapping-math"], size: ["-Os"] };
const CALIBRATION = 256;

const folder = mkdtempSync(join(tmpdir(), "isosparse-bench-c-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

const { file, network, dataset } = await targetOf(process.argv.slice(2));
const width = sizeOf(networkInput(network));
const samples = dataset ? samplesOf(dataset, CALIBRATION) : normals(CALIBRATION);
const scaling = dataset && { mean: dataset.mean, deviation: dataset.deviation };

const results = [];
const contestants = {};
for (const form of ["fast", "dense"]) {
  for (const precision of ["float32", "int8"]) {
    const { sparse, dense } = weightsKept(network);
    const weights = form === "dense" ? dense : sparse;
    if (weights > MOST_WEIGHTS) {
      results.push({ form, precision, skipped: `${weights} weights are too many to compile` });
      continue;
    }
    const prefix = `${form}_${precision}`;
    const files = toC(network, { prefix, form, scaling, ...(precision === "int8" && { int8: samples }) });
    write(`${prefix}.c`, files.source);
    write(`${prefix}.h`, files.header);
    write(`${prefix}_main.c`, mainText(prefix));
    const result = {
      form,
      precision,
      sourceBytes: files.source.length,
      ...files.costs,
      fidelity: files.fidelity,
    };
    for (const [level, flags] of Object.entries(LEVELS)) {
      const start = performance.now();
      run("gcc", ["-std=c99", ...flags, "-c", `${prefix}.c`, "-o", `${prefix}.o`]);
      const compileSeconds = (performance.now() - start) / 1000;
      const program = `./${prefix}_${level}`;
      run("gcc", ["-std=gnu99", ...flags, `${prefix}_main.c`, `${prefix}.o`, "-o", program]);
      result[level] = { compileSeconds, ...sections(`${prefix}.o`), accuracy: accuracy(program) };
      contestants[`${prefix} ${level}`] = (count) => Number(run(program, ["time", String(count)]).toString());
    }
    results.push(result);
  }
}
const times = await interleave(contestants, { rounds: 9, seconds: 120 });
for (const result of results) {
  for (const level of Object.keys(LEVELS)) {
    if (result[level])
      result[level].milliseconds = spread(times[`${result.form}_${result.precision} ${level}`]);
  }
}
console.log(
  JSON.stringify(
    { file, layers: network.layers.length, dataset: dataset?.name, compiler: compilerName(), results },
    null,
    2,
  ),
);

function normals(count) {
  const random = randomStream(1);
  return { count, inputs: Float64Array.from({ length: count * width }, () => random.normal()) };
}

function accuracy(program) {
  if (dataset?.test.labels === undefined) return null;
  const { buffer, byteLength } = Float32Array.from(dataset.test.inputs);
  const {
    buffer: bytes,
    byteOffset,
    byteLength: length,
  } = run(program, [], Buffer.from(buffer, 0, byteLength));
  return accuracyOf(new Float32Array(bytes.slice(byteOffset, byteOffset + length)), dataset.test.labels);
}

/** Bytes of code, constants and zeroed memory. */
function sections(object) {
  const text = run("size", ["-A", object]).toString();
  const bytes = (name) =>
    [...text.matchAll(new RegExp(`^\\.${name}\\S*\\s+(\\d+)`, "gm"))].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  return { code: bytes("text"), constants: bytes("rodata"), zeroed: bytes("bss") };
}

function compilerName() {
  return run("gcc", ["--version"]).toString().split("\n")[0];
}

function write(name, text) {
  writeFileSync(join(folder, name), text);
}

function run(program, args, input) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    input,
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error ?? stderr}`);
  return stdout;
}

/** `time N`: milliseconds of N predictions; without arguments answers the samples on stdin. */
function mainText(prefix) {
  const upper = prefix.toUpperCase();
  return `#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "${prefix}.h"
static float input[${upper}_INPUTS], output[${upper}_OUTPUTS];
int main(int count, char **arguments)
{
  struct timespec begin, end;
  long i, calls = count > 2 ? atol(arguments[2]) : 0;
  if (count < 2) {
    while (fread(input, sizeof input, 1, stdin) == 1) {
      ${prefix}_predict(input, output);
      fwrite(output, sizeof output, 1, stdout);
    }
    return 0;
  }
  for (i = 0; i < (long)${upper}_INPUTS; i++) input[i] = (float)(i * 37 % 256);
  for (i = 0; i < 3; i++) ${prefix}_predict(input, output);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (i = 0; i < calls; i++) ${prefix}_predict(input, output);
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.9f\\n", (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6);
  return 0;
}
`;
}
