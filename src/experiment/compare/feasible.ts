/**
 * @file What methods cannot make, found before anything runs: each distinct network is made once with as few layers
 * as have all the shapes that a deeper one has.
 */

import type { Dataset } from "../../data/dataset.ts";
import { ArgumentError, InfeasibleError } from "../../errors.ts";
import { methodNamed } from "../../sparsify/index.ts";
import { scoringFor, taskOf } from "./cell-plan.ts";
import { requireImage, shallowest } from "./compared-models.ts";
import { describeSpec, type Infeasible, type Line, type Lines, specOf } from "./grid.ts";
import type { Job, JobMaker } from "./job.ts";

/**
 * Splits lines into those that can be made and those that cannot; `isDone` saves making what was made before. Throws
 * ArgumentError `no-images`.
 */
export async function feasibleLines(
  { lines, infeasible }: Lines,
  dataset: Dataset,
  make: JobMaker,
  isDone: (job: Job) => boolean,
): Promise<Lines> {
  const reasons = new Map<string, string | null>();
  const refused: Infeasible[] = [...infeasible];
  const kept: Line[] = [];
  for (const line of lines) {
    if (line.model !== undefined) requireImage(line.model, dataset);
    const job = make.probe(line);
    const shallow = shallowest(job.key.network);
    const name = JSON.stringify(shallow);
    if (isDone(job)) reasons.set(name, null);
    if (!reasons.has(name)) {
      const { seed, training } = job.key;
      reasons.set(name, await reasonAgainst({ ...job.key, network: shallow, seed, training }, dataset));
    }
    const reason = reasons.get(name) ?? null;
    if (reason === null) kept.push(line);
    else refused.push(infeasibleLine(line, reason));
  }
  return { lines: kept, infeasible: refused };
}

export function infeasibleLine(line: Line, reason: string): Infeasible {
  return { spec: specOf(line), cells: line.seeds.length, reason };
}

/** Throws InfeasibleError for the first of them, unless there is none. */
export function refuse(infeasible: readonly Infeasible[]): void {
  if (infeasible.length === 0) return;
  const [{ spec, reason }] = infeasible;
  const others = infeasible.length === 1 ? "" : ` (and ${infeasible.length - 1} more like it)`;
  throw new InfeasibleError(
    "infeasible-cell",
    `${describeSpec(spec)}: ${reason}${others}; --skip-infeasible leaves such cells out and reports them`,
  );
}

async function reasonAgainst(
  key: ReturnType<JobMaker["probe"]>["key"],
  dataset: Dataset,
): Promise<string | null> {
  try {
    await methodNamed(key.network.method).start(taskOf(key, dataset), scoringFor(key, dataset, 1));
    return null;
  } catch (error) {
    if (error instanceof InfeasibleError || error instanceof ArgumentError) return error.message;
    // Numbers that overflow are a result, and anything else will show itself where it happens.
    return null;
  }
}
