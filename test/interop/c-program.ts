import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CFiles } from "../../src/formats/c/c-files.ts";
import { networkInput, sizeOf } from "../../src/network/layer-shape.ts";
import type { AnyNetwork } from "../../src/network/network.ts";

/** Everything that gcc knows to object to, and checks of memory and arithmetic at run time. */
export const STRICT = [
  ...[
    "-std=c99",
    "-pedantic",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
  ],
  ...["-Wdouble-promotion", "-Wundef", "-Wstrict-prototypes", "-g", "-O1"],
  ...["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"],
];

export const hasGcc = spawnSync("gcc", ["--version"]).status === 0;

/** A folder of its own to compile in. */
export class CFolder {
  readonly path = mkdtempSync(join(tmpdir(), "isosparse-gcc-"));

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** PREFIX.c, PREFIX.h and, if there is one, PREFIX_test.c. */
  add(prefix: string, { source, header, selfTest }: CFiles): void {
    this.write(`${prefix}.c`, source);
    this.write(`${prefix}.h`, header);
    if (selfTest !== undefined) this.write(`${prefix}_test.c`, selfTest);
  }

  /** Runs a program in the folder; throws with what it said unless it ends with 0. */
  run(program: string, args: readonly string[], input?: Uint8Array): Buffer {
    const { status, stdout, stderr, error } = this.try(program, args, input);
    if (status !== 0)
      throw new Error(`${program} ${args.join(" ")}: ${status} ${error ?? ""}\n${stderr}${stdout}`);
    return stdout;
  }

  /** Likewise, whatever it ends with. */
  try(program: string, args: readonly string[], input?: Uint8Array) {
    return spawnSync(program, args, { cwd: this.path, input, maxBuffer: 2 ** 28 });
  }

  /** Compiles NAME.c with `flags`: bytes by section of the object, and of stack that its functions take together. */
  sizes(name: string, flags: readonly string[]): { section: (name: string) => number; stack: number } {
    this.run("gcc", [...flags, "-fstack-usage", "-c", `${name}.c`]);
    const text = this.run("size", ["-A", `${name}.o`]).toString();
    const sum = (matches: Iterable<RegExpMatchArray>) =>
      [...matches].reduce((total, [, bytes]) => total + Number(bytes), 0);
    const stacks = this.run("cat", [`${name}.su`]).toString();
    return {
      section: (section) => sum(text.matchAll(new RegExp(`^\\.${section}\\S*\\s+(\\d+)`, "gm"))),
      stack: sum(stacks.matchAll(/\t(\d+)\tstatic/g)),
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** One network of a program that holds several. */
export interface CNetwork {
  readonly prefix: string;
  readonly network: AnyNetwork;
  readonly files: CFiles;
}

/** Compiles networks into one program that answers what `predict` asks it. */
export function compileNetworks(
  folder: CFolder,
  networks: readonly CNetwork[],
  flags: readonly string[],
): void {
  for (const { prefix, files } of networks) folder.add(prefix, files);
  folder.write("answer.c", answerText(networks.map(({ prefix }) => prefix)));
  folder.run("gcc", [...flags, "answer.c", ...networks.map(({ prefix }) => `${prefix}.c`), "-o", "answer"]);
}

/** Outputs [count, outputs] of the compiled network `index` for inputs [count, inputs]. */
export function predict(
  folder: CFolder,
  index: number,
  network: AnyNetwork,
  inputs: Float32Array,
): Float32Array {
  const count = inputs.length / sizeOf(networkInput(network));
  const head = Uint32Array.of(index, count);
  const output = folder.run("./answer", [], Buffer.concat([Buffer.from(head.buffer), bytesOf(inputs)]));
  return new Float32Array(Uint8Array.from(output).buffer);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Reads which network and how many samples, then the samples; writes what comes out. */
function answerText(prefixes: readonly string[]): string {
  const cases = prefixes.map(
    (prefix, i) => `  if (head[0] == ${i}u) {
    static float input[${prefix.toUpperCase()}_INPUTS], output[${prefix.toUpperCase()}_OUTPUTS];
    for (; head[1] > 0; head[1]--) {
      if (fread(input, sizeof input, 1, stdin) != 1) return 1;
      ${prefix}_predict(input, output);
      if (fwrite(output, sizeof output, 1, stdout) != 1) return 1;
    }
    return 0;
  }
`,
  );
  return `#include <stdint.h>
#include <stdio.h>
${prefixes.map((prefix) => `#include "${prefix}.h"`).join("\n")}

int main(void)
{
  uint32_t head[2];
  if (fread(head, sizeof head, 1, stdin) != 1) return 1;
${cases.join("")}  return 1;
}
`;
}
