import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { removeEmbedded } from "../postgres/embedded/start.ts";

const BIN = fileURLToPath(new URL("./bin.ts", import.meta.url));
const here = mkdtempSync(join(tmpdir(), "crossdock-start-"));
const environment = { ...process.env };
delete environment.DATABASE_URL;
const running: ChildProcess[] = [];
afterAll(async () => {
  for (const child of running)
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await removeEmbedded(join(here, ".crossdock"));
  rmSync(here, { recursive: true, force: true });
});

function crossdock(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: here, env: environment }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

interface Started {
  child: ChildProcess;
  url: string;
  exited: Promise<number | null>;
}

async function start(...args: string[]): Promise<Started> {
  const child = spawn(
    process.execPath,
    [BIN, "start", "--port", "0", "--json", "--log-level", "warn", ...args],
    { cwd: here, env: environment },
  );
  running.push(child);
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  const line = await Promise.race([
    once(child.stdout, "data").then(([chunk]) => String(chunk)),
    exited.then((code) => Promise.reject(new Error(`start ended with ${code}: ${err}`))),
  ]);
  return { child, url: (JSON.parse(line) as { url: string }).url, exited };
}

async function record(url: string, key: string, id: string): Promise<number> {
  const answer = await fetch(`${url}/system/v1/warehouse/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/cloudevents+json" },
    body: JSON.stringify({
      specversion: "1.0",
      id,
      source: "/t",
      type: "inventory.level.observed",
      data: { sku: id, location: "MAIN", quantity: "1", observedAt: "2026-11-24T07:00:00Z" },
    }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { seq: number }).seq;
}

describe("an installation from nothing", () => {
  it("is made, runs, is looked at beside the node, is killed, recovers, and ends in order", async () => {
    const init = await crossdock("init", "--json");
    expect(init.code, init.err).toBe(0);
    const { key } = JSON.parse(init.out) as { key: string };
    expect(readFileSync(join(here, ".gitignore"), "utf8")).toBe(".crossdock/\n");
    expect((await crossdock("init")).err).toMatch(/^crossdock\.config\.ts exists already/);
    expect((await crossdock("check")).code).toBe(0);

    const first = await start();
    const acknowledged = await record(first.url, key, "before");
    const beside = await crossdock("status", "--json");
    expect(beside.code, beside.err).toBe(0);
    expect(JSON.parse(beside.out).nodes).toEqual([expect.objectContaining({ alive: true })]);
    // The command line attached to the node's server and left it running.
    await record(first.url, key, "beside");

    const taken = await crossdock("start", "--port", new URL(first.url).port);
    expect([taken.code, taken.out]).toEqual([1, ""]);
    expect(taken.err.trim().split("\n").at(-1)).toMatch(
      /^Port \d+ on 127\.0\.0\.1 is taken; stop what uses it, or choose another with --port\.$/,
    );
    await record(first.url, key, "still");
    // It never joined: nothing was taken from the node that can be reached.
    expect(JSON.parse((await crossdock("status", "--json")).out).nodes).toHaveLength(1);

    first.child.kill("SIGKILL");
    await first.exited;
    const second = await start();
    const trace = await crossdock("trace", "before", "--json");
    expect(JSON.parse(trace.out).timeline[0].event.seq).toBe(acknowledged);
    await record(second.url, key, "after");

    second.child.kill("SIGTERM");
    expect(await second.exited).toBe(0);
    const after = await crossdock("status", "--json");
    const { nodes, projection } = JSON.parse(after.out);
    expect(nodes.filter(({ alive }: { alive: boolean }) => alive)).toEqual([]);
    // What the killed node's shares held is applied by the next start; nothing acknowledged is missing.
    expect(projection.headSeq).toBe(4);
    // Twelve programs start one after the other.
  }, 240_000);
});
