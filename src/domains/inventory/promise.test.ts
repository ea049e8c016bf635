// Promise 5 of the domain: no decision promises more than is available at that decision, by an oracle that
// shares nothing with the functions but the state.
import fc from "fast-check";
import { expect, test } from "vitest";
import { addMs, type Time } from "../../core/time.ts";
import { availableToPromise } from "./available.ts";
import type { StockPolicy } from "./policy.ts";
import type { Commitment, Inbound, Reservation, StockItem, StockLevel } from "./state.ts";
import { clock, noPolicy, SKU, StockHistory, units } from "./testing.ts";

const now = clock("08:00");
const DAY_MS = 86_400_000;
const inDays = (days: number): Time => addMs(now, days * DAY_MS);
const HORIZON = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99];
const count = (quantity: bigint): number => Number(quantity / 1_000_000n);

/** Free stock on one day, counted with plain numbers; undefined location: all places and backorders. */
function freeOn(
  item: StockItem,
  days: number,
  location: string | undefined,
  kept: number,
  withWaiting: boolean,
): number {
  const at = inDays(days);
  const here = (place: string): boolean => location === undefined || place === location;
  const comes = item.inbound.filter((line) => line.quantity > 0n && line.dueAt >= now);
  let free = 0;
  for (const place of ["EAST", "WEST"].filter(here)) {
    const stock =
      total(
        item.levels.filter((l) => l.location === place && l.status === "available").map((l) => l.onHand),
      ) +
      total(comes.filter((line) => line.location === place && line.dueAt <= at).map((line) => line.quantity));
    free += stock > 0 ? Math.max(0, stock - kept) : stock;
  }
  const next = comes.map((line) => line.dueAt).sort()[0];
  for (const { location: place, dueAt, quantity } of item.commitments) {
    if (!here(place)) continue;
    const waits = place === "" && dueAt === "";
    if (waits && !withWaiting) continue;
    if (waits ? (next ?? inDays(99)) <= at : dueAt <= at) free -= count(quantity);
  }
  return free;
}

const total = (list: bigint[]): number => count(list.reduce((sum, one) => sum + one, 0n));

function oracle(
  item: StockItem,
  days: number,
  location: string | undefined,
  kept: number,
  forBackorder: boolean,
): number {
  const over = (place: string | undefined): number =>
    Math.min(...HORIZON.filter((d) => d >= days).map((d) => freeOn(item, d, place, kept, !forBackorder)));
  return Math.max(0, location === undefined ? over(undefined) : Math.min(over(undefined), over(location)));
}

const place = fc.constantFrom("EAST", "WEST");
const quantity = fc.integer({ min: 0, max: 30 }).map(units);
const level = (location: string, onHand: bigint): StockLevel => ({
  location,
  status: "available",
  owner: "",
  lot: "",
  onHand,
  base: onHand,
  observedAt: now,
  sequence: "",
  movementsAfter: 0,
});
const levels = fc.tuple(quantity, quantity).map(([east, west]) => [level("EAST", east), level("WEST", west)]);
const inbound = fc.array(
  fc.record<Inbound>({
    document: fc.constantFrom("P1", "P2", "P3"),
    line: fc.uuid(),
    location: place,
    quantity: fc.integer({ min: -3, max: 30 }).map(units),
    dueAt: fc.integer({ min: -2, max: 8 }).map(inDays),
    revision: fc.constant(""),
    received: fc.constant(0n),
  }),
  { maxLength: 5 },
);
const commitments = fc.array(
  fc.record<Commitment>({
    location: fc.constantFrom("EAST", "WEST", ""),
    dueAt: fc.oneof(fc.constant("" as const), fc.integer({ min: -2, max: 8 }).map(inDays)),
    quantity: fc.integer({ min: 1, max: 20 }).map(units),
  }),
  { maxLength: 6 },
);
const item = (about: Pick<StockItem, "levels" | "inbound" | "commitments">): StockItem => ({
  company: "main",
  sku: SKU,
  unit: "EA",
  ratios: {},
  ...about,
});
const keeping = (kept: number): StockPolicy =>
  kept === 0 ? noPolicy : { ...noPolicy, safety: [{ sku: "*", location: "*", quantity: units(kept) }] };

test("available to promise is the least that is free on any later day, for any stock, supply and promises", () => {
  fc.assert(
    fc.property(
      fc.record({ levels, inbound, commitments }).map(item),
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(undefined, "EAST", "WEST"),
      fc.constantFrom(0, 4),
      fc.boolean(),
      (stock, days, location, kept, forBackorder) => {
        const query = {
          now,
          at: inDays(days),
          forBackorder,
          ...(location === undefined ? {} : { location }),
        };
        const answer = availableToPromise(stock, query, keeping(kept));
        expect(count(answer)).toBe(oracle(stock, days, location, kept, forBackorder));
      },
    ),
    { numRuns: 1000 },
  );
});

interface Wish {
  kind: "from-stock" | "for-a-day" | "backorder-on-supply" | "wait" | "give-back" | "from-waiting";
  order: number;
  place: string;
  days: number;
  quantity: number;
}

const wishes = fc.array(
  fc.record<Wish>({
    kind: fc.constantFrom(
      "from-stock",
      "for-a-day",
      "backorder-on-supply",
      "wait",
      "give-back",
      "from-waiting",
    ),
    order: fc.integer({ min: 0, max: 5 }),
    place,
    days: fc.integer({ min: 0, max: 8 }),
    quantity: fc.integer({ min: 1, max: 25 }),
  }),
  { maxLength: 25 },
);

/** Decides as an order would: takes no more than what is available at that moment. */
function decide(stock: StockHistory, wish: Wish, policy: StockPolicy): void {
  const order = `${wish.kind}-${wish.order}`;
  const at = inDays(wish.days);
  const granted = (query: { at?: Time; location?: string; forBackorder?: boolean }): number =>
    Math.min(wish.quantity, count(availableToPromise(stock.item, { now, ...query }, policy)));
  if (wish.kind === "give-back") {
    const held = stock.reservations[wish.order % Math.max(1, stock.reservations.length)];
    if (held !== undefined) stock.release(held.orderId, undefined, held.location);
  } else if (wish.kind === "wait") {
    stock.reserve(order, wish.quantity, { location: "", kind: "backorder" });
  } else if (wish.kind === "backorder-on-supply") {
    const held = stock.reservations.find((r) => r.orderId === order);
    if (held !== undefined) dateAnew(stock, held, at, policy);
    else if (granted({ at }) > 0) {
      stock.reserve(order, granted({ at }), { location: "", kind: "backorder", dueAt: at });
    }
  } else if (wish.kind === "from-waiting") {
    const waits = stock.reservations.find((r) => r.location === "" && r.dueAt === undefined);
    if (waits === undefined) return;
    const free = availableToPromise(stock.item, { now, location: wish.place, forBackorder: true }, policy);
    const given = Math.min(count(free), count(waits.quantity));
    if (given === 0) return;
    stock.release(waits.orderId, given, "");
    stock.reserve(waits.orderId, given, { location: wish.place });
  } else {
    const dated = wish.kind === "for-a-day" ? { at } : {};
    const promised = granted({ ...dated, location: wish.place });
    const due = wish.kind === "for-a-day" ? { dueAt: at } : {};
    if (promised > 0) stock.reserve(order, promised, { location: wish.place, ...due });
  }
}

/** A backorder moves to another day where all of it can be had there, its own units counted as free. */
function dateAnew(stock: StockHistory, held: Reservation, at: Time, policy: StockPolicy): void {
  const commitments = stock.item.commitments.map((c) =>
    c.location === "" && c.dueAt === held.dueAt ? { ...c, quantity: c.quantity - held.quantity } : c,
  );
  if (availableToPromise({ ...stock.item, commitments }, { now, at }, policy) < held.quantity) return;
  stock.reserve(held.orderId, count(held.quantity), { location: "", kind: "backorder", dueAt: at });
  stock.release(held.orderId, count(held.quantity), "");
}

test("decisions of no more than is available leave no day and no place below zero", () => {
  fc.assert(
    fc.property(levels, inbound, wishes, fc.constantFrom(0, 4), (onHand, supply, list, kept) => {
      const stock = new StockHistory();
      stock.item = item({ levels: onHand, inbound: supply, commitments: [] });
      for (const wish of list) {
        decide(stock, wish, keeping(kept));
        for (const days of HORIZON) {
          // Who waits without a date was promised nothing yet.
          for (const location of [undefined, "EAST", "WEST"]) {
            expect(freeOn(stock.item, days, location, kept, false)).toBeGreaterThanOrEqual(0);
          }
        }
      }
      expect(stock.committed()).toEqual(stock.reserved());
    }),
    { numRuns: 400 },
  );
});

test("available to promise is never below zero in any history of facts and decisions", () => {
  const facts = fc.array(
    fc.record({
      kind: fc.constantFrom("observe", "move", "supply", "ship"),
      quantity: fc.integer({ min: -30, max: 30 }),
      days: fc.integer({ min: 0, max: 8 }),
      ms: fc.integer({ min: 0, max: 3_600_000 }),
    }),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(facts, wishes, (happens, list) => {
      const stock = new StockHistory();
      for (let index = 0; index < Math.max(happens.length, list.length); index++) {
        const fact = happens[index];
        const wish = list[index];
        if (fact?.kind === "observe") stock.observe(fact.quantity, addMs(now, fact.ms));
        else if (fact?.kind === "move") stock.move(fact.quantity, addMs(now, fact.ms));
        else if (fact?.kind === "supply") stock.expect("P1", Math.abs(fact.quantity), inDays(fact.days));
        else if (fact?.kind === "ship")
          stock.ship(`from-stock-${index}`, Math.abs(fact.quantity), addMs(now, fact.ms));
        if (wish !== undefined) decide(stock, wish, noPolicy);
        for (const days of HORIZON) {
          for (const about of [{}, { location: "EAST" }, { location: "WEST" }]) {
            const answer = availableToPromise(stock.item, { now, at: inDays(days), ...about }, noPolicy);
            expect(answer).toBeGreaterThanOrEqual(0n);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
