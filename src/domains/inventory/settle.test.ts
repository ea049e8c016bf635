import { describe, expect, test } from "vitest";
import type { Outbound } from "../outbound.ts";
import type { SettleContext } from "./change.ts";
import { settleStock } from "./settle.ts";
import type { StockItem } from "./state.ts";
import { clock, day, KEY, noPolicy, SKU, StockHistory, units } from "./testing.ts";

const context: SettleContext = {
  policy: noPolicy,
  channels: ["portal", "crm"],
  now: clock("12:00"),
  levels: true,
};

function settled(stock: StockHistory, change: () => unknown, about: Partial<SettleContext> = {}) {
  const before = stock.item;
  change();
  return settleStock(before, stock.item, { ...context, ...about }, (level) => level.location.toLowerCase());
}

const figures = (outbound: Outbound[], type: string): string[] =>
  outbound.filter((o) => o.type === type).map((o) => (o.payload as { quantity: string }).quantity);

describe("channels", () => {
  test("a SKU that nobody was told of is told to each channel, derived and not reported", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const { outbound } = settleStock(null, stock.item, context);
    expect(outbound.filter((o) => o.type === "inventory.availability")).toEqual(
      ["portal", "crm"].map((addressee) => ({
        type: "inventory.availability",
        lane: `${KEY}@availability`,
        key: `${KEY}@availability`,
        addressee,
        payload: { company: "main", sku: SKU, unit: "EA", quantity: "10", asOf: clock("08:00") },
      })),
    );
  });

  test("only a channel whose figure changed is told", () => {
    const buffers = [{ channel: "crm", sku: "*", quantity: units(10), percent: 0 }];
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const policy = { ...noPolicy, buffers };
    const { outbound } = settled(stock, () => stock.reserve("S1", 3), { policy });
    expect(outbound.map((o) => o.addressee)).toEqual(["portal"]);
    expect(figures(outbound, "inventory.availability")).toEqual(["7"]);
  });

  test("what is shipped changes no channel's figure: it was promised before", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.reserve("S1", 3);
    const { outbound } = settled(stock, () => stock.ship("S1", 3, clock("09:00")));
    expect(outbound.map((o) => o.type)).toEqual(["inventory.level"]);
  });

  test("many events of one transaction are told once, as they end", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    const { outbound } = settled(stock, () => {
      stock.reserve("S1", 3);
      stock.move(5, clock("09:00"));
      stock.release("S1", 1);
    });
    expect(figures(outbound, "inventory.availability")).toEqual(["13", "13"]);
  });

  test("a confirmed figure is told to nobody", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    expect(settled(stock, () => stock.observe(10, clock("09:00"))).outbound).toEqual([]);
  });

  test("nothing happened: nothing is said", () => {
    const stock = new StockHistory();
    expect(settled(stock, () => undefined)).toEqual({
      decided: [],
      followUps: [],
      outbound: [],
      problems: [],
      solved: [],
      tasks: [],
    });
  });
});

describe("levels", () => {
  test("a level whose figure changed is told, with who reported it", () => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.observe(10, clock("08:00"), { location: "WEST", lot: "L1" });
    const { outbound } = settled(
      stock,
      () => stock.move(-1, clock("09:00"), { location: "WEST", lot: "L1" }),
      {
        channels: [],
      },
    );
    const lane = `${KEY}@WEST/available//L1`;
    expect(outbound).toMatchObject([
      {
        type: "inventory.level",
        lane,
        key: lane,
        reportedBy: "west",
        payload: { quantity: "9", location: "WEST" },
      },
    ]);
  });

  test("no flow carries levels: none is told", () => {
    const stock = new StockHistory();
    const { outbound } = settled(stock, () => stock.observe(1, clock("08:00")), {
      levels: false,
      channels: [],
    });
    expect(outbound).toEqual([]);
  });
});

describe("shortfalls", () => {
  const short = (): StockHistory => {
    const stock = new StockHistory();
    stock.observe(10, clock("08:00"));
    stock.reserve("S1", 8);
    return stock;
  };

  test("a count takes away what is promised: a problem of the place, until it is over", () => {
    const stock = short();
    const found = settled(stock, () => stock.observe(5, clock("09:00")));
    expect(found.problems).toMatchObject([
      {
        code: "inventory.shortfall",
        key: KEY,
        detail: { location: "EAST", onHand: "5", committed: "8", short: "3" },
      },
    ]);
    const worse = settled(stock, () => stock.observe(4, clock("10:00")));
    expect(worse.problems).toMatchObject([{ detail: { short: "4" } }]);
    expect(worse.problems[0]!.fingerprint).toBe(found.problems[0]!.fingerprint);
    expect(settled(stock, () => stock.observe(5, clock("11:00"), { status: "held" })).problems).toEqual([]);
    expect(settled(stock, () => stock.release("S1", 4)).solved).toEqual([found.problems[0]!.fingerprint]);
  });

  test("a shortfall whose promise was given back altogether is over", () => {
    const stock = short();
    const { problems } = settled(stock, () => stock.observe(0, clock("09:00")));
    expect(settled(stock, () => stock.release("S1")).solved).toEqual([problems[0]!.fingerprint]);
  });

  test("a promise for a later day is short only on that day, also when it falls due without an event", () => {
    const stock = new StockHistory();
    stock.observe(2, clock("08:00"));
    const made = settled(stock, () => stock.reserve("S1", 8, { dueAt: day(28) }));
    expect(made.problems).toEqual([]);
    const unrelated = () => stock.observe(1, clock("09:00"), { status: "held" });
    const later = settled(stock, unrelated, { now: day(28) });
    expect(later.problems).toMatchObject([{ detail: { short: "6" } }]);
  });

  test("backorders are no shortfall of a place, and nothing promised is none either", () => {
    const stock = new StockHistory();
    const { problems } = settled(stock, () => {
      stock.reserve("S1", 8, { location: "", kind: "backorder" });
      stock.observe(-3, clock("08:00"));
    });
    expect(problems).toEqual([]);
  });
});

describe("those who wait", () => {
  const waiting = (more: Record<string, unknown> = {}): StockHistory => {
    const stock = new StockHistory();
    stock.observe(0, clock("08:00"));
    stock.reserve("S1", 6, { location: "", kind: "backorder", ...more });
    return stock;
  };
  const look = [{ kind: "reallocate", key: KEY, dueAt: context.now }];

  test("stock came: they are looked at once", () => {
    const stock = waiting();
    expect(settled(stock, () => stock.observe(2, clock("09:00"))).tasks).toEqual(look);
  });

  test("supply was dated, dated anew or cancelled: their dates are looked at", () => {
    const stock = waiting();
    expect(settled(stock, () => stock.expect("PO1", 10, day(28))).tasks).toEqual(look);
    expect(settled(stock, () => stock.expect("PO1", 10, day(29))).tasks).toEqual(look);
    expect(settled(stock, () => stock.expect("PO1", 0, day(29))).tasks).toEqual(look);
    expect(settled(stock, () => stock.expect("PO1", 0, day(29))).tasks).toEqual([]);
  });

  test("what is given to one of them asks for no further look", () => {
    const stock = waiting();
    stock.observe(10, clock("09:00"));
    stock.reserve("S2", 6, { location: "", kind: "backorder" });
    const { tasks } = settled(stock, () => {
      stock.release("S1", 6, "");
      stock.reserve("S1", 6);
    });
    expect(tasks).toEqual([]);
  });

  test("nobody waits: nobody is looked at", () => {
    const stock = new StockHistory();
    expect(settled(stock, () => stock.observe(2, clock("09:00"))).tasks).toEqual([]);
  });
});

test("neither item is changed by settling", () => {
  const stock = new StockHistory();
  stock.observe(10, clock("08:00"));
  const before = freeze(stock.item);
  stock.reserve("S1", 12);
  settleStock(before, freeze(stock.item), context);
});

function freeze(item: StockItem): StockItem {
  for (const list of [item.levels, item.inbound, item.commitments]) {
    for (const one of list) Object.freeze(one);
    Object.freeze(list);
  }
  return Object.freeze(item);
}
