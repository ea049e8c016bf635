// Through the real receiver and its database: each message once, whatever happens to the mailbox and to the node.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemCodes } from "../../connector/codes.ts";
import type { Connector, ConnectorSession } from "../../connector/index.ts";
import { timeFromEpochMs } from "../../core/time.ts";
import { House, openProblems } from "../../engine/projection/testing.ts";
import { Receiver } from "../../engine/receive/receiver.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { mail } from "./index.ts";
import { type Dovecot, dovecotMissing, startDovecot } from "./testing/dovecot.ts";
import { event, json, mailOf, open, PARTNER } from "./testing/session.ts";

describe.skipIf(dovecotMissing !== undefined)(
  `received${dovecotMissing ? `: ${dovecotMissing}` : ""}`,
  () => {
    let database: TestDatabase;
    let house: House;
    let server: Dovecot;
    beforeAll(async () => {
      database = await testDatabase();
      house = await new House(database.db, { partitions: [] }).start();
      server = await startDovecot();
    });
    afterAll(async () => {
      await server?.stop();
      await database?.drop();
    });

    const receiving = async (session: ConnectorSession, until: () => Promise<void>) => {
      const failures: unknown[] = [];
      const receiver = new Receiver({
        db: database.db,
        recorder: house.recorder,
        sources: new Map([
          [
            "post",
            {
              system: "post",
              company: "main",
              connector: mail.connector as unknown as Connector,
              session,
              codes: () => systemCodes([]),
            },
          ],
        ]),
        owns: () => true,
        now: () => timeFromEpochMs(Date.now()),
        polled: (_system, _poll, error) => failures.push(error),
      });
      receiver.start();
      await until();
      await receiver.stop();
      expect(failures).toEqual([]);
    };
    const receipts = async () =>
      (
        await database.db.query<{ native_id: string; outcome: string; events: string | number }>(
          "select native_id, outcome, events from receipt where system = 'post' order by native_id",
        )
      ).rows.map((row) => `${row.native_id} ${row.outcome} ${row.events}`);
    const levels = async () =>
      (
        await database.db.query<{ count: string }>(
          "select count(*) from event where type = 'inventory.level.observed'",
        )
      ).rows[0]!.count;
    const cursorIs = (uidValidity: string, uid: number) =>
      expect
        .poll(
          async () => (await database.db.query("select cursor from poll_cursor where system = 'post'")).rows,
          { timeout: 20_000 },
        )
        .toEqual([{ cursor: JSON.stringify({ uidValidity, uid }) }]);

    test("each message once, though the mailbox is numbered anew and a document is sent again", async () => {
      const client = await server.client("ann");
      const fill = async () => {
        await client.mailboxCreate("Orders");
        const status = await client.status("Orders", { uidValidity: true });
        await client.append("Orders", mailOf("m1", [json(event("e1"))]));
        await client.append("Orders", mailOf("m2", [json("{"), json([event("e2"), event("e1")], "b.json")]));
        await client.append("Orders", mailOf("m3", [json(event("e3"))], { From: "a@evil.example" }));
        await client.append("Orders", mailOf("m4", [], { Subject: "=?utf-8?Q?nothing=00here?=" }));
        await client.append("Orders", mailOf(undefined, [json(event("e4"))]));
        return String((status || undefined)?.uidValidity);
      };
      const inbox = {
        host: "localhost",
        port: server.port,
        ca: server.ca,
        user: "ann",
        password: server.password,
        senders: [PARTNER],
        mailbox: "Orders",
      };
      const session = open({ inbox, everySeconds: 1 });
      const first = await fill();
      await receiving(session, () => cursorIs(first, 5));
      const known = [
        "<m1@acme.example>/1 mapped 1",
        "<m2@acme.example>/1 failed 0",
        "<m2@acme.example>/2 mapped 2",
        "<m3@acme.example>/sender failed 0",
        "<m4@acme.example>/no-attachment failed 0",
      ];
      expect(await receipts()).toEqual([...known, `Orders/${first}/5/1 mapped 1`]);
      expect(await levels()).toBe("3");
      expect(await openProblems(database.db, "receipt.not-mapped")).toHaveLength(3);
      await client.mailboxDelete("Orders");
      const second = await fill();
      await receiving(session, () => cursorIs(second, 5));
      const numbered = [first, second].map((uidValidity) => `Orders/${uidValidity}/5/1 mapped 1`);
      expect(await receipts()).toEqual([...known, ...numbered]);
      expect(await levels()).toBe("3");
      await client.logout();
    });
  },
);
