/**
 * @file Sections that another Node measures by itself: its binary runs run.mjs on one section at a time, into a
 * temporary folder.
 */

import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { reasonIn } from "./peers/process.mjs";
import { readResults } from "./results.mjs";
import { temporaryFolder } from "./temporary-folder.mjs";

const script = fileURLToPath(new URL("run.mjs", import.meta.url));

/** The version that the Node at `path` tells, such as `"v24.21.0"`; throws where it is none. */
export async function versionOf(path) {
  const { stdout } = await promisify(execFile)(path, ["--version"]);
  if (!/^v\d+\./.test(stdout)) throw new Error("it is no Node");
  return stdout.trim();
}

/** The entry of a section (as in results.json) measured by the Node at `path`; `say` is given its lines of progress. */
export async function measureIn(path, section, { quick, python }, say) {
  const folder = await temporaryFolder();
  const out = `${folder.path}/results`;
  try {
    const args = ["--only", section, "--out", out, "--python", python, ...(quick ? ["--quick"] : [])];
    await runToEnd(path, [script, ...args], say);
    return (await readResults(out)).sections[section];
  } finally {
    folder.remove();
  }
}

/** Runs a program that ends when we do; throws with its own reason where it fails. */
async function runToEnd(command, args, say) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  const kill = () => child.kill();
  process.once("exit", kill);
  const lines = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    say(line);
  });
  try {
    await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(reasonIn(lines.join("\n")) ?? `ended with ${signal ?? `code ${code}`}`));
      });
    });
  } finally {
    process.off("exit", kill);
  }
}
