/** @file How much memory a process takes at its peak, from a moment of its choice on; Linux's proc(5). */

import { readFileSync, writeFileSync } from "node:fs";

/**
 * Forgets the peak so far, and gives a function that tells by how many bytes the resident set has grown since, at its
 * peak; null where the system does not tell.
 */
export function watchResidentPeak() {
  try {
    // Without this the peak is the parent's, whom a process is a copy of until it begins a program of its own.
    writeFileSync("/proc/self/clear_refs", "5");
    const start = residentPeak();
    return () => residentPeak() - start;
  } catch {
    return () => null;
  }
}

function residentPeak() {
  const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return 1024 * Number(kibibytes);
}
