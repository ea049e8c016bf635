import PostalMime from "postal-mime";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Answer, OutboundMessage } from "../../connector/index.ts";
import { messageIdOf } from "./compose.ts";
import { call, type Instead, type MailInput, open, record, signal } from "./testing/session.ts";
import { SMTP_PASSWORD, type Submission, startSubmission } from "./testing/smtp.ts";
import { wireTo } from "./testing/wire.ts";

let smtp: Submission;
beforeAll(async () => {
  smtp = await startSubmission("tls");
});
afterEach(() => {
  smtp.next(undefined);
  smtp.onTaken(undefined);
  smtp.taken.length = 0;
});
afterAll(() => smtp?.close());

type Outbox = NonNullable<MailInput["outbox"]>;
const session = (more: Instead<Outbox> = {}, bytesMax = 100_000) =>
  open({
    outbox: {
      host: "127.0.0.1",
      port: smtp.port,
      ca: smtp.ca,
      user: "us",
      password: SMTP_PASSWORD,
      from: "crossdock@us.example",
      to: "orders@acme.example",
      messages: ["order.release"],
      ...more,
    } as Outbox,
    bytesMax,
  });
const send = async (
  message: OutboundMessage,
  more: Instead<Outbox> = {},
  bytesMax?: number,
): Promise<Answer> => {
  const [answer] = await session(more, bytesMax).writers["order.release"]!.send([message], call);
  return answer!;
};

test("a record is a message with the record as a document, and the same Message-ID every time", async () => {
  const message = { ...record("7"), key: "order:main/Ä\r\nBcc: x@evil.example" };
  expect(await send(message)).toEqual({ kind: "done" });
  expect(await send({ ...message, attempt: 2 })).toEqual({ kind: "done" });
  expect(await send({ ...message, deliveryId: "8" })).toEqual({ kind: "done" });
  expect(await send({ ...message, key: "order:main/8" })).toEqual({ kind: "done" });
  const [first, again, replayed, other] = await Promise.all(
    smtp.taken.map((bytes) => PostalMime.parse(bytes)),
  );
  expect(first!.messageId).toMatch(/^<crossdock\.[0-9a-f]{40}@us\.example>$/);
  expect(again!.messageId).toBe(first!.messageId);
  expect(replayed!.messageId).toBe(first!.messageId);
  expect(other!.messageId).not.toBe(first!.messageId);
  expect(first!.headers.filter(({ key }) => key === "bcc")).toEqual([]);
  expect(first).toMatchObject({
    from: { address: "crossdock@us.example" },
    to: [{ address: "orders@acme.example" }],
  });
  expect(first!.date).toBe("2026-11-24T07:00:00.000Z");
  expect(first!.text).toContain("orderId: TF-7");
  expect(first!.text).toContain("sku: 85123A");
  const [document, ...more] = first!.attachments;
  expect(more).toEqual([]);
  expect(document).toMatchObject({ filename: "order.release.json", mimeType: "application/json" });
  const { deliveryId, type, key, payload } = message;
  expect(JSON.parse(Buffer.from(document!.content as ArrayBuffer).toString())).toEqual({
    id: deliveryId,
    type,
    key,
    data: payload,
  });
});

test("of what changes under one key, each delivery is a message of its own", () => {
  const outbox = { host: "h", from: "a@us.example", to: "b@acme.example", messages: [] };
  const idOf = (deliveryId: string) =>
    messageIdOf("post", outbox, { ...record("7"), type: "inventory.level", deliveryId });
  expect(idOf("1")).toBe(idOf("1"));
  expect(idOf("1")).not.toBe(idOf("2"));
});

describe("an answer", () => {
  test.each([
    ["auth", 535, "denied"],
    ["auth", 454, "busy"],
    ["from", 451, "busy"],
    ["from", 530, "denied"],
    ["from", 550, "refused"],
    ["to", 450, "busy"],
    ["to", 550, "refused"],
    ["data", 452, "busy"],
    ["data", 554, "refused"],
  ] as const)("at %s of %d is %s", async (at, status, kind) => {
    smtp.next({ at, status });
    expect(await send(record("1"))).toMatchObject({ kind, reason: expect.stringContaining(String(status)) });
    expect(smtp.taken).toEqual([]);
  });

  test("that never comes is unknown once the message was given, and ill before", async () => {
    smtp.next("vanish");
    expect(await send(record("1"))).toMatchObject({ kind: "unknown" });
    expect(smtp.taken).toHaveLength(1);
    expect(await send(record("1"), { port: 1 })).toMatchObject({ kind: "ill" });
    expect(await send(record("1"), { ca: undefined })).toMatchObject({ kind: "ill" });
    expect(await send(record("1"), { password: "wrong" })).toMatchObject({ kind: "denied" });
    expect(smtp.taken).toHaveLength(1);
  });

  test("is not waited for when the call is given up; a call that did not begin leaves nothing", async () => {
    const given = new AbortController();
    smtp.onTaken(async () => given.abort());
    smtp.next("vanish");
    const writer = session().writers["order.release"]!;
    expect(await writer.send([record("1")], { ...call, signal: given.signal })).toMatchObject([
      { kind: "unknown" },
    ]);
    expect(await writer.send([record("2")], { ...call, signal: given.signal })).toMatchObject([
      { kind: "ill" },
    ]);
    expect(await writer.send([record("2")], { ...call, stopping: given.signal })).toMatchObject([
      { kind: "ill" },
    ]);
    expect(smtp.taken).toHaveLength(1);
  });

  test("to what is too long, for us or for the server, is a refusal", async () => {
    const long = { ...record("1"), payload: { note: "x".repeat(1_200_000) } };
    expect(await send(long)).toMatchObject({ kind: "refused", code: "mail.too-long" });
    expect(await send(long, {}, 10_000_000)).toMatchObject({ kind: "refused", code: "mail.too-long" });
    expect(smtp.taken).toEqual([]);
  });
});

describe("with STARTTLS", () => {
  let other: Submission;
  beforeAll(async () => {
    other = await startSubmission("starttls");
  });
  afterAll(() => other?.close());

  test.each(["EHLO", "STARTTLS"])("a connection that ends before %s is ill", async (words) => {
    const wire = await wireTo(other.port);
    wire.before(words, () => wire.close());
    const place = { port: wire.port, ca: other.ca, security: "starttls" } as const;
    expect(await send(record("1"), place)).toMatchObject({ kind: "ill" });
    expect(other.taken).toEqual([]);
  });

  test("it is sent, never in clear, and health says what is wrong", async () => {
    const place = { port: other.port, ca: other.ca, security: "starttls" } as const;
    await session(place).health(signal);
    expect(await send(record("1"), place)).toEqual({ kind: "done" });
    expect(other.taken).toHaveLength(1);
    await expect(session({ ...place, password: "wrong" }).health(signal)).rejects.toMatchObject({
      code: "mail.denied",
    });
    await expect(session({ port: 1 }).health(signal)).rejects.toMatchObject({ code: "mail.unreachable" });
    // A server that speaks TLS from the first byte offers no STARTTLS.
    expect(await send(record("1"), { ...place, ca: smtp.ca })).toMatchObject({ kind: "ill" });
  });
});
