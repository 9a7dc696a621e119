/**
 * @file Progress of making a network on stderr, where that takes long: a live line when it is a terminal, else a line
 * every ten seconds. The cursor stays, and nothing is caught, so that Ctrl-C ends the process as it always does.
 */

import { count, duration } from "../experiment/words.ts";
import type { MakingProgress } from "../network/making-progress.ts";
import { colors } from "./colors.ts";
import { fitWidth } from "./progress.ts";

const CLEAR_LINE = "\r\u001b[2K";

/** Where the lines go. */
export interface MakingOutput {
  readonly stream: Pick<NodeJS.WriteStream, "isTTY" | "columns" | "write">;
  /** In milliseconds. */
  readonly now: () => number;
}

/** In milliseconds: what is over before the first is not shown at all. */
const live = { first: 1000, every: 200 };
const lines = { first: 10_000, every: 10_000 };

/** A listener for one network, which tells of it from its first call on. A live line is gone at the end. */
export function makingProgress(
  { stream, now }: MakingOutput = { stream: process.stderr, now: () => performance.now() },
): (progress: MakingProgress) => void {
  const { first, every } = stream.isTTY ? live : lines;
  let began: number | undefined;
  let due = 0;
  return (progress) => {
    const at = now();
    if (progress.share === 1 && stream.isTTY && began !== undefined && at >= began + first) {
      stream.write(CLEAR_LINE);
      return;
    }
    if (began === undefined) {
      began = at;
      due = at + first;
    }
    if (at < due) return;
    due = at + every;
    const parts = makingParts(progress, (at - began) / 1000);
    stream.write(
      stream.isTTY
        ? `${CLEAR_LINE}${colors.dim(fitWidth(parts, (stream.columns || 80) - 1))}`
        : `${parts.join("  ")}\n`,
    );
  };
}

/** The most important first. */
function makingParts({ layer, index, layers, share }: MakingProgress, seconds: number): string[] {
  return [
    "making the network",
    `${(100 * share).toFixed(1).padStart(5)} %`,
    `layer ${count(index + 1)}/${count(layers)}`,
    `about ${duration(((1 - share) * seconds) / share)} left`,
    layer,
  ];
}
