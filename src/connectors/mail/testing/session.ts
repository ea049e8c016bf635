// Messages and sessions for the tests.
import { noCodes } from "../../../connector/codes.ts";
import type { ConnectorSession, NativeMessage, OutboundMessage } from "../../../connector/index.ts";
import { resolveSettings } from "../../../connector/resolve.ts";
import { mail } from "../index.ts";
import type { MailSettings } from "../settings.ts";

export const PARTNER = "orders@acme.example";
export const signal = new AbortController().signal;
export const call = { timeoutMs: 20_000, signal };

export type MailInput = Parameters<typeof mail>[0];

/** Some settings instead of others; undefined takes one away. */
export type Instead<T> = { [K in keyof T]?: T[K] | undefined };

export const settle = (input: MailInput): MailSettings =>
  resolveSettings("post", mail(input), {}).settings as MailSettings;

export const open = (input: MailInput): ConnectorSession =>
  mail.connector.open(settle(input), {
    system: "post",
    company: "main",
    now: () => "2026-11-24T07:00:00.000000Z",
    http: { request: () => Promise.reject(new Error("Mail needs no HTTP.")) },
    codes: noCodes,
    log: () => undefined,
  });

export const event = (id: string) => ({
  specversion: "1.0",
  id,
  source: "/acme",
  type: "inventory.level.observed",
  data: { sku: id, location: "EAST", quantity: "5", observedAt: "2026-11-24T07:00:00.000000Z" },
});

export const record = (id: string): OutboundMessage => ({
  deliveryId: id,
  type: "order.release",
  key: `order:main/${id}`,
  payload: { orderId: `TF-${id}`, lines: [{ lineId: "1", sku: "85123A", quantity: "2" }], customer: null },
  attempt: 1,
});

export interface Part {
  /** Header lines of the part. */
  head: string[];
  body: string | Uint8Array;
}

export const json = (document: unknown, name = "order.json"): Part => ({
  head: ["Content-Type: application/json", `Content-Disposition: attachment; filename="${name}"`],
  body: typeof document === "string" ? document : JSON.stringify(document),
});

/** A message as it comes over the wire; `head` replaces or adds header lines, and an empty one takes one away. */
export function mailOf(id: string | undefined, parts: Part[], head: Record<string, string> = {}): Buffer {
  const lines: Record<string, string> = {
    From: `Acme <${PARTNER}>`,
    To: "us@distributor.example",
    Subject: "An order",
    Date: "Tue, 24 Nov 2026 07:00:00 +0000",
    ...(id === undefined ? {} : { "Message-ID": `<${id}@acme.example>` }),
    "MIME-Version": "1.0",
    "Content-Type": 'multipart/mixed; boundary="cut"',
    ...head,
  };
  const top = Object.entries(lines).flatMap(([name, value]) =>
    value === "" ? [] : [`${name}: ${value}\r\n`],
  );
  const all: Part[] = [{ head: ["Content-Type: text/plain"], body: "See the attachment." }, ...parts];
  const sections = all.flatMap(({ head, body }) => [
    Buffer.from(`--cut\r\n${[...head, "Content-Transfer-Encoding: base64"].join("\r\n")}\r\n\r\n`),
    Buffer.from(Buffer.from(body).toString("base64").replace(/.{76}/g, "$&\r\n")),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([Buffer.from(`${top.join("")}\r\n`), ...sections, Buffer.from("--cut--\r\n")]);
}

export const idsOf = (messages: readonly NativeMessage[]): string[] => messages.map(({ id }) => id);
