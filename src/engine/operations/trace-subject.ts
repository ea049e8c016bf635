// What a person means by a text: an order, a SKU, a delivery, a message, or a document number in some system. It
// may mean several things; all of them are traced.
import { CrossdockError } from "../../core/errors.ts";
import { orderKey, stockKey } from "../../domains/key.ts";
import type { Database } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";
import { rootKeyOf } from "./lane-key.ts";

export type SubjectKind = "order" | "sku" | "delivery" | "event" | "receipt" | "document";

export interface Subject {
  kind: SubjectKind;
  /** As it is called: an order number, a SKU, an id. */
  name: string;
  /** The key of the log that it belongs to; null for a receipt that nothing was drawn from. */
  key: string | null;
  /** Where it was found, in words. */
  found: string;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const LOG_KEY = /^(?:order|stock|location|receipt|system):/;
const DELIVERY_ID = /^[0-9]{1,15}$/;
/** What has no index may be looked for; that must not become a load of its own. */
const SCAN_MAX_MS = 3_000;

export async function findSubjects(db: Database, company: string, term: string): Promise<Subject[]> {
  if (LOG_KEY.test(term))
    return [
      { kind: kindOfKey(term), name: term.slice(term.indexOf(":") + 1), key: term, found: "by its key" },
    ];
  if (UUID.test(term)) return byId(db, term.toLowerCase());
  const named = await byName(db, company, term);
  const deliveries = DELIVERY_ID.test(term) ? await byDelivery(db, Number(term)) : [];
  const found = [...named, ...deliveries];
  return found.length > 0 ? found : byDocument(db, company, term);
}

function kindOfKey(key: string): SubjectKind {
  if (key.startsWith("order:")) return "order";
  return key.startsWith("stock:") ? "sku" : "event";
}

async function byName(db: Database, company: string, term: string): Promise<Subject[]> {
  const order = orderKey(company, term);
  const stock = stockKey(company, term);
  const { rows } = await db.query<{ key: string }>({
    name: "trace-names",
    // A key without a state row still has its events: facts of an unknown order, a SKU that only failed.
    text: `select k as key from unnest($1::text[]) k where exists (select from event e where e.key = k and e.decided)
              or exists (select from event e where e.key = k and not e.decided)`,
    values: [textArray([order, stock])],
  });
  return rows.map(({ key }) => ({ kind: kindOfKey(key), name: term, key, found: "by its number" }));
}

async function byDelivery(db: Database, id: number): Promise<Subject[]> {
  const { rows } = await db.query<{ target: string; lane: string; type: string }>({
    name: "trace-delivery",
    text: `select target, lane, type from delivery where id = $1
           union all select target, lane, type from delivery_done where id = $1 limit 1`,
    values: [id],
  });
  return rows.map((row) => ({
    kind: "delivery",
    name: String(id),
    key: row.lane,
    found: `${row.type} to ${row.target}`,
  }));
}

async function byId(db: Database, id: string): Promise<Subject[]> {
  const found = await byReceipt(db, "r.id = $1::uuid", id);
  return found.length > 0 ? found : byEventId(db, id);
}

/** What was drawn from a receipt was recorded with it, on the same day or just after midnight. */
async function byReceipt(db: Database, where: string, name: string): Promise<Subject[]> {
  const rows = await scan<{ key: string | null; found: string }>(
    db,
    `select distinct e.key, r.system || ' ' || r.topic || ' ' || r.native_id as found
       from receipt r left join event e on e.receipt_id = r.id and e.day between r.day and r.day + 1
      where ${where} limit 20`,
    [name],
  );
  return rows.map((row) => ({ kind: "receipt", name, ...row }));
}

/** The log has no index on ids; a UUIDv7 begins with the time that it was made, and so names the partitions. */
async function byEventId(db: Database, id: string): Promise<Subject[]> {
  const day =
    id[14] === "7"
      ? new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString().slice(0, 10)
      : null;
  const rows = await scan<{ key: string; found: string }>(
    db,
    `select key, type || ' of ' || source as found from event
      where id = $1 and ($2::date is null or day between $2::date - 1 and $2::date + 7) limit 5`,
    [id, day],
  );
  return rows.map((row) => ({ kind: "event", name: id, ...row }));
}

/** Native ids that targets answered, then the documents, shipments and invoices that orders name. */
async function byDocument(db: Database, company: string, term: string): Promise<Subject[]> {
  const { rows } = await db.query<{ lane: string; target: string; type: string }>({
    name: "trace-reference",
    text: `select distinct d.lane, d.target, d.type
             from (select distinct target, domain from reference) t
             join reference r on r.target = t.target and r.domain = t.domain and r.native_id = $1
             join delivery_done d on d.target = r.target and d.key = r.key limit 5`,
    values: [term],
  });
  const referred = rows.map(
    (row): Subject => ({
      kind: "document",
      name: term,
      key: rootKeyOf(row.lane),
      found: `number in ${row.target}`,
    }),
  );
  if (referred.length > 0) return referred;
  const named = await byOrderDocument(db, company, term);
  return named.length > 0 ? named : byReceipt(db, "r.native_id = $1", term);
}

const NAMES_DOCUMENT = [
  "{booking:{document:$}}",
  "{reference:$}",
  "{purchaseOrder:$}",
  "{releases:[{document:$}]}",
  "{shipments:[{shipmentId:$}]}",
  "{shipments:[{tracking:$}]}",
  "{invoices:[{invoice:$}]}",
  "{returns:[{returnId:$}]}",
];

async function byOrderDocument(db: Database, company: string, term: string): Promise<Subject[]> {
  const text = JSON.stringify(term);
  const wanted = NAMES_DOCUMENT.map((pattern) =>
    pattern.replace(/(\w+):/g, '"$1":').replace("$", () => text),
  );
  const rows = await scan<{ order_id: string }>(
    db,
    "select order_id from sales_order where company = $1 and state @> any($2::jsonb[]) limit 5",
    [company, textArray(wanted)],
  );
  return rows.map(({ order_id }) => ({
    kind: "document",
    name: term,
    key: orderKey(company, order_id),
    found: `named by order ${order_id}`,
  }));
}

/** Without an index, and therefore not for long. Throws `trace.too-slow`. */
async function scan<Row>(db: Database, text: string, values: unknown[]): Promise<Row[]> {
  try {
    return await db.transaction(
      async (tx) => {
        await tx.query(`set local statement_timeout = ${SCAN_MAX_MS}`);
        return (await tx.query<Row>({ text, values })).rows;
      },
      { readOnly: true },
    );
  } catch (error) {
    if (!(error instanceof CrossdockError) || error.code !== "postgres.timeout") throw error;
    throw new CrossdockError(
      "trace.too-slow",
      "No order, SKU or delivery has this number, and a search for documents of this name takes too long here.",
      {
        cause: error,
      },
    );
  }
}
