/**
 * @file Files that are either the old version or the new one, never half of each.
 *
 * A file is written under a temporary name in its own folder, flushed to the disk, then renamed over the old
 * one, and the folder is flushed too, so that neither a full disk, a crash nor a power cut loses what was
 * there before (rename(2) is atomic within a file system: POSIX.1-2017).
 */

import { type FileHandle, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError, FormatError, IsosparseError } from "../errors.ts";
import { fileError, systemCode } from "./file-errors.ts";
import { plain } from "./quote.ts";

/** The most bytes one call of the operating system may move. */
const MAX_TRANSFER = 2 ** 30;

/**
 * What `writeFileAtomic` writes: text becomes UTF-8; several arrays are written one after the other, and may be made
 * while that happens, so that a file larger than memory can be written.
 */
export type FileContent = string | Uint8Array | Chunks;

type Chunks = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

let temporaries = 0;

/**
 * Replaces (or creates) the file at `path` in one step. A symbolic link keeps pointing where it did and its
 * target is replaced. A device or pipe such as `/dev/stdout` is written directly, as nothing can replace it.
 * Throws FileError, with the old file untouched and nothing left behind.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const chunks = contentChunks(content);
  const target = await resolveTarget(path);
  if (!target.replaceable) {
    return writeDirectly(path, chunks);
  }
  const folder = dirname(target.path);
  let temporary: string | undefined;
  try {
    const opened = await openTemporary(target.path);
    temporary = opened.path;
    try {
      await writeChunks(opened.handle, chunks);
      await opened.handle.sync();
    } finally {
      await opened.handle.close();
    }
    await rename(temporary, target.path);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined);
    // Where the content is made on the way, its maker's error is not one of writing.
    if (error instanceof IsosparseError) throw error;
    throw fileError("write", path, error, target.exists ? "the old file is untouched" : undefined);
  }
  await syncFolder(folder, path);
}

/** Removes temporary files of `path` that a killed process left behind. No process may be writing `path`. */
export async function removeLeftovers(path: string): Promise<void> {
  const prefix = temporaryPrefix(path);
  try {
    for (const name of await readdir(dirname(path))) {
      if (name.startsWith(prefix) && /^\d+\.\d+\.tmp$/.test(name.slice(prefix.length))) {
        await rm(join(dirname(path), name), { force: true });
      }
    }
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/**
 * The bytes of the file at `path`, of at most `maxBytes` (default 2³⁰). The length is checked before
 * anything is allocated. Throws FileError, or FormatError when the file is larger than that.
 */
export async function readFile(path: string, maxBytes: number = MAX_TRANSFER): Promise<Uint8Array> {
  const file = await openForReading(path);
  try {
    if (file.size > maxBytes) {
      throw new FormatError(
        "file-too-large",
        `${path} is ${file.size} bytes, more than the ${maxBytes} that a file of its kind may have`,
      );
    }
    return await readBytes(file, 0, file.size);
  } finally {
    await file.handle.close();
  }
}

/** A file opened for reading; close `handle` when done. */
export interface OpenedFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Length in bytes when it was opened. */
  readonly size: number;
}

/** Opens a regular file. Throws FileError, for folders, devices and pipes too. */
export async function openForReading(path: string): Promise<OpenedFile> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
    if (!status.isFile()) {
      throw new FileError(
        "not-a-file",
        `cannot read ${plain(path)}: not a regular file; give the path of one`,
      );
    }
    return { path, handle: await open(path, "r"), size: status.size };
  } catch (error) {
    throw error instanceof FileError ? error : fileError("read", path, error);
  }
}

/** Bytes `begin` … `begin + length − 1` in an array of their own. Throws FormatError if the file is shorter. */
export async function readBytes(file: OpenedFile, begin: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const wanted = Math.min(length - done, MAX_TRANSFER);
    let bytesRead: number;
    try {
      ({ bytesRead } = await file.handle.read(bytes, done, wanted, begin + done));
    } catch (error) {
      throw fileError("read", file.path, error);
    }
    if (bytesRead === 0) {
      throw new FormatError(
        "file-truncated",
        `${file.path} ended at byte ${begin + done} while being read; is something else writing it?`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}

function contentChunks(content: FileContent): Chunks {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

interface Target {
  readonly path: string;
  readonly exists: boolean;
  readonly replaceable: boolean;
}

/** Follows symbolic links to what is to be replaced, if it exists at all. */
async function resolveTarget(path: string): Promise<Target> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
    // Not by its real path: the pipe that /dev/stdout leads to has none, and the link would be taken for a free name.
    if (!status.isFile()) return { path, exists: true, replaceable: false };
    return { path: await realpath(path), exists: true, replaceable: true };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { path, exists: false, replaceable: true };
    throw fileError("write", path, error);
  }
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.`;
}

/** A new file beside `path`; the name holds the process and a counter, so that writers never share one. */
async function openTemporary(path: string): Promise<{ path: string; handle: FileHandle }> {
  for (;;) {
    temporaries += 1;
    const name = `${temporaryPrefix(path)}${process.pid}.${temporaries}.tmp`;
    const temporary = join(dirname(path), name);
    try {
      return { path: temporary, handle: await open(temporary, "wx") };
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
}

async function writeChunks(handle: FileHandle, chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) {
    let done = 0;
    while (done < chunk.length) {
      const { bytesWritten } = await handle.write(chunk, done, Math.min(chunk.length - done, MAX_TRANSFER));
      done += bytesWritten;
    }
  }
}

async function writeDirectly(path: string, chunks: Chunks): Promise<void> {
  try {
    const handle = await open(path, "w");
    try {
      await writeChunks(handle, chunks);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof IsosparseError ? error : fileError("write", path, error);
  }
}

/** Makes the rename itself last; systems that cannot flush a folder (Windows) refuse, which is no failure. */
async function syncFolder(folder: string, path: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (["EPERM", "EISDIR", "EINVAL", "ENOTSUP", "EACCES", "EBADF"].includes(code)) return;
    throw fileError("write", path, error);
  }
}
