/** @file The targets that the project set itself, and how the figures of a section are judged by them. */

import { significant } from "./text.mjs";

const number = (value, unit = "") => `${significant(value, 3)}${unit}`;

/** What was reached, in words, and whether it is enough. */
const atLeast = (value, least, unit = "") => ({ reached: number(value, unit), met: value >= least });
const atMost = (value, most, unit = "") => ({ reached: number(value, unit), met: value <= most });

/**
 * `section` and `reach(its data, usual kernels)` for a Node's own run of the section, `elsewhere(column of platforms)` for
 * a place that has none: what was reached; undefined where it was not measured.
 */
export const TARGETS = [
  stepTarget("1000 × 128", 10),
  {
    section: "step",
    what: "training step, 1000 × 128: TensorFlow.js wasm dense, with transposes written out, ÷ ours",
    target: "≥ 60 ×",
    reach: ({ networks }) => {
      const rows = networkNamed(networks, "1000 × 128")?.rows ?? [];
      const best = rows.find(
        ({ contestant }) => contestant === "TensorFlow.js wasm dense, transposes written out",
      );
      const stock = rows.find(({ contestant }) => contestant === "TensorFlow.js wasm dense");
      return best && byDefaults(best, 60, stock && `as it comes ${number(stock.toOurs.median, " ×")}`);
    },
    elsewhere: ({ tensorflow }) => tensorflow && atLeast(tensorflow.toOurs.median, 60, " × (100 × 128)"),
  },
  stepTarget("100 × 512", 15),
  ...[
    ["block kernels, degrees 16 to 128", "blocks", (d) => d >= 16, { simd: 0.85, "relaxed-simd": 0.75 }],
    [
      "block kernels, degrees 4 and 8",
      "blocks",
      (d) => d === 4 || d === 8,
      { simd: 0.6, "relaxed-simd": 0.6 },
    ],
    ["edge kernels, degrees 8 to 128", "edges", (d) => d >= 8, { simd: 0.6, "relaxed-simd": 0.6 }],
    ["edge kernels, degrees 2 and 4", "edges", (d) => d < 8, { simd: 0.6, "relaxed-simd": 0.6 }],
  ].map((words) => kernelTarget(...words)),
  {
    section: "elementwise",
    what: "tanh: time",
    target: "≤ 0.7 ns an element",
    reach: ({ variants }, usual) =>
      atMost(variants.find(({ variant }) => variant === usual).tanhNs.median, 0.7, " ns"),
    elsewhere: ({ kernels, usual }) => kernels[usual] && atMost(kernels[usual].tanhNs.median, 0.7, " ns"),
  },
  {
    section: "elementwise",
    what: "tanh: largest error",
    target: "≤ 4 ulp, or stated",
    reach: ({ variants }, usual) => {
      const { reached } = atMost(variants.find(({ variant }) => variant === usual).error.ulp, 4, " ulp");
      return { reached: `${reached}, stated`, met: true };
    },
  },
  {
    section: "step",
    what: "two threads against one, 1000 × 128",
    target: "≥ 1.85 ×",
    reach: ({ networks }, usual) => speedUp(networkNamed(networks, "1000 × 128"), usual),
    elsewhere: ({ speedUpOfTwoThreads }) => atLeast(speedUpOfTwoThreads.median, 1.85, " ×"),
  },
  {
    section: "step",
    what: "two threads against one, 100 × 512",
    target: "≥ 1.85 ×",
    reach: ({ networks }, usual) => speedUp(networkNamed(networks, "100 × 512"), usual),
    elsewhere: ({ speedUpOfTwoThreadsWide: found }) => found && atLeast(found.median, 1.85, " ×"),
  },
  {
    section: "inference",
    what: "inference, batch 1, 1000 × 128: onnxruntime-node's dense ÷ ours",
    target: "≥ 4 ×",
    reach: ({ batches }) => {
      const rows = batches.find(({ batch }) => batch === 1)?.rows ?? [];
      const rival = rows.find(({ contestant }) => contestant === "onnxruntime-node, dense");
      return rival && atLeast(rival.toOurs.median, 4, " ×");
    },
    elsewhere: ({ rivals }) => {
      const rival = rivals.find(({ name }) => name.startsWith("onnxruntime-node"));
      return rival && atLeast(rival.toOurs.median, 4, " ×");
    },
  },
  memoryTarget("growth", "growth of the process"),
  memoryTarget("engine", "WebAssembly memory"),
  startTarget("1000 × 128", 0.3),
  startTarget("16384", 2),
  ...["nonZeros", "depth", "batch"].map((name) => ({
    section: "scaling",
    what: `step time against ${name === "nonZeros" ? "non-zeros" : name}`,
    target: "linear: no residual above 10 %",
    reach: (data) => {
      const { rSquared, worstRelativeResidual } = data[name].fit;
      return {
        reached: `R² ${rSquared.toFixed(4)}, largest residual ${number(100 * worstRelativeResidual)} %`,
        met: worstRelativeResidual <= 0.1,
      };
    },
  })),
  convolutionTarget("one pass", ({ passes, usual }) =>
    passes
      .filter(({ form, variant, factor }) => form === "blocks" && variant === usual && factor > 1)
      .flatMap(({ factor, passes: own }) =>
        ["forward", "gradient", "backward"].map((pass) => ({
          name: `${pass}, 1/${factor}`,
          value: own[pass].toShare.median,
        })),
      ),
  ),
  convolutionTarget("what a layer adds to a step", ({ steps }) => stepShares(steps, "layerToShare")),
  convolutionTarget("a whole step of 3 layers", ({ steps }) => stepShares(steps, "toShare")),
  {
    section: "convolution",
    what: "convolution, blocks, 1/16 of the kernels: PyTorch masked-dense ÷ ours",
    target: "≥ 5 ×",
    reach: ({ steps }) => {
      const step = steps.find(({ form, factor }) => form === "blocks" && factor === 16);
      const rival = step?.rivals.find(({ name }) => name === "PyTorch masked-dense");
      return rival && atLeast(rival.toOurs.median, 5, " ×");
    },
  },
];

/** Sections by which targets are judged. */
export const TARGET_SECTIONS = [...new Set(TARGETS.map(({ section }) => section))];

function networkNamed(networks, shape) {
  return networks.find(({ depth, width }) => `${depth} × ${width}` === shape);
}

function speedUp(network, usual) {
  const found = network?.speedUpOfTwoThreads.find(({ kernels }) => kernels === usual);
  return found && atLeast(found.times.median, 1.85, " ×");
}

/** Judged by our default settings; beside them, in brackets, shards of 64 and what else there is to `note`. */
function byDefaults({ toOurs, toOurBest }, least, note) {
  const judged = atLeast(toOurs.median, least, " ×");
  const notes = [`with shards of 64 ${number(toOurBest.median, " ×")}`, ...(note ? [note] : [])];
  return { ...judged, reached: `${judged.reached} (${notes.join("; ")})` };
}

function stepTarget(shape, least) {
  return {
    section: "step",
    what: `training step, ${shape}, degree 16, batch 128, tanh: PyTorch masked-dense ÷ ours`,
    target: `≥ ${least} ×`,
    reach: ({ networks }) => {
      const row = networkNamed(networks, shape)?.rows.find(
        ({ contestant }) => contestant === "PyTorch masked-dense",
      );
      return row && byDefaults(row, least);
    },
    elsewhere: ({ rivals }) => {
      const found = rivals.find(({ name }) => name === `PyTorch masked-dense, ${shape}`);
      return found && atLeast(found.toOurs.median, least, " ×");
    },
  };
}

/** The least and the largest fraction of the peak over passes and degrees, and where the least is. */
function kernelTarget(what, form, degrees, least) {
  const judge = (passes, usual) => {
    const own = passes.filter((pass) => pass.form === form && degrees(pass.degree));
    if (own.length === 0) return undefined;
    const sorted = own.toSorted((a, b) => a.ofPeak.median - b.ofPeak.median);
    const { ofPeak, degree, pass } = sorted[0];
    const most = sorted.at(-1).ofPeak.median;
    return {
      met: ofPeak.median >= least[usual],
      reached: `${number(ofPeak.median)} (${pass}, degree ${degree}) to ${number(most)}`,
    };
  };
  const [plain, relaxed] = [least.simd, least["relaxed-simd"]];
  return {
    section: "kernels",
    what: `${what}: each pass ÷ peak`,
    target: plain === relaxed ? `≥ ${plain}` : `≥ ${plain} with plain SIMD, ${relaxed} with relaxed`,
    reach: ({ layers }, usual) =>
      judge(
        layers
          .filter(({ variant, shard }) => variant === usual && shard === 32)
          .flatMap((layer) =>
            ["forward", "backward", "gradient"].map((pass) => ({
              ...layer,
              pass,
              ofPeak: layer[pass].ofPeak,
            })),
          ),
        usual,
      ),
    elsewhere: ({ kernels, usual }) => kernels[usual] && judge(kernels[usual].passes, usual),
  };
}

/** Of the batch that the target names, the worst over threads. */
function memoryTarget(key, words) {
  return {
    section: "memory",
    what: `memory of a training run, ${words} ÷ (weights + optimizer state + activations)`,
    target: "≤ 1.3",
    reach: ({ rows, batch }) => {
      const own = rows.filter(
        (row) => row.name.startsWith("isosparse") && row.batch === batch && row[key] !== null,
      );
      return own.length > 0
        ? atMost(Math.max(...own.map((row) => row[key] / row.needed)), 1.3, ` (batch ${batch})`)
        : undefined;
    },
  };
}

function startTarget(words, most) {
  return {
    section: "start",
    what: `making ${words === "16384" ? "one 16384 × 16384 layer, degree 64" : "1000 × 128, degree 16"}`,
    target: `< ${most} s`,
    reach: ({ seconds }) => {
      const row = seconds.find(({ name }) => name.includes(words));
      return row && atMost(row.seconds.median, most, " s");
    },
  };
}

function stepShares(steps, key) {
  return steps
    .filter(({ form, factor }) => form === "blocks" && factor > 1)
    .map(({ factor, one }) => ({ name: `1/${factor}`, value: one[key].median }));
}

/** The largest of `values(data)`, each a time ÷ (time with all kernels × share kept). */
function convolutionTarget(words, values) {
  return {
    section: "convolution",
    what: `convolution, blocks, ${words}, one thread: time ÷ (with all kernels × share kept)`,
    target: "≤ 1.3",
    reach: (data, usual) => {
      const all = values({ ...data, usual });
      if (all.length === 0) return undefined;
      const worst = all.reduce((a, b) => (a.value >= b.value ? a : b));
      return atMost(worst.value, 1.3, ` (${worst.name})`);
    },
  };
}
