/** @file The command line, as built. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The last line that `sao … --json` prints, read; its warnings are said elsewhere. */
export function sao(args) {
  const lines = execFileSync(process.execPath, [main, ...args, "--json"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(lines.trim().split("\n").at(-1));
}
