// Where the data of a home lies and under which account its server runs. For an ordinary user that is inside the
// home; root keeps it in /var/lib/crossdock, where an unprivileged account can enter, and a small file in the home
// points there. A copied home gets data of its own; a moved one finds its own again. Called under the start lock.
import { createHash, randomBytes } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { type Account, runsAsRoot, unprivilegedAccount } from "./account.ts";
import { endLeftovers, endPostmaster } from "./postmaster.ts";

export interface Place {
  /** Holds `data`, `postgres.log`, and drafts of them. */
  folder: string;
  /** Where copies of the programs go. */
  copies: string;
  /** Undefined: the account of this process. */
  account: Account | undefined;
}

interface Pointer {
  folder: string;
}

const ROOT_FOLDER = "/var/lib/crossdock";
const POINTER = "place.json";
const BACK_REFERENCE = "home.json";

/** `own`: the home's folder for the database, an existing one. */
export async function findPlace(own: string, onLog: (line: string) => void): Promise<Place> {
  if (!runsAsRoot()) return { folder: own, copies: join(own, "programs"), account: undefined };
  const copies = join(ROOT_FOLDER, "programs");
  const owner = await stat(join(own, "data")).catch(() => undefined); // usually absent
  if (owner !== undefined && owner.uid !== 0) {
    // An ordinary user's project: its server keeps running under that user.
    return { folder: own, copies, account: { uid: owner.uid, gid: owner.gid } };
  }
  await mkdir(copies, { recursive: true });
  for (const folder of [ROOT_FOLDER, copies]) await chmod(folder, 0o755);
  return { folder: await rootFolder(await realpath(own), onLog), copies, account: unprivilegedAccount() };
}

/** Hands what root made for the account of the server, or for the ordinary user whose home it is, over to it. */
export async function handOver(path: string, { account }: Place): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

async function rootFolder(own: string, onLog: (line: string) => void): Promise<string> {
  const pointed = await readJson<Pointer>(join(own, POINTER));
  if (pointed !== undefined && (await belongs(pointed.folder, own))) return pointed.folder;
  const hash = createHash("sha256").update(own).digest("hex").slice(0, 16);
  let folder = join(ROOT_FOLDER, hash);
  if (pointed !== undefined && pointed.folder === folder)
    folder = join(ROOT_FOLDER, `${hash}-${randomBytes(4).toString("hex")}`);
  await setAside(folder, onLog);
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await writeJson(join(folder, BACK_REFERENCE), { home: own });
  await writeJson(join(own, POINTER), { folder });
  return folder;
}

/** Whether the folder is this home's: also after a move, but not where the home is a copy of one that still is. */
async function belongs(folder: string, own: string): Promise<boolean> {
  const back = await readJson<{ home: string }>(join(folder, BACK_REFERENCE));
  if (back === undefined) return false;
  if (back.home === own) return true;
  const original = await readJson<Pointer>(join(back.home, POINTER));
  if (original?.folder === folder) return false;
  await writeJson(join(folder, BACK_REFERENCE), { home: own });
  return true;
}

/** The data of a home that was removed and made anew: kept once, in case that was a mistake. */
async function setAside(folder: string, onLog: (line: string) => void): Promise<void> {
  if ((await stat(folder).catch(() => undefined)) === undefined) return;
  // Its server may run on: the home was removed under it.
  const data = join(await realpath(folder), "data");
  await endPostmaster(data, onLog);
  await endLeftovers(data);
  const aside = `${folder}.removed`;
  await rm(aside, { recursive: true, force: true });
  await rename(folder, aside);
  onLog(`The home was made anew; the data of the former one is kept in ${aside} until that happens again.`);
}

async function readJson<Value>(path: string): Promise<Value | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, `${JSON.stringify(value)}\n`);
  await rename(draft, path);
}

/** Leftovers of a start that was killed. */
export async function removeDrafts(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(prefix))
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
}

/** Makes the home's folder for the database, and says where it is. */
export async function ownFolder(home: string): Promise<string> {
  const own = join(home, "postgres");
  await mkdir(own, { recursive: true });
  return realpath(own);
}

/** Tells a home's folder from one that was made anew under its name; undefined where there is none. */
export async function identityOf(own: string): Promise<string | undefined> {
  const found = await stat(own, { bigint: true }).catch(() => undefined); // removed
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
