// The node's own side of the books: equations that hold by the way the engine works, computed from separate rows so
// that they are checks and not definitions. What systems themselves hold is compared by census.ts.
import { formatDecimal, parseDecimal } from "../../core/decimal.ts";
import type { Time } from "../../core/time.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { readWitnesses, type Witness } from "../../store/census.ts";
import { type DeliveryBook, deliveryBooks } from "../../store/delivery-tally.ts";
import { countExceptions } from "../../store/exception.ts";
import { type IntakeRow, readIntake } from "../../store/intake.ts";

export interface IntakeBook extends IntakeRow {
  /** Native messages by topic: what the source's own count of them is compared with. */
  topics: TopicCount[];
  /** received = recorded + duplicate + conflict + rejected */
  balanced: boolean;
}

export interface TopicCount {
  topic: string;
  mapped: number;
  ignored: number;
  failed: number;
}

export interface UnitsBook {
  company: string;
  accepted: string;
  overShipped: string;
  invoiced: string;
  cancelled: string;
  /** Ordered and not yet shipped, or shipped and not yet invoiced. */
  open: string;
  /** accepted + overShipped = invoiced + cancelled + open */
  balanced: boolean;
}

export interface ReservationBook {
  company: string;
  /** What SKUs hold as committed, over all places and dates. */
  committed: string;
  /** The sum of live reservations. */
  reserved: string;
  skusThatDiffer: number;
  balanced: boolean;
}

export interface InvoiceBook {
  currency: string;
  invoices: number;
  credits: number;
  /** As the ledger posted them, credits taken off. */
  total: string;
}

export interface Books {
  at: Time;
  /** Days of receiving that the intake covers; everything else stands as of `at`. */
  from: string;
  to: string;
  intake: IntakeBook[];
  /** Until when systems' own lists were the same as ours; a stream that is not here has no witness. */
  witnesses: Witness[];
  deliveries: DeliveryBook[];
  units: UnitsBook[];
  reservations: ReservationBook[];
  invoices: InvoiceBook[];
  orders: Record<string, number>;
  exceptions: Record<string, number>;
  balanced: boolean;
}

export async function drawBooks(db: Database, range: { from: string; to: string }): Promise<Books> {
  const [intakeRows, topics, witnesses, deliveries, state, exceptions] = await Promise.all([
    readIntake(db, range.from, range.to),
    readTopics(db, range.from, range.to),
    readWitnesses(db),
    deliveryBooks(db),
    db.transaction(readState, { isolation: "repeatable read", readOnly: true }),
    countExceptions(db),
  ]);
  const intake = intakeRows.map((row) => ({
    ...row,
    topics: topics.get(row.system) ?? [],
    balanced: row.received === row.recorded + row.duplicate + row.conflict + row.rejected,
  }));
  const parts = [...intake, ...deliveries, ...state.units, ...state.reservations];
  return {
    ...range,
    intake,
    witnesses,
    deliveries,
    exceptions,
    ...state,
    balanced: parts.every((part) => part.balanced),
  };
}

async function readTopics(db: Database, from: string, to: string): Promise<Map<string, TopicCount[]>> {
  const { rows } = await db.query<TopicCount & { system: string }>(
    `select system, topic, (count(*) filter (where outcome = 'mapped'))::float8 as mapped,
            (count(*) filter (where outcome = 'ignored'))::float8 as ignored, (count(*) filter (where outcome = 'failed'))::float8 as failed
       from receipt where day between $1::date and $2::date group by system, topic order by system, topic`,
    [from, to],
  );
  const bySystem = new Map<string, TopicCount[]>();
  for (const { system, ...count } of rows) bySystem.set(system, [...(bySystem.get(system) ?? []), count]);
  return bySystem;
}

/** One snapshot: orders, promises and stock of the same moment. */
async function readState(tx: Transaction) {
  const { rows } = await tx.query<{ now: Time }>("select clock_timestamp() as now");
  return {
    at: rows[0]!.now,
    units: await readUnits(tx),
    reservations: await readReservations(tx),
    invoices: await readInvoices(tx),
    orders: await readOrders(tx),
  };
}

// Orders that were never accepted promise nothing; a line that shipped more than was left of it over-shipped.
const UNITS = `
with line as (
  select o.company, l.quantity, l.cancelled, l.shipped, l.invoiced
    from sales_order o,
         jsonb_to_recordset(o.state->'lines') as l(quantity numeric, cancelled numeric, shipped numeric, invoiced numeric, unit text)
   where l.unit <> '' and o.status not in ('submitted', 'held', 'rejected')
)
select company, sum(quantity) as accepted, sum(greatest(0, shipped - (quantity - cancelled))) as over_shipped, sum(invoiced) as invoiced,
       sum(cancelled) as cancelled, sum(greatest(0, quantity - cancelled - shipped)) as unshipped, sum(shipped - invoiced) as uninvoiced
  from line group by company order by company`;

async function readUnits(tx: Transaction): Promise<UnitsBook[]> {
  const { rows } = await tx.query<Record<string, string>>(UNITS);
  return rows.map((row) => {
    const figure = (name: string) => parseDecimal(row[name]!);
    const open = figure("unshipped") + figure("uninvoiced");
    const left = figure("accepted") + figure("over_shipped");
    return {
      company: row.company!,
      accepted: shown(row.accepted!),
      overShipped: shown(row.over_shipped!),
      invoiced: shown(row.invoiced!),
      cancelled: shown(row.cancelled!),
      open: formatDecimal(open),
      balanced: left === figure("invoiced") + figure("cancelled") + open,
    };
  });
}

const RESERVATIONS = `
with committed as (select company, sku, sum(quantity) as quantity from stock_commitment group by company, sku),
     reserved as (select company, sku, sum(quantity) as quantity from reservation group by company, sku)
select company, coalesce(sum(c.quantity), 0) as committed, coalesce(sum(r.quantity), 0) as reserved,
       count(*) filter (where coalesce(c.quantity, 0) <> coalesce(r.quantity, 0))::float8 as differ
  from committed c full join reserved r using (company, sku) group by company order by company`;

async function readReservations(tx: Transaction): Promise<ReservationBook[]> {
  const { rows } = await tx.query<{ company: string; committed: string; reserved: string; differ: number }>(
    RESERVATIONS,
  );
  return rows.map((row) => ({
    company: row.company,
    committed: shown(row.committed),
    reserved: shown(row.reserved),
    skusThatDiffer: row.differ,
    balanced: row.differ === 0,
  }));
}

async function readInvoices(tx: Transaction): Promise<InvoiceBook[]> {
  const { rows } = await tx.query<{ currency: string; invoices: number; credits: number; total: string }>(
    `select o.currency, (count(*) filter (where i.kind = 'invoice'))::float8 as invoices,
            (count(*) filter (where i.kind = 'credit'))::float8 as credits, sum(i.total) as total
       from sales_order o, jsonb_to_recordset(o.state->'invoices') as i(kind text, total numeric)
      group by o.currency order by o.currency`,
  );
  return rows.map((row) => ({ ...row, total: shown(row.total) }));
}

async function readOrders(tx: Transaction): Promise<Record<string, number>> {
  const { rows } = await tx.query<{ status: string; count: number }>(
    "select status, count(*)::float8 as count from sales_order group by status order by status",
  );
  return Object.fromEntries(rows.map((row) => [row.status, row.count]));
}

/** The shortest text of a figure: the database pads fractions with zeros. */
const shown = (text: string): string => formatDecimal(parseDecimal(text));
