import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Mapping } from "../../connector/index.ts";
import { mapMail } from "./map.ts";
import { readMail } from "./read-mail.ts";
import type { InboxSettings } from "./settings.ts";
import { event, json, mailOf, PARTNER, type Part } from "./testing/session.ts";

const inbox: InboxSettings = { host: "h", user: "u", password: "p", senders: [PARTNER] };
const number = { mailbox: "INBOX", uidValidity: "7", uid: 3 };
const read = (source: Buffer, more: Partial<InboxSettings> = {}, isWhole = true) =>
  readMail({ ...inbox, ...more }, { source, isWhole, number });
const mapped = async (source: Buffer, more: Partial<InboxSettings> = {}): Promise<Mapping[]> =>
  (await read(source, more)).map(mapMail);
const part = (type: string, body: string | Uint8Array, disposition = "attachment; filename=a.bin"): Part => ({
  head: [`Content-Type: ${type}`, `Content-Disposition: ${disposition}`],
  body,
});
const reasonOf = (mapping: Mapping | undefined): string =>
  mapping === undefined || "events" in mapping
    ? "events"
    : "failed" in mapping
      ? mapping.failed
      : mapping.ignored;

describe("an attachment", () => {
  test("is one event, kept byte for byte, known by its message and its place", async () => {
    const text = ` ${JSON.stringify(event("e1"))}\n`;
    const [message, ...more] = await read(mailOf("m1", [json(text)]));
    expect(more).toEqual([]);
    expect(message).toMatchObject({ topic: "attachments", id: "<m1@acme.example>/1" });
    expect(Buffer.from(message!.body as Uint8Array).toString()).toBe(text);
    const { id: _, specversion: __, source: ___, ...rest } = event("e1");
    expect(mapMail(message!)).toEqual({ events: [{ ...rest, id: "/acme e1" }] });
  });

  test("is a list, in which a wrong event is told by its place and the others go on", async () => {
    const list = [
      event("e1"),
      5,
      { ...event("e3"), type: "order.accepted" },
      { ...event("e4"), data: {} },
      event("e5"),
    ];
    const [mapping] = await mapped(mailOf("m1", [json(list)]));
    expect(mapping).toMatchObject({
      events: [{ id: "/acme e1" }, { id: "/acme e5" }],
      problems: [{ line: 2 }, { line: 3, reason: expect.stringContaining("only Crossdock") }, { line: 4 }],
    });
    expect(reasonOf((await mapped(mailOf("m1", [json([])])))[0])).toContain("no events");
  });

  test("is known by its message alone where no source says whose ids they are", async () => {
    const { source: _, ...rest } = event("1");
    const [mapping] = await mapped(mailOf("m1", [json(rest)]));
    expect(mapping).toMatchObject({ events: [{ type: "inventory.level.observed" }] });
    expect(mapping).not.toMatchObject({ events: [{ id: expect.anything() }] });
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["too deep", "[".repeat(100)],
    ["in Latin-1", Buffer.from('{"specversion":"1.0","id":"\xe4"}', "latin1")],
    ["in UTF-16", Buffer.from(`\ufeff${JSON.stringify(event("e1"))}`, "utf16le")],
  ])("that is %s is one failure, and the other one goes on", async (_name, body) => {
    const mappings = await mapped(mailOf("m1", [part("application/json", body), json(event("e2"))]));
    expect(mappings).toMatchObject([
      { failed: expect.stringContaining("no JSON in UTF-8") },
      { events: [{}] },
    ]);
  });

  test("has a name in any charset, and a byte order mark", async () => {
    const odd = part(
      "application/json; charset=x-unknown",
      `\ufeff${JSON.stringify(event("e1"))}`,
      "attachment; filename*=koi8-r''%C1.json",
    );
    const subject = { Subject: "=?x-unknown?Q?=FF=FE?= =?utf-8?B?4?=" };
    expect(await mapped(mailOf("m1", [odd], subject), { attachments: "*.json" })).toMatchObject([
      { events: [{}] },
    ]);
  });

  test("of another name, a signature and a picture of the letter are passed over, and places stay", async () => {
    const parts = [
      part("image/png", "logo", "inline; filename=logo.png"),
      part("application/pdf", "%PDF", "attachment; filename=order.pdf"),
      part("application/pkcs7-signature", "sig", "attachment; filename=smime.p7s"),
      json(event("e1"), "Order (1).JSON"),
    ];
    const [message, ...more] = await read(mailOf("m1", parts), { attachments: "order (*).json" });
    expect(message!.id).toBe("<m1@acme.example>/4");
    expect(more).toEqual([]);
    expect((await mapped(mailOf("m1", parts))).map(reasonOf)).toEqual([
      expect.stringContaining("no JSON"),
      "events",
    ]);
  });
});

describe("a message is one failure", () => {
  test.each([
    ["without an attachment", mailOf("m1", []), "must be attached"],
    ["with winmail.dat", mailOf("m1", [part("application/ms-tnef", "x")]), "winmail.dat"],
    [
      "with a forwarded message",
      mailOf("m1", [part("message/rfc822", mailOf("m0", [json(event("e1"))]))]),
      "forwarded",
    ],
    ["from a stranger", mailOf("m1", [json(event("e1"))], { From: "a@evil.example" }), "senders"],
    [
      "with our partner as the name alone",
      mailOf("m1", [], { From: `"${PARTNER}" <a@evil.example>` }),
      "senders",
    ],
    ["of two authors", mailOf("m1", [], { From: `${PARTNER}, a@evil.example` }), "senders"],
    ["of a group", mailOf("m1", [], { From: `x: ${PARTNER};` }), "senders"],
    ["of two From", mailOf("m1", [], { from: "a@evil.example" }), "senders"],
    ["of nobody", mailOf("m1", [], { From: "" }), "senders"],
    ["of no bytes that are mail", Buffer.from([0, 255, 13, 10, 13, 10, 1]), "senders"],
    [
      "with MIME that nests without end",
      Buffer.from(
        `${mailOf("m1", []).toString().split("\r\n\r\n")[0]}\r\n\r\n${Array.from({ length: 60 }, (_, at) => `--${at === 0 ? "cut" : `c${at}`}\r\nContent-Type: multipart/mixed; boundary=c${at + 1}\r\n\r\n`).join("")}`,
      ),
      "MIME is broken",
    ],
    [
      "that tells of one that came back",
      mailOf("m1", [], { "Content-Type": 'multipart/report; report-type=delivery-status; boundary="cut"' }),
      "could not be delivered",
    ],
  ])("%s", async (_name, source, reason) => {
    const messages = await read(source);
    expect(messages.map((message) => reasonOf(mapMail(message)))).toEqual([expect.stringContaining(reason)]);
    expect(messages[0]!.topic).toBe("refused");
    expect(await read(source)).toEqual(messages);
  });

  test("where it is too long, or its author is not proved", async () => {
    const source = mailOf("m1", [json(event("e1"))]);
    const [tooLong] = await read(source.subarray(0, 600), {}, false);
    expect(tooLong!.id).toBe("<m1@acme.example>/too-long");
    const authentication = { server: "mx.us.example", accepts: ["dkim" as const] };
    expect((await mapped(source, { authentication })).map(reasonOf)).toEqual([
      expect.stringContaining("did not find"),
    ]);
    const proved = { "Authentication-Results": "mx.us.example;\r\n dkim=pass header.d=acme.example" };
    expect(await mapped(mailOf("m1", [json(event("e1"))], proved), { authentication })).toMatchObject([
      { events: [{}] },
    ]);
  });

  test("and a forged one does not take the identity of a true one", async () => {
    const [forged] = await read(mailOf("m1", [json(event("e1"))], { From: "a@evil.example" }));
    const [good] = await read(mailOf("m1", [json(event("e1"))]));
    expect([forged!.topic, good!.topic]).toEqual(["refused", "attachments"]);
  });
});

test("an automatic answer is ignored where nothing is attached", async () => {
  const automatic = { "Auto-Submitted": "auto-replied (vacation)" };
  const [mapping] = await mapped(mailOf("m1", [], automatic));
  expect(mapping).toEqual({ ignored: expect.stringContaining("automatic") });
  expect(await mapped(mailOf("m1", [json(event("e1"))], automatic))).toMatchObject([{ events: [{}] }]);
});

test("a message without a Message-ID, or with two, is known by its number", async () => {
  for (const source of [
    mailOf(undefined, [json(event("e1"))]),
    mailOf("m1", [json(event("e1"))], { "message-id": "<m2@acme.example>" }),
    mailOf(undefined, [json(event("e1"))], { "Message-ID": `<${"m".repeat(600)}@acme.example>` }),
  ])
    expect((await read(source)).map(({ id }) => id)).toEqual(["INBOX/7/3/1"]);
});

test("whole domains are listened to, in any case, and none that only ends alike", async () => {
  const from = (address: string) =>
    read(mailOf("m1", [json(event("e1"))], { From: address }), { senders: ["@ACME.example"] });
  expect((await from("Any.One@acme.EXAMPLE"))[0]!.topic).toBe("attachments");
  for (const address of [
    "a@notacme.example",
    "a@eu.acme.example",
    "acme.example",
    "a@acme.example.evil.example",
  ])
    expect((await from(address))[0]!.topic).toBe("refused");
});

test("whatever bytes come, there is a receipt and nothing is thrown", async () => {
  const whole = mailOf("m1", [json(event("e1"))]);
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(whole.length), async (changes, length) => {
      const source = Buffer.from(whole);
      for (const [at, byte] of changes) source[at] = byte;
      const messages = await read(source.subarray(0, length));
      expect(messages.length).toBeGreaterThan(0);
      for (const message of messages) {
        expect(message.id + message.contentType + reasonOf(mapMail(message))).not.toMatch(/\0|\p{Cs}/u);
      }
    }),
    { numRuns: 300 },
  );
});
