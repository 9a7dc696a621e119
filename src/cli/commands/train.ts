/**
 * @file `sao train`: trains a network in a new run folder.
 */

import { type Command, Option } from "commander";
import { DATASET_NAMES } from "../../data/registry.ts";
import { startRun } from "../../experiment/run.ts";
import { addSettingFlags } from "../flags.ts";
import { showTraining } from "../training.ts";
import { addCommonOptions, givenSettings, type Options } from "./common.ts";

const examples = `
Examples:
  sao train
  sao train mnist --data ./data --depth 1000 --width 128 --sparsity 0.875 --epochs 5
  sao train cifar10 --data ./cifar-10-batches-bin --model cnn --depth 32 --width 32 --sparsity 0.75
  sao train cifar10 --data ./cifar-10-batches-bin --model resnet20 --sparsity 0.5 --augment crop-flip
  sao train mnist --data ./data --model edge-cnn
  sao train image-folder --data ./CINIC-10 --model cnn-eco --depth 16
  sao train iris.csv --target species --depth 4 --width 32 --degree 4
  sao train --config run.yaml --seed 1
  sao train mnist --from net.safetensors --learning-rate 1e-3

Models: mlp (linear layers, the default), cnn (three convolutions that shrink images, then --depth of --width channels),
cnn-eco (the same of ECO convolutions), resnet20, resnet32, resnet56 and lip-conv-net as published, edge-cnn (small).

A config file holds the same settings under the same names (batchSize: 128); flags beat it.`;

export function addTrain(program: Command): void {
  const command = program
    .command("train")
    .description("train a network in a new run folder")
    .argument("[dataset]", `${DATASET_NAMES.join(", ")}, or the path of a .csv file (default digits)`);
  addSettingFlags(command, ["Data", "Network", "Training", "Run"]);
  command
    .addOption(new Option("--config <FILE>", "settings from a YAML or JSON file").helpGroup("Run:"))
    .addOption(new Option("--out <DIR>", "the run folder itself, new or empty").helpGroup("Run:"))
    .addOption(new Option("--name <NAME>", "name of the run folder in runs/").helpGroup("Run:"))
    .addOption(
      new Option("--verbose", "say what the engine runs each layer as, and why").helpGroup("Output:"),
    );
  addCommonOptions(command, "one JSON line on stdout for the start, each epoch and the end")
    .addHelpText("after", examples)
    .action(async (dataset: string | undefined, options: Options) => {
      const settings = await givenSettings(options, dataset);
      const place = { out: options.out as string | undefined, name: options.name as string | undefined };
      await showTraining((handlers) => startRun(settings, place, handlers), {
        json: options.json === true,
        verbose: options.verbose === true,
      });
    });
}
