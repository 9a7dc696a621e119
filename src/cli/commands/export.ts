/**
 * @file `sao export`: writes a network for where it will run.
 */

import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Samples } from "../../certificate/index.ts";
import { type Dataset, inputWidth } from "../../data/dataset.ts";
import { ArgumentError, DataError, FileError, IsosparseError } from "../../errors.ts";
import { countsOf } from "../../experiment/counts.ts";
import { openDataset } from "../../experiment/open-dataset.ts";
import { certifyOn } from "../../experiment/run-records.ts";
import { flagOf, type Settings } from "../../experiment/settings.ts";
import { checkShapes, standardisedSamples } from "../../experiment/train.ts";
import { bytes, columns, plural } from "../../experiment/words.ts";
import { formOf } from "../../formats/export/export-network.ts";
import type { Exporter, ExportForm, ExportRequest, ExportResult } from "../../formats/export/exporter.ts";
import { exporterNames, exporterOf, exporters } from "../../formats/export/registry.ts";
import { loadNetwork } from "../../formats/index.ts";
import type { AnyNetwork } from "../../network/network.ts";
import { downloadProgress } from "../download-progress.ts";
import { addSettingFlags } from "../flags.ts";
import { note, print } from "../output.ts";
import {
  addCommonOptions,
  checkOutput,
  datasetSettings,
  givenSettings,
  type Options,
  refuseDataFlags,
  resolveTarget,
  type Target,
} from "./common.ts";

const examples = `
Formats:
${columns(exporters.map(({ name, summary }) => [`  ${name}`, summary]))}

Examples:
  sao export runs/mnist-1000x128-sao --to onnx
  sao export runs/mnist-1000x128-sao --best --to onnx --form dense --out dense.onnx
  sao export net.safetensors --to onnx --input standardised

A run's network takes raw inputs where the format can standardise them, by the mean and deviation of the run's
training samples; with --input standardised, and from a lone file, whoever calls it must do that.`;

export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description(`write a network for where it will run: ${exporterNames.join(", ")}`)
    .argument("<target>", "a run folder or a .safetensors file")
    .requiredOption("--to <FORMAT>", "one of those below")
    .option("--out <PATH>", "where to write; default: here, named after the target")
    .addOption(new Option("--form <FORM>", "as sparse as it is, or full matrices").choices(["fast", "dense"]))
    .option("--best", "the run's best network instead of its last")
    .option("--force", "replace what exists");
  addExporterFlags(command);
  command
    .addOption(
      new Option("--input <KIND>", "what the written network takes (default raw, if a dataset is known)")
        .choices(["raw", "standardised"])
        .helpGroup("Data:"),
    )
    .addOption(
      new Option("--dataset <NAME>", "whose inputs it is for, other than the run's").helpGroup("Data:"),
    );
  addSettingFlags(command, ["Data"]);
  addCommonOptions(command, "what was written, as one JSON line on stdout")
    .addHelpText("after", examples)
    .action(exportTarget);
}

/** The flags of exporters, each under its exporter's heading. */
function addExporterFlags(command: Command): void {
  for (const { name: exporter, options } of exporters) {
    for (const { name, value, description } of options) {
      const flag = value === undefined ? flagOf(name) : `${flagOf(name)} <${value}>`;
      command.addOption(new Option(flag, description).helpGroup(`--to ${exporter}:`));
    }
  }
}

async function exportTarget(path: string, options: Options): Promise<void> {
  const exporter = exporterOf(String(options.to));
  const form = formOf(exporter, options.form as ExportForm | undefined);
  const own = ownOptions(exporter, options);
  const target = await resolveTarget(path, options.best === true);
  const out = (options.out as string | undefined) ?? defaultOutput(path, exporter, form);
  await checkPlace(exporter, out, target, options.force === true);
  const network = await loadNetwork(target.file);
  const { notes, ...data } = await dataOf(exporter, network, target, options);
  const certificate = certifyOn(network);
  const source = basename(target.file);
  const written = await exporter.export(network, { certificate, form, out, source, ...data, options: own });
  const result = { ...written, notes: [...written.notes, ...notes] };
  for (const warning of result.warnings) note(`warning: ${warning}`);
  const end = { event: "end", to: exporter.name, form, out, bytes: totalBytes(result), ...result };
  const text = options.json === true ? JSON.stringify(end) : summary(network, result, out, form);
  // Behind /dev/stdout, what is said would follow the model.
  if (await isPlace(out)) print(text);
  else note(text);
}

/** Whether it is a file or a folder; anything else is a device or a pipe. */
async function isPlace(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined || found.isFile() || found.isDirectory();
}

/** The options of the exporter that were given; those of others are refused. */
function ownOptions(exporter: Exporter, options: Options): Record<string, string | true> {
  const own: Record<string, string | true> = {};
  for (const { name, options: offered } of exporters) {
    for (const option of offered) {
      const value = options[option.name] as string | true | undefined;
      if (value === undefined) continue;
      if (name !== exporter.name) {
        throw new ArgumentError(
          "contradiction",
          `${flagOf(option.name)} goes with --to ${name}, not ${exporter.name}`,
        );
      }
      own[option.name] = value;
    }
  }
  return own;
}

/** In the folder one is in, called as the run or the file. */
function defaultOutput(path: string, { name, extension }: Exporter, form: ExportForm): string {
  const stem = basename(resolve(path)).replace(/\.safetensors$/, "");
  const dense = form === "dense" ? "-dense" : "";
  return extension === "" ? `${stem}-${name}${dense}` : `${stem}${dense}${extension}`;
}

/** Refuses to write where something is that was not meant to be replaced. */
async function checkPlace(
  { name, extension }: Exporter,
  out: string,
  target: Target,
  force: boolean,
): Promise<void> {
  const real = (path: string) => realpath(path).catch(() => resolve(path));
  if ((await real(target.file)) === (await real(out))) {
    throw new ArgumentError("contradiction", `${out} is the network to export; name another file with --out`);
  }
  if (extension === "" && dirname(await real(target.file)) === (await real(out))) {
    throw new ArgumentError(
      "contradiction",
      `${out} is where the network to export lies; name another folder with --out`,
    );
  }
  const existing = await stat(out).catch(() => undefined);
  if (extension !== "" || existing === undefined) return checkOutput(out, "--out", force);
  if (!existing.isDirectory()) {
    throw new FileError("file-exists", `${out} is a file, and ${name} writes a folder; choose another --out`);
  }
  if ((await readdir(out)).length > 0 && !force) {
    throw new FileError("not-empty", `${out} is not empty; choose another --out, or add --force`);
  }
  await checkOutput(join(out, name), "--out", force);
}

/** What an exporter is told of the dataset that the network is for. */
interface KnownData extends Pick<ExportRequest, "scaling" | "samples"> {
  /** What is said of it beside the exporter's own notes. */
  readonly notes: readonly string[];
}

async function dataOf(
  exporter: Exporter,
  network: AnyNetwork,
  target: Target,
  options: Options,
): Promise<KnownData> {
  const own = target.settings?.dataset ?? null;
  const flags = await givenSettings(options, options.dataset as string | undefined, own);
  const settings = datasetSettings(target, flags);
  const { input } = options;
  if (settings === undefined) {
    refuseDataFlags(flags);
    if (input !== "raw") return { notes: [] };
    throw new ArgumentError("missing-dataset", "--input raw needs to know the inputs: add --dataset");
  }
  if (exporter.numbersOnly && input === "raw") {
    throw new ArgumentError(
      "contradiction",
      `--input raw: ${exporter.name} holds numbers, and standardises nothing`,
    );
  }
  const raw = input !== "standardised" && !exporter.numbersOnly;
  if (!raw && exporter.wantedSamples === 0) return { notes: [] };
  const dataset = await datasetFor(network, settings, input === undefined);
  const { mean, deviation, valueScale } = dataset;
  return {
    ...(raw && { scaling: { mean, deviation } }),
    ...(exporter.wantedSamples > 0 && { samples: samplesOf(dataset, exporter.wantedSamples) }),
    notes: valueScale
      ? [`gives standardised targets: value = output x ${valueScale.deviation} + ${valueScale.mean}`]
      : [],
  };
}

/** The dataset; where it was not asked for and cannot be had, the error says how to do without. */
async function datasetFor(network: AnyNetwork, settings: Settings, optional: boolean): Promise<Dataset> {
  try {
    const dataset = await openDataset(settings, downloadProgress());
    checkShapes(network, dataset);
    return dataset;
  } catch (error) {
    if (!optional || !(error instanceof IsosparseError)) throw error;
    const without = "or leave standardising to the caller: --input standardised";
    throw new DataError(error.code, `${error.message}; ${without}`, { cause: error });
  }
}

function samplesOf(dataset: Dataset, most: number): Samples {
  const inputs = standardisedSamples(dataset, most);
  return { inputs, count: inputs.length / inputWidth(dataset) };
}

function totalBytes({ files }: ExportResult): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

function summary(network: AnyNetwork, result: ExportResult, out: string, form: ExportForm): string {
  const { files, denseBytes, notes } = result;
  const { layers, sparsity } = countsOf(network);
  const total = totalBytes(result);
  const ratio = denseBytes / total;
  const [only] = files;
  // Files lie in the folder that was asked for, or beside the file.
  const shown = (path: string) => (only.path === out ? basename(path) : relative(out, path));
  const several = files.map(({ path, bytes: size }) => [shown(path), bytes(size)] as const);
  const rows: (readonly [string, string])[] = [
    ["written", `${out}, ${bytes(total)}, ${form} form`],
    ...(files.length === 1 && only.path === out
      ? []
      : several.map(([name, size]) => ["", `${name}, ${size}`] as const)),
    ["dense", form === "dense" ? "is what this is" : `${bytes(denseBytes)}, ${ratio.toFixed(2)} x as much`],
    ["network", `${plural(layers, "layer")}, sparsity ${sparsity.toFixed(4)}`],
    ...notes.map((text, i) => [i === 0 ? "note" : "", text] as const),
  ];
  return columns(rows);
}
