import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal } from "../../core/decimal.ts";
import { addMs, type Time } from "../../core/time.ts";
import { clock, StockHistory, sourceOf } from "./testing.ts";

const START = clock("08:00");
const after = (ms: number): Time => addMs(START, ms);

interface Statement {
  kind: "figure" | "movement";
  quantity: number;
  ms: number;
}

const statements = (msMax: number) =>
  fc.array(
    fc.record<Statement>({
      kind: fc.constantFrom("figure", "movement"),
      quantity: fc.integer({ min: -20, max: 40 }),
      ms: fc.integer({ min: 0, max: msMax }),
    }),
    { maxLength: 14 },
  );

/** The order in which statements arrive. */
const arrival = fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 }));
function shuffled<T>(list: readonly T[], ranks: Iterable<number>): T[] {
  const iterator = ranks[Symbol.iterator]();
  return list
    .map((one) => ({ one, rank: iterator.next().value as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

/** Walks through time step by step: within one, the least that may be so. */
function walk(told: readonly Statement[], stepMs: number): number {
  let onHand = 0;
  const steps = new Set(told.map((s) => Math.floor(s.ms / stepMs)));
  for (const step of [...steps].sort((a, b) => a - b)) {
    const now = told.filter((s) => Math.floor(s.ms / stepMs) === step);
    const figures = now.filter((s) => s.kind === "figure").map((s) => s.quantity);
    const moved = now.filter((s) => s.kind === "movement").map((s) => s.quantity);
    if (figures.length === 0) onHand += sum(moved);
    else onHand = Math.min(...figures) + sum(moved.filter((quantity) => quantity < 0));
  }
  return onHand;
}

const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0);

function tell(stock: StockHistory, statement: Statement, more: Record<string, unknown> = {}): void {
  if (statement.kind === "figure") stock.observe(statement.quantity, after(statement.ms), more);
  else stock.move(statement.quantity, after(statement.ms), more);
}

const onHandOf = (stock: StockHistory): number => Number(stock.onHand() === "none" ? "0" : stock.onHand());

describe("on hand is what the order of happening says, whatever the order of arrival", () => {
  test("by a clock that tells every two statements apart", () => {
    fc.assert(
      fc.property(statements(100_000), arrival, (made, ranks) => {
        const told = made.filter((s, index) => made.findIndex((other) => other.ms === s.ms) === index);
        const stock = new StockHistory();
        const arrived: Statement[] = [];
        for (const statement of shuffled(told, ranks)) {
          tell(stock, statement);
          arrived.push(statement);
          expect(onHandOf(stock)).toBe(walk(arrived, 1));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("by a coarse clock, where the lower figure holds within a step", () => {
    fc.assert(
      fc.property(
        statements(9_000),
        arrival,
        fc.constantFrom(1, 10, 1000, 1500),
        (told, ranks, resolutionMs) => {
          // Steps are counted from midnight 1970, the walk's from START: both begin on a whole step.
          const stock = new StockHistory(sourceOf("east", { resolutionMs }));
          const arrived: Statement[] = [];
          for (const statement of shuffled(told, ranks)) {
            tell(stock, statement);
            arrived.push(statement);
            expect(onHandOf(stock)).toBe(walk(arrived, resolutionMs));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("by the source's sequence, whatever its clock says", () => {
    fc.assert(
      fc.property(statements(9_000), arrival, (made, ranks) => {
        const sequenced = made.map((statement, index) => ({ statement, sequence: index + 1 }));
        const stock = new StockHistory(sourceOf("east", { resolutionMs: 1000 }));
        const arrived: typeof sequenced = [];
        for (const one of shuffled(sequenced, ranks)) {
          tell(stock, one.statement, { sequence: String(one.sequence) });
          arrived.push(one);
          const asIfTimed = arrived.map(({ statement, sequence }) => ({ ...statement, ms: sequence }));
          expect(onHandOf(stock)).toBe(walk(asIfTimed, 1));
        }
      }),
      { numRuns: 500 },
    );
  });
});

type Act =
  | { kind: "hold" | "firm" | "prolong"; order: number; place: string; quantity: number; dueMs: number }
  | { kind: "reserve" | "release" | "ship"; order: number; place: string; quantity: number; dueMs: number }
  | { kind: "observe" | "move"; place: string; quantity: number; ms: number };

const places = fc.constantFrom("EAST", "WEST", "");
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom(
        "reserve" as const,
        "release" as const,
        "ship" as const,
        "hold" as const,
        "firm" as const,
        "prolong" as const,
      ),
      order: fc.integer({ min: 1, max: 4 }),
      place: places,
      quantity: fc.integer({ min: 1, max: 9 }),
      dueMs: fc.constantFrom(0, 60_000, 120_000),
    }),
    fc.record({
      kind: fc.constantFrom("observe" as const, "move" as const),
      place: fc.constantFrom("EAST", "WEST"),
      quantity: fc.integer({ min: 0, max: 30 }),
      ms: fc.integer({ min: 0, max: 60_000 }),
    }),
  ),
  { maxLength: 40 },
);

/** What is promised per order and place: a ledger of its own. */
class Promises {
  readonly held = new Map<string, number>();
  add(order: number, place: string, by: number): void {
    const name = `S${order}|${place}`;
    const left = Math.max(0, (this.held.get(name) ?? 0) + by);
    if (left === 0) this.held.delete(name);
    else this.held.set(name, left);
  }
  at(place: string): number {
    return sum([...this.held].filter(([name]) => name.endsWith(`|${place}`)).map(([, quantity]) => quantity));
  }
}

test("commitments are the live reservations after every event of any interleaving", () => {
  fc.assert(
    fc.property(acts, (list) => {
      const stock = new StockHistory();
      const promises = new Promises();
      for (const act of list) {
        perform(stock, promises, act);
        expect(stock.committed()).toEqual(stock.reserved());
        for (const place of ["EAST", "WEST", ""]) {
          const committed = stock.item.commitments.filter((c) => c.location === place);
          expect(committed.reduce((total, c) => total + c.quantity, 0n)).toBe(
            BigInt(promises.at(place)) * 1_000_000n,
          );
        }
      }
    }),
    { numRuns: 500 },
  );
});

function perform(stock: StockHistory, promises: Promises, act: Act): void {
  if (act.kind === "observe") stock.observe(act.quantity, after(act.ms), { location: act.place });
  else if (act.kind === "move") stock.move(act.quantity - 15, after(act.ms), { location: act.place });
  else if (act.kind === "reserve") {
    const due = act.dueMs === 0 ? {} : { dueAt: after(act.dueMs) };
    stock.reserve(`S${act.order}`, act.quantity, { location: act.place, ...due });
    promises.add(act.order, act.place, act.quantity);
  } else if (act.kind === "hold") {
    const expiresAt = after(act.dueMs + 1);
    stock.reserve(`S${act.order}`, act.quantity, {
      location: act.place || "WEST",
      kind: "expiring",
      expiresAt,
    });
    promises.add(act.order, act.place || "WEST", act.quantity);
  } else if (act.kind === "firm" || act.kind === "prolong") {
    // Neither makes nor takes a unit, whatever day it names.
    const due = act.dueMs === 0 ? {} : { dueAt: after(act.dueMs) };
    const as = act.kind === "firm" ? due : { expiresAt: after(act.dueMs + 2) };
    stock.keep(`S${act.order}`, act.kind === "firm" ? "firm" : "expiring", {
      location: act.place || "WEST",
      ...as,
    });
  } else if (act.kind === "release") {
    stock.release(`S${act.order}`, act.quantity, act.place);
    promises.add(act.order, act.place, -act.quantity);
  } else if (act.kind === "ship") {
    const place = act.place === "" ? "EAST" : act.place;
    stock.ship(`S${act.order}`, act.quantity, after(act.quantity), { location: place });
    promises.add(act.order, place, -act.quantity);
  }
}

/**
 * A place with a figure net of its own allocations: what really happens there, and the reports of it, which
 * arrive late and in any order, but those of one line as they happened.
 */
class NetPlace {
  physical: number;
  readonly reports: { line: string | undefined; deliver: (stock: StockHistory) => void }[] = [];
  private readonly allocated = new Map<string, number>();
  /** Ordered and never allocated. */
  private readonly lacking = new Map<string, number>();
  private ms = 0;

  constructor(physical: number) {
    this.physical = physical;
    this.figure();
  }

  private tick(): Time {
    this.ms += 1000;
    return after(this.ms);
  }

  private report(line: string | undefined, deliver: (stock: StockHistory) => void): void {
    this.reports.push({ line, deliver });
  }

  figure(): void {
    const net = this.physical - sum([...this.allocated.values()]);
    const at = this.tick();
    this.report(undefined, (stock) => stock.observe(net, at, { location: "3PL" }));
  }

  /** As far as there is something free. */
  allocate(order: string, wanted: number): void {
    if (this.allocated.has(order)) return;
    const free = this.physical - sum([...this.allocated.values()]);
    const quantity = Math.max(0, Math.min(wanted, free));
    this.allocated.set(order, quantity);
    this.lacking.set(order, wanted - quantity);
    const at = this.tick();
    if (quantity === 0) return;
    this.report(order, (stock) => stock.allocate(order, at, "3PL", quantity));
  }

  ship(order: string, part: number): void {
    const quantity = Math.min(part, this.allocated.get(order) ?? 0);
    if (quantity === 0) return;
    this.allocated.set(order, this.allocated.get(order)! - quantity);
    this.physical -= quantity;
    const at = this.tick();
    this.report(order, (stock) => stock.ship(order, quantity, at, { location: "3PL" }));
  }

  /** Beside what it never allocated it will not ship these units: they are free again there, or were found missing. */
  giveUp(order: string, part: number, isMissing: boolean): void {
    const quantity = Math.min(part, this.allocated.get(order) ?? 0);
    const given = quantity + (this.lacking.get(order) ?? 0);
    if (given === 0) return;
    this.allocated.set(order, this.allocated.get(order)! - quantity);
    this.lacking.set(order, 0);
    const at = this.tick();
    this.report(order, (stock) => stock.release(order, given, "3PL", at));
    if (!isMissing || quantity === 0) return;
    this.physical -= quantity;
    this.report(undefined, (stock) => stock.move(-quantity, at, { location: "3PL" }));
  }

  count(by: number): void {
    this.physical += by;
    const at = this.tick();
    this.report(undefined, (stock) => stock.move(by, at, { location: "3PL" }));
  }
}

type NetAct = { kind: string; order: number; quantity: number };
const netActs = (...kinds: string[]) =>
  fc.array(
    fc.record<NetAct>({
      kind: fc.constantFrom("figure", "allocate", "ship", "count", ...kinds),
      order: fc.integer({ min: 0, max: 3 }),
      quantity: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 25 },
  );
const ORDERS = [
  ["S0", 4],
  ["S1", 5],
  ["S2", 9],
  ["S3", 2],
] as const;

/** More than all orders, or too little for them. */
const opening = fc.constantFrom(60, 12, 3);

/** Plays the acts, tells the reports in an order of arrival, and compares with what stands there in the end. */
function playNet(
  physical: number,
  list: readonly NetAct[],
  ranks: Iterable<number>,
  withdrawn?: number,
): { stock: StockHistory; place: NetPlace } {
  const place = new NetPlace(physical);
  for (const { kind, order, quantity } of list) {
    const [name, promised] = ORDERS[order]!;
    if (kind === "figure") place.figure();
    else if (kind === "allocate") place.allocate(name, promised);
    else if (kind === "ship") place.ship(name, quantity);
    else if (kind === "count") place.count(quantity - 5);
    else place.giveUp(name, quantity, kind === "missing");
  }
  const stock = new StockHistory(sourceOf("partner", { net: true }));
  for (const [name, promised] of ORDERS) stock.reserve(name, promised, { location: "3PL" });
  // Each line's reports keep their places among the shuffled ones, but in their own order.
  const mixed = shuffled(place.reports, ranks);
  const queues = new Map(
    ORDERS.map(([name]) => [name as string, place.reports.filter((r) => r.line === name)]),
  );
  mixed.forEach((report, index) => {
    const next = report.line === undefined ? report : queues.get(report.line)!.shift()!;
    next.deliver(stock);
    if (withdrawn !== undefined && index === Math.floor(mixed.length / 2)) {
      stock.release(ORDERS[withdrawn]![0], undefined, "3PL");
    }
  });
  return { stock, place };
}

describe("a figure net of allocations in flight", () => {
  test("on hand is what really stands there, whatever the order of arrival", () => {
    fc.assert(
      fc.property(opening, netActs(), arrival, (physical, list, ranks) => {
        const { stock, place } = playNet(physical, list, ranks);
        expect(Number(stock.onHand("3PL"))).toBe(place.physical);
        expect(stock.committed()).toEqual(stock.reserved());
      }),
      { numRuns: 1000 },
    );
  });

  test("given up by the place, units are not counted twice; its next figure has it right", () => {
    fc.assert(
      fc.property(opening, netActs("free", "missing"), arrival, (physical, list, ranks) => {
        const { stock, place } = playNet(physical, list, ranks);
        expect(Number(stock.onHand("3PL"))).toBeLessThanOrEqual(place.physical);
        place.figure();
        place.reports.at(-1)!.deliver(stock);
        expect(Number(stock.onHand("3PL"))).toBe(place.physical);
        expect(stock.committed()).toEqual(stock.reserved());
      }),
      { numRuns: 1000 },
    );
  });

  test("where a promise is withdrawn on the way, nothing is promised that the place does not have free", () => {
    fc.assert(
      fc.property(netActs(), arrival, fc.integer({ min: 0, max: 3 }), (list, ranks, withdrawn) => {
        const shipsWithdrawn = list.some((act) => act.kind === "ship" && act.order === withdrawn);
        fc.pre(!shipsWithdrawn);
        const { stock, place } = playNet(60, list, ranks, withdrawn);
        expect(Number(stock.onHand("3PL"))).toBeLessThanOrEqual(place.physical);
        expect(formatDecimal(stock.item.commitments.reduce((t, c) => t + c.quantity, 0n))).toBe(
          String(sum(stock.reservations.map((r) => Number(formatDecimal(r.quantity))))),
        );
      }),
      { numRuns: 500 },
    );
  });
});
