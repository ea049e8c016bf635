import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "./simulation/testing.ts";
import { systemNames } from "./start-all.ts";

const MAIN = join(import.meta.dirname, "main.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "distributor-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function launch(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    output.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output.err += chunk;
  });
  return { child, output, ended: once(child, "exit") as Promise<[number | null, string | null]> };
}

interface Ports {
  pid: number;
  systems: Record<string, { url: string; folder?: string }>;
}

async function started(file: string): Promise<Ports> {
  await waitFor("the ports file", () => (existsSync(file) ? true : undefined));
  return JSON.parse(readFileSync(file, "utf8")) as Ports;
}

describe("the six systems as one process", () => {
  it("writes the addresses of all, and ends cleanly on SIGTERM", async () => {
    const file = join(folder, "ports.json");
    const { child, output, ended } = launch("--folder", folder, "--ports-file", file);
    const ports = await started(file);
    expect(Object.keys(ports.systems).sort()).toEqual([...systemNames].sort());
    expect(ports.pid).toBe(child.pid);
    for (const [name, { url }] of Object.entries(ports.systems)) {
      const health = (await (await fetch(`${url}/control/health`)).json()) as { name: string };
      expect(health.name).toBe(name);
    }
    expect(existsSync(join(ports.systems.west?.folder as string, "in", "done"))).toBe(true);
    expect(JSON.parse(output.out)).toEqual(ports);
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(output.err).toBe("");
  });

  it("ends with its stdin where asked, so that it does not outlive a killed driver", async () => {
    const file = join(folder, "ports.json");
    const { child, ended } = launch("--folder", folder, "--ports-file", file, "--end-with-stdin");
    await started(file);
    child.stdin.end();
    expect(await ended).toEqual([0, null]);
  });

  it("takes the same ports again after a restart, and says so when one is taken", async () => {
    const file = join(folder, "ports.json");
    const first = launch("--folder", folder, "--ports-file", file);
    const erp = new URL((await started(file)).systems.erp?.url as string).port;
    const second = launch("--folder", folder, "--ports", `erp=${erp}`);
    expect((await second.ended)[0]).toBe(1);
    expect(second.output.err).toContain("EADDRINUSE");
    first.child.kill("SIGTERM");
    await first.ended;
    rmSync(file);
    const third = launch("--folder", folder, "--ports-file", file, "--ports", `erp=${erp}`);
    expect(new URL((await started(file)).systems.erp?.url as string).port).toBe(erp);
    third.child.kill("SIGTERM");
    await third.ended;
  });

  it("says in one sentence what is wrong with its options", async () => {
    for (const args of [[], ["--folder"], ["--folder", folder, "--ports", "crm"], ["--wrong"]]) {
      const { output, ended } = launch(...args);
      expect((await ended)[0]).toBe(1);
      expect(output.err).toContain("usage: ");
      expect(output.err).not.toContain("    at ");
    }
  });
});
