// What may be sold changes without an event, and channels hear of it.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { addMs, timeFromEpochMs } from "../../core/time.ts";
import type { Integration } from "../../policy/integration.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import { compileRules } from "../projection/rules.ts";
import { House, level, testIntegration } from "../projection/testing.ts";
import { Elapse } from "./elapse.ts";

let database: TestDatabase;
let house: House;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.query("truncate event, stock_item, delivery, identity, intake, poll_cursor");
  await database.db.query("update log_head set seq = 0");
  await database.db.query("update projection_position set seq = 0, day = '2000-01-01'");
});
afterEach(() => house.stop());

const now = () => timeFromEpochMs(Date.now());
const MINUTE = 60_000;

/** Looks as a node of that configuration does, and tells what the portal is to hear: SKU → quantity. */
async function look(integration: Integration): Promise<Record<string, string>> {
  await database.db.query("delete from delivery");
  const elapse = new Elapse({
    db: database.db,
    rules: compileRules(integration),
    owns: () => true,
    delivered: () => undefined,
    failed: (error) => house.failures.push(error),
  });
  await elapse.look();
  await elapse.stop();
  const { rows } = await database.db.query<{ sku: string; quantity: string }>(
    "select payload->>'sku' as sku, payload->>'quantity' as quantity from delivery where target = 'portal'",
  );
  expect(house.failures).toEqual([]);
  return Object.fromEntries(rows.map(({ sku, quantity }) => [sku, quantity]));
}

/** As if the last look had been then. */
const lookedBefore = (ms: number) =>
  database.db.query(
    "update poll_cursor set cursor = $1 || substr(cursor, strpos(cursor, ' ')) where poll = 'elapse'",
    [addMs(now(), -ms)],
  );

test("an observation that ages past a step of the policy, and no other, is told with what may still be sold", async () => {
  const ageing = testIntegration({ stock: { ageing: [{ after: "1h", percent: 10 }] } });
  house = await new House(database.db, { integration: ageing }).start();
  await house.say("east", level("OLD", "EAST", 40, addMs(now(), -61 * MINUTE)));
  await house.say("east", level("NEW", "EAST", 40, addMs(now(), -30 * MINUTE)));
  await house.settled();
  expect(await look(ageing)).toEqual({});
  await lookedBefore(5 * MINUTE);
  expect(await look(ageing)).toEqual({ OLD: "36" });
  expect(await look(ageing)).toEqual({});
});

test("a buffer that is configured anew reaches the channel for every SKU, once", async () => {
  const plain = testIntegration();
  house = await new House(database.db, { integration: plain }).start();
  await house.say("east", ...["A", "B"].map((sku) => level(sku, "EAST", 40, now())));
  await house.settled();
  expect(await look(plain)).toEqual({});
  const buffered = testIntegration({ stock: { buffers: [{ channel: "portal", percent: 25 }] } });
  expect(await look(buffered)).toEqual({ A: "30", B: "30" });
  expect(await look(buffered)).toEqual({});
  expect(await look(plain)).toEqual({ A: "40", B: "40" });
});
