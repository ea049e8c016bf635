// Drop folders, as old products use them: whole files are read once they are still, and moved away after the
// commit; files for them appear whole or not at all. A folder that cannot be read throws; a file that went does not.
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CrossdockError } from "../core/errors.ts";

export interface DropFolderOptions {
  /** Which names are read; absent: all. Names that begin with a dot and `*.tmp` never are. */
  accepts?(name: string): boolean;
  /** A file that grew or was touched within this time is still being written. 0: who writes renames into place. */
  settleMs: number;
  /** At most so many files at a time, by name. */
  filesMax: number;
  /** A larger file is not read: it is reported and stays. */
  bytesMax: number;
  signal?: AbortSignal;
}

export interface DropFile {
  name: string;
  path: string;
  bytes: Buffer;
  /** Name and time and size: the same file, written again, is another version. */
  version: string;
  /** Of the file itself, so that another one under its name is never mistaken for it. */
  identity: string;
}

export interface DropFolderResult {
  files: DropFile[];
  /** More files are ready than were read. */
  more: boolean;
  /** Names of files that are larger than allowed. */
  tooLarge: string[];
}

interface Seen {
  name: string;
  path: string;
  size: number;
  modifiedMs: number;
  identity: string;
}

/** Reads what is ready, oldest name first. Nothing is moved: see archiveFile. */
export async function readDropFolder(folder: string, options: DropFolderOptions): Promise<DropFolderResult> {
  const names = (await readdir(folder))
    .filter((name) => !name.startsWith(".") && !name.endsWith(".tmp") && (options.accepts?.(name) ?? true))
    .sort();
  const seen = await lookAt(folder, names);
  const still = await stillOnes(folder, seen, options);
  const tooLarge = still.filter(({ size }) => size > options.bytesMax).map(({ name }) => name);
  const readable = still.filter(({ size }) => size <= options.bytesMax);
  const files: DropFile[] = [];
  for (const file of readable.slice(0, options.filesMax)) {
    const read = await readWhole(file);
    if (read !== undefined) files.push(read);
  }
  return { files, more: readable.length > options.filesMax, tooLarge };
}

/** What has kept its size and time: a clock is believed only where it says that the file is old. */
async function stillOnes(folder: string, seen: Seen[], options: DropFolderOptions): Promise<Seen[]> {
  if (options.settleMs <= 0) return seen;
  const now = Date.now();
  const young = seen.filter(({ modifiedMs }) => !(now - modifiedMs >= options.settleMs));
  if (young.length === 0) return seen;
  await delay(options.settleMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  const again = new Map(
    (
      await lookAt(
        folder,
        young.map(({ name }) => name),
      )
    ).map((file) => [file.name, file]),
  );
  const moving = new Set(young.filter((file) => again.get(file.name)?.identity !== file.identity));
  return seen.filter((file) => !moving.has(file));
}

async function lookAt(folder: string, names: string[]): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const found = await unlessGone(stat(path, { bigint: true }));
    if (found?.isFile()) {
      seen.push({
        name,
        path,
        size: Number(found.size),
        modifiedMs: Number(found.mtimeMs),
        identity: identityOf(found),
      });
    }
  }
  return seen;
}

function identityOf(found: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${found.ino}/${found.size}/${found.mtimeNs}`;
}

async function readWhole(file: Seen): Promise<DropFile | undefined> {
  const handle = await unlessGone(open(file.path, "r"));
  if (handle === undefined) return undefined;
  try {
    const bytes = await handle.readFile();
    // Written to meanwhile: it is read when it is still.
    if (identityOf(await handle.stat({ bigint: true })) !== file.identity) return undefined;
    const { name, path, identity, size, modifiedMs } = file;
    return { name, path, bytes, identity, version: `${name}/${modifiedMs}/${size}` };
  } finally {
    await handle.close();
  }
}

/**
 * Moves a file that was read away, after the commit of what it said. Bears repetition. A file of the same name
 * that was written since is left where it is: it has not been read.
 */
export async function archiveFile(file: DropFile, archive: string): Promise<void> {
  const found = await unlessGone(stat(file.path, { bigint: true }));
  if (found === undefined || identityOf(found) !== file.identity) return;
  await mkdir(archive, { recursive: true });
  const stamp = new Date(Number(found.mtimeMs)).toISOString().replaceAll(/[-:]/g, "");
  const target = join(archive, `${stamp}-${found.ino}-${basename(file.name)}`);
  await unlessGone(rename(file.path, target));
  const moved = await unlessGone(stat(target, { bigint: true }));
  if (moved === undefined || identityOf(moved) === file.identity) return;
  // Another file took the name between the look and the move: unread, it goes back.
  if (await linkIfAbsent(target, file.path)) await rm(target);
  else {
    throw new CrossdockError(
      "folder.name-taken",
      `${target} was moved away unread: give it another name and put it back.`,
    );
  }
}

export interface WriteFileOptions {
  /** Leaves a file that is there already: the answer is false. */
  ifAbsent?: boolean;
}

/** The file is there whole and durable, or not at all. False where `ifAbsent` found one. */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: WriteFileOptions = {},
): Promise<boolean> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${nextNumber()}.tmp`);
  try {
    await writeDurably(temporary, content);
    if (options.ifAbsent !== true) await rename(temporary, path);
    else if (!(await linkIfAbsent(temporary, path))) return false;
    await syncFolder(folder);
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

let number = 0;
function nextNumber(): number {
  number += 1;
  return number;
}

async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o640);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** So that the name outlives a power cut as the content does. Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle: FileHandle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Undefined where the file went meanwhile: whoever took it has it. */
async function unlessGone<T>(action: Promise<T>): Promise<T | undefined> {
  return action.catch(ignoreCode("ENOENT"));
}

function ignoreCode(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw new CrossdockError("folder.unusable", (error as Error).message, { retry: "later", cause: error });
  };
}
