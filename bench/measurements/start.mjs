/** @file What comes before the first step: making networks and data; and what is left after the last: files. */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { classifier, repeat } from "../engine.mjs";
import { buildTopology, fitIsometry, mlp, nonZeros, parameterCount, randomStream } from "../isosparse.mjs";
import { datasets, save } from "../isosparse-node.mjs";
import { interleave, ratio, spread } from "../measure.mjs";
import { startProcess } from "../peers/process.mjs";
import { temporaryFolder } from "../temporary-folder.mjs";
import { bytes, figure, significant, table } from "../text.mjs";

export const title = "Making networks, data and files";

const published = fileURLToPath(new URL("../peers/published-init.py", import.meta.url));

/** Iterations of approximate isometry that make a whole: the published code's, and our projections. */
const WHOLE = { published: 10_000, ours: 300 };
const SIDE = 1024;
const SMALL_SIDE = 128;
const DEGREE = 16;

export async function run({ quick, python, progress }) {
  progress("networks and data");
  const width = quick ? 2048 : 16384;
  const contestants = {
    "1000 × 128, degree 16, orthogonal": repeat(() => classifier({ depth: 1000, width: 128, degree: 16 })),
    [`one ${width} × ${width} layer, degree 64, orthogonal`]: repeat(() => layer(width, 64)),
    "digits, 10 000 + 2 000 images": repeat(() => datasets.digits()),
  };
  const times = await interleave(contestants, { rounds: quick ? 1 : 3, least: 1 });
  progress("published implementations");
  const rivals = await comparePublished(python, quick);
  progress("files");
  const file = await fileSize(classifier({ depth: 1000, width: 128, degree: 16 }));
  return {
    seconds: Object.entries(times).map(([name, ms]) => ({ name, seconds: spread(ms.map((t) => t / 1000)) })),
    rivals,
    file,
  };
}

function layer(width, degree) {
  return mlp({ widths: [width, width], init: { degree }, seed: 7 });
}

async function comparePublished(python, quick) {
  const peer = await startProcess(python, ["-u", published]);
  if (peer.absent) return { absent: peer.absent };
  const side = quick ? 256 : SIDE;
  const small = quick ? 32 : SMALL_SIDE;
  const sao = async () => (await peer.ask({ do: "sao", side, degree: DEGREE })).ms;
  /** Milliseconds of a whole fit, from a few iterations. */
  const isometry = async (its, iterations) => {
    const { ms } = await peer.ask({ do: "isometry", side: its, degree: DEGREE, iterations });
    return (ms / iterations) * WHOLE.published;
  };
  const rounds = quick ? 1 : 3;
  const taken = { ours: [], sao: [], isometry: [], smallOurs: [], smallIsometry: [] };
  for (let round = 0; round <= rounds; round++) {
    const one = {
      ours: await timed(() => layer(side, DEGREE)),
      sao: await sao(),
      isometry: await isometry(side, 4),
      smallOurs: projectionsTime(small),
      smallIsometry: await isometry(small, 100),
    };
    // The first round runs in quick compilers.
    if (round > 0) for (const [name, ms] of Object.entries(one)) taken[name].push(ms);
  }
  await peer.stop();
  const row = (name, against, ms, base) => ({
    name,
    against,
    seconds: spread(ms.map((value) => value / 1000)),
    toOurs: ratio(ms, base),
  });
  const [large, few] = [side, small].map((its) => `${its} × ${its}, degree ${DEGREE}`);
  const { ours, sao: theirs, isometry: fit, smallOurs, smallIsometry } = taken;
  return {
    rows: [
      row(`isosparse approximateIsometry, ${few}, scaled`, "", smallOurs, smallOurs),
      row(`approximate isometry as published, ${few}, scaled`, "like with like", smallIsometry, smallOurs),
      row(`isosparse, ${large}, exactly orthogonal blocks`, "", ours, ours),
      row(`the published SAO's way, ${large}`, "like with like", theirs, ours),
      row(`approximate isometry as published, ${large}, scaled`, "another method", fit, ours),
    ],
  };
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Milliseconds of a whole fit of ours, from the difference between few projections and more. */
function projectionsTime(side) {
  const topology = buildTopology(
    "random",
    { rows: side, columns: side },
    { degree: DEGREE },
    { random: randomStream(5) },
  );
  const fit = (projections) => {
    const start = performance.now();
    fitIsometry(topology, { random: randomStream(6), projections });
    return performance.now() - start;
  };
  const [few, more] = [2, 12];
  return ((fit(more) - fit(few)) / (more - few)) * WHOLE.ours;
}

async function fileSize(network) {
  const folder = await temporaryFolder();
  try {
    const path = join(folder.path, "network.safetensors");
    await save(network, path);
    const shapes = network.layers.map(({ topology }) => topology);
    return {
      bytes: (await stat(path)).size,
      parameterBytes: 4 * parameterCount(network),
      nonZeros: shapes.reduce((sum, topology) => sum + nonZeros(topology), 0),
      denseParameterBytes: 4 * shapes.reduce((sum, { rows, columns }) => sum + rows * columns + rows, 0),
    };
  } finally {
    folder.remove();
  }
}

export function markdown({ seconds, rivals, file }) {
  return [
    table(
      ["", "seconds"],
      seconds.map(({ name, seconds: value }) => [name, figure(value)]),
    ),
    "The same layer the published ways, written anew by us in PyTorch from their descriptions, for their time" +
      " alone; each row ÷ ours above it. *Like with like*: approximate isometry (Lee et al., ICLR 2020), on any mask, by gradient" +
      ` descent on ‖(C∘W)(C∘W)ᵀ − I‖ over dense matrices, ${WHOLE.published} steps as its code has it, of which we time a` +
      ` few and multiply, beside our approximateIsometry, ${WHOLE.ours} projections likewise multiplied; and SAO (Esguerra` +
      " et al. 2023), a dense mask filled row by row, a QR for each group, its rows written into a dense weight, beside our" +
      " blocks, which are orthogonalised one by one too. *Another method*: the same gradient descent beside our blocks," +
      " which are exactly orthogonal by construction. That factor is what choosing such a mask saves, not how fast either" +
      ` is programmed. Our approximateIsometry is not timed at side ${SIDE}: it decomposes a dense square of that side` +
      ` at each projection, which takes about ten seconds, so that ${WHOLE.ours} would take most of an hour.`,
    rivals.absent
      ? `Absent: ${rivals.absent}.`
      : table(
          ["one layer", "", "seconds", "÷ ours"],
          rivals.rows.map(({ name, against, seconds: value, toOurs }) => [
            name,
            against,
            figure(value),
            figure(toOurs),
          ]),
        ),
    `The file of the 1000-layer network takes ${bytes(file.bytes)}: ${significant(file.bytes / file.parameterBytes)}` +
      ` times its float32 weights and biases (${bytes(file.parameterBytes)}), and` +
      ` 1/${significant(file.denseParameterBytes / file.bytes)} of the dense equivalent` +
      ` (${bytes(file.denseParameterBytes)}).`,
  ].join("\n\n");
}
