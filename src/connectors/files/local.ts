// A folder of this machine, or one that is mounted.
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CrossdockError, writeFileAtomically } from "../../connector/index.ts";
import { type Entry, joinPath, type Source, type Transport, transportFault } from "./transport.ts";

export function localTransport(root: string): Transport {
  const at = (path: string) => join(root, path);
  return {
    async list(folder) {
      const names = await readdir(at(folder)).catch(unusable);
      const entries = await Promise.all(names.map((name) => entryOf(at(joinPath(folder, name)), name)));
      return entries.filter((entry) => entry !== undefined);
    },
    look: (path) => entryOf(at(path), path.split("/").at(-1)!),
    open: (path) => openFile(at(path)),
    write: (path, bytes, ifAbsent) => writeFileAtomically(at(path), bytes, { ifAbsent }).catch(unusable),
    async move(path, folder, name) {
      if ((await entryOf(at(path), name)) === undefined) return;
      await mkdir(at(folder), { recursive: true }).catch(unusable);
      await rename(at(path), at(joinPath(folder, name))).catch(unusable);
    },
    remove: (path) => rm(at(path), { force: true }).catch(unusable),
    async close() {
      // Nothing is held open.
    },
  };
}

async function entryOf(path: string, name: string): Promise<Entry | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? { name, size: found.size, modifiedMs: Math.trunc(found.mtimeMs) } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return unusable(error);
  }
}

async function openFile(path: string): Promise<Source> {
  const file = await open(path, "r").catch(unusable);
  return {
    async read(from, length) {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(buffer, filled, length - filled, from + filled).catch(unusable);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    close: () => file.close(),
  };
}

function unusable(error: unknown): never {
  if (error instanceof CrossdockError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  throw transportFault(
    code === "EACCES" || code === "EPERM" ? "files.denied" : "files.unreachable",
    message,
    error,
  );
}
