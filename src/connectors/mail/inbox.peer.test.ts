import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NativeMessage, Poll } from "../../connector/index.ts";
import { type Dovecot, dovecotMissing, startDovecot } from "./testing/dovecot.ts";
import {
  event,
  type Instead,
  idsOf,
  json,
  type MailInput,
  mailOf,
  open,
  PARTNER,
  signal,
} from "./testing/session.ts";
import { wireTo } from "./testing/wire.ts";

type Inbox = NonNullable<MailInput["inbox"]>;

describe.skipIf(dovecotMissing !== undefined)(
  `a mailbox${dovecotMissing ? `: ${dovecotMissing}` : ""}`,
  () => {
    let server: Dovecot;
    beforeAll(async () => {
      server = await startDovecot();
    });
    afterAll(() => server?.stop());

    const session = (user: string, more: Instead<Inbox> = {}, bytesMax = 100_000) =>
      open({
        inbox: {
          host: "localhost",
          port: server.port,
          ca: server.ca,
          user,
          password: server.password,
          senders: [PARTNER],
          ...more,
        } as Inbox,
        bytesMax,
      });
    const pollOf = (...given: Parameters<typeof session>) => session(...given).polls!.inbox!;
    const put = async (user: string, ...mails: Buffer[]) => {
      const client = await server.client(user);
      for (const one of mails) await client.append("INBOX", one);
      await client.logout();
    };
    /** All that is there, read by read. */
    const readAll = async (poll: Poll, from: string | null) => {
      const messages: NativeMessage[] = [];
      let cursor = from;
      for (;;) {
        const page = await poll.read(cursor, signal);
        messages.push(...page.messages);
        cursor = page.cursor;
        if (!page.more) return { messages, cursor };
      }
    };
    const good = (id: string) => mailOf(id, [json(event(id))]);

    test("is read from where it was left, whoever looked into it meanwhile, and says the same again", async () => {
      const poll = pollOf("ann");
      await put("ann", good("m1"), good("m2"));
      const client = await server.client("ann");
      await client.mailboxOpen("INBOX");
      await client.messageFlagsAdd("1:*", ["\\Seen"]);
      const first = await readAll(poll, null);
      expect(idsOf(first.messages)).toEqual(["<m1@acme.example>/1", "<m2@acme.example>/1"]);
      expect((await readAll(poll, null)).messages).toEqual(first.messages);
      expect(await poll.read(first.cursor, signal)).toMatchObject({
        messages: [],
        cursor: first.cursor,
        more: false,
      });
      await put("ann", good("m3"));
      await client.noop();
      expect(idsOf((await readAll(poll, first.cursor)).messages)).toEqual(["<m3@acme.example>/1"]);
      // Nothing was marked as seen by us.
      expect(await client.search({ seen: false }, { uid: true })).toEqual([3]);
      await client.logout();
    });

    test("is read in parts, and each part can be read again", async () => {
      await put("bob", ...Array.from({ length: 120 }, (_, index) => good(`b${index}`)));
      const poll = pollOf("bob");
      const first = await poll.read(null, signal);
      expect(first).toMatchObject({ more: true });
      expect((await poll.read(null, signal)).messages).toEqual(first.messages);
      const { messages } = await readAll(poll, null);
      expect(new Set(idsOf(messages)).size).toBe(120);
    });

    test("that was numbered anew is read again, with the same identities", async () => {
      await put("cid", good("c1"), mailOf("c2", []));
      const client = await server.client("cid");
      await client.mailboxCreate("Orders");
      await client.mailboxOpen("INBOX");
      await client.messageCopy("1:*", "Orders");
      const poll = pollOf("cid", { mailbox: "Orders" });
      const before = await readAll(poll, null);
      await client.mailboxDelete("Orders");
      await client.mailboxCreate("Orders");
      await client.messageCopy("1:*", "Orders");
      await client.logout();
      const after = await readAll(poll, before.cursor);
      expect(JSON.parse(after.cursor).uidValidity).not.toBe(JSON.parse(before.cursor).uidValidity);
      expect(after.messages).toEqual(before.messages);
      // Put back from an older copy, with the old number: what it says it holds next was given before.
      const ahead = JSON.stringify({ ...JSON.parse(after.cursor), uid: 1_000 });
      expect((await readAll(poll, ahead)).messages).toEqual(before.messages);
    });

    test.each([
      ["the list and its size", "dan", "FETCH 2 (UID RFC822.SIZE"],
      ["its size and its text", "don", "FETCH 2 (UID BODY.PEEK"],
    ])("a message that goes between %s is no failure", async (_when, user, words) => {
      await put(user, good("d1"), good("d2"), good("d3"));
      const wire = await wireTo(server.clearPort);
      const poll = pollOf(user, { host: "127.0.0.1", port: wire.port, security: "none", ca: undefined });
      wire.before(words, async () => {
        const client = await server.client(user);
        await client.mailboxOpen("INBOX");
        await client.messageDelete("2", { uid: true });
        await client.logout();
      });
      const { messages, cursor } = await readAll(poll, null);
      const [one, ...rest] = idsOf(messages);
      expect(one).toBe("<d1@acme.example>/1");
      expect(rest.at(-1)).toBe("<d3@acme.example>/1");
      expect(JSON.parse(cursor).uid).toBe(3);
      const client = await server.client(user);
      expect(await client.status("INBOX", { messages: true })).toMatchObject({ messages: 2 });
      await client.logout();
      await wire.close();
    });

    test("whose connection breaks in the middle gives nothing, and everything the next time", async () => {
      await put("eve", good("e1"), good("e2"));
      const wire = await wireTo(server.clearPort);
      const poll = pollOf("eve", { host: "127.0.0.1", port: wire.port, security: "none", ca: undefined });
      let isCut = false;
      wire.before("FETCH 2 (UID BODY.PEEK", async () => {
        isCut = true;
        await wire.close();
      });
      await expect(poll.read(null, signal)).rejects.toMatchObject({ code: "mail.unreachable" });
      expect(isCut).toBe(true);
      expect(idsOf((await readAll(pollOf("eve"), null)).messages)).toHaveLength(2);
    });

    test("a message that is too long is one failure, and the next one is read", async () => {
      const long = mailOf("l1", [json({ ...event("l1"), note: "x".repeat(300_000) })]);
      await put("fay", long, good("l2"));
      const { messages } = await readAll(pollOf("fay"), null);
      expect(idsOf(messages)).toEqual(["<l1@acme.example>/too-long", "<l2@acme.example>/1"]);
      expect(idsOf((await readAll(pollOf("fay", {}, 1_000_000), null)).messages)[0]).toBe(
        "<l1@acme.example>/1",
      );
    });

    test("answers with STARTTLS too; a stranger's certificate, a wrong password and no folder are told", async () => {
      await put("gus", good("g1"));
      await session("gus").health(signal);
      await session("gus", { security: "starttls", port: server.clearPort }).health(signal);
      const wrong = session("gus", { password: "wrong" });
      await expect(wrong.health(signal)).rejects.toMatchObject({ code: "mail.denied" });
      await expect(wrong.polls!.inbox!.read(null, signal)).rejects.toMatchObject({ code: "mail.denied" });
      await expect(session("gus", { ca: undefined }).health(signal)).rejects.toMatchObject({
        code: "mail.unreachable",
      });
      await expect(session("gus", { mailbox: "Absent" }).health(signal)).rejects.toThrow("Absent");
      await expect(session("gus", { port: 1 }).health(signal)).rejects.toMatchObject({
        code: "mail.unreachable",
      });
      const given = AbortSignal.abort(new Error("stopped"));
      await expect(pollOf("gus").read(null, given)).rejects.toThrow("stopped");
    });
  },
);
