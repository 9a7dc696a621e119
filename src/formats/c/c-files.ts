/**
 * @file A network as C99 text: a source and its header for inference and, on request, a program that tests them.
 */

import type { Samples } from "../../certificate/index.ts";
import { ArgumentError } from "../../errors.ts";
import { forward } from "../../network/evaluate.ts";
import { foldBatchNorm } from "../../network/fold-batch-norm.ts";
import { networkInput, networkOutput, sizeOf } from "../../network/layer-shape.ts";
import type { AnyNetwork } from "../../network/network.ts";
import { validateNetwork } from "../../network/validate.ts";
import type { ExportForm } from "../export/exporter.ts";
import { type CWritten, writeBody } from "./c-body.ts";
import { standardised, unstandardised } from "./c-scaling.ts";
import { commentText } from "./c-text.ts";
import { denseNetwork } from "./dense-layers.ts";
import { type CCosts, costsOf, type Opening, openingComment } from "./opening-comment.ts";
import { selfTestText } from "./self-test.ts";

/** How to write a network. */
export interface COptions extends Pick<Opening, "source" | "scaling" | "certificate"> {
  /** The function is `PREFIX_predict`: a letter, then letters, digits and _, at most 40 characters. */
  readonly prefix: string;
  /** What the source will be called, for comments. Default `PREFIX.c`. */
  readonly file?: string;
  /** What its header will be called. Default `PREFIX.h`. */
  readonly headerFile?: string;
  /** `dense`: with every layer a full matrix, to compare with. Default `fast`. */
  readonly form?: ExportForm;
  /** In 8 bits, calibrated on these standardised inputs. Absent: float32. */
  readonly int8?: Samples;
  /** Standardised inputs to test with; at most 8 are used. */
  readonly selfTest?: Samples;
}

/** What int8 changes, on the samples it was calibrated on. */
export interface Fidelity {
  readonly samples: number;
  /** Root mean square of the outputs' differences ÷ that of the outputs. */
  readonly relativeError: number;
  /** Share of the samples whose largest output is the same. */
  readonly agreement: number;
}

/** The texts, and what they take. */
export interface CFiles {
  /** PREFIX.c */
  readonly source: string;
  /** PREFIX.h */
  readonly header: string;
  /** PREFIX_test.c */
  readonly selfTest?: string;
  readonly costs: CCosts;
  readonly fidelity?: Fidelity;
}

/** Samples that int8 is compared with float32 on; enough to tell, few enough for a thousand layers. */
const COMPARED = 128;
const TESTED = 8;

/**
 * The C files of `network`. The memory that they take is that of the non-zeros, unless the form is `dense`. Batch
 * normalization becomes part of the weights before it, where there are such.
 *
 * Throws ArgumentError: `"bad-prefix"`, `"bad-input-size"` for samples that do not fit, `"too-wide"` (int8),
 * `"bad-network"`.
 */
export function toC(network: AnyNetwork, options: COptions): CFiles {
  const { prefix, headerFile = `${prefix}.h`, form = "fast", scaling, int8, selfTest } = options;
  checkPrefix(prefix);
  validateNetwork(network);
  const written = foldBatchNorm(form === "dense" ? denseNetwork(network) : network);
  const { body, int8: fitted } = writeBody(written, prefix, scaling, int8);
  const fidelity = fitted && fidelityOf(written, fitted);
  const comment = openingComment(network, body, {
    ...options,
    headerFile,
    precision: fitted ? "int8" : "float32",
    fidelity: fidelity && inWords(fidelity),
  });
  return {
    source: `${comment}\n#include "${headerFile}"\n\n#include <stdint.h>\n\n${body.text}`,
    header: headerText(network, options),
    ...(selfTest && { selfTest: testText(written, fitted, selfTest, options) }),
    costs: costsOf(body, written),
    ...(fidelity && { fidelity }),
  };
}

/** Throws ArgumentError (`"bad-prefix"`) for what cannot begin a C name. */
export function checkPrefix(prefix: string): void {
  if (/^[a-z][a-z0-9_]{0,39}$/i.test(prefix)) return;
  throw new ArgumentError(
    "bad-prefix",
    `the prefix of the C names must be a letter, then letters, digits or _, at most 40, not ${JSON.stringify(prefix)}`,
  );
}

/** How the header opens that belongs to the source called `file`. */
export function headerOpening(file: string): string {
  return `/* Inference with ${commentText(file)}, whose opening comment`;
}

function headerText(network: AnyNetwork, { prefix, file = `${prefix}.c` }: COptions): string {
  const upper = prefix.toUpperCase();
  return `${headerOpening(file)} says all about it. Made by isosparse. */

#ifndef ${upper}_H
#define ${upper}_H

#ifdef __cplusplus
extern "C" {
#endif

#define ${upper}_INPUTS ${sizeOf(networkInput(network))}u
#define ${upper}_OUTPUTS ${sizeOf(networkOutput(network))}u

/* input: ${upper}_INPUTS numbers; output: ${upper}_OUTPUTS numbers. */
void ${prefix}_predict(const float *input, float *output);

#ifdef __cplusplus
}
#endif

#endif
`;
}

function testText(
  network: AnyNetwork,
  int8: CWritten["int8"],
  samples: Samples,
  { prefix, file = `${prefix}.c`, headerFile = `${prefix}.h`, scaling }: COptions,
): string {
  const width = sizeOf(networkInput(network));
  const count = Math.min(TESTED, samples.count);
  const raw = unstandardised(samples.inputs.subarray(0, count * width), width, scaling);
  const inputs = standardised(raw, width, scaling);
  const outputs = int8
    ? int8.answers(inputs)
    : Float32Array.from(forward(network, Float64Array.from(inputs), count));
  const largest = outputs.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  // A compiler that fuses multiply and add may round an int8 activation to its neighbour.
  const tolerance = (int8 ? 0.05 : 1e-4) * largest;
  return selfTestText(prefix, { file, headerFile, count, inputs: raw, outputs, tolerance, largest });
}

function fidelityOf(network: AnyNetwork, { answers, samples }: NonNullable<CWritten["int8"]>): Fidelity {
  const width = sizeOf(networkInput(network));
  const count = Math.min(COMPARED, samples.count);
  const inputs = Float32Array.from(samples.inputs.subarray(0, count * width));
  const exact = forward(network, Float64Array.from(inputs), count);
  const actual = answers(inputs);
  const outputs = exact.length / count;
  let [errors, squares, same] = [0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    errors += (actual[i] - exact[i]) ** 2;
    squares += exact[i] ** 2;
  }
  for (let s = 0; s < count; s++) {
    const [first, end] = [s * outputs, (s + 1) * outputs];
    if (largestAt(actual.subarray(first, end)) === largestAt(exact.subarray(first, end))) same++;
  }
  return { samples: count, relativeError: Math.sqrt(errors / (squares || 1)), agreement: same / count };
}

function largestAt(values: Float32Array | Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** One line for people. */
export function inWords({ samples, relativeError, agreement }: Fidelity): string {
  return (
    `outputs within ${(100 * relativeError).toPrecision(2)} % of float32's (root mean square), the largest one the same ` +
    `on ${(100 * agreement).toFixed(1)} % of ${samples} calibration samples`
  );
}
