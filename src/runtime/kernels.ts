/**
 * @file The kernels that predict: chosen as the engine chooses its own, so that both give the same bits.
 */

import * as binaries from "./binaries.ts";

/** The module's export; assembly/index.ts says what it does. */
export interface Kernels {
  forward(table: number, steps: number, rowBytes: number): void;
}

/** First address that is free for data: the kernels' own constants lie below. */
export const FIRST_FREE = 4096;

/** The kernels over `memory`, with fused multiply-add where the machine has relaxed SIMD, unless `reproducible`. */
export async function startKernels(
  memory: WebAssembly.Memory,
  reproducible: boolean,
): Promise<{ kernels: Kernels; name: "simd" | "relaxed-simd" }> {
  const relaxed = bytesOf(binaries.relaxed);
  const fused = !reproducible && WebAssembly.validate(relaxed);
  const binary = fused ? relaxed : bytesOf(binaries.simd);
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory } });
  return { kernels: instance.exports as unknown as Kernels, name: fused ? "relaxed-simd" : "simd" };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
