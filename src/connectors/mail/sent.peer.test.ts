// Where a folder keeps what was sent: at whichever point it breaks, nothing is sent twice by itself.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Answer, ConnectorSession, Found } from "../../connector/index.ts";
import { type Dovecot, dovecotMissing, startDovecot } from "./testing/dovecot.ts";
import { call, type MailInput, open, record } from "./testing/session.ts";
import { SMTP_PASSWORD, type Submission, startSubmission } from "./testing/smtp.ts";
import { type Wire, wireTo } from "./testing/wire.ts";

describe.skipIf(dovecotMissing !== undefined)(
  `a folder of sent mail${dovecotMissing ? `: ${dovecotMissing}` : ""}`,
  () => {
    let server: Dovecot;
    let smtp: Submission;
    let wire: Wire | undefined;
    let users = 0;
    beforeAll(async () => {
      [server, smtp] = await Promise.all([startDovecot(), startSubmission("tls")]);
    });
    afterEach(async () => {
      smtp.next(undefined);
      smtp.onTaken(undefined);
      smtp.taken.length = 0;
      await wire?.close();
      wire = undefined;
    });
    afterAll(() => Promise.all([server?.stop(), smtp?.close()]));

    const session = (
      user: string,
      imapPort = server.clearPort,
      password = server.password,
    ): ConnectorSession => {
      const sent = {
        host: "127.0.0.1",
        port: imapPort,
        security: "none",
        user,
        password,
        mailbox: "Sent",
      } as const;
      const outbox: NonNullable<MailInput["outbox"]> = {
        host: "127.0.0.1",
        port: smtp.port,
        ca: smtp.ca,
        user: "us",
        password: SMTP_PASSWORD,
        from: "crossdock@us.example",
        to: "orders@acme.example",
        messages: ["order.release"],
        sent,
      };
      return open({ outbox });
    };
    const message = record("7");
    const send = async (one: ConnectorSession, signal = call.signal): Promise<Answer> =>
      (await one.writers["order.release"]!.send([message], { ...call, signal }))[0]!;
    const find = (one: ConnectorSession): Promise<Found> =>
      one.writers["order.release"]!.find!(message, call);
    const newUser = () => `user${++users}`;
    const asPerson = async (user: string, decision: "delete the draft" | "take its mark away") => {
      const client = await server.client(user);
      await client.mailboxOpen("Sent");
      if (decision === "delete the draft") await client.messageDelete("1:*", { uid: true });
      else await client.messageFlagsRemove("1:*", ["\\Draft"], { uid: true });
      await client.logout();
    };
    const kept = async (user: string) => {
      const client = await server.client(user);
      await client.mailboxOpen("Sent");
      const all = await client.fetchAll("1:*", { flags: true, envelope: true });
      await client.logout();
      return all.map(
        ({ flags, envelope }) => `${envelope!.messageId} ${flags!.has("\\Draft") ? "draft" : "sent"}`,
      );
    };

    test("holds what was taken, once, and says so", async () => {
      const user = newUser();
      const one = session(user);
      expect(await find(one)).toEqual({ kind: "absent" });
      const answer = await send(one);
      expect(answer).toMatchObject({ kind: "done", reference: expect.stringContaining("<crossdock.") });
      const { reference } = answer as { reference: string };
      expect(await kept(user)).toEqual([`${reference} sent`]);
      expect(await find(one)).toEqual({ kind: "found", reference });
      expect(await send(one)).toEqual(answer);
      expect(smtp.taken).toHaveLength(1);
      await one.health(call.signal);
    });

    test.each([
      ["busy", { at: "to", status: 450 }],
      ["refused", { at: "data", status: 554 }],
      ["denied", { at: "auth", status: 535 }],
    ] as const)(
      "forgets what was answered with %s, which is then absent and can be sent",
      async (kind, fault) => {
        const user = newUser();
        const one = session(user);
        smtp.next(fault);
        expect(await send(one)).toMatchObject({ kind });
        expect(await kept(user)).toEqual([]);
        expect(await find(one)).toEqual({ kind: "absent" });
        expect(await send(one)).toMatchObject({ kind: "done" });
        expect(smtp.taken).toHaveLength(1);
      },
    );

    test.each(["vanishes", "is given up"])(
      "keeps a draft where the answer %s, and a person decides",
      async (how) => {
        for (const [decision, found] of [
          ["retry", "doubtful"],
          ["delete the draft", "absent"],
          ["take its mark away", "found"],
        ] as const) {
          const user = newUser();
          const one = session(user);
          const given = new AbortController();
          smtp.next("vanish");
          smtp.onTaken(async () => (how === "vanishes" ? undefined : given.abort()));
          expect(await send(one, given.signal)).toMatchObject({ kind: "unknown" });
          expect(await kept(user)).toEqual([expect.stringContaining("draft")]);
          expect(await find(one)).toMatchObject({
            kind: "doubtful",
            reason: expect.stringContaining("draft"),
          });
          if (decision !== "retry") await asPerson(user, decision);
          expect(await find(one)).toMatchObject({ kind: found });
          smtp.next(undefined);
          smtp.onTaken(undefined);
          smtp.taken.length = 0;
          expect(await send(one)).toMatchObject({ kind: "done" });
          expect(smtp.taken).toHaveLength(found === "found" ? 0 : 1);
          expect(await kept(user)).toEqual([expect.stringContaining("sent")]);
        }
      },
    );

    test.each(["LOGIN", "AUTHENTICATE", "SELECT", "APPEND"])(
      "that is lost before %s: nothing was sent",
      async (words) => {
        wire = await wireTo(server.clearPort);
        const broken = wire;
        let isCut = false;
        broken.before(words, async () => {
          isCut = true;
          await broken.close();
        });
        const user = newUser();
        const answer = await send(session(user, wire.port));
        // One of the two words for a log-in is used.
        if (!isCut) return expect(["LOGIN", "AUTHENTICATE"]).toContain(words);
        expect(answer).toMatchObject({ kind: "ill" });
        expect(smtp.taken).toEqual([]);
        expect(await find(session(user))).toEqual({ kind: "absent" });
      },
    );

    test("that is lost after the message was taken: it is done, and a look-up asks a person", async () => {
      wire = await wireTo(server.clearPort);
      const broken = wire;
      broken.before("UID STORE", () => broken.close());
      const user = newUser();
      expect(await send(session(user, wire.port))).toMatchObject({ kind: "done" });
      expect(smtp.taken).toHaveLength(1);
      expect(await kept(user)).toEqual([expect.stringContaining("draft")]);
      expect(await find(session(user))).toMatchObject({ kind: "doubtful" });
    });

    test("that is lost after a refusal: the refusal stands, and it is sent from the draft", async () => {
      wire = await wireTo(server.clearPort);
      const broken = wire;
      broken.before("UID STORE", () => broken.close());
      const user = newUser();
      smtp.next({ at: "data", status: 452 });
      expect(await send(session(user, wire.port))).toMatchObject({ kind: "busy" });
      expect(await send(session(user))).toMatchObject({ kind: "done" });
      expect(await kept(user)).toEqual([expect.stringContaining("sent")]);
      expect(smtp.taken).toHaveLength(1);
    });

    test("that keeps no draft marks is not used: nothing is sent, and health says why", async () => {
      wire = await wireTo(server.clearPort);
      wire.rewrite(/(PERMANENTFLAGS \([^)]*)\\Draft/, "$1\\Seen");
      const user = newUser();
      expect(await send(session(user, wire.port))).toMatchObject({ kind: "ill" });
      await expect(session(user, wire.port).health(call.signal)).rejects.toThrow("keeps no draft marks");
      expect(smtp.taken).toEqual([]);
      expect(await kept(user)).toEqual([]);
    });

    test("that cannot be asked is unknown, and one that lets nobody in is denied", async () => {
      expect(await find(session("x", 1))).toMatchObject({ kind: "unknown" });
      expect(await send(session("x", 1))).toMatchObject({ kind: "ill" });
      expect(await send(session("x", server.clearPort, "wrong"))).toMatchObject({ kind: "denied" });
      expect(smtp.taken).toEqual([]);
    });
  },
);
