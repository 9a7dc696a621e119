/**
 * @file What a run folder says about a run besides its numbers: what it ran on, the certificate of the network
 * it began with, and the report.
 */

import { existsSync } from "node:fs";
import { type AnyCertificateData, type CertifyOptions, certify } from "../certificate/certificate.ts";
import { summarize } from "../certificate/summary.ts";
import { type Dataset, inputWidth } from "../data/dataset.ts";
import { parseReference, type Reference } from "../data/reference.ts";
import { FormatError } from "../errors.ts";
import { readFile, writeFileAtomic } from "../formats/index.ts";
import { type AnyNetwork, isMlp } from "../network/network.ts";
import { formatConfig } from "./config-file.ts";
import { defaults } from "./defaults.ts";
import type { Environment } from "./environment.ts";
import { type RunFiles, runFiles } from "./run-folder.ts";
import { readHistory } from "./run-log.ts";
import type { RunOutcome } from "./run-loop.ts";
import { standardisedSamples } from "./train.ts";
import { count, decimal, duration, operations, percent, plural } from "./words.ts";

/** Bytes that data.json may have: a mean, a deviation and a name for each of a million columns and classes. */
const MOST_REFERENCE = 2 ** 27;

/** Samples on which signals through depth are measured. */
const certificateSamples = 64;

/** Multiply-adds that a run's certificate of convolutions may take of a kind: about a second. `inspect` takes more. */
const startWorkLimit = 2e8;

/** Certifies the network on the first training samples and writes certificate.json. */
export async function certifyAtStart(files: RunFiles, network: AnyNetwork, dataset: Dataset): Promise<void> {
  const limit = isMlp(network) ? {} : { workLimit: startWorkLimit };
  await writeJson(files.certificate, certifyOn(network, dataset, limit));
}

/** The certificate of a network, with signals measured on the first training samples of a dataset if given. */
export function certifyOn(
  network: AnyNetwork,
  dataset?: Dataset,
  options: Pick<CertifyOptions, "workLimit"> = {},
) {
  if (dataset === undefined) return certify(network, options);
  const inputs = standardisedSamples(dataset, certificateSamples);
  return certify(network, { ...options, samples: { count: inputs.length / inputWidth(dataset), inputs } });
}

/** The stretches that a run was made in, oldest first; none when the file is missing or damaged. */
export async function readEnvironments(path: string): Promise<Environment[]> {
  const found = await readJson(path);
  return Array.isArray(found) ? (found as Environment[]) : [];
}

export async function writeEnvironments(path: string, environments: readonly Environment[]): Promise<void> {
  await writeJson(path, environments);
}

/**
 * How the data of the run in a folder were scaled and numbered; undefined when the run was made by a version that
 * did not write it.
 *
 * @throws FormatError `bad-data-record` for a damaged file; FileError when it cannot be read.
 */
export async function readReference({ data }: RunFiles): Promise<Reference | undefined> {
  if (!existsSync(data)) return undefined;
  const reference = parseReference(parseJson(await readFile(data, MOST_REFERENCE)));
  if (reference !== undefined) return reference;
  throw new FormatError(
    "bad-data-record",
    `${data} is damaged: it should say how the training data were scaled; remove it, and sao resume writes it again`,
  );
}

/** Writes report.html from what is in the run folder. */
export async function writeRunReport(outcome: RunOutcome): Promise<void> {
  const files = runFiles(outcome.folder);
  const environments = await readEnvironments(files.environment);
  const certificate = (await readJson(files.certificate)) as AnyCertificateData | undefined;
  // Loaded when needed: the chart library would double the time that every command takes to start.
  const { renderReport } = await import("./report.ts");
  const page = renderReport({
    title: `isosparse run: ${outcome.config.dataset}, ${networkName(outcome)}`,
    summary: summaryRows(outcome),
    history: await readHistory(outcome.folder),
    certificate: certificate === undefined ? "none" : summarize(certificate),
    config: formatConfig(outcome.config),
    environment: { ...environments.at(-1) },
  });
  await writeFileAtomic(files.report, page);
}

/** What a run came to, in words, for the report and for the terminal alike. */
export function summaryRows(outcome: RunOutcome): [name: string, value: string][] {
  const { testAccuracy, testLoss, best, parameters, denseParameters, sparsity, config } = outcome;
  const rows: [string, string][] = [];
  if (testAccuracy !== null) {
    const top = best?.accuracy == null ? "" : ` (best ${percent(best.accuracy)}, epoch ${best.epoch})`;
    rows.push(["test accuracy", percent(testAccuracy) + top]);
  } else if (testLoss !== null) {
    const top = best === null ? "" : ` (best ${decimal(best.loss)}, epoch ${best.epoch})`;
    rows.push(["test loss", decimal(testLoss) + top]);
  }
  rows.push(
    ["training", `${outcome.epochs} of ${plural(config.epochs, "epoch")} in ${duration(outcome.seconds)}`],
    [
      "speed",
      `${count(outcome.samplesPerSecond)} samples/s on ${plural(config.threads, "thread")}, ${outcome.kernels} kernels`,
    ],
    ["network", `${networkName(outcome)}, sparsity ${sparsity.toFixed(4)}`],
    [
      "parameters",
      parameters === denseParameters
        ? `${count(parameters)}, dense`
        : `${count(parameters)}, ${(denseParameters / parameters).toFixed(2)} x fewer than ${count(denseParameters)} dense`,
    ],
    ["work", `${operations(outcome.flops)} a sample forward`],
  );
  return rows;
}

/** What was trained: `36 layers`, `cnn of 36 layers`. */
export function networkName({ config, layers }: Pick<RunOutcome, "config" | "layers">): string {
  const { model = defaults.model } = config;
  return `${model === defaults.model ? "" : `${model} of `}${plural(layers, "layer")}`;
}

/** Writes a value as JSON, atomically. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 1)}\n`);
}

async function readJson(path: string): Promise<unknown> {
  return readFile(path).then(parseJson, () => undefined);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
