import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runsAsRoot } from "./account.ts";
import { removeEmbedded, startEmbedded } from "./start.ts";
import {
  answers,
  ask,
  dataFolder,
  newHome,
  postmasterPid,
  removeHomes,
  startProcess,
} from "./starter-process.ts";

let home: string;
beforeAll(async () => {
  home = await newHome();
});
afterAll(removeHomes);

it("runs durable, in UTF-8 and UTC, under an account that is not root, with a password only its owner reads", async () => {
  const server = await startEmbedded({ home });
  expect(server.attached).toBe(false);
  const settings = await ask<{ name: string; value: string }>(
    server.url,
    `select name, setting as value from pg_settings where name in
       ('fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding', 'TimeZone', 'jit', 'listen_addresses')
     union all select 'collation', datcollate from pg_database where datname = current_database()`,
  );
  expect(Object.fromEntries(settings.map(({ name, value }) => [name, value]))).toEqual({
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    server_encoding: "UTF8",
    TimeZone: "UTC",
    jit: "off",
    listen_addresses: "127.0.0.1",
    collation: "C",
  });
  const data = await dataFolder(home);
  expect((await stat(join(data, "crossdock.password"))).mode & 0o777).toBe(0o600);
  expect((await stat(data)).uid === 0).toBe(false);
  expect(data.startsWith(home)).toBe(!runsAsRoot());
  const wrong = new URL(server.url);
  wrong.password = "guessed";
  expect(await answers(wrong.href)).toBe(false);
  await server.stop();
  await server.stop();
  expect(await answers(server.url)).toBe(false);
});

it("keeps its data, its password and its port over a stop and a start", async () => {
  const first = await startEmbedded({ home });
  await ask(first.url, "create table kept as select 42 as n");
  await first.stop();
  const second = await startEmbedded({ home });
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, "select n from kept")).toEqual([{ n: 42 }]);
  await second.stop();
});

describe("two processes", () => {
  it("the second attaches, and its stop leaves the server to the first", async () => {
    const first = await startEmbedded({ home });
    const second = await startProcess(home);
    expect([first.attached, second.attached, second.url]).toEqual([false, true, first.url]);
    await second.stop();
    expect(await answers(first.url)).toBe(true);
    await first.stop();
    expect(await answers(first.url)).toBe(false);
  });

  it("an attached node keeps the server when its starter stops, and stops it last", async () => {
    const first = await startProcess(home, { hold: true });
    const second = await startEmbedded({ home, hold: true });
    await first.stop();
    expect(await answers(second.url)).toBe(true);
    await second.stop();
    expect(await answers(second.url)).toBe(false);
  });

  it("the stop of an attached command does not end the server that a restarted node lives on", async () => {
    const node = await startProcess(home, { hold: true });
    const command = await startProcess(home);
    await node.kill();
    const restarted = await startEmbedded({ home, hold: true });
    await command.stop();
    expect(await answers(restarted.url)).toBe(true);
    await restarted.stop();
    expect(await answers(restarted.url)).toBe(false);
  });
});

it("Ctrl-C reaches the process and not the server", async () => {
  const starter = await startProcess(home);
  process.kill(-starter.process.pid!, "SIGINT");
  await expect.poll(() => starter.log).toContain("interrupted");
  expect(await ask(starter.url, "select 1 as n")).toEqual([{ n: 1 }]);
  await starter.stop();
});

it("a server that is killed under its owner's feet comes back at its address", async () => {
  const starter = await startEmbedded({ home });
  await ask(starter.url, "create table before_the_kill as select 7 as n");
  process.kill(await postmasterPid(home), "SIGKILL");
  await expect.poll(() => answers(starter.url), { timeout: 20_000, interval: 50 }).toBe(true);
  expect(await ask(starter.url, "select n from before_the_kill")).toEqual([{ n: 7 }]);
  await starter.stop();
  expect(await answers(starter.url)).toBe(false);
});

it("everything it made is removed on request, but not while it is in use", async () => {
  const server = await startEmbedded({ home });
  await expect(removeEmbedded(home)).rejects.toMatchObject({ code: "postgres.start-failed" });
  expect(await answers(server.url)).toBe(true);
  await server.stop();
  const data = await dataFolder(home);
  await removeEmbedded(home);
  expect([existsSync(dirname(data)), await readdir(home)]).toEqual([false, []]);
});
