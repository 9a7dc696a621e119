/** @file What results were taken on, when, and of which commit, in words. */

/** The machine of an entry of results.json. */
export function machineOf({ machine }) {
  const { processor, caches, cores, memoryGiB, platform, node, v8, usualKernels, kernelVariants } = machine;
  const flagged = usualKernels === "simd" && kernelVariants.length > 1;
  return (
    `${processor}, ${cores} cores${caches.length > 0 ? ` (${caches.join(", ")})` : ""}, ${memoryGiB} GiB, ${platform};` +
    ` Node ${node} (V8 ${v8}), which picks the ${usualKernels} kernels by itself` +
    (flagged ? " (relaxed-simd is measured too, behind Node's --experimental-wasm-relaxed-simd)" : "")
  );
}

/** Day and commit of an entry. */
export function occasionOf({ occasion: { date, commit } }) {
  return commit === null ? date : `${date}, commit ${commit}`;
}

/** What most of `sections` (entries by name) have in common, as `describeOne` has it. */
export function mostCommon(sections, describeOne) {
  const all = Object.values(sections).map(describeOne);
  const times = (text) => all.filter((other) => other === text).length;
  return all.toSorted((a, b) => times(b) - times(a))[0];
}
