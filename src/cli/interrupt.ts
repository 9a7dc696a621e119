/**
 * @file Ctrl-C and kill: the first asks the run to save and stop, the second ends the process at once.
 */

import { exitCodes } from "./failure.ts";

/** A signal that Ctrl-C raises, from `listen` to `release`. Before, Ctrl-C ends the process as it always does. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** To be called when there is something to save; once is enough. */
  listen(): void;
  /** Stops listening. */
  release(): void;
}

/** Prepares for SIGINT and SIGTERM; `onFirst` tells the user that stopping has begun. */
export function createInterrupt(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    onFirst();
  };
  // An output that cannot be written (| head, a full disk) ends the run as Ctrl-C does: it is saved first.
  const onBrokenOutput = () => {
    if (!controller.signal.aborted) controller.abort();
  };
  let listening = false;
  return {
    signal: controller.signal,
    listen() {
      if (listening) return;
      listening = true;
      process.on("SIGINT", stop).on("SIGTERM", stop);
      process.stdout.on("error", onBrokenOutput);
    },
    release() {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      process.stdout.off("error", onBrokenOutput);
    },
  };
}
