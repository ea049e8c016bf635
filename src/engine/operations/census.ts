// What readable systems say they hold, beside what we hold of them, both ways: what is missing there, and what is
// there that we never heard of. A system that cannot be read says so; that is no difference.
import type { ConnectorSession } from "../../connector/contract.ts";
import { addMs, type Time } from "../../core/time.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";

export interface CensusBook {
  system: string;
  domain: string;
  /** What the system lists. */
  held: number;
  /** Of it, what we know. */
  known: number;
  /** We hold it to be there, and it is not listed; the first of them. */
  missing: string[];
  missingCount: number;
  /** It is listed, and nothing of ours has this number; the first of them. */
  surplus: string[];
  surplusCount: number;
  /** Why the system could not be read. */
  unreadable?: string;
  balanced: boolean;
}

export interface CensusQuestion {
  sessions: ReadonlyMap<string, ConnectorSession>;
  from: Time;
  to: Time;
}

const SHOWN_MAX = 20;
/** Systems count an order on the day that they made it, which may be the day after ours. */
const EDGE_MS = 86_400_000;

export async function compareCensus(
  db: Database,
  integration: Integration,
  { sessions, from, to }: CensusQuestion,
): Promise<CensusBook[]> {
  const asked = [...sessions].filter(([, session]) => session.census !== undefined);
  const expected = asked.length === 0 ? [] : await readExpected(db, integration.company, { from, to });
  const books = await Promise.all(
    asked.map(([system, session]) => compareSystem({ db, integration, system, session, expected, from, to })),
  );
  return books.flat();
}

export interface ExpectedOrder {
  orderId: string;
  channel: string;
  bookedIn: string | null;
  locations: string[];
  /** Every number that some system may know it by. */
  numbers: string[];
}

/** Orders that systems must hold, of those that were placed in a time or have these ids. */
export async function readExpected(
  db: Database,
  company: string,
  scope: { from: Time; to: Time } | { ids: readonly string[] },
): Promise<ExpectedOrder[]> {
  const [which, values] =
    "ids" in scope
      ? ["o.order_id = any($2::text[])", [textArray(scope.ids)]]
      : ["o.placed_at >= $2 and o.placed_at <= $3", [scope.from, scope.to]];
  const { rows } = await db.query<{
    order_id: string;
    channel: string;
    booked_in: string | null;
    locations: string[] | null;
    numbers: string[] | null;
  }>(
    `select o.order_id, o.channel, o.state->'booking'->>'system' as booked_in,
            (select array_agg(r->>'location') from jsonb_array_elements(o.state->'releases') r where r->>'state' = 'confirmed') as locations,
            array_remove(array[o.order_id, o.state->>'reference', o.state->'booking'->>'document']
              || array(select r->>'document' from jsonb_array_elements(o.state->'releases') r), '') as numbers
       from sales_order o
      where o.company = $1 and ${which}
        and o.status not in ('rejected', 'held', 'submitted', 'cancelled', 'reserved', 'lapsed')`,
    [company, ...values],
  );
  return rows.map((row) => ({
    orderId: row.order_id,
    channel: row.channel,
    bookedIn: row.booked_in,
    locations: row.locations ?? [],
    numbers: (row.numbers ?? []).filter((number) => number !== null),
  }));
}

interface SystemQuestion {
  db: Database;
  integration: Integration;
  system: string;
  session: ConnectorSession;
  expected: readonly ExpectedOrder[];
  from: Time;
  to: Time;
}

async function compareSystem({
  db,
  integration,
  system,
  session,
  expected,
  from,
  to,
}: SystemQuestion): Promise<CensusBook[]> {
  const window = { from: addMs(from, -EDGE_MS), to: addMs(to, EDGE_MS) };
  let listed: { domain: string; ids: string[] }[];
  try {
    listed = await session.census!(window);
  } catch (error) {
    const unreadable = error instanceof Error ? error.message : String(error);
    return [
      {
        system,
        domain: "all",
        held: 0,
        known: 0,
        missing: [],
        missingCount: 0,
        surplus: [],
        surplusCount: 0,
        unreadable,
        balanced: false,
      },
    ];
  }
  return Promise.all(
    listed.map(async ({ domain, ids }) => {
      const unknown = await unknownIds(db, integration.company, system, ids);
      const missing = domain === "order" ? missingOrders(integration, system, expected, new Set(ids)) : [];
      return {
        system,
        domain,
        held: ids.length,
        known: ids.length - unknown.length,
        missing: missing.slice(0, SHOWN_MAX),
        missingCount: missing.length,
        surplus: unknown.slice(0, SHOWN_MAX),
        surplusCount: unknown.length,
        balanced: missing.length === 0 && unknown.length === 0,
      };
    }),
  );
}

/** Orders that a system must hold: it sent them, booked them, or took them to ship. */
export function missingOrders(
  integration: Integration,
  system: string,
  expected: readonly ExpectedOrder[],
  ids: ReadonlySet<string>,
): string[] {
  const owners = integration.ownership.inventory.byLocation;
  return expected
    .filter(
      ({ channel, bookedIn, locations }) =>
        channel === system ||
        bookedIn === system ||
        locations.some((location) => owners[location] === system),
    )
    .filter(({ numbers }) => !numbers.some((number) => ids.has(number)))
    .map(({ orderId }) => orderId);
}

/** Ids that are neither an order, a SKU nor a number that this system is known to use. */
export async function unknownIds(
  db: Database,
  company: string,
  system: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.query<{ id: string }>(UNKNOWN, [textArray(ids), company, system]);
  return rows.map(({ id }) => id);
}

// One pass over each table whatever the number of ids: they are compared as sets. An order that a channel has and that
// is only held here was never submitted: its submission was lost.
const UNKNOWN = `
select i.id from unnest($1::text[]) i(id)
except (
  select order_id from sales_order where company = $2 and status not in ('reserved', 'lapsed')
  union all select sku from stock_item where company = $2
  union all select native_id from reference where target = $3
  union all select key from reference where target = $3
  union all select reference from delivery_done where target = $3 and reference is not null
  union all select native_id from receipt where system = $3
  union all
  select n.id from sales_order o cross join lateral (
    select o.state->>'reference' as id
    union all select o.state->'booking'->>'document'
    union all select r->>'document' from jsonb_array_elements(o.state->'releases') r
    union all select s->>'shipmentId' from jsonb_array_elements(o.state->'shipments') s
    union all select v->>'invoice' from jsonb_array_elements(o.state->'invoices') v) n
   where o.company = $2 and n.id is not null)
order by 1`;
