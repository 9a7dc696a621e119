/**
 * @file A C program that runs a few samples through the network where it will live and compares with what is known to
 * come out. It alone uses the C library (stdio.h).
 */

import { arrayText, commentText, floatText } from "./c-text.ts";

/** Raw inputs [count, inputs], what the network should answer [count, outputs], and how near it must come. */
export interface SelfTest {
  /** The source and its header. */
  readonly file: string;
  readonly headerFile: string;
  readonly count: number;
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
  readonly tolerance: number;
  /** The largest of `outputs`, which distances are said in terms of. */
  readonly largest: number;
}

/** How the program opens that belongs to the source called `file`. */
export function selfTestOpening(file: string): string {
  return `/*\n * Tests ${commentText(file)} on `;
}

/** The program's text, for PREFIX_predict: exits with 0 when all answers are right, with 1 otherwise. */
export function selfTestText(prefix: string, test: SelfTest): string {
  const upper = prefix.toUpperCase();
  return `${selfTestOpening(test.file)}${test.count} samples. Compile it together with the network and run it where that will run:
 * it says how far the answers are from the expected ones and returns 0 if that is within ${test.tolerance.toPrecision(3)}.
 */

#include <stdio.h>
#include "${test.headerFile}"

#define SAMPLES ${test.count}

${arrayText("float", "inputs", test.inputs, floatText)}
${arrayText("float", "expected", test.outputs, floatText)}
int main(void)
{
  float output[${upper}_OUTPUTS], worst = 0.0f;
  int s, i;
  for (s = 0; s < SAMPLES; s++) {
    ${prefix}_predict(inputs + s * (int)${upper}_INPUTS, output);
    for (i = 0; i < (int)${upper}_OUTPUTS; i++) {
      const float difference = output[i] - expected[s * (int)${upper}_OUTPUTS + i];
      const float distance = difference < 0.0f ? -difference : difference;
      if (!(distance <= worst)) worst = distance;
    }
  }
  printf("${prefix}: %d samples, largest difference %g of the largest output\\n", SAMPLES, (double)(worst / ${floatText(test.largest)}));
  return worst <= ${floatText(test.tolerance)} ? 0 : 1;
}
`;
}
