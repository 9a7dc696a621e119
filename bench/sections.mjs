/**
 * @file The sections of the benchmarks, in the order of the report. A section is one file of measurements/: it gives
 * `title`, `run(context)` → plain data, `markdown(data)` and, if it likes, `plots(data)` and `join(earlier, data)`, which
 * keeps what of an earlier run was not measured again.
 */

const load = (name) => () => import(`./measurements/${name}.mjs`);

/** Loaders by name. */
export const SECTIONS = Object.fromEntries(
  [
    "step",
    "inference",
    "crossover-training",
    "crossover-inference",
    "limits",
    "kernels",
    "elementwise",
    "convolution",
    "scaling",
    "start",
    "memory",
    "growth",
    "platforms",
  ].map((name) => [name, load(name)]),
);

/** The sections that a word names: itself, or those that begin with it and a dash; undefined: none. */
export function sectionsNamed(word) {
  const names = Object.keys(SECTIONS).filter((name) => name === word || name.startsWith(`${word}-`));
  return names.length > 0 ? names : undefined;
}
