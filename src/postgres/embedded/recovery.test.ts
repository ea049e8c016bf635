import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isAlive } from "./postmaster.ts";
import { startEmbedded } from "./start.ts";
import {
  answers,
  ask,
  dataFolder,
  killIfAlive,
  newHome,
  postmasterPid,
  removeHomes,
  spawnStarter,
  startProcess,
} from "./starter-process.ts";

let home: string;
beforeAll(async () => {
  home = await newHome();
  const server = await startEmbedded({ home });
  await ask(server.url, "create table entry (id bigint generated always as identity primary key)");
  await server.stop();
});
afterAll(removeHomes);

async function serverPids(url: string): Promise<number[]> {
  return (
    await ask<{ pid: number }>(url, "select pid from pg_stat_activity where pid <> pg_backend_pid()")
  ).map((row) => row.pid);
}

/** Commits one row after the other until the connection ends; answers how many were acknowledged. */
async function insertUntilTheEnd(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  for (let acknowledged = 0; ; acknowledged++) {
    try {
      await client.query("insert into entry default values");
    } catch {
      return acknowledged;
    }
  }
}

it("the starter is killed: the next start finds the server running, and its stop stops it", async () => {
  const first = await startProcess(home);
  await first.kill();
  expect(await answers(first.url)).toBe(true);
  const second = await startEmbedded({ home });
  expect([second.attached, second.url]).toEqual([true, first.url]);
  await second.stop();
  expect(await answers(first.url)).toBe(false);
});

it("the starter is killed while another is attached: that one's stop stops it", async () => {
  const first = await startProcess(home);
  const second = await startEmbedded({ home });
  await first.kill();
  expect(await answers(second.url)).toBe(true);
  await second.stop();
  expect(await answers(second.url)).toBe(false);
});

it("everything is killed: the next start recovers what was committed", async () => {
  const starter = await startProcess(home);
  const before = Number((await ask<{ n: string }>(starter.url, "select count(*) as n from entry"))[0]!.n);
  const inserting = insertUntilTheEnd(starter.url);
  await sleep(300);
  const pids = [await postmasterPid(home), ...(await serverPids(starter.url))];
  starter.process.kill("SIGKILL");
  for (const pid of pids) killIfAlive(pid);
  const acknowledged = await inserting;
  expect(acknowledged).toBeGreaterThan(0);
  const next = await startEmbedded({ home });
  expect(next.attached).toBe(false);
  const after = Number((await ask<{ n: string }>(next.url, "select count(*) as n from entry"))[0]!.n);
  expect(after - before).toBeGreaterThanOrEqual(acknowledged);
  expect(after - before).toBeLessThanOrEqual(acknowledged + 1);
  await next.stop();
});

it("the postmaster is killed and a busy process of it lives on: the next start ends that first", async () => {
  const starter = await startProcess(home);
  const busy = ask(starter.url, "select count(*) from generate_series(1, 1000000000000) busy").catch(
    () => "ended",
  );
  const find = () =>
    ask<{ pid: number }>(
      starter.url,
      "select pid from pg_stat_activity where query like '%busy' and pid <> pg_backend_pid()",
    );
  await expect.poll(async () => (await find()).length).toBe(1);
  const [{ pid }] = (await find()) as [{ pid: number }];
  const postmaster = await postmasterPid(home);
  await starter.kill();
  process.kill(postmaster, "SIGKILL");
  await sleep(200);
  expect(await isAlive(pid)).toBe(true);
  const next = await startEmbedded({ home });
  expect(await busy).toBe("ended");
  expect(await isAlive(pid)).toBe(false);
  expect(await ask(next.url, "select 1 as n")).toEqual([{ n: 1 }]);
  await next.stop();
});

it("a stale pid file names a process that is another program by now", async () => {
  const data = await dataFolder(home);
  const { uid, gid } = await stat(data);
  const other = spawn("sleep", ["60"], { uid, gid });
  await once(other, "spawn");
  await writeFile(
    join(data, "postmaster.pid"),
    `${other.pid}\n${data}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`,
  );
  const server = await startEmbedded({ home });
  expect([server.attached, other.exitCode]).toEqual([false, null]);
  await server.stop();
  other.kill();
});

it.each([
  ["empty", ""],
  ["cut off", "123"],
])("a stale pid file is %s", async (_, text) => {
  await writeFile(join(await dataFolder(home), "postmaster.pid"), text);
  const server = await startEmbedded({ home });
  expect(await ask(server.url, "select 1 as n")).toEqual([{ n: 1 }]);
  await server.stop();
});

it("the first start is killed while it makes the data folder: of three that come at once, one makes it", async () => {
  const fresh = await newHome();
  const { child } = spawnStarter(fresh, {});
  const drafts = async () => {
    const names = await readdir(dirname(await dataFolder(fresh))).catch(() => []);
    return names.filter((name) => name.startsWith("data.new-"));
  };
  await expect.poll(async () => (await drafts()).length, { interval: 5, timeout: 20_000 }).toBeGreaterThan(1);
  await sleep(150);
  process.kill(-child.pid!, "SIGKILL");
  const starters = await Promise.all([
    startProcess(fresh),
    startProcess(fresh),
    startEmbedded({ home: fresh }),
  ]);
  expect(starters.filter((starter) => !starter.attached)).toHaveLength(1);
  expect(new Set(starters.map((starter) => starter.url)).size).toBe(1);
  expect(await drafts()).toEqual([]);
  for (const starter of starters) await starter.stop();
  expect(await answers(starters[0]!.url)).toBe(false);
});

it("a data folder that is half-made is kept aside, and made anew", async () => {
  const data = await dataFolder(home);
  await rename(data, `${data}.whole`);
  await mkdir(join(data, "base"), { recursive: true });
  await writeFile(join(data, "PG_VERSION"), "18\n");
  const log: string[] = [];
  const server = await startEmbedded({ home, onLog: (line) => log.push(line) });
  expect(await ask(server.url, "select 1 as n")).toEqual([{ n: 1 }]);
  expect(log.join()).toMatch(/half-made/);
  expect((await readdir(dirname(data))).some((name) => name.startsWith("data.half-made-"))).toBe(true);
  await server.stop();
});

it("the home is removed while its server runs: the next start ends that one and starts empty", async () => {
  const removed = await newHome();
  const starter = await startProcess(removed, { hold: true });
  await ask(starter.url, "create table lost as select 1 as n");
  const former = await postmasterPid(removed);
  await starter.kill();
  await rm(join(removed, "postgres"), { recursive: true });
  expect(await isAlive(former)).toBe(true);
  const next = await startEmbedded({ home: removed });
  expect(await isAlive(former)).toBe(false);
  expect(next.attached).toBe(false);
  await expect(ask(next.url, "select n from lost")).rejects.toThrow(/does not exist/);
  await next.stop();
});

it("the home is removed under a living node: its stop ends its server, and not the next one", async () => {
  const removed = await newHome();
  const gone = await startProcess(removed, { hold: true });
  const first = await postmasterPid(removed);
  await rm(join(removed, "postgres"), { recursive: true });
  await gone.stop();
  expect(await isAlive(first)).toBe(false);

  const old = await startProcess(removed, { hold: true });
  await rm(join(removed, "postgres"), { recursive: true });
  const next = await startEmbedded({ home: removed, hold: true });
  // It sees its server gone, and knows that it is not its own any more.
  await expect.poll(() => old.log.join(" "), { timeout: 10_000 }).toContain("not started again");
  await old.stop();
  expect(await ask(next.url, "select 1 as n")).toEqual([{ n: 1 }]);
  await next.stop();
  expect(await answers(next.url)).toBe(false);
});
