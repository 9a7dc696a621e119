/**
 * @file Compiles what assembly/ has (layers.ts: the engine's kernels and the measurements of the machine) with the
 * engine's own compiler settings (scripts/build-kernels.mjs), plain or relaxed.
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { kernelModule } from "./kernel-module.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const compiled = new Map();

/** An instance of the `"simd"` or `"relaxed-simd"` build, and its memory. */
export async function compiledKernels(variant) {
  return kernelModule(await kernelBinary(variant));
}

/** The module's bytes; `entry`: of which file of assembly/. */
export function kernelBinary(variant, entry = "layers.ts") {
  const name = `${variant} ${entry}`;
  if (!compiled.has(name)) compiled.set(name, compile(entry, variant === "relaxed-simd"));
  return compiled.get(name);
}

async function compile(entry, relaxed) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      ...[`bench/assembly/${entry}`, "--outFile", "layers.wasm", "--runtime", "stub", "--use", "abort="],
      ...["--noAssert", "-O3", "--converge", "--enable", "simd", "--enable", "threads", "--importMemory"],
      ...["--memoryBase", "128", "--initialMemory", "1", "--maximumMemory", "65536"],
      ...(relaxed ? ["--enable", "relaxed-simd"] : []),
    ],
    {
      readFile: (name) => readFile(root + name, "utf8").catch(() => null),
      writeFile: (_, data) => {
        binary = data;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return binary;
}
