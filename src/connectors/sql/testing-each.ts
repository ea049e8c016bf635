// The same tests on every database server that is here: one is started for each, and sessions are closed after each test.
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { noMariaDb, type TestedServer, testedMariaDb, testedPostgres } from "./testing.ts";
import { type Input, type Opened, openOn } from "./testing-session.ts";

const starts = { PostgreSQL: testedPostgres, MariaDB: testedMariaDb };
if (noMariaDb !== undefined) console.warn(`MariaDB is left out of these tests: ${noMariaDb}.`);

export interface EachServer {
  isMySql: boolean;
  /** Started before the first test. */
  readonly server: TestedServer;
  /** Berlin's wall clock; closed after the test. */
  openWith(input: Input, access?: Partial<TestedServer["access"]>): Opened;
}

export function onEachServer(declare: (each: EachServer) => void): void {
  describe.each(Object.entries(starts))("%s", (name, start) => {
    const isMySql = name === "MariaDB";
    if (isMySql && noMariaDb !== undefined) {
      test.skip(noMariaDb, () => undefined);
      return;
    }
    let server: TestedServer | undefined;
    let open: Opened[] = [];
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.close());
    afterEach(async () => {
      await Promise.all(open.map((session) => session.close()));
      open = [];
    });
    declare({
      isMySql,
      get server() {
        return server!;
      },
      openWith(input, access) {
        const session = openOn(server!, { timeZone: "Europe/Berlin", ...input }, access);
        open.push(session);
        return session;
      },
    });
  });
}

/** Tables of stock, of a log of its changes and of rows that wait, empty before each test. */
export function withStockTables(on: EachServer): void {
  const { isMySql } = on;
  beforeEach(() =>
    on.server.run(
      "drop table if exists stock",
      "drop table if exists log",
      "drop table if exists ready",
      `create table stock (item varchar(40) primary key, site varchar(8), qty decimal(21,6), ${
        isMySql ? "changed datetime" : "changed timestamp(0)"
      }, seen ${isMySql ? "timestamp(6) null" : "timestamptz"})`,
      `create table log (n bigint primary key, op char(3), item varchar(40), qty decimal(21,6))`,
      `create table ready (id bigint primary key, item varchar(40), qty decimal(21,6), taken_at ${isMySql ? "datetime(6)" : "timestamptz"})`,
    ),
  );
}
