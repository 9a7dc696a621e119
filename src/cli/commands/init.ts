/**
 * @file `sao init`: writes an untrained network.
 */

import { type Command, Option } from "commander";
import type { Dataset } from "../../data/dataset.ts";
import { ArgumentError } from "../../errors.ts";
import { buildNetwork } from "../../experiment/build-network.ts";
import { completeNetworkSettings } from "../../experiment/config.ts";
import { type Counts, countsOf } from "../../experiment/counts.ts";
import { prepare } from "../../experiment/run.ts";
import { certifyOn, writeJson } from "../../experiment/run-records.ts";
import type { Settings } from "../../experiment/settings.ts";
import { columns, count } from "../../experiment/words.ts";
import { saveNetwork } from "../../formats/index.ts";
import type { AnyNetwork } from "../../network/network.ts";
import { downloadProgress } from "../download-progress.ts";
import { addSettingFlags } from "../flags.ts";
import { makingProgress } from "../making-progress.ts";
import { note, print, printJson } from "../output.ts";
import { addCommonOptions, checkOutput, givenSettings, type Options, refuseDataFlags } from "./common.ts";
import { initLike } from "./init-like.ts";
import { addLikeOptions, refuseLikeFlags } from "./like-options.ts";

const examples = `
Examples:
  sao init --layers 784,128*998,10 --sparsity 0.875 --seed 7 --out net.safetensors
  sao init --layers 64,256*8,2 --activation relu --degree 16 --out net.safetensors --certificate net.json
  sao init --dataset mnist --data ./data --depth 100 --out net.safetensors
  sao init --dataset cifar10 --data ./cifar-10-batches-bin --model cnn --depth 64 --sparsity 0.75 --out cnn.safetensors
  sao init --like model.safetensors --sparsity 0.9 --out sparse.safetensors
  sao init --like model.onnx --compression 8 --distribution erk --keep first,last --out sparse.onnx

With --dataset, the widths or images at the ends are the dataset's, and the start for tanh measures its input scale on
training samples; without, training does so when it begins. Networks of convolutions need one, e.g. digits.

With --like, names, shapes, types and everything but the linear layers and convolutions stay as they are. Of the
network settings --sparsity, --compression, --arrangement, --activation (also leaky-relu, gelu, silu, selu), --gain
and --start looks-linear apply.`;

export function addInit(program: Command): void {
  const command = program
    .command("init")
    .description("write an untrained network, or an existing model with its layers made anew")
    .requiredOption("--out <FILE>", "where to write the network, as .safetensors")
    .option("--certificate <FILE>", "where to write its certificate, as JSON")
    .option("--force", "replace files that exist")
    .option("--seed <N>", "every random number follows from it (default 0)")
    .addOption(new Option("--dataset <NAME>", "fit the network to a dataset").helpGroup("Data:"));
  addSettingFlags(command, ["Network", "Data"]);
  addLikeOptions(command);
  addCommonOptions(command, "what was made, as one JSON line on stdout")
    .addHelpText("after", examples)
    .action(async (options: Options) => {
      if (options.like !== undefined) return initLike(options);
      refuseLikeFlags(options);
      const { out, certificate: proof } = options as { out: string; certificate?: string };
      await checkOutputs(out, proof, options.force === true);
      const given = await givenSettings(options, options.dataset as string | undefined, null);
      if (given.dataset === undefined) refuseDataFlags(given);
      const settings = completeNetworkSettings(given);
      const { network, dataset } = await made(settings, given.dataset !== undefined);
      await saveNetwork(network, out);
      if (proof !== undefined) await writeJson(proof, certifyOn(network, dataset));
      const counts = countsOf(network);
      if (options.json === true)
        printJson({ event: "end", file: out, certificate: proof ?? null, ...counts });
      else print(summary(out, proof, counts, given.dataset ?? "mnist"));
    });
}

/** The network, and the dataset that it fits, if there is one. */
async function made(
  settings: Settings,
  fitted: boolean,
): Promise<{ network: AnyNetwork; dataset?: Dataset }> {
  const { onMaking, stop } = makingProgress();
  try {
    if (!fitted) return { network: await buildNetwork(settings, undefined, onMaking) };
    return await prepare(settings, {
      onDownload: downloadProgress(),
      onMaking,
      onNotice: (text) => note(`note: ${text}`),
    });
  } finally {
    stop();
  }
}

async function checkOutputs(out: string, proof: string | undefined, force: boolean): Promise<void> {
  if (out === proof) throw new ArgumentError("contradiction", "--out and --certificate name the same file");
  await checkOutput(out, "--out", force);
  if (proof !== undefined) await checkOutput(proof, "--certificate", force);
}

function summary(out: string, proof: string | undefined, counts: Counts, dataset: string): string {
  const { layers, parameters, denseParameters, sparsity } = counts;
  return columns([
    ["network", out],
    ...(proof === undefined ? [] : [["certificate", proof] as const]),
    ["layers", count(layers)],
    [
      "parameters",
      `${count(parameters)} of ${count(denseParameters)} dense, sparsity ${sparsity.toFixed(4)}`,
    ],
    ["next", `sao inspect ${out}`],
    ["", `sao train ${dataset} --from ${out}`],
  ]);
}
