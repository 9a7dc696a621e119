/**
 * @file What `train` and `resume` share: progress, Ctrl-C, the summary at the end.
 */

import { representationLine } from "../experiment/layer-representations.ts";
import type { OpenHandlers, RunOutcome } from "../experiment/run.ts";
import { runFiles } from "../experiment/run-folder.ts";
import { summaryRows } from "../experiment/run-records.ts";
import { columns } from "../experiment/words.ts";
import { downloadProgress } from "./download-progress.ts";
import { exitCodes } from "./failure.ts";
import { createInterrupt } from "./interrupt.ts";
import { makingProgress } from "./making-progress.ts";
import { note, print, printJson } from "./output.ts";
import { createProgress } from "./progress.ts";

/** How training is shown. */
export interface Shown {
  /** One JSON line for each event, on stdout. */
  readonly json: boolean;
  /** Say what the engine runs the layers as. */
  readonly verbose?: boolean;
}

/** Runs `work` with handlers that show it, and sets the process's exit code. */
export async function showTraining(
  work: (handlers: OpenHandlers) => Promise<RunOutcome>,
  { json, verbose = false }: Shown,
): Promise<void> {
  const progress = createProgress();
  const interrupt = createInterrupt(() =>
    progress.notice("stopping after this step, with a checkpoint (Ctrl-C again: at once)"),
  );
  try {
    const running = work({
      signal: interrupt.signal,
      onStage: (text) => progress.stage(text),
      onDownload: downloadProgress(),
      onMaking: makingProgress().onMaking,
      onSaved: () => interrupt.listen(),
      onStart(start) {
        interrupt.listen();
        progress.start(start);
        if (verbose) for (const run of start.representations) progress.notice(representationLine(run));
        if (json) printJson({ event: "start", ...start });
      },
      onStep: (event) => progress.step(event),
      onEpoch(record) {
        progress.epoch(record);
        if (json) printJson({ event: "epoch", ...record });
      },
      onNotice: (text) => progress.notice(text),
    });
    const outcome = await running.finally(() => progress.stop());
    finish(outcome, json);
  } finally {
    interrupt.release();
  }
}

function finish(outcome: RunOutcome, json: boolean): void {
  const { status, folder, step } = outcome;
  if (json) printJson({ event: status === "finished" ? "end" : "interrupted", ...outcome });
  if (status === "interrupted") {
    note(`stopped at step ${step}; go on with: sao resume ${folder}`);
    process.exitCode ??= exitCodes.interrupted;
  } else if (!json) print(summary(outcome));
}

function summary(outcome: RunOutcome): string {
  const { folder } = outcome;
  return `\n${columns([
    ...summaryRows(outcome),
    ["run folder", folder],
    ["report", runFiles(folder).report],
    ["next", `sao eval ${folder}`],
    ["", `sao inspect ${folder}`],
  ])}`;
}
