import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "./pool.ts";
import { dumpSchema } from "./schema-dump.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

let test: TestDatabase;
let again: TestDatabase;
beforeAll(async () => {
  test = await testDatabase({ migrated: false });
  again = await testDatabase({ migrated: false });
});
afterAll(async () => {
  await test.drop();
  await again.drop();
});

async function empty(db: Database): Promise<void> {
  await db.query("drop schema public cascade; create schema public");
}

/** Everything that the drawing must be able to make again. */
const rich = `
  create type mood as enum ('sad', 'it''s fine');
  create domain percent as numeric(5,2) default 0 check (value between 0 and 100);
  create sequence ticket as integer increment by 10 start with 100 cache 5;
  create function checked(n integer) returns boolean language sql immutable as 'select n > 0';
  create table zebra (
    id bigint generated always as identity (start with 5 cache 20) primary key,
    serial_no serial,
    name text collate "C" not null default 'it''s',
    "Odd Name" jsonb,
    amount numeric(21,6) check (amount >= 0),
    mood mood not null default 'sad',
    share percent,
    doubled numeric generated always as (amount * 2) stored,
    at timestamptz not null default clock_timestamp(),
    dropped integer,
    constraint positive check (checked(serial_no)),
    unique (name, at)
  ) with (fillfactor = 70);
  alter table zebra drop column dropped;
  alter table zebra alter column name set storage external;
  create table ant (id integer primary key, zebra_id bigint references zebra on delete cascade deferrable initially deferred);
  create index ant_zebra on ant (zebra_id) include (id) where zebra_id > 10;
  create index zebra_lower on zebra (lower(name) desc nulls last);
  create statistics ant_both on id, zebra_id from ant;
  create table log (seq bigint not null, day date not null, zebra_id bigint references zebra, primary key (seq, day)) partition by range (day);
  create index log_seq on log (seq);
  create table log_2026_11_24 partition of log for values from ('2026-11-24') to ('2026-11-25');
  create function rows_of(a ant) returns setof ant language plpgsql as $$ begin return query select a.*; end $$;
  create procedure tidy() language sql as 'delete from ant';
  create view a_reads_b as select 1 as n;
  create view b as select id, name from zebra where name <> '';
  create or replace view a_reads_b as select count(*)::integer as n from b;
  create materialized view counted as select count(*) as n from ant;
  create function noted() returns trigger language plpgsql as $$ begin return new; end $$;
  create trigger note before insert on zebra for each row execute function noted();
  comment on table zebra is 'striped; it''s';
  comment on column zebra.name is 'said aloud';
`;

it("draws a schema that makes the same schema again", async () => {
  await empty(test.db);
  await test.db.query(rich);
  const drawn = await dumpSchema(test.db);
  await empty(again.db);
  await again.db.transaction((tx) => tx.query(drawn));
  expect(await dumpSchema(again.db)).toBe(drawn);
  for (const word of [
    "partition by RANGE (day)",
    "fillfactor=70",
    'collate "C"',
    "generated always as identity (start with 5 cache 20)",
    "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
    "set storage external",
    "striped; it''s",
  ])
    expect(drawn).toContain(word);
});

it("leaves partitions out, and what was made for them", async () => {
  expect(await dumpSchema(test.db)).not.toContain("log_2026");
});

it("does not depend on the order in which things were made", async () => {
  await empty(test.db);
  await test.db.query(
    "create table a (id integer primary key); create table b (id integer); create index on b (id)",
  );
  await empty(again.db);
  await again.db.query(
    "create table b (id integer); create index on b (id); create table a (id integer primary key)",
  );
  expect(await dumpSchema(again.db)).toBe(await dumpSchema(test.db));
});

it("shows a difference", async () => {
  const before = await dumpSchema(test.db);
  await test.db.query("alter table b alter column id set not null");
  expect(await dumpSchema(test.db)).not.toBe(before);
});

it("draws the product's own schema so that it can be made again, and sql/schema.sql is that drawing", async () => {
  const own = await testDatabase();
  const drawn = await dumpSchema(own.db);
  await empty(again.db);
  await again.db.query(drawn);
  expect(await dumpSchema(again.db)).toBe(drawn);
  await own.drop();
  // After a new migration: npx vitest run src/postgres/schema-dump.test.ts --update
  await expect(drawn).toMatchFileSnapshot("../../sql/schema.sql");
});
