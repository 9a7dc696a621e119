/**
 * @file What there is to do in a comparison, as plain data: train a cell, try a learning rate, look at a network
 * before training. Everything that determines a job's result is in its key, and the key's hash is its name, so that
 * no job is done twice and none depends on what else is done.
 */

import { createHash } from "node:crypto";
import { defaultLearningRate } from "../defaults.ts";
import { type SettingName, type Settings, settingHelp } from "../settings.ts";
import { layerKinds, weightLayers } from "./compared-models.ts";
import type { SharedSettings } from "./complete.ts";
import { type Line, type NetworkSpec, specOf } from "./grid.ts";
import { sharedNames } from "./settings.ts";

interface CommonKey {
  /** Raised when the same key comes to mean other numbers. */
  readonly format: 1;
  /** `dataHash` of the dataset. */
  readonly data: string;
  readonly network: NetworkSpec;
  readonly seed: number;
  /** Training settings that results depend on. */
  readonly training: Settings;
}

/** A cell: one network trained to its end. */
export interface TrainKey extends CommonKey {
  readonly kind: "train";
  readonly learningRate: number;
  readonly steps: number;
  readonly evaluations: number;
  readonly evaluationSamples: number;
}

/** A learning rate tried, on training samples of which a share is held out. */
export interface TrialKey extends CommonKey {
  readonly kind: "trial";
  readonly learningRate: number;
  readonly steps: number;
  readonly validation: number;
}

/** A network measured before training. */
export interface ProbeKey extends CommonKey {
  readonly kind: "probe";
}

export type JobKey = TrainKey | TrialKey | ProbeKey;

/** A key and its name. */
export interface Job<K extends JobKey = JobKey> {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly key: K;
}

/** Rates are tried with this seed whatever the grid's are, so that more seeds need no other search. */
const trialSeed = 0;

/** Whether a setting says where data lie (their hash says what they are) or how often something is saved. */
function isWithoutEffect(name: SettingName): boolean {
  return settingHelp(name).group === "Data" || name === "checkpointEvery";
}

/** Rates tried beyond the first ones, on either side. */
export interface Beyond {
  readonly smallest: number;
  readonly largest: number;
}

/** Makes the jobs of one comparison on one dataset. */
export interface JobMaker {
  /** By ascending rate. */
  trials(line: Line, beyond?: Beyond): Job<TrialKey>[];
  cell(line: Line, seed: number, learningRate: number): Job<TrainKey>;
  probe(line: Line): Job<ProbeKey>;
}

export function jobMaker(shared: SharedSettings, data: string): JobMaker {
  const names = sharedNames.filter((name) => shared[name] !== undefined && !isWithoutEffect(name));
  const training: Settings = Object.fromEntries(names.map((name) => [name, shared[name]]));
  const common = (line: Line, seed: number) =>
    ({ format: 1, data, network: specOf(line), seed, training }) as const;
  const { evaluations, evaluationSamples, validation } = shared;
  return {
    trials: (line, beyond) =>
      candidateRates(line, shared, beyond).map((learningRate) =>
        named({
          kind: "trial",
          ...common(line, trialSeed),
          learningRate,
          steps: line.searchSteps,
          validation,
        }),
      ),
    cell: (line, seed, learningRate) =>
      named({
        kind: "train",
        ...common(line, seed),
        learningRate,
        steps: line.steps,
        evaluations,
        evaluationSamples,
      }),
    probe: (line) => named({ kind: "probe", ...common(line, line.seeds[0]) }),
  };
}

/** The rates tried for a network, ascending: around the default rule, a factor apart; `beyond` adds to the ends. */
export function candidateRates(
  spec: Pick<NetworkSpec, "model" | "depth" | "width" | "activation">,
  { optimizer = "sgd", rates, rateFactor }: Pick<SharedSettings, "optimizer" | "rates" | "rateFactor">,
  { smallest, largest }: Beyond = { smallest: 0, largest: 0 },
): number[] {
  const middle = defaultLearningRate(weightLayers(spec), optimizer, layerKinds(spec));
  const least = -Math.floor(rates / 2) - smallest;
  return Array.from({ length: smallest + rates + largest }, (_, i) =>
    Number((middle * rateFactor ** (least + i)).toPrecision(3)),
  );
}

function named<K extends JobKey>(key: K): Job<K> {
  return { id: createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 16), key };
}
