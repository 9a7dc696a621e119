/**
 * @file A cell between two steps, and its checkpoint: all that a run is, so that one that was killed goes on and ends
 * with the same bits.
 */

import { existsSync } from "node:fs";
import { IsosparseError } from "../../errors.ts";
import { loadCheckpoint, saveCheckpoint } from "../../formats/network-file.ts";
import { float32Tensor, type Tensor } from "../../formats/tensor.ts";
import type { AnyNetwork } from "../../network/network.ts";
import type { Memory, OptimizerState } from "../../sparsify/index.ts";
import type { Flops } from "./flops.ts";
import type { TestPoint, TrainResult } from "./results.ts";

/** Sums and records of a run so far. */
export interface RunProgress {
  readonly step: number;
  readonly flops: Flops;
  readonly points: readonly TestPoint[];
  readonly parametersAtStart: number;
  readonly sparsityAtStart: number;
  readonly engineBytes: number;
  readonly changes: TrainResult["changes"];
  readonly seconds: number;
}

/** A run between two steps, after its test and its update. */
export interface RunState {
  readonly network: AnyNetwork;
  /** Absent before the first step. */
  readonly optimizer?: OptimizerState;
  readonly memory: Memory;
  readonly progress: RunProgress;
}

const prefixes = { optimizer: "optimizer.", memory: "memory." } as const;

/** Writes a state as the checkpoint of the job `id`, atomically. Throws FileError. */
export async function saveState(path: string, id: string, state: RunState): Promise<void> {
  const { network, optimizer, memory, progress } = state;
  const tensors = new Map<string, Tensor>();
  for (const [name, data] of Object.entries(optimizer?.vectors ?? {})) {
    tensors.set(prefixes.optimizer + name, float32Tensor(data));
  }
  for (const [name, data] of Object.entries(memory)) tensors.set(prefixes.memory + name, float32Tensor(data));
  const updates = optimizer?.updates ?? 0;
  await saveCheckpoint(path, {
    network,
    tensors,
    metadata: new Map([["cell", JSON.stringify({ id, updates, progress })]]),
  });
}

/** The checkpoint of the job `id`; undefined when there is none, or none that can be gone on from. */
export async function loadState(path: string, id: string): Promise<RunState | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const { network, tensors, metadata } = await loadCheckpoint(path);
    const kept = JSON.parse(metadata.get("cell") ?? "null") as {
      id: string;
      updates: number;
      progress: RunProgress;
    } | null;
    if (kept?.id !== id) return undefined;
    const vectors = named(tensors, prefixes.optimizer);
    const memory = named(tensors, prefixes.memory);
    return { network, optimizer: { updates: kept.updates, vectors }, memory, progress: kept.progress };
  } catch (error) {
    // It only saves work: without it, the cell begins anew.
    if (error instanceof IsosparseError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function named(tensors: ReadonlyMap<string, Tensor>, prefix: string): Record<string, Float32Array> {
  const found: Record<string, Float32Array> = {};
  for (const [name, { data }] of tensors) {
    if (name.startsWith(prefix) && data instanceof Float32Array) found[name.slice(prefix.length)] = data;
  }
  return found;
}
