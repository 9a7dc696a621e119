/**
 * @file Progress of making a network on stderr, where that takes long: a live line when it is a terminal, else a line
 * every ten seconds. The cursor stays, and nothing is caught, so that Ctrl-C ends the process as it always does.
 */

import { count, duration } from "../experiment/words.ts";
import type { MakingProgress } from "../network/making-progress.ts";
import { colors } from "./colors.ts";
import { CLEAR_LINE, fitWidth } from "./progress.ts";

/** Where the lines go. */
export interface MakingOutput {
  readonly stream: Pick<NodeJS.WriteStream, "isTTY" | "columns" | "write">;
  /** In milliseconds. */
  readonly now: () => number;
}

/** In milliseconds: what is over before the first is not shown at all. */
const live = { first: 1000, every: 200 };
const lines = { first: 10_000, every: 10_000 };

/** The listener of one network, which tells of it from its first call on, and what takes its live line away. */
export function makingProgress(
  { stream, now }: MakingOutput = { stream: process.stderr, now: () => performance.now() },
): { onMaking(progress: MakingProgress): void; stop(): void } {
  const { first, every } = stream.isTTY ? live : lines;
  // Work before the first call is not in the time since.
  let begin: { at: number; share: number } | undefined;
  let due = 0;
  let shown = false;
  const stop = () => {
    if (shown && stream.isTTY) stream.write(CLEAR_LINE);
    shown = false;
  };
  const onMaking = (progress: MakingProgress) => {
    const at = now();
    if (begin === undefined) {
      begin = { at, share: progress.share };
      due = at + first;
    }
    if (progress.share === 1) return stop();
    if (at < due) return;
    due = at + every;
    shown = true;
    const seconds = (at - begin.at) / 1000;
    const left = ((1 - progress.share) * seconds) / (progress.share - begin.share);
    const parts = makingParts(progress, left);
    stream.write(
      stream.isTTY
        ? `${CLEAR_LINE}${colors.dim(fitWidth(parts, (stream.columns || 80) - 1))}`
        : `${parts.join("  ")}\n`,
    );
  };
  return { onMaking, stop };
}

/** The most important first. */
function makingParts({ layer, index, layers, share }: MakingProgress, secondsLeft: number): string[] {
  return [
    "making the network",
    `${(100 * share).toFixed(1).padStart(5)} %`,
    `layer ${count(index + 1)}/${count(layers)}`,
    `about ${duration(secondsLeft)} left`,
    layer,
  ];
}
