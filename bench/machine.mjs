/** @file What the figures were taken on. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { compileKernels } from "./isosparse.mjs";

/** The kernels that this Node picks by itself, before any flag: `"simd"` or `"relaxed-simd"`. */
export const usualKernels = kernelsName();

// Node 20 has relaxed SIMD behind a flag, which later ones know no more.
if (usualKernels === "simd") setFlagsFromString("--experimental-wasm-relaxed-simd");

/** All kernels that can be measured here, the flag included. */
export const kernelVariants = kernelsName() === "simd" ? ["simd"] : ["simd", "relaxed-simd"];

/** Cores, which is how many threads everyone may use. */
export const cores = availableParallelism();

function kernelsName() {
  return compileKernels({ shared: false, reproducible: false }).name;
}

/** Processor, caches, cores, memory, versions, kernels. */
export function machine() {
  return {
    processor: processor(),
    caches: caches(),
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    usualKernels,
    kernelVariants,
  };
}

/** What was measured, and when: the day, and the commit where there is one. */
export function occasion() {
  return { date: new Date().toISOString().slice(0, 10), commit: commit() };
}

/** Name and, as some names are of many processors, what Linux tells of family and model. */
function processor() {
  const name = cpus()[0]?.model.trim() ?? "unknown";
  const text = textOf("/proc/cpuinfo") ?? "";
  const [family, model] = ["cpu family", "model"].map(
    (key) => new RegExp(`^${key}\\s*: (\\d+)$`, "m").exec(text)?.[1],
  );
  return family === undefined ? name : `${name} (family ${family}, model ${model})`;
}

/** Of the first core, such as `["L1d 32 KiB", …]`; empty where the system does not tell. */
function caches() {
  const folder = "/sys/devices/system/cpu/cpu0/cache";
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith("index"))
      .toSorted()
      .map((name) => ["level", "type", "size"].map((file) => textOf(`${folder}/${name}/${file}`).trim()))
      .filter(([, type]) => type !== "Instruction")
      .map(([level, type, size]) => `L${level}${type === "Data" ? "d" : ""} ${cacheSize(size)}`);
  } catch {
    return [];
  }
}

/** `"512K"` in words. */
function cacheSize(text) {
  const kibibytes = Number.parseInt(text, 10);
  return kibibytes < 1024 ? `${kibibytes} KiB` : `${kibibytes / 1024} MiB`;
}

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** What the figures depend on, from the project's root; pages written from them do not count as changes. */
const MEASURED = ["src", "bench", "scripts", "package*.json", "tsconfig*.json"];

function commit() {
  const git = (...args) =>
    execFileSync("git", args, {
      cwd: fileURLToPath(new URL("../", import.meta.url)),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ...MEASURED).trim() !== "";
    return git("rev-parse", "--short", "HEAD").trim() + (changed ? " with changes" : "");
  } catch {
    return null;
  }
}
