// What may be promised of SKUs, now or by a date, over all places or at one, and what a channel may sell of it. Every
// figure says as of when it was last observed.
import { formatDecimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import {
  availableToPromise,
  oldestObservation,
  onHandAt,
  reservedAt,
  sellable,
} from "../../domains/inventory/available.ts";
import type { StockItem } from "../../domains/inventory/state.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { readItems } from "../../store/stock.ts";

export interface AvailabilityQuestion {
  skus: readonly string[];
  company?: string | undefined;
  at?: Time | undefined;
  location?: string | undefined;
  channel?: string | undefined;
}

export interface Availability {
  sku: string;
  /** False: nothing was ever heard of it. */
  known: boolean;
  unit: string | null;
  available: string;
  /** The oldest observation that the figure rests on; null: some of it was never observed. */
  asOf: Time | null;
  backordered: string;
  locations: { location: string; onHand: string; reserved: string; available: string; asOf: Time | null }[];
  /** What the channel may sell: available less its buffers. */
  sellable?: string;
}

export async function readAvailability(
  db: Database,
  integration: Integration,
  question: AvailabilityQuestion,
): Promise<Availability[]> {
  const company = question.company ?? integration.company;
  const [{ rows }, stored] = await Promise.all([
    db.query<{ now: Time }>({ name: "clock", text: "select clock_timestamp() as now", values: [] }),
    readItems(db, company, question.skus),
  ]);
  const now = rows[0]!.now;
  const items = new Map(stored.map(({ item }) => [item.sku, item]));
  return question.skus.map((sku) => {
    const item = items.get(sku);
    return item === undefined ? unknown(sku, question) : describe(item, integration, question, now);
  });
}

function unknown(sku: string, { channel }: AvailabilityQuestion): Availability {
  return {
    sku,
    known: false,
    unit: null,
    available: "0",
    asOf: null,
    backordered: "0",
    locations: [],
    ...(channel === undefined ? {} : { sellable: "0" }),
  };
}

function describe(
  item: StockItem,
  integration: Integration,
  question: AvailabilityQuestion,
  now: Time,
): Availability {
  const policy = integration.stock;
  const at = question.at === undefined ? {} : { at: question.at };
  const promisable = (location?: string) =>
    formatDecimal(
      availableToPromise(item, { now, ...at, ...(location === undefined ? {} : { location }) }, policy),
    );
  const places = [...new Set(item.levels.map((level) => level.location))].sort();
  const shown =
    question.location === undefined ? places : places.filter((place) => place === question.location);
  return {
    sku: item.sku,
    known: true,
    unit: item.unit,
    available: promisable(question.location),
    asOf: oldestObservation(atPlace(item, question.location)) || null,
    backordered: formatDecimal(reservedAt(item, "")),
    locations: shown.map((location) => ({
      location,
      onHand: formatDecimal(onHandAt(item, location)),
      reserved: formatDecimal(reservedAt(item, location)),
      available: promisable(location),
      asOf: oldestObservation(atPlace(item, location)) || null,
    })),
    ...(question.channel === undefined
      ? {}
      : { sellable: formatDecimal(sellable(item, question.channel, policy, now).quantity) }),
  };
}

function atPlace(item: StockItem, location: string | undefined): StockItem {
  return location === undefined
    ? item
    : { ...item, levels: item.levels.filter((level) => level.location === location) };
}
