/** @file The tables of docs/results/exports.md, between two comments of that page. */

import { significant, table } from "../text.mjs";
import { NETWORKS, SPARSITIES, trainCommand } from "./networks.mjs";

const BEGIN = "<!-- made by npm run bench:exports -->";
const END = "<!-- end -->";

/** Runtimes and forms in the order of the tables, by their names there. */
const ROWS = {
  "engine fast": "the engine that trains",
  "runtime fast": "isosparse/runtime",
  "runtime dense": "isosparse/runtime, dense",
  "c fast float32": "C, float32",
  "c dense float32": "C, float32, dense",
  "c fast int8": "C, int8",
  "c dense int8": "C, int8, dense",
  "onnxruntime-node fast": "ONNX Runtime, native, fast",
  "onnxruntime-node fast, small batches": "ONNX Runtime, native, fast, `--small-batches`",
  "onnxruntime-node dense": "ONNX Runtime, native, dense",
  "onnxruntime-web fast": "ONNX Runtime, wasm, fast",
  "onnxruntime-web fast, small batches": "ONNX Runtime, wasm, fast, `--small-batches`",
  "onnxruntime-web dense": "ONNX Runtime, wasm, dense",
  "tensorflow fast": "TensorFlow.js, wasm, fast",
  "tensorflow dense": "TensorFlow.js, wasm, dense",
  "pytorch fast": "PyTorch, fast",
  "pytorch masked": "PyTorch, masked",
};
const BATCHES = { 1: "one sample", 64: "64 samples" };
/** Forms that are alternatives to another sparse one. */
const INSTEAD = {
  "c fast int8": "c fast float32",
  "onnxruntime-node fast, small batches": "onnxruntime-node fast",
  "onnxruntime-web fast, small batches": "onnxruntime-web fast",
};
/** Below this a form that is not full counts as no faster than the full one. */
const PAYS = 1.05;

/** `page` with the tables of `results` (exports.json) in the place of its own. */
export function withFigures(page, results) {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/results/exports.md has lost its "${BEGIN}" or "${END}"`);
  const parts = [opening(results), ...NETWORKS.map((network) => section(network, results)), losses(results)];
  return `${before}${BEGIN}\n\n${parts.join("\n\n")}\n\n${END}${after}`;
}

function opening(results) {
  const all = Object.values(results);
  const [first] = all;
  if (first === undefined) return "Nothing has been measured yet.";
  const { machine, runtimes } = all.at(-1);
  const days = [...new Set(all.map(({ date }) => date))].join(", ");
  const version = (name) => runtimes[name]?.version ?? `absent (${runtimes[name]?.absent})`;
  return (
    `${days}; ${machine.processor}, one thread each, Node ${machine.node} (${machine.usualKernels} kernels); ONNX Runtime` +
    ` ${version("onnxruntime-node")}, TensorFlow.js ${version("tensorflow")}, PyTorch ${version("pytorch")}, gcc` +
    ` ${version("c")} (-O3 -march=native -fno-trapping-math), whose programs take one sample at a time and are left out above` +
    ` eight million weights. ONNX Runtime's wasm build runs in Node here. Milliseconds are medians over rounds in which all of a` +
    ` column take turns; quartiles, loading times and all else are in [exports.json](exports.json). \`isosparse/runtime\`` +
    ` with its WebAssembly is ${kilobytes(runtimes.runtime.moduleGzipped)} kB gzipped. PyTorch's masked form is as its state dict` +
    ` would be saved, masks included.`
  );
}

function section(network, results) {
  const found = SPARSITIES.map((sparsity) => results[`${network.name} ${sparsity}`]);
  const command = `sao ${trainCommand(network, 0.875).slice(0, -1).join(" ")} X`;
  return [
    `## ${network.title}`,
    `\`${command}\`${network.note === undefined ? "" : `; ${network.note}`}.`,
    "Correct, % of the samples compared (the same everywhere unless said below); kB of the file, of C of code and constants:",
    sizes(found),
    agreement(found),
    ...Object.entries(BATCHES).flatMap(([batch, words]) => [
      `Milliseconds, ${words}; in brackets how many times faster than the same runtime's full form, in bold the fastest:`,
      latencies(found, batch),
    ]),
    "Milliseconds to load (C: to compile):",
    loading(found),
  ].join("\n\n");
}

const header = (first) => [first, ...SPARSITIES.map((sparsity) => `${100 * sparsity} %`)];

function rowsOf(found, cell) {
  return Object.entries(ROWS)
    .map(([key, name]) => [name, ...found.map((measured) => cell(measured?.results[key], measured))])
    .filter(([, ...cells]) => cells.some((text) => text !== "–"));
}

function sizes(found) {
  const correct = ["correct", ...found.map((measured) => percent(measured?.results["engine fast"].accuracy))];
  const size = rowsOf(found, (result) => (result?.bytes === undefined ? "–" : kilobytes(result.bytes)));
  const memory = [
    ["memory of isosparse/runtime", "runtime fast", "memoryBytes"],
    ["RAM of C, float32", "c fast float32", "ram"],
    ["RAM of C, int8", "c fast int8", "ram"],
  ].map(([name, key, field]) => [
    name,
    ...found.map((measured) => {
      const bytes = measured?.results[key]?.[field];
      return bytes === undefined ? "–" : kilobytes(bytes);
    }),
  ]);
  return table(header("sparsity"), [correct, ...size, ...memory]);
}

function latencies(found, batch) {
  const fastest = found.map((measured) =>
    Math.min(...Object.values(measured?.results ?? {}).map(({ ms }) => ms[batch]?.median ?? Infinity)),
  );
  const cell = (result, measured) => {
    const ms = result?.ms[batch];
    if (ms === undefined) return "–";
    const over = result.fullOver?.[batch];
    const text = significant(ms.median, 2);
    const best = ms.median === fastest[found.indexOf(measured)] ? `**${text}**` : text;
    return `${best}${over === undefined ? "" : ` (${significant(over.median, 2)})`}`;
  };
  return table(header("sparsity"), rowsOf(found, cell));
}

function loading(found) {
  const cell = (result) => {
    const ms =
      result?.loadMs ?? (result?.compileSeconds === undefined ? undefined : 1000 * result.compileSeconds);
    return ms === undefined ? "–" : significant(ms, 2);
  };
  return table(header("sparsity"), rowsOf(found, cell));
}

/** How far the runtimes are from the engine, at most, and which change classes. */
function agreement(found) {
  const entries = found.flatMap((measured, i) =>
    Object.entries(measured?.results ?? {}).map(([key, result]) => ({
      key,
      sparsity: SPARSITIES[i],
      ...result,
    })),
  );
  if (entries.length === 0) return "";
  const most = (chosen) => Math.max(...chosen.map(({ difference }) => difference));
  const int8 = entries.filter(({ key }) => key.endsWith("int8"));
  const exact = entries.filter(({ key }) => !key.endsWith("int8"));
  const changed = entries.filter(({ otherClass }) => otherClass > 0);
  const tested = Math.max(...found.map((measured) => measured?.tested ?? 0));
  const other = ({ key, sparsity, otherClass, accuracy }) =>
    `${ROWS[key]} at ${100 * sparsity} % for ${percent(otherClass)} % of them (${percent(accuracy)} % correct)`;
  return [
    `Of ${tested} samples, all float32 outputs are within ${most(exact).toExponential(1)} of the engine's largest`,
    int8.length === 0 ? "." : `, int8 outputs within ${percent(most(int8))} %.`,
    changed.length === 0
      ? " No runtime names another class for any."
      : ` Other classes than the engine's: ${changed.map(other).join(", ")}.`,
  ].join("");
}

/** Every cell in which a sparse form is not faster than the full one, and what is meant to be faster is not. */
function losses(results) {
  const lines = NETWORKS.flatMap((network) =>
    Object.keys(ROWS).flatMap((key) => {
      const instead = INSTEAD[key];
      const cells = SPARSITIES.filter((sparsity) => sparsity > 0).flatMap((sparsity) => {
        const measured = results[`${network.name} ${sparsity}`]?.results ?? {};
        return Object.keys(BATCHES).flatMap((batch) => {
          const where = `${100 * sparsity} %, ${BATCHES[batch]}`;
          const over = measured[key]?.fullOver?.[batch]?.median;
          const plain = measured[instead]?.ms[batch]?.median / measured[key]?.ms[batch]?.median;
          return [
            ...(over < PAYS ? [`${where}: ${significant(over, 2)} × dense`] : []),
            ...(plain < PAYS ? [`${where}: ${significant(plain, 2)} × ${ROWS[instead]}`] : []),
          ];
        });
      });
      return cells.length === 0 ? [] : [`- ${network.title}, ${ROWS[key]}. ${cells.join("; ")}`];
    }),
  );
  return [
    "## Where it does not pay",
    `Every cell in which a form is not at least ${PAYS} times as fast as the same runtime's dense one, or as what it is an` +
      " alternative to:",
    lines.length === 0 ? "None." : lines.join("\n"),
  ].join("\n\n");
}

function percent(share) {
  return share === undefined ? "–" : `${Number((100 * share).toFixed(1))}`;
}

function kilobytes(bytes) {
  return bytes < 1e5 ? (bytes / 1000).toFixed(1) : (bytes / 1000).toFixed(0);
}
