/** @file The networks that the page on exports is about, and the runs that train them. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { sao } from "./sao.mjs";

/** Shares of the weights, or of the kernels, that are left out. */
export const SPARSITIES = [0, 0.75, 0.875, 0.9375];

/** What `sao train mnist` is told besides the sparsity, on which `flags` may depend; `note` goes with the command. */
export const NETWORKS = [
  {
    name: "wide",
    title: "Three layers, 1024 units wide",
    flags: () => ["--layers", "784,1024,1024,10", "--epochs", "1"],
  },
  {
    name: "deep",
    title: "A thousand layers, 128 units wide",
    flags: () => ["--depth", "1000", "--width", "128", "--epochs", "1", "--samples", "20000"],
  },
  {
    name: "edge-cnn",
    title: "The edge CNN",
    // The usual rate is for few kernels.
    note: "at 0 % with `--learning-rate 0.003`, as with all kernels it does not settle in one epoch otherwise",
    flags: (sparsity) => [
      ...["--model", "edge-cnn", "--weights", "shift", "--epochs", "1", "--samples", "10000"],
      ...(sparsity === 0 ? ["--learning-rate", "0.003"] : []),
    ],
  },
];

/** The command line of one of them, after `sao`. */
export function trainCommand({ flags }, sparsity) {
  return ["train", "mnist", ...flags(sparsity), "--sparsity", `${sparsity}`];
}

/** Trains it, or goes on with it, until it is finished; its run folder. */
export function trained(network, sparsity, { runs, data }) {
  const folder = join(runs, `${network.name}-${sparsity}`);
  if (existsSync(join(folder, "checkpoint.safetensors"))) sao(["resume", folder]);
  else sao([...trainCommand(network, sparsity), "--data", data, "--out", folder]);
  return folder;
}
