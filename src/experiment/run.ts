/**
 * @file Runs: training that lives in a folder, from which it can be resumed after any interruption and ends as
 * if there had been none.
 */

import { existsSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Dataset } from "../data/dataset.ts";
import type { DownloadProgress } from "../data/download.ts";
import { referenceOf } from "../data/reference.ts";
import { createTrainer } from "../engine/index.ts";
import { ArgumentError, DataError, FileError, FormatError } from "../errors.ts";
import { removeLeftovers, writeFileAtomic } from "../formats/index.ts";
import { networkInput, networkOutput, sizeOf } from "../network/layer-shape.ts";
import type { MakingProgress } from "../network/making-progress.ts";
import { type AnyNetwork, isMlp, widths } from "../network/network.ts";
import { buildNetwork, endsOf, networkWidths } from "./build-network.ts";
import { loadRunState, type RunState, saveRunState } from "./checkpoint.ts";
import { completeNetworkSettings, isComplete, planOf, type RunConfig, trainerOptions } from "./config.ts";
import { formatConfig, readConfigFile } from "./config-file.ts";
import { environment } from "./environment.ts";
import { assertSameRun } from "./identity.ts";
import { formatLayers } from "./layers.ts";
import { start } from "./loop.ts";
import { modelOf } from "./models.ts";
import { isCsv, openDataset, withAbsolutePaths } from "./open-dataset.ts";
import { applies } from "./rules.ts";
import { checkRunPlace, claimRunFolder, type RunFiles, type RunPlace, runFiles } from "./run-folder.ts";
import { lockRun } from "./run-lock.ts";
import { proceed, type RunHandlers, type RunOutcome } from "./run-loop.ts";
import {
  certifyAtStart,
  readEnvironments,
  readReference,
  writeEnvironments,
  writeJson,
} from "./run-records.ts";
import type { Settings } from "./settings.ts";
import { checkShapes, completeFor, withInputScale } from "./train.ts";

export type { RunHandlers, RunOutcome, RunStart } from "./run-loop.ts";

/** Who listens, and to what besides the run itself. */
export interface OpenHandlers extends RunHandlers {
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** What is being done before training begins. */
  readonly onStage?: (text: string) => void;
  /** How far the weights of a new network are; of wide ones they take minutes. */
  readonly onMaking?: (progress: MakingProgress) => void;
  /** The folder of a new run is there and can be resumed from now on. */
  readonly onSaved?: () => void;
}

/** A dataset and a network that fits it, for settings. */
export async function prepare(
  settings: Settings,
  { onDownload, onStage, onMaking, onNotice }: OpenHandlers = {},
): Promise<{ dataset: Dataset; network: AnyNetwork }> {
  onStage?.("loading the dataset");
  const dataset = await openDataset(settings, onDownload, { onNotice });
  onStage?.("making the network");
  const network = await buildNetwork(settings, endsOf(dataset), onMaking);
  checkShapes(network, dataset);
  return { dataset, network: withInputScale(network, dataset) };
}

/**
 * Trains in a new run folder. Everything that can be wrong with the settings is found before the folder is
 * made; from then on the folder can be resumed.
 *
 * @throws ArgumentError, InfeasibleError, DataError, FormatError, FileError: bad input; RunError `not-finite`:
 *   the loss stopped being finite, and the last good checkpoint is in the folder.
 */
export async function startRun(
  given: Settings,
  place: RunPlace,
  handlers: OpenHandlers = {},
): Promise<RunOutcome> {
  await checkRunPlace(place);
  const settings = withAbsolutePaths(completeNetworkSettings(given));
  const { dataset, network } = await prepare(settings, handlers);
  const config = completeFor(network, settings, dataset);
  const trainer = await createTrainer(network, trainerOptions(config));
  let unlock: (() => void) | undefined;
  try {
    if (trainer.recomputes) handlers.onNotice?.(recomputing);
    const folder = await claimRunFolder(place, config);
    unlock = await lockRun(folder);
    const files = runFiles(folder);
    await writeFileAtomic(files.config, formatConfig(config));
    await writeEnvironments(files.environment, [environment(trainer.kernels, config.threads, 0)]);
    await writeJson(files.data, referenceOf(dataset));
    await saveRunState(files.checkpoint, trainer, start, dataset.train.count, config);
    handlers.onSaved?.();
    handlers.onStage?.("certifying the network");
    await certifyAtStart(files, network, dataset);
    return await proceed(
      { folder, config, dataset, trainer, plan: planOf(config, dataset) },
      start,
      handlers,
    );
  } finally {
    trainer.dispose();
    unlock?.();
  }
}

const recomputing =
  "activations do not fit the memory there is: they are computed again on the way back, in about a third more time";

/** What may change when a run goes on: where the data lie now, and how many threads there are. */
export type ResumeChanges = Pick<Settings, "data" | "threads">;

/**
 * Goes on with the run in `folder` from its last checkpoint. Logs are cut back to it first. With the same
 * kernels the run ends bit-identical to one that was never stopped; with others the handlers are told.
 *
 * @throws as `startRun`; FormatError for a folder whose files do not belong together; FileError `in-use`: another
 *   process trains in it, `no-checkpoint`: it was stopped before it had one.
 */
export async function resumeRun(
  folder: string,
  changes: ResumeChanges,
  handlers: OpenHandlers = {},
): Promise<RunOutcome> {
  const config = movedTo(await readRunConfig(folder), changes);
  if (changes.data !== undefined && !applies("data", config)) {
    throw new ArgumentError(
      "contradiction",
      `--data says nothing about ${config.dataset}, which has no files`,
    );
  }
  const unlock = await lockRun(folder);
  try {
    return await goOn(folder, config, handlers);
  } finally {
    unlock();
  }
}

async function goOn(folder: string, config: RunConfig, handlers: OpenHandlers): Promise<RunOutcome> {
  const files = runFiles(folder);
  const state = await loadStateOf(files, config);
  const { network, optimizer, position } = state;
  handlers.onStage?.("loading the dataset");
  const dataset = await openDataset(config, handlers.onDownload, { onNotice: handlers.onNotice });
  checkShapes(network, dataset);
  checkIsOnData(state, config, dataset, files.checkpoint);
  await checkIsScaledAs(files, dataset);
  const trainer = await createTrainer(network, trainerOptions(config));
  try {
    trainer.restoreOptimizerState(optimizer);
    const past = await readEnvironments(files.environment);
    const kernels = past.at(-1)?.kernels ?? trainer.kernels;
    if (kernels !== trainer.kernels) {
      handlers.onNotice?.(
        `this run was made with ${kernels} kernels and goes on with ${trainer.kernels}: the last bits may differ`,
      );
    }
    const { folder: _, ...each } = files;
    for (const file of Object.values(each)) await removeLeftovers(file);
    const now = environment(trainer.kernels, config.threads, position.step);
    await writeEnvironments(files.environment, [...past, now]);
    if (!existsSync(files.certificate)) await certifyAgain(files, config, state, dataset, handlers);
    return await proceed(
      { folder, config, dataset, trainer, plan: planOf(config, dataset) },
      position,
      handlers,
    );
  } finally {
    trainer.dispose();
  }
}

/** The last checkpoint of the run of `config`. */
async function loadStateOf(files: RunFiles, config: RunConfig): Promise<RunState> {
  if (!existsSync(files.checkpoint)) {
    throw new FileError(
      "no-checkpoint",
      `${files.folder} never reached its first checkpoint; start again with: sao train --config ${files.config}`,
    );
  }
  const state = await loadRunState(files.checkpoint);
  assertSameRun(state.identity, config, files.checkpoint);
  checkIsOf(state.network, config, files.checkpoint);
  return state;
}

/** Throws DataError or FormatError when the run cannot have been on these data. */
function checkIsOnData(
  { trainSamples, position }: RunState,
  config: RunConfig,
  { name, train }: Dataset,
  file: string,
): void {
  if (trainSamples !== train.count) {
    throw new DataError(
      "other-data",
      `the run was trained on ${trainSamples} samples, but ${name} has ${train.count} now`,
    );
  }
  const steps = Math.ceil(train.count / config.batchSize) * config.epochs;
  if (position.step > steps) {
    throw new FormatError(
      "other-run",
      `${file} is another run's: it is at step ${position.step}, and config.yaml beside it makes ${steps}`,
    );
  }
}

/** Throws DataError when the data are not those of the run's data.json, which is made again when it is missing. */
async function checkIsScaledAs(files: RunFiles, dataset: Dataset): Promise<void> {
  const reference = referenceOf(dataset);
  const known = await readReference(files);
  if (known === undefined) await writeJson(files.data, reference);
  else if (!isDeepStrictEqual(known, reference)) {
    throw new DataError(
      "other-data",
      `${dataset.name} is not as it was when the run began: its means, deviations or classes differ from ${files.data}`,
    );
  }
}

/** Makes the certificate that a run was killed before it had: of the network that it began with. */
async function certifyAgain(
  files: RunFiles,
  config: RunConfig,
  { network, position }: RunState,
  dataset: Dataset,
  { onStage, onMaking, onNotice }: OpenHandlers,
): Promise<void> {
  if (position.step > 0 && config.from !== undefined) {
    onNotice?.(
      "certificate.json is missing and is not made again: the network that the run began with is gone",
    );
    return;
  }
  if (position.step > 0) onStage?.("making the network");
  const first =
    position.step === 0
      ? network
      : withInputScale(await buildNetwork(config, endsOf(dataset), onMaking), dataset);
  onStage?.("certifying the network");
  await certifyAtStart(files, first, dataset);
}

/** The config with the changes made. */
function movedTo(config: RunConfig, { data, threads }: ResumeChanges): RunConfig {
  const dataset = data !== undefined && isCsv(config) ? basename(config.dataset) : config.dataset;
  return {
    ...config,
    ...withAbsolutePaths({ dataset, data: data ?? config.data }),
    threads: threads ?? config.threads,
  };
}

/** Throws FormatError when a checkpoint holds another network than the config beside it describes. */
function checkIsOf(network: AnyNetwork, config: RunConfig, file: string): void {
  if (config.from !== undefined) return;
  const ends = { inputs: sizeOf(networkInput(network)), outputs: sizeOf(networkOutput(network)) };
  const convolutions = "convolutions";
  const has = isMlp(network) ? formatLayers(widths(network)) : convolutions;
  const needs = modelOf(config).takes === "images" ? convolutions : formatLayers(networkWidths(config, ends));
  if (has === needs) return;
  throw new FormatError(
    "other-network",
    `${file} is another run's: it holds a network of ${has}, and config.yaml beside it describes ${needs}`,
  );
}

/** The config of the run in `folder`. Throws FileError, FormatError (`not-a-run`). */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  const { config: path } = runFiles(folder);
  const { settings } = await readConfigFile(path);
  if (!isComplete(settings)) {
    throw new FormatError("not-a-run", `${path} is not the complete config that a run folder has`);
  }
  return settings;
}
