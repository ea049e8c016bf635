// A channel that nets its own open orders: what it shows after its own subtraction is what it may sell.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal } from "../../core/decimal.ts";
import { addMs } from "../../core/time.ts";
import type { AvailabilityPayload } from "../outbound.ts";
import { availableToPromise, sellable } from "./available.ts";
import type { SettleContext } from "./change.ts";
import type { StockPolicy } from "./policy.ts";
import { settleStock } from "./settle.ts";
import { clock, day, noPolicy, SKU, StockHistory, units } from "./testing.ts";

const now = clock("12:00");
const netting = (more: Partial<StockPolicy> = {}): StockPolicy => ({
  ...noPolicy,
  netting: ["shop"],
  ...more,
});

/** Two channels, of which the shop nets: what each was told last. */
class Told {
  readonly stock = new StockHistory();
  readonly figures = new Map<string, string>();
  told = 0;
  private readonly context: SettleContext;

  constructor(policy: StockPolicy) {
    this.context = { policy, channels: ["shop", "portal"], now, levels: false };
  }

  /** As one transaction. */
  change(act: () => unknown): this {
    const before =
      this.stock.item.levels.length + this.stock.item.commitments.length === 0 ? null : this.stock.item;
    act();
    for (const { type, addressee, payload } of settleStock(before, this.stock.item, this.context).outbound) {
      if (type !== "inventory.availability") continue;
      this.told += 1;
      this.figures.set(addressee!, (payload as AvailabilityPayload).quantity);
    }
    return this;
  }
}

const by = (channel: string, more: object = {}) => ({ channel, ...more });

describe("the figure of a channel that nets", () => {
  test("does not change with its own order, which it has taken off already; the other's falls", () => {
    const { stock, figures, change } = bound(new Told(netting()));
    change(() => stock.observe(10, clock("08:00")));
    change(() => stock.reserve("S1", 3, by("shop")));
    expect(Object.fromEntries(figures)).toEqual({ shop: "10", portal: "7" });
    change(() => stock.reserve("P1", 2));
    expect(Object.fromEntries(figures)).toEqual({ shop: "8", portal: "5" });
  });

  test("falls when its order has left, and stays when it is cancelled", () => {
    const { stock, figures, change } = bound(new Told(netting()));
    change(() => stock.observe(10, clock("08:00")));
    change(() => stock.reserve("S1", 3, by("shop")));
    change(() => stock.reserve("S2", 2, by("shop")));
    change(() => stock.ship("S1", 3, clock("09:00")));
    expect(Object.fromEntries(figures)).toEqual({ shop: "7", portal: "5" });
    change(() => stock.release("S2"));
    expect(Object.fromEntries(figures)).toEqual({ shop: "7", portal: "7" });
  });

  test("holds what waits for it too, though nothing less can be promised", () => {
    const { stock, figures, change } = bound(new Told(netting()));
    change(() => stock.observe(0, clock("08:00")));
    change(() => stock.reserve("S1", 4, by("shop", { location: "", kind: "backorder" })));
    expect(Object.fromEntries(figures)).toEqual({ shop: "4", portal: "0" });
  });

  test("a promise of before it was declared keeps nothing back for long: said again, it is the channel's", () => {
    const { stock, figures, change } = bound(new Told(netting()));
    change(() => stock.observe(10, clock("08:00")));
    change(() => stock.reserve("S1", 3));
    expect(figures.get("shop")).toBe("7");
    change(() => stock.reserve("S1", 1, by("shop")));
    expect(figures.get("shop")).toBe("10");
    expect(stock.item.commitments).toEqual([
      { location: "EAST", dueAt: "", quantity: units(4), channel: "shop" },
    ]);
    change(() => stock.release("S1"));
    expect(stock.item.commitments).toEqual([]);
  });
});

const channels = fc.constantFrom("shop", "portal", undefined);
const places = fc.constantFrom("EAST", "WEST", "");
const acts = fc.array(
  fc.record({
    kind: fc.constantFrom("observe", "move", "expect", "reserve", "reserve", "release", "ship"),
    order: fc.integer({ min: 1, max: 5 }),
    channel: channels,
    place: places,
    quantity: fc.integer({ min: 1, max: 12 }),
    later: fc.boolean(),
    /** Ends a transaction. */
    ends: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);
type Act = typeof acts extends fc.Arbitrary<(infer A)[]> ? A : never;

/** Which channel an order came from never changes. */
const channelOf = (order: number) => (order <= 2 ? { channel: "shop" } : {});

function perform(stock: StockHistory, own: Map<string, number>, act: Act, ms: number): void {
  const orderId = `S${act.order}`;
  const place = act.place === "" ? "EAST" : act.place;
  const at = addMs(clock("08:00"), ms * 1000);
  const name = (location: string) => `${orderId}|${location}`;
  const add = (location: string, count: number) => {
    if (act.order > 2) return;
    own.set(name(location), Math.max(0, (own.get(name(location)) ?? 0) + count));
  };
  if (act.kind === "observe") stock.observe(act.quantity * 2, at, { location: place });
  else if (act.kind === "move") stock.move(act.quantity - 6, at, { location: place });
  else if (act.kind === "expect") stock.expect("PO1", act.quantity, day(act.later ? 28 : 26));
  else if (act.kind === "reserve") {
    const dueAt = act.later ? { dueAt: day(27) } : {};
    stock.reserve(orderId, act.quantity, { location: act.place, ...dueAt, ...channelOf(act.order) });
    add(act.place, act.quantity);
  } else if (act.kind === "release") {
    stock.release(orderId, act.quantity, act.place);
    add(act.place, -act.quantity);
  } else {
    stock.ship(orderId, act.quantity, at, { location: place });
    add(place, -act.quantity);
  }
}

test("whatever happens in whatever transactions, the last figure is what is free, less buffers, and its own", () => {
  const buffers = fc.constantFrom<StockPolicy["buffers"]>(
    [],
    [{ channel: "*", sku: "*", quantity: units(2), percent: 0 }],
    [{ channel: "shop", sku: SKU, quantity: units(1), percent: 25 }],
  );
  fc.assert(
    fc.property(acts, buffers, (list, kept) => {
      const policy = netting({ buffers: kept });
      const { stock, figures, change } = bound(new Told(policy));
      const own = new Map<string, number>();
      let open: (() => void)[] = [];
      for (const [index, act] of list.entries()) {
        open.push(() => perform(stock, own, act, index));
        if (!act.ends && index < list.length - 1) continue;
        const acting = open;
        open = [];
        change(() => {
          for (const run of acting) run();
        });
        const free = Number(formatDecimal(availableToPromise(stock.item, { now }, policy)));
        const rule = kept[0];
        const less = (channel: string) =>
          rule === undefined || (rule.channel !== "*" && rule.channel !== channel)
            ? free
            : Math.max(
                0,
                Math.floor(free - Number(formatDecimal(rule.quantity)) - (free * rule.percent) / 100),
              );
        const reserved = [...own.values()].reduce((sum, count) => sum + count, 0);
        expect(Number(figures.get("shop") ?? 0)).toBe(less("shop") + reserved);
        expect(Number(figures.get("portal") ?? 0)).toBe(less("portal"));
        expect(formatDecimal(sellable(stock.item, "shop", policy, now).quantity)).toBe(
          figures.get("shop") ?? "0",
        );
        expect(stock.committed()).toEqual(stock.reserved());
      }
    }),
    { numRuns: 1000 },
  );
});

function bound(told: Told) {
  return { stock: told.stock, figures: told.figures, change: (act: () => unknown) => told.change(act) };
}
