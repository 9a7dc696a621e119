/**
 * @file Which starts go with which activation (docs/theory.md, sections 6 and 8).
 */

import { ArgumentError } from "../errors.ts";
import type { Activation, Start } from "../network/network.ts";
import { isImageTask, type Method, type Task } from "./method.ts";

/** For weights of variance 1 / fan-in, orthogonal or not: every start there is for the activation. */
export function scaledStarts(activation: Activation): readonly Start[] {
  switch (activation) {
    case "tanh":
      return ["critical", "isometric", "none"];
    case "relu":
      return ["looks-linear", "none"];
    default:
      return ["none"];
  }
}

/** For weights that have a scale of their own. */
export function plainStarts(): readonly Start[] {
  return ["none"];
}

/**
 * Throws ArgumentError unless the task's start is one of the method's for the activation (`"bad-start"`), and the method
 * is for the task's kind of connections (`"linear-only"`).
 */
export function requireStart(method: Pick<Method, "name" | "starts" | "linearOnly">, task: Task): void {
  const { activation, start } = task;
  if (method.linearOnly && isImageTask(task)) {
    throw new ArgumentError(
      "linear-only",
      `method ${method.name} is for networks of linear layers, not for kernels`,
    );
  }
  const starts = method.starts(activation);
  if (starts.includes(start)) return;
  throw new ArgumentError(
    "bad-start",
    starts.length === 0
      ? `method ${method.name} does not work with ${activation}`
      : `method ${method.name} with ${activation} starts by ${starts.join(" or ")}, not ${start}`,
  );
}
