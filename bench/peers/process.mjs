/** @file A contestant in a process of its own that reads requests as lines of JSON and answers each with one. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts `command` and waits for its first line, its greeting. Resolves to `{ absent: reason }` where that does not come:
 * the program or a package of its is not installed.
 */
export async function startProcess(command, args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = (complaint + text).slice(-4000);
  });
  const ended = new Promise((resolve) => {
    child.once("error", ({ message }) => resolve({ reason: message }));
    child.once("close", (code) => resolve({ reason: reasonIn(complaint) ?? `ended with code ${code}` }));
  });
  child.stdin.on("error", () => {});
  const next = async () => {
    const answer = await Promise.race([lines.next(), ended]);
    if (answer.reason !== undefined || answer.done) return { error: (await ended).reason };
    return JSON.parse(answer.value);
  };
  const greeting = await next();
  if (greeting.error !== undefined) return { absent: publicReason(greeting.error) };
  return {
    greeting,
    /** The answer to a request; throws with what the process said where it could not. */
    ask: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const answer = await next();
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** The line of a complaint that names the error: Node prints a stack after it, Python before it. */
export function reasonIn(complaint) {
  const lines = complaint.trim().split("\n");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? (lines.at(-1) || undefined);
}

/** A reason as a report may hold it: one line, and no folders of this machine. */
export function publicReason(text) {
  return text
    .split("\n")[0]
    .replace(/ imported from .*/, "")
    .replace(/(?:file:\/\/)?(?:\/[^\s/'"]+)+\/([^\s/'"]+)/g, "$1")
    .trim();
}

/** For such a process written in JavaScript: answers every request with what `handlers[request.do]` resolves to. */
export async function serve(greeting, handlers) {
  const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say(greeting);
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      say((await handlers[request.do](request)) ?? {});
    } catch ({ message }) {
      say({ error: message });
    }
  }
  // Thread pools would keep the process alive.
  process.exit();
}
