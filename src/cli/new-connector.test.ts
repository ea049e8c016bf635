// A connector that is made anew proves itself, and is lost by no mistake.
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { PACKAGE_ROOT } from "../package-root.ts";

const here = mkdtempSync(join(tmpdir(), "crossdock-new-"));
mkdirSync(join(here, "node_modules"));
symlinkSync(PACKAGE_ROOT, join(here, "node_modules", "crossdock"));
symlinkSync(join(PACKAGE_ROOT, "node_modules", "typebox"), join(here, "node_modules", "typebox"));
writeFileSync(join(here, "package.json"), JSON.stringify({ name: "mine", type: "module" }));
afterAll(() => rmSync(here, { recursive: true, force: true }));

const node = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--conditions", "crossdock-source", ...args],
      { cwd: here },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
const make = (...args: string[]) => node(join(PACKAGE_ROOT, "src/cli/bin.ts"), "new", "connector", ...args);

it("is a folder whose proofs run, under the product's own name", async () => {
  expect(await make("acme-wms")).toMatchObject({ code: 0, err: "" });
  const folder = join(here, "connectors", "acme-wms");
  expect(readdirSync(folder).sort()).toEqual(["acme-wms-system.ts", "acme-wms.test.ts", "index.ts"]);
  const text = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  expect(text).not.toMatch(/example/i);
  expect(text).toContain('name: "acme-wms"');
  expect(text).toContain("export const acmeWms = defineConnector");
  const proved = await node("--test", "--test-reporter=tap", join(folder, "acme-wms.test.ts"));
  expect(proved.out).toContain("# fail 0");
  expect(Number(/# pass (\d+)/.exec(proved.out)![1])).toBeGreaterThan(20);
  expect(proved.code).toBe(0);
});

it("says what stands against it, and changes nothing", async () => {
  await make("twice");
  const before = readFileSync(join(here, "connectors/twice/index.ts"), "utf8");
  writeFileSync(join(here, "connectors/twice/index.ts"), `${before}// mine`);
  expect(await make("twice")).toMatchObject({
    code: 1,
    err: expect.stringContaining("connectors/twice exists already"),
  });
  expect(readFileSync(join(here, "connectors/twice/index.ts"), "utf8")).toContain("// mine");
  for (const name of ["Acme", "../up", "a--b", "9x"]) {
    expect(await make(name)).toMatchObject({
      code: 1,
      err: expect.stringContaining("is no name of a connector"),
    });
  }
});
