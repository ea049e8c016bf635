import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "../gateway/testing.ts";
import { CONFIG_TEMPLATE } from "./config-template.ts";
import { CommandProcess } from "./testing.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(config?: string): string {
  const path = mkdtempSync(join(tmpdir(), "crossdock-cli-"));
  folders.push(path);
  if (config !== undefined) writeFileSync(join(path, "crossdock.config.ts"), config);
  return path;
}

const commands = new CommandProcess();
afterAll(() => commands.end());
const crossdock = (cwd: string, args: string[], environment: NodeJS.ProcessEnv = {}) =>
  commands.run(cwd, args, environment);

/** One sentence, on standard error alone, without a stack. */
async function refused(cwd: string, args: string[], code: number, said: RegExp | string): Promise<void> {
  const result = await crossdock(cwd, args);
  expect([result.code, result.out], args.join(" ")).toEqual([code, ""]);
  expect(result.err.trim().split("\n"), args.join(" ")).toHaveLength(1);
  expect(result.err, args.join(" ")).toMatch(said);
  expect(result.err).not.toMatch(/\n\s+at |node:internal|Error:/);
}

describe("what was typed", () => {
  it("makes no sense: exit code 2 and one sentence", async () => {
    const here = folder(CONFIG_TEMPLATE);
    await refused(here, ["statsu"], 2, "Unknown command 'statsu'. Did you mean status?");
    await refused(here, ["status", "--jsno"], 2, "Unknown option '--jsno'. Did you mean --json?");
    await refused(here, ["status", "more"], 2, /Too many arguments/);
    await refused(here, ["trace"], 2, "Missing required argument 'what'");
    await refused(here, ["start", "--port", "http"], 2, "--port is a number from 0 to 65535, not http.");
    await refused(here, ["start", "--port", "70000"], 2, "--port is a number from 0 to 65535, not 70000.");
    await refused(here, ["status", "--log-level", "loud"], 2, /loud/);
    await refused(here, ["deliveries", "--limit", "0"], 2, "--limit is a number from 1 to 500, not 0.");
    await refused(here, ["deliveries", "--state", "lost"], 2, /--state is one of waiting, parked/);
    await refused(here, ["deliveries", "show", "abc"], 2, /abc is no id of a delivery/);
    await refused(here, ["deliveries", "skip", "1"], 2, /Required option '--reason <text>'/);
    await refused(here, ["replay"], 2, /Say one of --target/);
    await refused(here, ["replay", "--target", "shop", "--source", "shop"], 2, /Say one of --target/);
    await refused(here, ["replay", "--target", "shop", "--from", "yesterday"], 2, /--from is a time/);
    await refused(here, ["replay", "--exception", "1"], 2, /--exception is the id/);
    await refused(here, ["balance", "--date", "2026-02-30"], 2, /--date is a day/);
    await refused(here, ["key", "create", "a b"], 2, /no name of a key/);
    await refused(here, ["key", "create", "k", "--scope", "everything"], 2, /--scope is one of/);
  });

  it("is a question: help, exit code 0", async () => {
    for (const args of [
      [],
      ["--help"],
      ["status", "--help"],
      ["key", "create", "--help"],
      ["bench", "--help"],
    ]) {
      const { code, out, err } = await crossdock(folder(), args);
      expect([code, err], args.join(" ")).toEqual([0, ""]);
      expect(out).toContain("Usage: crossdock");
    }
    const { out } = await crossdock(folder(), ["--version"]);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("is what docs/cli.md says, command by command", async () => {
    const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
    const { out } = await crossdock(folder(), ["--help"]);
    const names = [...out.slice(out.indexOf("Commands:")).matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(page).toContain(`crossdock ${name}`);
  });

  it("fails as one JSON document with --json", async () => {
    const { code, out, err } = await crossdock(folder(), ["status", "--json"]);
    expect([code, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toEqual({
      error: { code: "configuration.missing", message: expect.stringContaining("crossdock init") },
    });
  });
});

describe("a configuration", () => {
  it("that is missing is asked for", async () => {
    await refused(
      folder(),
      ["status"],
      1,
      /There is no crossdock.config.ts in .*; crossdock init writes one/,
    );
    await refused(folder(), ["check", "--config", "other.ts"], 1, "There is no other.ts.");
    await refused(folder(), ["check", "--config", "."], 1, /is a folder/);
  });

  it("that cannot be loaded says where", async () => {
    const broken: [string, string, RegExp][] = [
      ["systems: {", "systems: {,", /^crossdock\.config\.ts:7 /],
      ["export default", 'throw new Error("no luck");\nexport default', /^crossdock\.config\.ts:5 no luck$/m],
      [
        "export default",
        "const q: any = undefined;\nq.x.y;\nexport default",
        /^crossdock\.config\.ts:6 Cannot read/,
      ],
      [
        "export default defineIntegration",
        "export const x = defineIntegration",
        /^crossdock\.config\.ts:1 It must export default/,
      ],
      [
        '"crossdock/connectors/http"',
        '"crossdock/connectors/htp"',
        /^crossdock\.config\.ts:3 There is no crossdock\/connectors\/htp/,
      ],
      ['"crossdock/connectors/http"', '"./mine.ts"', /^crossdock\.config\.ts:3 There is no .*mine\.ts/],
      ["import { http }", "import { htp as http }", /^crossdock\.config\.ts:3 .*htp/],
      ['.within("5s")', '.within("5 seconds")', /^crossdock\.config\.ts:36 flows\.availability\.within/],
      ["ratePerSecond: 50", "ratePerSecnd: 50", /^crossdock\.config\.ts:16 .*ratePerSecnd/],
    ];
    for (const [from, to, said] of broken) {
      const config = CONFIG_TEMPLATE.replace(from, () => to);
      expect(config).not.toBe(CONFIG_TEMPLATE);
      await refused(folder(config), ["status"], 1, said);
    }
  });

  it("that does not hold is a list of findings, each with its line", async () => {
    const findings = async (from: string, to: string, environment?: NodeJS.ProcessEnv) => {
      const { code, out } = await crossdock(
        folder(CONFIG_TEMPLATE.replace(from, () => to)),
        ["check", "--json"],
        environment,
      );
      const { valid, findings: found } = JSON.parse(out) as {
        valid: boolean;
        findings: { level: string; path: string; line: number }[];
      };
      expect(code).toBe(valid ? 0 : 1);
      return found.filter(({ level }) => level === "error").map(({ path, line }) => `${path}:${line}`);
    };
    expect(await findings("x", "x")).toEqual([]);
    expect(await findings('.to("shop").within("5s")', '.to("shp").within("5s")')).toEqual([
      "flows.availability.to:36",
    ]);
    expect(await findings('MAIN: "warehouse"', 'MAIN: "warehose"')).toEqual([
      "ownership.inventory.owner.byLocation.MAIN:29",
    ]);
    expect(await findings("orders: {", "ordres: {")).toEqual(["ordres:51"]);
    expect(await findings('shortage: "backorder"', 'shortage: "backordr"')).toEqual(["orders.shortage:53"]);
    expect(await findings("percent: 5", "percent: 500")).toEqual(["stock.buffers[0].percent:48"]);
    const needsEnvironment = [
      'env("WAREHOUSE_URL", "http://127.0.0.1:9001/records")',
      'env("WAREHOUSE_URL")',
    ] as const;
    expect(await findings(...needsEnvironment)).toEqual(["systems.warehouse.url:11"]);
    expect(await findings(...needsEnvironment, { WAREHOUSE_URL: "http://warehouse.test" })).toEqual([]);
  });

  it("that holds says what it is", async () => {
    const { code, out } = await crossdock(folder(CONFIG_TEMPLATE), ["check"]);
    expect([code, out]).toEqual([0, "crossdock.config.ts holds: 2 systems, 3 flows.\n"]);
  });

  it("does not start, and nothing is made", async () => {
    const here = folder(CONFIG_TEMPLATE.replace('MAIN: "warehouse"', 'MAIN: "warehose"'));
    await refused(
      here,
      ["start"],
      1,
      /^crossdock\.config\.ts:29 ownership\.inventory\.owner\.byLocation\.MAIN/,
    );
    await refused(here, ["status"], 1, /Nothing has run here yet/);
  });
});

describe("beside a running node", () => {
  let gateway: TestGateway;
  let environment: NodeJS.ProcessEnv;
  let here: string;
  beforeAll(async () => {
    gateway = await testGateway();
    environment = { DATABASE_URL: gateway.database.url };
    here = folder(`
      import { defineIntegration, flow } from "crossdock";
      import { http } from "crossdock/connectors/http";
      export default defineIntegration({
        systems: {
          east: http({ url: "http://127.0.0.1:9/records", messages: ["order.release", "order.cancellation"] }),
          west: http({ url: "http://127.0.0.1:9/records", messages: ["order.release"] }),
          portal: http({ url: "http://127.0.0.1:9/records", messages: ["inventory.availability"], write: "absolute" }),
        },
        ownership: { inventory: { owner: { byLocation: { EAST: "east", WEST: "west" } } } },
        flows: [flow("availability", "Availability").domain("inventory").to("portal")],
        allocation: { prefer: ["EAST", "WEST"] },
      });`);
    const data = { sku: "A", location: "EAST", quantity: "10", observedAt: "2026-11-24T07:00:00Z" };
    const event = { specversion: "1.0", id: "1", source: "/t", type: "inventory.level.observed", data };
    await gateway.send({ path: "/system/v1/east/events", body: event });
    await gateway.running.node.settled();
    const order = {
      orderId: "O-1",
      customer: { id: "C-1" },
      currency: "GBP",
      placedAt: "2026-11-24T07:00:00Z",
      lines: [{ lineId: "1", sku: "A", quantity: "12", price: "2" }],
    };
    await gateway.send({ path: "/process/v1/orders", body: order });
    await gateway.running.node.settled();
  });
  afterAll(() => gateway.stop());

  const json = async (...args: string[]) => {
    const { code, out, err } = await crossdock(here, [...args, "--json"], environment);
    expect([code, err], args.join(" ")).toEqual([0, ""]);
    expect(out.endsWith("\n") && out.trim().split("\n").length === 1).toBe(true);
    return JSON.parse(out);
  };
  const page = async (...args: string[]) => {
    const { code, out, err } = await crossdock(here, args, environment);
    expect([code, err], args.join(" ")).toEqual([0, ""]);
    return out;
  };

  it("status, trace, deliveries, exceptions and balance read the database, and print pages or documents", async () => {
    expect((await json("status")).systems.map(({ system }: { system: string }) => system)).toEqual([
      "east",
      "west",
      "portal",
    ]);
    expect(await page("status")).toMatch(/1 node, configuration 1[\s\S]*portal +http/);
    expect((await json("trace", "O-1")).subjects[0].key).toBe("order:main/O-1");
    expect(await page("trace", "O-1")).toMatch(
      /allocated from EAST 10 × A; backordered 2 × A\n +└ .*EAST had 10 of 12/,
    );
    expect((await json("deliveries", "--target", "portal")).deliveries.length).toBeGreaterThan(0);
    expect(await page("deliveries")).toMatch(/inventory\.availability/);
    expect((await json("exceptions", "--all")).exceptions).toBeInstanceOf(Array);
    expect((await json("balance")).balanced).toBe(true);
    expect(await page("balance")).toMatch(/\*\*The books balance\.\*\*[\s\S]*Drawn up by __/);
  });

  it("one delivery with its payload; what cannot be retried is refused", async () => {
    const [first] = (await json("deliveries")).deliveries;
    expect(await page("deliveries", "show", first.id)).toContain('"sku": "A"');
    const result = await crossdock(here, ["deliveries", "retry", first.id], environment);
    expect([result.code, result.err]).toEqual([1, `Delivery ${first.id} is not parked: it is waiting.\n`]);
    expect((await crossdock(here, ["deliveries", "retry", "999999"], environment)).err).toBe(
      "There is no delivery 999999.\n",
    );
  });

  it("keys are made, work, are listed without their secret, and are revoked", async () => {
    const made = await json("key", "create", "shop-key", "--system", "portal");
    expect(made).toMatchObject({
      name: "shop-key",
      scopes: ["system:write"],
      system: "portal",
      key: expect.stringMatching(/^cdk_/),
    });
    expect((await gateway.send({ path: "/system/v1/portal/events", body: [], key: made.key })).status).toBe(
      200,
    );
    expect(await page("key", "list")).toMatch(/shop-key +portal +system:write/);
    expect(JSON.stringify(await json("key", "list"))).not.toContain("cdk_");
    expect((await crossdock(here, ["key", "create", "shop-key"], environment)).err).toMatch(
      /There is, or was, a key shop-key/,
    );
    expect((await json("key", "revoke", "shop-key")).revokedAt).not.toBeNull();
    expect((await crossdock(here, ["key", "revoke", "nobody"], environment)).err).toBe(
      "There is no key nobody.\n",
    );
    expect((await crossdock(here, ["key", "create", "k", "--system", "moon"], environment)).code).toBe(2);
  });

  it("what nobody knows is said in one sentence", async () => {
    const { code, err } = await crossdock(here, ["trace", "nothing"], environment);
    expect([code, err]).toEqual([
      1,
      "Nothing is known by nothing: it is no order, SKU, delivery, message or document here.\n",
    ]);
  });

  it("a replay is shown before it is done", async () => {
    expect(await json("replay", "--target", "portal")).toEqual({ executed: false, types: [], samples: [] });
    expect((await crossdock(here, ["replay", "--target", "moon"], environment)).code).toBe(2);
  });

  it("control characters of systems do not reach the terminal", async () => {
    await gateway.database.db.query("update delivery set reason = E'\\x1b[31mred\\x1b[0m\\x07bell\\nline'");
    const out = await page("deliveries");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(out).toContain("red bell line");
  });

  it("a database that cannot be reached is said in one sentence", async () => {
    const { code, err } = await crossdock(here, ["status"], {
      DATABASE_URL: "postgres://crossdock@127.0.0.1:9/none",
    });
    expect(code).toBe(1);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toMatch(/PostgreSQL cannot be reached/);
  });
});
