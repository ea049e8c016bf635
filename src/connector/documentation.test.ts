// The pages that people configure and write connectors from: their code runs, and no key is left out.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RestSettings } from "../connectors/rest/settings.ts";
import type { SchemaNode } from "../domains/explain.ts";
import { outboundKinds } from "../domains/outbound.ts";
import { checkIntegration } from "../policy/check.ts";
import { IntegrationInput } from "../policy/input.ts";
import type { Integration, SystemDeclaration } from "../policy/integration.ts";
import { noCodes } from "./codes.ts";
import type { DefinedProduct } from "./define.ts";
import { resolveIntegration, resolveSettings } from "./resolve.ts";

const source = (path: string) => pathToFileURL(join(import.meta.dirname, "..", path)).href;
const entries: Record<string, string> = {
  crossdock: source("policy/define.ts"),
  "crossdock/connector": source("connector/index.ts"),
  "crossdock/connectors/http": source("connectors/http/index.ts"),
  "crossdock/connectors/rest": source("connectors/rest/index.ts"),
  typebox: import.meta.resolve("typebox"),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "crossdock-docs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const page = (name: string) => readFile(join(import.meta.dirname, "../../docs", name), "utf8");

const runFirstExample = (name: string) => runExample(name, 0);

async function runExample(name: string, index: number): Promise<Record<string, unknown>> {
  const code = [...(await page(name)).matchAll(/```ts\n([\s\S]*?)```/g)][index]![1]!;
  const linked = code.replace(/from "([^"]+)"/g, (whole, specifier: string) =>
    entries[specifier] === undefined ? whole : `from "${entries[specifier]}"`,
  );
  const file = join(folder, `${name.replaceAll("/", "-")}-${index}.ts`);
  await writeFile(file, linked);
  return import(pathToFileURL(file).href);
}

test("the configuration that the page shows is sound", async () => {
  const { default: integration } = (await runFirstExample("configuration.md")) as { default: Integration };
  const names = ["ERP", "EAST", "WEST", "PARTNER", "PORTAL"];
  const environment = Object.fromEntries(names.map((name) => [`${name}_URL`, `https://${name}.example`]));
  const resolved = resolveIntegration(integration, { ...environment, ERP_TOKEN: "token" });
  expect(resolved.findings).toEqual([]);
  expect(checkIntegration(resolved.integration)).toEqual([]);
});

test("the page names every key and every message", async () => {
  const text = await page("configuration.md");
  const use =
    "mode limits figures clock concurrency ratePerSecond requestTimeout backoffFirst backoffLast breakerLanes";
  const more =
    `${use} probeEvery witness every settled overlap speaksWithin codes quantity unit zeroShareMax resolution skewMax`.split(
      " ",
    );
  const keys = new Set([
    ...more,
    ...keysOf(IntegrationInput as unknown as SchemaNode),
    ...Object.keys(outboundKinds),
  ]);
  expect([...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
});

function keysOf(node: SchemaNode): string[] {
  const inner = [...Object.values(node.properties ?? {}), ...Object.values(node.patternProperties ?? {})];
  const deeper = [...inner, ...(node.items === undefined ? [] : [node.items])].flatMap(keysOf);
  return [...Object.keys(node.properties ?? {}), ...deeper];
}

test("the connector that the guide shows can be declared, configured and opened", async () => {
  const { ledgerline } = (await runFirstExample("guides/write-a-connector.md")) as {
    ledgerline: DefinedProduct<never>;
  };
  const declared = ledgerline({ url: "https://erp.example", apiKey: "key" } as never);
  const { settings, writes } = resolveSettings("erp", declared, {});
  expect(settings).toEqual({ url: "https://erp.example", apiKey: "key", pageSize: 100 });
  expect(Object.keys(writes)).toEqual(["order.booking"]);
  const session = ledgerline.connector.open(settings, {} as never);
  const body = '{"Item":"A","Site":"EAST","OnHand":1.50,"At":"2026-11-24T07:00:00Z"}';
  expect(
    session.map({ topic: "stock", id: "1", contentType: "application/json", body }, noCodes),
  ).toMatchObject({
    events: [{ data: { quantity: "1.5" } }],
  });
});

test("the REST connector's page shows configurations that are sound", async () => {
  const { default: integration } = (await runExample("connectors/rest.md", 0)) as { default: Integration };
  const resolved = resolveIntegration(integration, { EAST_KEY: "key" });
  expect(resolved.findings).toEqual([]);
  expect(checkIntegration(resolved.integration)).toEqual([]);
  const { partner } = (await runExample("connectors/rest.md", 1)) as { partner: SystemDeclaration };
  const environment = { PARTNER_SECRET: "secret", PARTNER_WEBHOOK_SECRET: "a secret of many letters" };
  expect(Object.keys(resolveSettings("partner", partner, environment).writes)).toHaveLength(2);
});

test("the REST connector's page names every setting", async () => {
  const text = await page("connectors/rest.md");
  const keys = new Set(keysOf(RestSettings as unknown as SchemaNode));
  // Which messages there are is said once, in configuration.md.
  for (const message of Object.keys(outboundKinds)) keys.delete(message);
  expect([...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
});
