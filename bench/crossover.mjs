/**
 * @file Square networks of one width, batch and depth at many densities: as blocks, as edges and dense in the engine,
 * and in other libraries, all taking turns. What the crossover sections have in common.
 */

import { addOurs, addRivals } from "./crossover-contestants.mjs";
import { cores } from "./machine.mjs";
import { fastest, interleave, ratio, spread } from "./measure.mjs";
import { startOnnxRuntime } from "./peers/onnxruntime.mjs";
import { startPyTorch } from "./peers/pytorch.mjs";
import { startTensorFlow } from "./peers/tensorflow.mjs";
import { temporaryFolder } from "./temporary-folder.mjs";

/** 1 ÷ density. */
const FACTORS = [1, 2, 4, 8, 16, 32, 64];
const BATCHES = [1, 8, 32, 128, 512];
const BATCH_WIDTH = 512;
const BATCH_FACTORS = [1, 2, 4, 16, 64];
const DEPTHS = [2, 8, 32, 128, 512];
const DEPTH_WIDTH = 128;
const DEPTH_FACTORS = [1, 4, 16, 64];
const LEAST_DEGREE = 2;

/**
 * The cells of three maps, by width, by batch and by depth, and what they were compared with.
 *
 * @param work `"train"` or `"infer"`
 * @param sizes `{ layers, batch, least, seconds }`: layers by width; the batch of the maps by width and depth;
 *   milliseconds of a turn and seconds of a group's rounds
 */
export async function measureMaps(work, sizes, { quick, python, progress }) {
  progress("starting the other libraries");
  const peers = await startPeers(work, python);
  const options = quick ? { rounds: 2, least: 2, seconds: 1 } : { rounds: 9, ...sizes };
  const measure = async (shape) => {
    progress(`width ${shape.width}, batch ${shape.batch}, ${shape.layers} layers`);
    return measureGroup(shape, peers, options);
  };
  const maps = { byWidth: [], byBatch: [], byDepth: [] };
  const { batch } = sizes;
  const few = (factors) => (quick ? [1, 16] : factors);
  try {
    for (const width of quick ? [64] : Object.keys(sizes.layers).map(Number)) {
      maps.byWidth.push(await measure({ layers: sizes.layers[width], width, batch, factors: few(FACTORS) }));
    }
    for (const own of quick ? [8] : BATCHES) {
      const width = quick ? 128 : BATCH_WIDTH;
      maps.byBatch.push(
        await measure({ layers: sizes.layers[width], width, batch: own, factors: few(BATCH_FACTORS) }),
      );
    }
    for (const layers of quick ? [2] : DEPTHS) {
      maps.byDepth.push(await measure({ layers, width: DEPTH_WIDTH, batch, factors: few(DEPTH_FACTORS) }));
    }
  } finally {
    for (const { peer } of peers.all) await peer.stop?.();
  }
  const groups = Object.values(maps).flat();
  return {
    ...Object.fromEntries(
      Object.entries(maps).map(([name, list]) => [name, list.flatMap(({ cells }) => cells)]),
    ),
    peers: peers.all.map(({ name, peer }) => ({
      name,
      version: peer.version ?? null,
      absent: peer.absent ?? null,
    })),
    slower: slowerRivals(groups),
  };
}

/** The libraries that `work` is compared with, by name. */
async function startPeers(work, python) {
  const threadCounts = [...new Set([1, cores])];
  const pytorch = await startPyTorch(python);
  const tensorflow = await startTensorFlow();
  const onnx = [];
  for (const name of work === "infer" ? ["onnxruntime-node", "onnxruntime-web"] : []) {
    onnx.push({ name, peer: await startOnnxRuntime(name, threadCounts) });
  }
  return {
    work,
    pytorch,
    tensorflow,
    onnx,
    all: [{ name: "PyTorch", peer: pytorch }, { name: "TensorFlow.js", peer: tensorflow }, ...onnx],
  };
}

/** A group's cells, one a density, and the rivals that were too slow to take turns. */
async function measureGroup(shape, peers, options) {
  const cleanup = [];
  const folder = await temporaryFolder();
  try {
    const factors = shape.factors.filter((factor) => shape.width / factor >= LEAST_DEGREE);
    const ours = await addOurs({ ...shape, factors }, peers.work, cleanup);
    const { rivals, slower } = await addRivals({ ...shape, factors }, peers, {
      folder: folder.path,
      cleanup,
    });
    const contestants = { ...ours };
    // Those of one process and setting together, so that few turns need a rest before them.
    const entries = rivals
      .flatMap((rival) => rival.contestants)
      .toSorted((a, b) => a.run.process.localeCompare(b.run.process));
    for (const { key, run } of entries) contestants[key] = run;
    const times = await interleave(contestants, options);
    return { cells: factors.map((factor) => cellOf(shape, factor, times, rivals)), slower };
  } finally {
    for (const clean of cleanup) await clean();
    folder.remove();
  }
}

function cellOf({ layers, width, batch }, factor, times, rivals) {
  const [blocks, edges, dense] = [times[`blocks ${factor}`], times[`edges ${factor}`], times["blocks 1"]];
  // Dense and masked take the same time at any density.
  const here = rivals.filter((rival) => rival.factor === factor || rival.factor === 1);
  const best = Object.fromEntries(
    here.map((rival) => [
      rival.name,
      times[
        fastest(
          times,
          rival.contestants.map(({ key }) => key),
        )
      ],
    ]),
  );
  const against = (eligible, ours) => {
    if (eligible.length === 0 || ours === undefined) return null;
    const rival = fastest(
      best,
      eligible.map(({ name }) => name),
    );
    return { rival, ratio: ratio(best[rival], ours) };
  };
  return {
    layers,
    width,
    batch,
    factor,
    blocksMs: spread(blocks),
    edgesMs: edges ? spread(edges) : null,
    denseToBlocks: ratio(dense, blocks),
    denseToEdges: edges ? ratio(dense, edges) : null,
    rivalsMs: Object.fromEntries(Object.entries(best).map(([name, ms]) => [name, spread(ms)])),
    rivalToBlocks: against(here, blocks),
    rivalToEdges: against(
      here.filter(({ anyMask }) => anyMask),
      edges,
    ),
  };
}

/** Of rivals that were left out somewhere: in how many places, and how many times as long as a better one they took. */
function slowerRivals(groups) {
  const byName = new Map();
  for (const { name, times } of groups.flatMap(({ slower }) => slower)) {
    byName.set(name, [...(byName.get(name) ?? []), times]);
  }
  return [...byName].map(([name, times]) => ({
    name,
    places: times.length,
    least: Math.min(...times),
    most: Math.max(...times),
  }));
}
