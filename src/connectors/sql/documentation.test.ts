// The page's configurations are sound, it names every setting, and its least-privilege scripts do what they say.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { noCodes } from "../../connector/codes.ts";
import type { OutboundMessage } from "../../connector/index.ts";
import { resolveIntegration, resolveSettings } from "../../connector/resolve.ts";
import { checkIntegration } from "../../policy/check.ts";
import type { Integration, SystemDeclaration } from "../../policy/integration.ts";
import { SqlSettings, Staging, Stream } from "./settings.ts";
import { blockOf, noMariaDb, type TestedServer, testedMariaDb, testedPostgres } from "./testing.ts";
import { eventsIn, openOn } from "./testing-session.ts";

const PAGE = "connectors/sql.md";
const page = await readFile(join(import.meta.dirname, "../../../docs", PAGE), "utf8");
if (noMariaDb !== undefined) console.warn(`MariaDB is left out of these tests: ${noMariaDb}.`);

test("both configurations are sound", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-sql-docs-"));
  const source = (path: string) => pathToFileURL(join(import.meta.dirname, "../..", path)).href;
  const entries: Record<string, string> = {
    crossdock: source("policy/define.ts"),
    "crossdock/connectors/http": source("connectors/http/index.ts"),
    "crossdock/connectors/sql": source("connectors/sql/index.ts"),
  };
  const load = async (code: string, name: string) => {
    const file = join(folder, `${name}.ts`);
    await writeFile(
      file,
      code.replace(/from "([^"]+)"/g, (_, from: string) => `from "${entries[from]}"`),
    );
    return import(pathToFileURL(file).href);
  };
  try {
    const [first, second] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
    const environment = { ERP_HOST: "erp", ERP_PASSWORD: "p", SHOP_URL: "https://shop.example" };
    const { default: integration } = (await load(first!, "first")) as { default: Integration };
    const resolved = resolveIntegration(integration, environment);
    expect(resolved.findings).toEqual([]);
    expect(checkIntegration(resolved.integration)).toEqual([]);
    const { legacy } = (await load(second!, "second")) as { legacy: SystemDeclaration };
    expect(resolveSettings("legacy", legacy, environment).settings).toMatchObject({
      timeZone: "Europe/Berlin",
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the page names every setting", () => {
  const names = [SqlSettings, Stream, Staging].flatMap(({ properties }) =>
    Object.entries(properties).flatMap(([name, node]) => [
      name,
      ...Object.keys((node as { properties?: object }).properties ?? {}),
    ]),
  );
  expect(names.filter((name) => !name.includes(".") && !page.includes(`\`${name}\``))).toEqual([]);
});

describe("a role of the page reads its view, writes its staging table and can do nothing else", () => {
  const message: OutboundMessage = {
    deliveryId: "d1",
    type: "order.booking",
    key: "order:main/1",
    attempt: 1,
    payload: { orderId: "1", customer: { id: "C1" }, placedAt: "2026-11-24T08:00:00.000000Z" },
  };
  const never = new AbortController().signal;

  async function tryScript(server: TestedServer, heading: string, role: string): Promise<void> {
    const script = (await blockOf(PAGE, heading, "sql")).replaceAll("crossdock_erp", role);
    await server.run(script, "insert into erp.stock values ('A', '01', 2.5)");
    const access = { user: role, password: "change-me" };
    const reading = {
      columns: { item: "text", site: "text", quantity: "decimal" } as const,
      key: ["item", "site"],
      set: { locations: ["EAST"] },
      event: {
        type: "inventory.level.observed",
        fields: {
          sku: { column: "item" },
          location: { column: "site", words: { "01": "EAST" } },
          quantity: { column: "quantity" },
        },
      },
    };
    const staged = {
      table: "erp.crossdock_orders",
      key: "crossdock_key",
      columns: { order_no: { field: "orderId" } },
    };
    const session = openOn(
      server,
      {
        streams: {
          stock: { ...reading, from: "erp.crossdock_stock" },
          forbidden: { ...reading, from: "erp.stock" },
        },
        staging: {
          "order.booking": { ...staged, write: "keyed" },
          "order.release": { ...staged, table: "erp.stock", key: "item", write: "keyed" },
        },
      },
      access,
    );
    const call = { timeoutMs: 5_000, signal: never };
    try {
      const { messages } = await session.drain("stock");
      expect(eventsIn(session.map(messages[0]!, noCodes))).toMatchObject([{ sku: "A", quantity: "2.5" }]);
      await expect(session.drain("forbidden")).rejects.toMatchObject({ code: "sql.denied" });
      for (let time = 0; time < 2; time++) {
        expect(await session.writers["order.booking"]!.send([message], call)).toEqual([{ kind: "done" }]);
      }
      const [refused] = await session.writers["order.release"]!.send([message], call);
      expect(["denied", "ill"]).toContain(refused!.kind);
      expect(await server.run("select order_no from erp.crossdock_orders")).toEqual([["1"]]);
      expect(await server.run("select item from erp.stock")).toEqual([["A"]]);
    } finally {
      await session.close();
    }
  }

  test("PostgreSQL", async () => {
    const server = await testedPostgres();
    // Roles are of the whole server, which other tests use as well.
    const role = `crossdock_erp_${process.pid}`;
    try {
      await tryScript(server, "### PostgreSQL", role);
    } finally {
      await server.run(`drop owned by ${role}`, `drop role ${role}`);
      await server.close();
    }
  });

  if (noMariaDb !== undefined) test.skip(noMariaDb, () => undefined);
  else {
    test("MariaDB", async () => {
      const server = await testedMariaDb();
      try {
        await tryScript(server, "### MySQL and MariaDB", "crossdock_erp");
      } finally {
        await server.close();
      }
    });
  }
});
