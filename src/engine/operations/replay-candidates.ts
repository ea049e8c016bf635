// What a replay may be about: SKUs whose figures a channel is told, and documents that a system was sent, page by page
// in key order, so that each page is a short transaction.
import type { StockItem } from "../../domains/inventory/state.ts";
import { parseKey } from "../../domains/key.ts";
import { type OutboundType, outboundKinds } from "../../domains/outbound.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";
import { lockItems, readItems } from "../../store/stock.ts";
import type { Rules } from "../projection/rules.ts";

export interface ReplayScope {
  target: string;
  domain?: "inventory" | "order";
  /** A key of the log, such as stock:main/85123A. */
  key?: string;
  /** Sent, or changed, since and until. */
  from?: string;
  to?: string;
  /** Only what an exception holds back. */
  exception?: string;
}

export interface Candidate {
  lane: string;
  class: number;
  type: OutboundType;
  flow: string;
  key: string;
  causeSeq: number;
  correlationId: string | undefined;
  payload: string;
}

const FIGURES: readonly OutboundType[] = ["inventory.availability", "inventory.level"];

export const isFigure = (type: OutboundType): boolean => FIGURES.includes(type);

export interface FigureItem {
  item: StockItem;
  appliedSeq: number;
}

/** SKUs that changed in the time of the scope; locked where they are about to be told of. */
export async function pageFigures(
  tx: Transaction,
  rules: Rules,
  scope: ReplayScope,
  after: string,
  limit: number,
  lock: boolean,
): Promise<{ items: FigureItem[]; next: string | undefined }> {
  const { company } = rules.integration;
  const only = scope.key === undefined ? undefined : parseKey(scope.key);
  if (only !== undefined && only.domain !== "stock") return { items: [], next: undefined };
  const { rows } = await tx.query<{ sku: string }>({
    name: "replay-figures",
    text: `select sku from stock_item
            where company = $1 and sku > $2 and ($3::text is null or sku = $3)
              and ($4::timestamptz is null or updated_at >= $4) and ($5::timestamptz is null or updated_at <= $5)
            order by sku limit $6`,
    values: [only?.company ?? company, after, only?.id ?? null, scope.from ?? null, scope.to ?? null, limit],
  });
  const skus = rows.map(({ sku }) => sku);
  const stored = lock
    ? await lockItems(
        tx,
        skus.map(() => only?.company ?? company),
        skus,
      )
    : await readItems(tx as Database, only?.company ?? company, skus);
  return { items: stored, next: skus.length < limit ? undefined : skus.at(-1) };
}

/** The latest of each document that the target was sent and that is settled, in key order. */
export async function pageDocuments(
  tx: Transaction,
  scope: ReplayScope,
  after: string,
  limit: number,
): Promise<{ candidates: Candidate[]; next: string | undefined }> {
  const { rows } = await tx.query<{
    position: string;
    lane: string;
    class: number;
    type: OutboundType;
    flow: string;
    key: string;
    cause_seq: string;
    correlation_id: string | null;
    payload: string;
  }>({
    name: "replay-documents",
    // A figure is drawn anew; order.status is a figure too, but only its last text says what it is.
    text: `select * from (
             select distinct on (type, key) type || chr(1) || key as position, lane, class, type, flow, key, cause_seq, correlation_id, payload
               from delivery_done
              where target = $1 and outcome in ('delivered', 'skipped') and type = any($2::text[])
                and ($3::text is null or lane = $3)
                and ($4::timestamptz is null or settled_at >= $4) and ($5::timestamptz is null or settled_at <= $5)
              order by type, key, id desc) d
            where position > $6 collate "C" order by position collate "C" limit $7`,
    values: [scope.target, textArray(documentTypes(scope)), scope.key ?? null, scope.from ?? null, scope.to ?? null, after, limit],
  });
  const candidates = rows.map((row) => ({
    lane: row.lane,
    class: row.class,
    type: row.type,
    flow: row.flow,
    key: row.key,
    causeSeq: Number(row.cause_seq),
    correlationId: row.correlation_id ?? undefined,
    payload: row.payload,
  }));
  return { candidates, next: rows.length < limit ? undefined : rows.at(-1)!.position };
}

function documentTypes({ domain }: ReplayScope): OutboundType[] {
  const types = (Object.keys(outboundKinds) as OutboundType[]).filter((type) => !isFigure(type));
  if (domain === undefined) return types;
  return types.filter((type) => type.startsWith("inventory.") === (domain === "inventory"));
}

export interface ParkedRow {
  id: string;
  type: OutboundType;
  key: string;
  lane: string;
}

export async function readParkedOf(db: Database, scope: ReplayScope): Promise<ParkedRow[]> {
  const { rows } = await db.query<ParkedRow>({
    name: "replay-parked",
    text: `select d.id, d.type, d.key, d.lane from delivery d join exception e on e.fingerprint = d.problem
            where e.id = $1 and d.target = $2 and d.state in ('parked', 'referring') order by d.id`,
    values: [scope.exception, scope.target],
  });
  return rows;
}
