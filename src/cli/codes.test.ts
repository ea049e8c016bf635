// crossdock codes beside a database: files come back as they were written, and nothing of a faulty one is taken.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../postgres/testing.ts";
import { CONFIG_TEMPLATE } from "./config-template.ts";
import { CommandProcess } from "./testing.ts";

const here = mkdtempSync(join(tmpdir(), "crossdock-codes-"));
const commands = new CommandProcess();
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  writeFileSync(join(here, "crossdock.config.ts"), CONFIG_TEMPLATE);
});
afterAll(async () => {
  await commands.end();
  await database.drop();
  rmSync(here, { recursive: true, force: true });
});

async function codes(...args: string[]) {
  const ran = await commands.run(here, ["codes", ...args, "--json"], { DATABASE_URL: database.url });
  return { code: ran.code, json: JSON.parse(ran.out) };
}
const file = (name: string, ...rows: string[]) => {
  writeFileSync(join(here, name), ["system,table,native,canonical,direction", ...rows].join("\r\n"));
  return name;
};
const listed = async () => (await codes("list")).json.codes;

describe("crossdock codes", () => {
  const system = /^ {4}([a-z][a-z0-9-]*): \w+\(/m.exec(CONFIG_TEMPLATE)![1]!;

  it("shows what a file would change, takes it, and takes it again for nothing", async () => {
    const good = file(
      "good.csv",
      `${system},carrier,UPSG,ups,`,
      `${system},carrier,UPSS,ups,in`,
      `${system},reason,"A, ""B""",damaged,both`,
    );
    const shown = await codes("import", good);
    expect(shown.json).toMatchObject({ executed: false, version: 0 });
    expect(shown.json.changes).toHaveLength(5);
    expect(await listed()).toEqual([]);
    expect((await codes("import", good, "--execute")).json).toMatchObject({ executed: true, version: 1 });
    expect((await codes("import", good, "--execute")).json).toMatchObject({ version: 1, changes: [] });
    expect(await listed()).toHaveLength(5);
    const before = await listed();
    await codes("export", "out.csv");
    expect(readFileSync(join(here, "out.csv"), "utf8").split("\n")).toHaveLength(5);
    expect((await codes("import", "out.csv")).json.changes).toEqual([]);
    expect(await listed()).toEqual(before);
  });

  it("takes nothing of a file that contradicts itself or cannot be held, and names the lines", async () => {
    const bad = file(
      "bad.csv",
      `${system},carrier,NEW,ups,in`,
      `${system},carrier,NEW,dhl,in`,
      `mars,carrier,X,ups,`,
      `${system},colour,X,red,`,
      `${system},unit,,EA,`,
      `${system},unit,X,EA,sideways`,
    );
    const { code, json } = await codes("import", bad, "--execute");
    expect(code).toBe(1);
    expect(json.error.code).toBe("codes.file-invalid");
    for (const line of [3, 4, 5, 6, 7]) expect(json.error.message).toContain(`bad.csv:${line} `);
    expect(json.error.message).not.toContain("bad.csv:2 ");
    expect((await listed()).some((row: { code: string }) => row.code === "NEW")).toBe(false);
    writeFileSync(join(here, "headless.csv"), "a,b\n1,2\n");
    expect((await codes("import", "headless.csv")).json.error.message).toContain("table");
    expect((await codes("import", "absent.csv")).code).toBe(2);
  });

  it("sets and removes one, and tells who did", async () => {
    await codes("set", system, "term", "N30", "net-30");
    await codes("set", system, "term", "N30", "net-31", "--direction", "in");
    await codes("remove", system, "term", "net-30", "--direction", "out");
    const { changes } = (await codes("history", "--table", "term")).json;
    expect(
      changes.map((row: Record<string, string>) => `${row.direction} ${row.code} ${row.was} ${row.means}`),
    ).toEqual(["out net-30 N30 null", "in N30 net-30 net-31", "in N30 null net-30", "out net-30 null N30"]);
    expect(changes[0].by).toMatch(/^\S+ \(command line\)$/);
    expect((await codes("set", system, "colour", "a", "b")).code).toBe(2);
    expect((await codes("set", "mars", "term", "a", "b")).code).toBe(2);
  });
});
