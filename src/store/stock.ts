// The inventory domain's state as sets: SKUs are locked in key order, loaded and saved many at a time.
import { type Decimal, formatDecimal, parseDecimal } from "../core/decimal.ts";
import type { Ratio } from "../core/unit.ts";
import type { Commitment, Inbound, StockItem, StockLevel } from "../domains/inventory/state.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface StoredItem {
  item: StockItem;
  appliedSeq: number;
  heldSeq: number | null;
}

interface ItemRow {
  company: string;
  sku: string;
  unit: string;
  ratios: string;
  applied_seq: string;
  held_seq: string | null;
  levels: string;
  inbound: string;
  commitments: string;
}

const ITEM_COLUMNS =
  "i.company, i.sku, i.unit, i.ratios, i.applied_seq, i.held_seq, i.levels, i.inbound, i.commitments";

/** Locks in key order: two transactions that touch the same SKUs wait for each other, never crosswise. */
export async function lockItems(tx: Transaction, companies: string[], skus: string[]): Promise<StoredItem[]> {
  const { rows } = await tx.query<ItemRow>({
    name: "lock-items",
    // One look-up a key, in their order, whatever the planner knew of the table when it made the plan.
    text: `select i.* from (select * from unnest($1::text[], $2::text[]) as k(company, sku) order by company, sku) k
            cross join lateral (select ${ITEM_COLUMNS} from stock_item i where i.company = k.company and i.sku = k.sku for update) i`,
    values: [textArray(companies), textArray(skus)],
  });
  return rows.map(toStored);
}

export async function readItems(
  db: Database,
  company: string,
  skus: readonly string[],
): Promise<StoredItem[]> {
  const { rows } = await db.query<ItemRow>({
    name: "read-items",
    text: `select ${ITEM_COLUMNS} from stock_item i where i.company = $1 and i.sku = any($2::text[]) order by i.sku`,
    values: [company, textArray(skus)],
  });
  return rows.map(toStored);
}

/** A page of SKUs after one, in key order. */
export async function pageItems(
  db: Database,
  company: string,
  after: string,
  limit: number,
): Promise<StoredItem[]> {
  const { rows } = await db.query<ItemRow>({
    name: "page-items",
    text: `select ${ITEM_COLUMNS} from stock_item i where i.company = $1 and i.sku > $2 order by i.company, i.sku limit $3`,
    values: [company, after, limit],
  });
  return rows.map(toStored);
}

function toStored(row: ItemRow): StoredItem {
  return {
    item: {
      company: row.company,
      sku: row.sku,
      unit: row.unit,
      ratios: row.ratios === "{}" ? {} : readRatios(row.ratios),
      levels: (JSON.parse(row.levels) as StoredLevel[]).map(readLevel),
      inbound: row.inbound === "[]" ? [] : (JSON.parse(row.inbound) as Stored<Inbound>[]).map(readInbound),
      commitments:
        row.commitments === "[]"
          ? []
          : (JSON.parse(row.commitments) as Stored<Commitment>[]).map(readCommitment),
    },
    appliedSeq: Number(row.applied_seq),
    heldSeq: row.held_seq === null ? null : Number(row.held_seq),
  };
}

type Stored<T> = { [K in keyof T]: T[K] extends Decimal ? string : T[K] };
type StoredLevel = Stored<StockLevel>;

const readLevel = (l: StoredLevel): StockLevel => ({
  ...l,
  onHand: parseDecimal(l.onHand),
  base: parseDecimal(l.base),
});
const readInbound = (b: Stored<Inbound>): Inbound => ({
  ...b,
  quantity: parseDecimal(b.quantity),
  received: parseDecimal(b.received),
});
const readCommitment = (c: Stored<Commitment>): Commitment => ({ ...c, quantity: parseDecimal(c.quantity) });

function readRatios(text: string): Record<string, Ratio> {
  const stored = JSON.parse(text) as Record<string, { numerator: string; denominator: string }>;
  return Object.fromEntries(
    Object.entries(stored).map(([unit, r]) => [
      unit,
      { numerator: BigInt(r.numerator), denominator: BigInt(r.denominator) },
    ]),
  );
}

/** Decimals as exact text; ratios too. */
export const documentText = (value: unknown): string => JSON.stringify(value, writeValue);

function writeValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return key === "numerator" || key === "denominator" ? value.toString() : formatDecimal(value);
}

/** Writes SKUs whole. A new one that another transaction made meanwhile violates `stock_item_pkey`. */
export async function saveItems(
  tx: Transaction,
  stored: readonly StoredItem[],
  fresh: readonly StoredItem[],
): Promise<void> {
  await Promise.all([
    stored.length > 0 && tx.query({ name: "save-items", text: SAVE_ITEMS, values: itemColumns(stored) }),
    fresh.length > 0 && tx.query({ name: "insert-items", text: ITEM_INSERT, values: itemColumns(fresh) }),
  ]);
}

const ITEM_SET = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    as n(company, sku, unit, ratios, applied_seq, held_seq, levels, inbound, commitments)`;
// Sorted, so that two transactions that both meet new SKUs wait for each other in one order.
const ITEM_INSERT = `insert into stock_item (company, sku, unit, ratios, applied_seq, held_seq, levels, inbound, commitments)
  select n.company, n.sku, n.unit, n.ratios::jsonb, n.applied_seq, n.held_seq, n.levels::jsonb, n.inbound::jsonb, n.commitments::jsonb
    from ${ITEM_SET} order by n.company, n.sku`;
// They are there, and locked: by way of a conflict each is found by its key, which a join leaves to the planner.
const SAVE_ITEMS = `${ITEM_INSERT} on conflict (company, sku) do update set unit = excluded.unit, ratios = excluded.ratios,
    applied_seq = excluded.applied_seq, held_seq = excluded.held_seq, levels = excluded.levels, inbound = excluded.inbound,
    commitments = excluded.commitments, updated_at = clock_timestamp()`;
function itemColumns(items: readonly StoredItem[]): unknown[] {
  return [
    textArray(items.map((s) => s.item.company)),
    textArray(items.map((s) => s.item.sku)),
    textArray(items.map((s) => s.item.unit)),
    textArray(items.map((s) => documentText(s.item.ratios))),
    plainArray(items.map((s) => s.appliedSeq)),
    plainArray(items.map((s) => s.heldSeq)),
    textArray(items.map((s) => documentText(s.item.levels))),
    textArray(items.map((s) => (s.item.inbound.length === 0 ? "[]" : documentText(s.item.inbound)))),
    textArray(items.map((s) => (s.item.commitments.length === 0 ? "[]" : documentText(s.item.commitments)))),
  ];
}
