/**
 * @file The operating system's errors, said so that a person knows what to do about them.
 */

import { FileError } from "../errors.ts";
import { plain } from "./quote.ts";

/** What was being done to the file. */
export type FileAction = "read" | "write";

/** errno → [stable code, what is wrong and what would work when reading, likewise when writing]. */
const EXPLANATIONS: Readonly<Record<string, readonly [code: string, read: string, write: string]>> = {
  ENOENT: [
    "not-found",
    "there is no such file; check the path",
    "its folder does not exist; create the folder first or write elsewhere",
  ],
  ENOTDIR: [
    "not-a-folder",
    "a part of the path is a file, not a folder; check the path",
    "a part of the path is a file, not a folder; write elsewhere",
  ],
  EISDIR: [
    "is-a-folder",
    "this is a folder; give the path of a file in it",
    "this is a folder; give the path of a file in it",
  ],
  EACCES: [
    "no-permission",
    "no permission; change the file's permissions or run as its owner",
    "no permission; change the folder's permissions or write elsewhere",
  ],
  EPERM: [
    "no-permission",
    "the system does not permit it; change the file's permissions or run as its owner",
    "the system does not permit it; change the folder's permissions or write elsewhere",
  ],
  EROFS: [
    "read-only",
    "the file system is mounted read-only; copy the file elsewhere",
    "the file system is read-only; write elsewhere",
  ],
  ENOSPC: [
    "disk-full",
    "the disk is full; free some space",
    "the disk is full; free some space or write elsewhere",
  ],
  EDQUOT: [
    "disk-full",
    "your disk quota is used up; free some space",
    "your disk quota is used up; free some space or write elsewhere",
  ],
  EFBIG: [
    "file-too-large",
    "the file is larger than the system allows; raise the limit",
    "the file would be larger than the system allows; raise the limit (ulimit -f) or write elsewhere",
  ],
  ENAMETOOLONG: [
    "name-too-long",
    "the path is too long; use a shorter name",
    "the path is too long; use a shorter name",
  ],
  EMFILE: [
    "too-many-files",
    "too many files are open; raise the limit (ulimit -n)",
    "too many files are open; raise the limit (ulimit -n)",
  ],
  ELOOP: [
    "link-loop",
    "its symbolic links lead in a circle; give the real path",
    "its symbolic links lead in a circle; give the real path",
  ],
};

/** The `code` of an error of the operating system, e.g. `"ENOENT"`; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * A FileError for a failed system call on `path`, which a file may have named, with the cause kept. `written` says what became of a file
 * that was to be replaced, e.g. `"the old file is untouched"`.
 */
export function fileError(action: FileAction, path: string, error: unknown, written?: string): FileError {
  const errno = systemCode(error);
  const known = errno === undefined ? undefined : EXPLANATIONS[errno];
  const after = written === undefined ? "" : ` (${written})`;
  if (known === undefined) {
    const reason = plain(error instanceof Error ? error.message : String(error));
    return new FileError("file-failed", `cannot ${action} ${plain(path)}: ${reason}${after}`, {
      cause: error,
    });
  }
  const [code, reading, writing] = known;
  const reason = action === "read" ? reading : writing;
  return new FileError(code, `cannot ${action} ${plain(path)}: ${reason}${after}`, { cause: error });
}
