/**
 * @file Initializers of convolutions by name. Adding one is a new file and a line here.
 */

import { ArgumentError } from "../../errors.ts";
import { delta } from "./delta.ts";
import { eco } from "./eco.ts";
import { kaimingKernels } from "./kaiming-kernels.ts";
import type { KernelInitializer } from "./kernel-initializer.ts";
import { shift } from "./shift.ts";

const initializers = {
  delta,
  shift,
  eco,
  kaiming: kaimingKernels,
} as const satisfies Readonly<Record<string, KernelInitializer>>;

export type KernelInitializerName = keyof typeof initializers;

/** The names that `kernelInitializerNamed` knows. */
export const kernelInitializerNames = Object.keys(initializers) as readonly KernelInitializerName[];

/** The initializer of a name. Throws ArgumentError (`"unknown-initializer"`) naming those that exist. */
export function kernelInitializerNamed(name: string): KernelInitializer {
  if (Object.hasOwn(initializers, name)) return initializers[name as KernelInitializerName];
  throw new ArgumentError(
    "unknown-initializer",
    `there is no initializer of convolutions ${JSON.stringify(name)}; there are ${kernelInitializerNames.join(", ")}`,
  );
}
