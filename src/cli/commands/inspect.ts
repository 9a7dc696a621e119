/**
 * @file `sao inspect`: the certificate of a network, from its actual numbers.
 */

import { type Command, Option } from "commander";
import type { Dataset } from "../../data/dataset.ts";
import { ArgumentError, IsosparseError } from "../../errors.ts";
import { openDataset } from "../../experiment/open-dataset.ts";
import { certifyOn, writeJson } from "../../experiment/run-records.ts";
import type { Settings } from "../../experiment/settings.ts";
import { checkShapes } from "../../experiment/train.ts";
import { loadNetwork } from "../../formats/index.ts";
import { isForeign } from "../../models/open-model.ts";
import type { AnyNetwork } from "../../network/network.ts";
import { downloadProgress } from "../download-progress.ts";
import { addSettingFlags } from "../flags.ts";
import { note, print, printJson } from "../output.ts";
import {
  addCommonOptions,
  checkOutput,
  datasetSettings,
  givenSettings,
  type Options,
  refuseDataFlags,
  resolveTarget,
} from "./common.ts";
import { inspectForeign } from "./inspect-model.ts";
import { amount, repeatable } from "./patterns.ts";

const examples = `
Examples:
  sao inspect net.safetensors
  sao inspect net.safetensors --dataset mnist --data ./data
  sao inspect runs/digits-32x128-sao --certificate trained.json
  sao inspect cnn.safetensors --dataset cifar10 --data ./data --work-limit 1e10
  sao inspect pruned.safetensors
  sao inspect resnet.onnx --json

Signals and Jacobians through depth are measured on training samples: a run's own, or those of --dataset. What would
take more work than --work-limit is left out, and the last lines say so.
Models from elsewhere (a PyTorch state dict as safetensors, an ONNX model) are measured layer by layer, with what may
keep them from training.`;

export function addInspect(program: Command): void {
  const command = program
    .command("inspect")
    .description(
      "certify a network or any model: sparsity, orthogonality, connectivity, signals through depth",
    )
    .argument("<target>", "a run folder, a .safetensors or an .onnx file")
    .option("--best", "the run's best network instead of its last")
    .option("--certificate <FILE>", "write the whole certificate, as JSON")
    .option("--force", "replace a file that exists")
    .addOption(new Option("--dataset <NAME>", "measure signals on its training samples").helpGroup("Data:"));
  addSettingFlags(command, ["Data"]);
  command
    .option(
      "--work-limit <N>",
      "multiply-adds for each kind of figure (default 1e9, of linear layers alone 3e9: seconds)",
    )
    .addOption(
      repeatable(
        "--conv-groups <PATTERN=N>",
        "groups of the convolutions that match, which a state dict does not say",
      ).helpGroup("Existing model:"),
    );
  addCommonOptions(command, "the whole certificate as one JSON line on stdout")
    .addHelpText("after", examples)
    .action(async (path: string, options: Options) => {
      const proof = options.certificate as string | undefined;
      if (proof !== undefined) await checkOutput(proof, "--certificate", options.force === true);
      if (await isForeign(path)) return inspectForeign(path, options);
      if (options.convGroups !== undefined) {
        throw new ArgumentError(
          "contradiction",
          "--conv-groups goes with a model that isosparse did not write",
        );
      }
      const workLimit = amount(options.workLimit, "--work-limit");
      const target = await resolveTarget(path, options.best === true);
      const own = target.settings?.dataset ?? null;
      const flags = await givenSettings(options, options.dataset as string | undefined, own);
      const network = await loadNetwork(target.file);
      const data = datasetSettings(target, flags);
      if (data === undefined) refuseDataFlags(flags);
      const dataset = data && (await datasetFor(network, data, flags.dataset !== undefined));
      const certificate = certifyOn(network, dataset, { workLimit });
      if (proof !== undefined) await writeJson(proof, certificate);
      if (options.json === true) printJson({ event: "end", file: target.file, ...certificate });
      else print(certificate.summary());
    });
}

/** The dataset, if it can be had: a run's own that is missing costs only the measurements on it. */
async function datasetFor(network: AnyNetwork, data: Settings, asked: boolean): Promise<Dataset | undefined> {
  try {
    const dataset = await openDataset(data, downloadProgress(), {
      onNotice: (text) => note(`note: ${text}`),
    });
    checkShapes(network, dataset);
    return dataset;
  } catch (error) {
    if (asked || !(error instanceof IsosparseError)) throw error;
    note(`note: signals are not measured: ${error.message}`);
    return undefined;
  }
}
