// A SKU's history for tests: events are applied one after the other as the engine does it, with the rows that
// an event needs kept beside the item.
import { type Decimal, formatDecimal } from "../../core/decimal.ts";
import { parseTime, type Time } from "../../core/time.ts";
import { stockKey } from "../key.ts";
import type { StockChange, StockSource } from "./change.ts";
import { emptyItem, evolveStock, type StockEventType } from "./evolve.ts";
import type { StockPolicy } from "./policy.ts";
import type { Movement, Reservation, StockItem } from "./state.ts";

export const SKU = "85123A";
export const KEY = stockKey("main", SKU);

/** `08:30` or `08:30:15.5` of one day, UTC. */
export const clock = (time: string): Time =>
  parseTime(`2026-11-24T${time.length === 5 ? `${time}:00` : time}Z`);
/** A day of November 2026, at noon. */
export const day = (number: number): Time =>
  parseTime(`2026-11-${String(number).padStart(2, "0")}T12:00:00Z`);

export const units = (count: number): Decimal => BigInt(count) * 1_000_000n;

export const noPolicy: StockPolicy = {
  safety: [],
  buffers: [],
  netting: [],
  ageing: [],
  units: {},
  baseUnit: "EA",
};

/** EAST keeps EAST, and so on; figures are physical, the clock is exact. */
export function sourceOf(
  system: string,
  about: { net?: boolean; unit?: string; resolutionMs?: number } = {},
): StockSource {
  return {
    system,
    figure: {
      quantity: about.net === true ? "net" : "physical",
      zeroShareMax: 0.2,
      ...(about.unit === undefined ? {} : { unit: about.unit }),
    },
    clock: { resolutionMs: about.resolutionMs ?? 0, skewMaxMs: 60_000 },
    owners: { EAST: "east", WEST: "west", "3PL": "partner" },
    resolutions: {},
  };
}

export class StockHistory {
  item: StockItem = emptyItem("main", SKU, "EA");
  reservations: Reservation[] = [];
  movements: Movement[] = [];
  changes: StockChange[] = [];
  /** When everything arrives, unless a test says otherwise. */
  recordedAt: Time = clock("20:00");
  private readonly sources: Map<string, StockSource>;
  private count = 0;

  constructor(...sources: StockSource[]) {
    const known =
      sources.length > 0 ? sources : ["east", "west", "partner", "erp"].map((name) => sourceOf(name));
    const resolutions = Object.fromEntries(
      known.flatMap(({ system, owners, clock: { resolutionMs } }) =>
        Object.keys(owners).flatMap((place) => (owners[place] === system ? [[place, resolutionMs]] : [])),
      ),
    );
    const all = [...known, sourceOf("crossdock")].map((source) => ({ ...source, resolutions }));
    this.sources = new Map(all.map((source) => [source.system, source]));
  }

  apply(
    type: StockEventType,
    source: string,
    data: Record<string, unknown>,
    time = this.recordedAt,
  ): StockChange {
    this.count += 1;
    const event = {
      type,
      source,
      data: { sku: SKU, ...data },
      time,
      recordedAt: this.recordedAt,
      id: `event-${this.count}`,
      key: KEY,
    };
    const rows = { reservations: this.reservations, movements: this.movements };
    const change = evolveStock(this.item, rows, event, this.sources.get(source) ?? sourceOf(source));
    this.take(change);
    return change;
  }

  private take(change: StockChange): void {
    this.item = change.item;
    this.changes.push(change);
    if (change.movement !== undefined) this.movements = [...this.movements, change.movement];
    const gone = [...change.removed, ...change.reservations].map(nameOf);
    this.reservations = [
      ...this.reservations.filter((held) => !gone.includes(nameOf(held))),
      ...change.reservations,
    ];
  }

  observe(quantity: number | string, observedAt: Time, more: Record<string, unknown> = {}): StockChange {
    const data = { location: "EAST", quantity: String(quantity), observedAt, ...more };
    return this.apply("inventory.level.observed", systemAt(data.location as string), data);
  }

  move(quantity: number | string, occurredAt: Time, more: Record<string, unknown> = {}): StockChange {
    const data = {
      location: "EAST",
      movementId: `m-${this.count}`,
      quantity: String(quantity),
      reason: "adjustment",
      occurredAt,
      ...more,
    };
    return this.apply("inventory.movement.recorded", systemAt(data.location as string), data);
  }

  /** A goods issue for an order. */
  ship(orderId: string, quantity: number, occurredAt: Time, more: Record<string, unknown> = {}): StockChange {
    return this.move(-quantity, occurredAt, { reason: "issue", order: { orderId, lineId: "1" }, ...more });
  }

  reserve(orderId: string, quantity: number, more: Record<string, unknown> = {}, time?: Time): StockChange {
    const data = {
      orderId,
      lineId: "1",
      location: "EAST",
      quantity: String(quantity),
      kind: "firm",
      ...more,
    };
    return this.apply("inventory.reserved", "crossdock", data, time);
  }

  /** What is held becomes firm, or is held until another time. */
  keep(orderId: string, kind: "firm" | "expiring", more: Record<string, unknown> = {}): StockChange {
    const data = { orderId, lineId: "1", location: "EAST", kind, ...more };
    return this.apply("inventory.reservation.changed", "crossdock", data);
  }

  /** `freedAt`: the place itself gave them up, and says when. */
  release(orderId: string, quantity?: number, location = "EAST", freedAt?: Time): StockChange {
    return this.apply("inventory.released", "crossdock", {
      orderId,
      lineId: "1",
      location,
      reason: "cancelled",
      ...(quantity === undefined ? undefined : { quantity: String(quantity) }),
      ...(freedAt === undefined ? undefined : { freedAt }),
    });
  }

  /** Without a quantity: all that is reserved there. */
  allocate(orderId: string, confirmedAt: Time, location = "EAST", quantity?: number): StockChange {
    const data = { orderId, lineId: "1", location, confirmedAt };
    return this.apply(
      "inventory.allocation.confirmed",
      systemAt(location),
      quantity === undefined ? data : { ...data, quantity: String(quantity) },
    );
  }

  expect(document: string, quantity: number, dueAt: Time, more: Record<string, unknown> = {}): StockChange {
    const data = { location: "EAST", document, line: "1", quantity: String(quantity), dueAt, ...more };
    return this.apply("inventory.inbound.expected", "erp", data);
  }

  onHand(location = "EAST", status = "available"): string {
    const level = this.item.levels.find((l) => l.location === location && l.status === status);
    return level === undefined ? "none" : formatDecimal(level.onHand);
  }

  committed(): Record<string, string> {
    const named = this.item.commitments.map((c) => [
      sumName(c.location, c.dueAt, c.channel),
      formatDecimal(c.quantity),
    ]);
    return Object.fromEntries(named.sort());
  }

  /** What the reservations that are alive add up to; always the commitments. */
  reserved(): Record<string, string> {
    const sums = new Map<string, Decimal>();
    for (const { location, dueAt, quantity, channel } of this.reservations) {
      const name = sumName(location, dueAt, channel);
      sums.set(name, (sums.get(name) ?? 0n) + quantity);
    }
    return Object.fromEntries([...sums].map(([name, sum]) => [name, formatDecimal(sum)]).sort());
  }
}

const sumName = (location: string, dueAt = "", channel?: string): string =>
  channel === undefined ? `${location}|${dueAt}` : `${location}|${dueAt}|${channel}`;

const nameOf = (held: { orderId: string; lineId: string; location: string }): string =>
  [held.orderId, held.lineId, held.location].join(" ");

function systemAt(location: string): string {
  return location === "3PL" ? "partner" : location.toLowerCase();
}

export const codes = (change: { problems: { code: string }[] }): string[] =>
  change.problems.map((p) => p.code);
