/** @file Folders for files that nobody needs later, gone at the end even if Ctrl-C brings it. */

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder's `path`, and `remove()`. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "isosparse-bench-"));
  const remove = () => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on("exit", remove);
  return { path, remove };
}
