// A channel that nets its own open orders, from the log to the delivery.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addMs } from "../../core/time.ts";
import { type TestDatabase, testDatabase } from "../../postgres/testing.ts";
import {
  at,
  brokenPromises,
  Dice,
  House,
  level,
  moved,
  rebuiltDifferences,
  submission,
  testIntegration,
} from "./testing.ts";

let database: TestDatabase;
let house: House;

beforeAll(async () => {
  database = await testDatabase();
});
afterEach(() => house.stop());
afterAll(() => database.drop());

/** What the portal was told last of each SKU. */
async function told(): Promise<Record<string, number>> {
  const { rows } = await database.db.query<{ sku: string; quantity: string }>(
    `select distinct on (payload->>'sku') payload->>'sku' as sku, payload->>'quantity' as quantity
       from delivery where type = 'inventory.availability' order by payload->>'sku', id desc`,
  );
  return Object.fromEntries(rows.map(({ sku, quantity }) => [sku, Number(quantity)]));
}

/** Free of each SKU, and what is reserved for orders of the portal, straight from the tables. */
async function expected(): Promise<Record<string, number>> {
  const { rows } = await database.db.query<{ sku: string; figure: string }>(
    `select i.sku, greatest(0, coalesce((select sum(on_hand) from stock_level l where l.sku = i.sku), 0)
                             - coalesce((select sum(quantity) from reservation r where r.sku = i.sku), 0))
                 + coalesce((select sum(quantity) from reservation r join sales_order o using (company, order_id)
                              where r.sku = i.sku and o.channel = 'portal'), 0) as figure
       from stock_item i`,
  );
  return Object.fromEntries(rows.map(({ sku, figure }) => [sku, Number(figure)]));
}

test("orders of two channels, cancellations and movements at once: the figure is what is free and its own", async () => {
  const dice = new Dice();
  const integration = testIntegration({ stock: { channels: { portal: { netsOwnOrders: true } } } });
  house = await new House(database.db, { integration }).start();
  const skus = ["A", "B", "C"];
  await house.say("east", ...skus.map((sku) => level(sku, "EAST", 40, at("09:00"))));
  await house.settled();
  let next = 0;
  const caller = async (number: number) => {
    for (let n = 0; n < 6; n++) {
      const orderId = `o${next++}`;
      const lines: [string, number][] = [[dice.pick(skus), 1 + dice.upTo(4)]];
      if (number % 2 === 0) await house.submit(orderId, lines);
      else await house.say("erp", { type: "order.submitted", data: submission(orderId, lines) });
      if (dice.upTo(3) > 0) continue;
      const asked = { orderId, requestedAt: at("13:00") };
      await house.say(number % 2 === 0 ? "portal" : "erp", {
        type: "order.cancellation.requested",
        data: asked,
      });
    }
  };
  const moving = async () => {
    for (let n = 0; n < 20; n++) {
      const by = dice.upTo(5) - 2 || 1;
      await house.say("east", moved(`m${n}`, dice.pick(skus), "EAST", by, addMs(at("10:00"), n)));
    }
  };
  await Promise.all([...Array.from({ length: 12 }, (_, number) => caller(number)), moving()]);
  await house.settled();
  const { rows } = await database.db.query<{ channel: string; orders: string; named: string }>(
    `select o.channel, count(*) as orders, count(r.channel) as named
       from reservation r join sales_order o using (company, order_id) group by 1 order by 1`,
  );
  const [erp, portal] = rows;
  expect([erp?.channel, erp?.named], `seed ${dice.seed}`).toEqual(["erp", "0"]);
  expect([portal?.channel, portal?.named], `seed ${dice.seed}`).toEqual(["portal", portal?.orders]);
  expect(await told(), `seed ${dice.seed}`).toEqual(await expected());
  expect(await brokenPromises(database.db), `seed ${dice.seed}`).toEqual([]);
  expect(await rebuiltDifferences(database.db, house.rules), `seed ${dice.seed}`).toEqual([]);
  expect(house.failures).toEqual([]);
});
