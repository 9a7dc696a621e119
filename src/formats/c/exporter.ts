/**
 * @file `sao export --to c`: a C99 source and its header, and a test program on request.
 */

import { basename, dirname, join } from "node:path";
import type { Samples } from "../../certificate/index.ts";
import { ArgumentError, FileError } from "../../errors.ts";
import { randomStream } from "../../math/random.ts";
import { networkInput, sizeOf } from "../../network/layer-shape.ts";
import type { AnyNetwork } from "../../network/network.ts";
import type { Exporter, ExportRequest, ExportResult } from "../export/exporter.ts";
import { writeExportFile } from "../export/write-files.ts";
import { systemCode } from "../file-errors.ts";
import { readFile } from "../files.ts";
import { type CFiles, headerOpening, inWords, toC } from "./c-files.ts";
import { readCalibration } from "./calibration-file.ts";
import { weightsKept } from "./multiply-adds.ts";
import { selfTestOpening } from "./self-test.ts";

export const cExporter: Exporter = {
  name: "c",
  summary: "one C99 file and its header, for microcontrollers and anything else: no malloc, no libc",
  extension: ".c",
  forms: ["fast", "dense"],
  options: [
    { name: "int8", description: "8-bit weights and activations instead of float32" },
    {
      name: "calibrate",
      value: "FILE",
      description:
        "samples that int8 is fitted to, a line each, as the training data are; default: the run's",
    },
    {
      name: "prefix",
      value: "NAME",
      description: "of the C names, so that two networks link together; default: the file's name",
    },
    {
      name: "selfTest",
      description: "also write a program that tests the network where it will run, as NAME_test.c",
    },
  ],
  wantedSamples: 256,
  export: exportC,
};

/** Above this, compiling the source takes gigabytes (250 bytes a weight, gcc 12). */
const MANY_WEIGHTS = 8_000_000;
/** Below this, int8 is said to change what the network answers. */
const GOOD_AGREEMENT = 0.98;
/** Fewer samples than these leave much of what activations can be unseen. */
const FEW_SAMPLES = 32;

async function exportC(network: AnyNetwork, request: ExportRequest): Promise<ExportResult> {
  const { certificate, form, out, source, scaling, options } = request;
  const prefix = prefixOf(request);
  const [folder, file] = [dirname(out), basename(out)];
  if (!/.\.c$/.test(file)) throw new ArgumentError("bad-out", `${out}: a C source is called NAME.c`);
  const name = includable(file.slice(0, -2));
  const headerFile = `${name}.h`;
  const header = join(folder, headerFile);
  const test = join(folder, `${name}_test.c`);
  const samples = await samplesFor(network, request);
  const files = toC(network, {
    prefix,
    file,
    headerFile,
    form,
    scaling,
    certificate,
    source,
    ...(options.int8 === true && { int8: samples }),
    ...(options.selfTest === true && { selfTest: samples ?? drawnSamples(network) }),
  });
  await refuseForeign(header, headerOpening(file), file);
  if (files.selfTest !== undefined) await refuseForeign(test, selfTestOpening(file), file);
  const written = [await writeExportFile(out, files.source), await writeExportFile(header, files.header)];
  if (files.selfTest !== undefined) written.push(await writeExportFile(test, files.selfTest));
  return {
    files: written,
    denseBytes: denseText(network, files, form),
    notes: notesOn(files, prefix, file, scaling !== undefined),
    warnings: warningsOn(files),
  };
}

function prefixOf({ out, options }: ExportRequest): string {
  if (typeof options.prefix === "string") return options.prefix;
  const stem = basename(out)
    .replace(/\.[^.]*$/, "")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9_]/gi, "_")
    .slice(0, 36);
  return /^[a-z]/i.test(stem) ? stem : `net_${stem}`;
}

/** A file's name without what ends an #include, or means nothing there (C99, 6.4.7). */
function includable(name: string): string {
  return name.replace(/["'\\\p{C}]/gu, "_");
}

async function samplesFor(network: AnyNetwork, request: ExportRequest): Promise<Samples | undefined> {
  const { options, scaling, samples } = request;
  if (typeof options.calibrate === "string") {
    if (options.int8 !== true) {
      throw new ArgumentError("contradiction", "--calibrate goes with --int8, which is not given");
    }
    return readCalibration(options.calibrate, sizeOf(networkInput(network)), scaling);
  }
  if (options.int8 === true && samples === undefined) {
    throw new ArgumentError(
      "missing-samples",
      "--int8 is fitted to samples: export a run, name a --dataset, or give --calibrate FILE",
    );
  }
  return samples;
}

/** Inputs to test with where there are none: standard normal. */
function drawnSamples(network: AnyNetwork): Samples {
  const random = randomStream(0).split("self-test");
  const count = 8;
  const width = sizeOf(networkInput(network));
  return { count, inputs: Float64Array.from({ length: count * width }, () => random.normal()) };
}

/** Refuses to replace a file beside the source that does not open as this source's own does. */
async function refuseForeign(path: string, opening: string, file: string): Promise<void> {
  try {
    const text = new TextDecoder().decode((await readFile(path)).subarray(0, 1000));
    if (text.startsWith(opening)) return;
  } catch (error) {
    if (error instanceof FileError && systemCode(error.cause) === "ENOENT") return;
    throw error;
  }
  throw new FileError(
    "file-exists",
    `${path} exists already and does not belong to ${file}; choose another --out`,
  );
}

/** What the sources would take dense: zeros are two characters each. */
function denseText(network: AnyNetwork, { source, header, selfTest = "" }: CFiles, form: string): number {
  const bytes = source.length + header.length + selfTest.length;
  if (form === "dense") return bytes;
  const { sparse, dense } = weightsKept(network);
  return bytes + 2 * (dense - sparse);
}

function notesOn({ costs, fidelity }: CFiles, prefix: string, file: string, raw: boolean): string[] {
  const count = (value: number) => value.toLocaleString("en-US");
  return [
    `C99, tanh included: no libc; ${count(costs.flash)} bytes of constants (dense: ${count(costs.denseFlash)}), ` +
      `${count(costs.ram)} bytes of RAM, ${count(costs.multiplyAdds)} multiply-adds a prediction`,
    `call ${prefix}_predict(input, output), with ${raw ? "raw" : "standardised"} inputs; compile: cc -std=c99 -O3 -fno-trapping-math -c ${shellWord(file)}`,
    ...(fidelity === undefined ? [] : [`int8: ${inWords(fidelity)}`]),
  ];
}

/** A word of a command line, in quotes where it needs them. */
function shellWord(text: string): string {
  return /^[\w.+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function warningsOn({ costs, fidelity }: CFiles): string[] {
  const warnings: string[] = [];
  if (costs.weights > MANY_WEIGHTS) {
    const gigabytes = (costs.weights * 250) / 2 ** 30;
    warnings.push(
      `compiling ${costs.weights.toLocaleString("en-US")} weights takes gcc about ${gigabytes.toFixed(0)} GiB of memory`,
    );
  }
  if (fidelity !== undefined && fidelity.samples < FEW_SAMPLES) {
    const fitted = fidelity.samples === 1 ? "1 sample" : `${fidelity.samples} samples`;
    warnings.push(
      `int8 is fitted to ${fitted}: larger activations than theirs will be cut off; give ${FEW_SAMPLES} or more`,
    );
  }
  if (fidelity !== undefined && fidelity.agreement < GOOD_AGREEMENT) {
    const changed = (100 * (1 - fidelity.agreement)).toFixed(1);
    warnings.push(
      `int8 changes the largest output of ${changed} % of the calibration samples; rounding adds up over layers, so float32 suits deep networks better`,
    );
  }
  return warnings;
}
