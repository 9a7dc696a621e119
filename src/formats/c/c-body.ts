/**
 * @file The arrays and code of a C file, in float32 or int8: chains of linear layers in a loop over layers, networks
 * with images in a loop over steps.
 */

import type { Samples } from "../../certificate/index.ts";
import { type AnyNetwork, isMlp } from "../../network/network.ts";
import type { InputScaling } from "../export/exporter.ts";
import { type CBody, floatBody } from "./c-float.ts";
import { int8Body } from "./c-int8.ts";
import { imageFloatBody } from "./image-float.ts";
import { imageInt8Body } from "./image-int8.ts";
import { programOf } from "./program.ts";
import { quantise } from "./quantise.ts";
import { fewSamples, quantiseProgram } from "./quantise-program.ts";
import { simulate } from "./simulate.ts";
import { simulateProgram } from "./simulate-program.ts";

/** A body, and what is known of its answers. */
export interface CWritten {
  readonly body: CBody;
  /** int8: which answers it will give, and the samples that it was fitted to. */
  readonly int8?: {
    /** Outputs [count, outputs] for standardised inputs [count, inputs]. */
    readonly answers: (inputs: Float32Array) => Float32Array;
    readonly samples: Samples;
  };
}

/** The body for a sound network; in int8 if there are samples to fit it to. `prefix` names the function. */
export function writeBody(
  network: AnyNetwork,
  prefix: string,
  scaling: InputScaling | undefined,
  samples: Samples | undefined,
): CWritten {
  if (isMlp(network)) {
    if (samples === undefined) return { body: floatBody(network.layers, prefix, scaling) };
    const quantised = quantise(network, samples);
    return {
      body: int8Body(network.layers, quantised, prefix, scaling),
      int8: { answers: (inputs) => simulate(network, quantised, inputs), samples },
    };
  }
  const program = programOf(network);
  if (samples === undefined) return { body: imageFloatBody(program, prefix, scaling) };
  const few = fewSamples(network, samples);
  const quantised = quantiseProgram(program, network, few);
  return {
    body: imageInt8Body(program, quantised, prefix, scaling),
    int8: { answers: (inputs) => simulateProgram(program, quantised, inputs), samples: few },
  };
}
