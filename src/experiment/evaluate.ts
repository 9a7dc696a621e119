/**
 * @file Tests the network of a file on a dataset.
 */

import type { Dataset } from "../data/dataset.ts";
import { type Reference, scaledLike } from "../data/reference.ts";
import { createTrainer } from "../engine/index.ts";
import { sgd } from "../engine/optimizer.ts";
import { DataError } from "../errors.ts";
import { loadNetwork } from "../formats/index.ts";
import type { AnyNetwork } from "../network/network.ts";
import { loadRunNetwork, loadRunState } from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import { defaults } from "./defaults.ts";
import { assertSameRun } from "./identity.ts";
import { evaluateSplit } from "./loop.ts";
import { openDataset } from "./open-dataset.ts";
import type { OpenHandlers } from "./run.ts";
import type { Settings } from "./settings.ts";
import { availableThreads } from "./system.ts";
import { checkShapes } from "./train.ts";

/** Which samples, and how. */
export interface EvaluateOptions extends Pick<OpenHandlers, "onDownload" | "onNotice"> {
  readonly split?: "test" | "train";
  readonly threads?: number;
  /** The file is the checkpoint of a run of this config. */
  readonly checkpointOf?: RunConfig;
  /** The file is the best network of a run of this config. */
  readonly bestOf?: RunConfig;
  /** How the data that the network was trained on were scaled and numbered; absent: as those that it is tested on. */
  readonly like?: Reference;
  /** The dataset is another than the one that the network was trained on, so that a table is tested as a whole. */
  readonly otherData?: boolean;
}

/** What a test came to. */
export interface EvaluationResult {
  readonly file: string;
  readonly dataset: string;
  readonly split: "test" | "train";
  readonly samples: number;
  readonly loss: number;
  /** Fraction; null for regression. */
  readonly accuracy: number | null;
}

/**
 * Loads a network and a dataset and tests one on the other. Losses of a regression are in the values' own units.
 *
 * @throws what loading throws; DataError `shape-mismatch`, `no-samples` when the split is empty.
 */
export async function evaluateNetwork(
  file: string,
  settings: Settings,
  options: EvaluateOptions = {},
): Promise<EvaluationResult> {
  const { split = "test", threads = availableThreads() } = options;
  const network = await loadNetworkOf(file, options);
  const dataset = await openToTest(settings, options);
  checkShapes(network, dataset);
  if (dataset[split].count === 0) {
    throw new DataError(
      "no-samples",
      `${dataset.name} has no ${split} samples: all of another table are test samples`,
    );
  }
  const classes = dataset.train.labels !== undefined;
  const trainer = await createTrainer(network, {
    loss: classes ? { kind: "crossEntropy", labelSmoothing: 0 } : { kind: "meanSquaredError" },
    optimizer: sgd({ momentum: 0 }),
    batchSize: settings.batchSize ?? defaults.batchSize,
    shardSize: settings.shardSize,
    threads,
  });
  try {
    const { loss, accuracy } = evaluateSplit(trainer, dataset, dataset[split], settings.scaleTargets ?? true);
    const { count } = dataset[split];
    return { file, dataset: dataset.name, split, samples: count, loss, accuracy: classes ? accuracy : null };
  } finally {
    trainer.dispose();
  }
}

/** The network of a file; of a run's, when it is that run's. */
async function loadNetworkOf(file: string, { checkpointOf, bestOf }: EvaluateOptions): Promise<AnyNetwork> {
  const config = checkpointOf ?? bestOf;
  if (config === undefined) return loadNetwork(file);
  const { network, identity } = await (checkpointOf === undefined
    ? loadRunNetwork(file)
    : loadRunState(file));
  assertSameRun(identity, config, file);
  return network;
}

async function openToTest(
  settings: Settings,
  { like, otherData, onDownload, onNotice }: EvaluateOptions,
): Promise<Dataset> {
  if (otherData) return openDataset(settings, onDownload, { onNotice, like });
  const dataset = await openDataset(settings, onDownload, { onNotice });
  return like === undefined ? dataset : scaledLike(dataset, like);
}
