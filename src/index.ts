/**
 * @file isosparse: neural networks that are sparse and isometric from step zero.
 *
 * Make a network (`mlp`), prove what it is (`certify`), train it (`train`), keep it (`save`, `load`). The
 * part that needs no file system, and so runs in browsers too, is `isosparse/core`; the engine alone `isosparse/engine`.
 */

export * from "./core.ts";
export { type Dataset, inputWidth, type Split, type ValueScale } from "./data/dataset.ts";
export * as datasets from "./data/datasets.ts";
export { DATASET_NAMES, type DatasetOptions, loadDataset } from "./data/registry.ts";
export {
  type CompareOptions,
  type CompareOutcome,
  type CompareStart,
  compare,
  resumeComparison,
} from "./experiment/compare/compare.ts";
export type { CompareSettings } from "./experiment/compare/settings.ts";
export type { ComparisonResults } from "./experiment/compare/summary.ts";
export { type EvaluateOptions, type EvaluationResult, evaluateNetwork } from "./experiment/evaluate.ts";
export type { EpochRecord, StepEvent } from "./experiment/loop.ts";
export {
  type OpenHandlers,
  type ResumeChanges,
  type RunHandlers,
  type RunOutcome,
  type RunStart,
  resumeRun,
  startRun,
} from "./experiment/run.ts";
export type { RunPlace } from "./experiment/run-folder.ts";
export type { Settings } from "./experiment/settings.ts";
export { type TrainOptions, type TrainResult, train } from "./experiment/train.ts";
export { loadNetwork as load, saveNetwork as save } from "./formats/index.ts";
export * as models from "./models/index.ts";
