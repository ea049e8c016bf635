// What is refused when a configuration is checked; the page's configuration is sound and it names every setting.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { resolveSettings } from "../../connector/resolve.ts";
import type { SystemDeclaration } from "../../policy/integration.ts";
import { mail } from "./index.ts";
import { MailSettings } from "./settings.ts";
import type { MailInput } from "./testing/session.ts";

const server = { host: "h", user: "u", password: "p" };
const inbox = { ...server, senders: ["a@acme.example"] };
const outbox = {
  ...server,
  from: "a@us.example",
  to: "b@acme.example",
  messages: ["order.release" as const],
};

const findingsOf = (input: unknown): string => {
  try {
    resolveSettings("post", mail(input as MailInput), {});
    return "";
  } catch (error) {
    const { findings } = (error as { details: { findings: { path: string; message: string }[] } }).details;
    return findings.map(({ path, message }) => `${path} ${message}`).join("\n");
  }
};

test.each([
  [{}, "systems.post.inbox is absent"],
  [{ inbox: { ...inbox, senders: [] } }, "systems.post.inbox.senders"],
  [{ inbox: { ...inbox, senders: ["acme.example"] } }, "systems.post.inbox.senders[0]"],
  [{ inbox: { ...inbox, host: "imap://h" } }, "systems.post.inbox.host"],
  [{ inbox: { ...inbox, mailbox: "a\r\nb" } }, "systems.post.inbox.mailbox"],
  [
    { inbox: { ...inbox, authentication: { server: "mx", accepts: [] } } },
    "systems.post.inbox.authentication.accepts",
  ],
  [{ inbox: { ...inbox, security: "none", ca: "-----BEGIN CERTIFICATE-----" } }, "systems.post.inbox.ca"],
  [{ outbox: { ...outbox, password: undefined } }, "systems.post.outbox.password is required"],
  [{ outbox: { ...outbox, to: "Acme <b@acme.example>" } }, "systems.post.outbox.to"],
  [{ outbox: { ...outbox, messages: ["order.release", "order.release"] } }, "names order.release twice"],
  [
    { outbox: { ...outbox, sent: { ...server, mailbox: "inbox" } }, inbox },
    "systems.post.outbox.sent.mailbox",
  ],
  [{ inbox, everySeconds: 0 }, "systems.post.everySeconds"],
])("%j is refused", (input, expected) => {
  expect(findingsOf(input)).toContain(expected);
});

test("what is sent can be looked up where a folder keeps it, and nowhere else", () => {
  const writes = (more: object) =>
    resolveSettings("post", mail({ outbox: { ...outbox, ...more } }), {}).writes;
  expect(writes({})).toEqual({ "order.release": { kind: "none", bulkMax: 1 } });
  expect(writes({ sent: { ...server, mailbox: "Sent" } })).toEqual({
    "order.release": { kind: "lookup", bulkMax: 1 },
  });
});

test("the page's configuration is sound, and every setting is named", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../docs/connectors/mail.md"), "utf8");
  const source = (path: string) => pathToFileURL(join(import.meta.dirname, path)).href;
  const code = /```ts\n([\s\S]*?)```/.exec(page)![1]!;
  const folder = await mkdtemp(join(tmpdir(), "crossdock-mail-docs-"));
  try {
    const file = join(folder, "page.ts");
    await writeFile(
      file,
      code
        .replace('"crossdock"', `"${source("../../policy/define.ts")}"`)
        .replace('"crossdock/connectors/mail"', `"${source("index.ts")}"`),
    );
    const { acme } = (await import(pathToFileURL(file).href)) as { acme: SystemDeclaration };
    expect(resolveSettings("acme", acme, { MAIL_PASSWORD: "p" }).writes).toEqual({
      "order.release": { kind: "lookup", bulkMax: 1 },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  const names = [...JSON.stringify(MailSettings).matchAll(/"(\w+)":\{"(?:type|anyOf|enum)/g)].map(
    ([, name]) => name!,
  );
  expect(names.length).toBeGreaterThan(15);
  expect(
    names.filter((name) => name !== "items" && !new RegExp(`[\`.]${name}\`|\`${name}[\`.]`).test(page)),
  ).toEqual([]);
});
