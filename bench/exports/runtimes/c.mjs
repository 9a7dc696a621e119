/**
 * @file What `sao export --to c` writes, float32 and int8, compiled for speed: -O3 -march=native -fno-trapping-math.
 * One sample at a time, as C predicts.
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { weightsKept } from "../../../dist/formats/c/multiply-adds.js";

const FLAGS = ["-O3", "-march=native", "-fno-trapping-math"];
/** More take gcc 12 minutes and, at 250 bytes a weight, gigabytes. */
const MOST_WEIGHTS = 8_000_000;

export async function open({ network, folder, exported }) {
  const run = (program, args, input) => {
    const answer = spawnSync(program, args, { cwd: folder, input, maxBuffer: 2 ** 28 });
    if (answer.error?.code === "ENOENT") return undefined;
    if (answer.status !== 0)
      throw new Error(`${program} ${args.join(" ")}: ${answer.error ?? answer.stderr}`);
    return answer.stdout;
  };
  const version = run("gcc", ["-dumpfullversion"])?.toString().trim();
  if (version === undefined) return { absent: "there is no gcc" };
  const { sparse, dense } = weightsKept(network);
  const forms = {};
  for (const [form, weights] of Object.entries({ fast: sparse, dense })) {
    if (weights > MOST_WEIGHTS) continue;
    for (const precision of ["float32", "int8"]) {
      const name = `${form}_${precision}`;
      exported("c", join(folder, `${name}.c`), form, precision === "int8" ? ["--int8"] : []);
      writeFileSync(join(folder, `${name}_main.c`), mainText(name));
      const begin = performance.now();
      run("gcc", ["-std=c99", ...FLAGS, "-c", `${name}.c`]);
      const compileSeconds = (performance.now() - begin) / 1000;
      run("gcc", ["-std=gnu99", ...FLAGS, `${name}_main.c`, `${name}.o`, "-o", name]);
      const sections = sectionsOf(run("size", ["-A", `${name}.o`]).toString());
      const predict = (inputs) => {
        const { buffer } = Uint8Array.from(run(`./${name}`, [], new Uint8Array(inputs.buffer)));
        return new Float32Array(buffer);
      };
      forms[`${form} ${precision}`] = {
        bytes: sections.code + sections.constants,
        ram: sections.zeroed,
        compileSeconds,
        timed: () => (times) => Number(run(`./${name}`, ["time", `${times}`]).toString()),
        predict,
      };
    }
  }
  return { version, threads: 1, onlyBatch: 1, process: "c", forms };
}

/** Bytes of code, constants and zeroed memory, from what size -A prints. */
function sectionsOf(text) {
  const bytes = (name) =>
    [...text.matchAll(new RegExp(`^\\.${name}\\S*\\s+(\\d+)`, "gm"))].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  return { code: bytes("text"), constants: bytes("rodata"), zeroed: bytes("bss") };
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
