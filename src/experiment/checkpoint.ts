/**
 * @file Checkpoints: the network, the optimizer's state, the position and the settings, which together are all
 * that a run is.
 * Nothing in them depends on the clock, so that an interrupted and resumed run ends with the same bytes.
 */

import { z } from "zod";
import type { Trainer } from "../engine/trainer.ts";
import { FormatError } from "../errors.ts";
import { loadCheckpoint, saveCheckpoint } from "../formats/network-file.ts";
import { float32Tensor } from "../formats/tensor.ts";
import type { AnyNetwork, Layer } from "../network/network.ts";
import type { RunConfig } from "./config.ts";
import { identityOf, type RunIdentity } from "./identity.ts";
import type { Position } from "./loop.ts";

/** What `restoreOptimizerState` takes. */
export type OptimizerState = ReturnType<Trainer["optimizerState"]>;

/** A run between two steps. */
export interface RunState {
  readonly network: AnyNetwork;
  readonly optimizer: OptimizerState;
  readonly position: Position;
  /** Training samples of the dataset, on which the meaning of a step depends. */
  readonly trainSamples: number;
  /** The settings it was made with; empty in checkpoints of versions that did not write them. */
  readonly identity: RunIdentity;
}

/** Metadata keys of the position and of the settings. */
const key = "training";
const identityKey = "settings";
const prefix = "optimizer.";

const count = z.number().int().nonnegative();
const identitySchema = z.record(z.string(), z.unknown()).catch({});
const positionSchema = z.strictObject({
  updates: count,
  trainSamples: count,
  position: z.strictObject({
    step: count,
    sums: z.strictObject({ samples: count, loss: z.number(), correct: count, gradientNorm: z.number() }),
    best: z.strictObject({ epoch: count, loss: z.number(), accuracy: z.number().nullable() }).optional(),
  }),
});

/** What a file of the run of `config` says about it: with what settings it was made. */
export function identityMetadata(config: RunConfig): [key: string, value: string] {
  return [identityKey, JSON.stringify(identityOf(config))];
}

/** A network of a run, and the settings that the run was made with, without the state of its training. */
export async function loadRunNetwork(path: string): Promise<Pick<RunState, "network" | "identity">> {
  const { network, metadata } = await loadCheckpoint(path);
  return { network, identity: identitySchema.parse(parseJson(metadata.get(identityKey))) };
}

/** Writes the trainer's state at `position`, atomically. Throws FileError. */
export async function saveRunState(
  path: string,
  trainer: Trainer<Layer>,
  position: Position,
  trainSamples: number,
  config: RunConfig,
): Promise<void> {
  const { updates, vectors } = trainer.optimizerState();
  const tensors = Object.entries(vectors).map(
    ([name, data]) => [prefix + name, float32Tensor(data)] as const,
  );
  await saveCheckpoint(path, {
    network: trainer.network(),
    tensors: new Map(tensors),
    metadata: new Map([[key, JSON.stringify({ updates, trainSamples, position })], identityMetadata(config)]),
  });
}

/** Reads what `saveRunState` wrote. Throws FileError, FormatError (`not-a-checkpoint` and the formats' own). */
export async function loadRunState(path: string): Promise<RunState> {
  const { network, tensors, metadata } = await loadCheckpoint(path);
  const parsed = positionSchema.safeParse(parseJson(metadata.get(key)));
  if (!parsed.success) {
    throw new FormatError(
      "not-a-checkpoint",
      `${path}: a network without the state of a run, so there is nothing to resume; train it on with --from ${path}`,
    );
  }
  const vectors: Record<string, Float32Array> = {};
  for (const [name, { data }] of tensors) {
    if (name.startsWith(prefix) && data instanceof Float32Array) vectors[name.slice(prefix.length)] = data;
  }
  const { updates, position, trainSamples } = parsed.data;
  const identity = identitySchema.parse(parseJson(metadata.get(identityKey)));
  return { network, optimizer: { updates, vectors }, position, trainSamples, identity };
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
