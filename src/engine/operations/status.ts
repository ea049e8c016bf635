// How an installation stands, read from the database alone: any process can ask, beside a node or without one.
import type { Time } from "../../core/time.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";
import { readWitnesses, type Witness } from "../../store/census.ts";
import { countExceptions } from "../../store/exception.ts";
import { deliveryBacklog, type SystemBacklog } from "./backlog.ts";

export interface InstallationStatus {
  at: Time;
  nodes: { id: string; startedAt: Time; version: string; configurationRevision: number; alive: boolean }[];
  projection: {
    headSeq: number;
    appliedSeq: number;
    /** Events that are recorded and not yet applied, at most. */
    lag: number;
    /** Keys that wait behind an event which could not be applied. */
    heldKeys: number;
  };
  systems: SystemStatus[];
  inventory: { items: number };
  /** Open ones, by category. */
  exceptions: Record<string, number>;
  /** By status. */
  orders: Record<string, number>;
}

export interface SystemStatus extends SystemBacklog {
  system: string;
  product: string;
  mode: "live" | "observe";
  /** `down`: its breaker is open; `refused`: it does not take our credentials; `well` otherwise. */
  state: "well" | "down" | "refused";
  reason: string | null;
  /** When something was last received from it. */
  lastReceivedAt: Time | null;
  receivedToday: number;
  refusedToday: number;
  /** Of each stream that it can be asked for; empty: nothing bears witness that all has come. */
  census: Omit<Witness, "system">[];
}

/** A node beats every second. */
const ALIVE_MS = 3_000;

export async function installationStatus(
  db: Database,
  integration: Integration,
): Promise<InstallationStatus> {
  const systems = Object.keys(integration.systems);
  const [clock, nodes, projection, intake, illness, backlog, exceptions, orders, items, witnesses] =
    await Promise.all([
      readClock(db),
      readNodes(db),
      readProjection(db),
      readIntakeToday(db),
      readIllness(db),
      deliveryBacklog(db, systems),
      countExceptions(db),
      countOrders(db),
      countItems(db),
      readWitnesses(db),
    ]);
  return {
    at: clock,
    nodes,
    projection,
    systems: Object.entries(integration.systems).map(([system, declaration]) => ({
      system,
      product: declaration.product,
      mode: declaration.mode,
      ...(illness.get(system) ?? { state: "well", reason: null }),
      ...(intake.get(system) ?? { lastReceivedAt: null, receivedToday: 0, refusedToday: 0 }),
      ...backlog.get(system)!,
      census: witnesses
        .filter((witness) => witness.system === system)
        .map(({ system: _, ...witness }) => witness),
    })),
    inventory: { items },
    exceptions,
    orders,
  };
}

async function readClock(db: Database): Promise<Time> {
  const { rows } = await db.query<{ now: Time }>("select clock_timestamp() as now");
  return rows[0]!.now;
}

async function readNodes(db: Database): Promise<InstallationStatus["nodes"]> {
  const { rows } = await db.query<{
    id: string;
    started_at: Time;
    version: string;
    configuration_revision: number;
    alive: boolean;
  }>(
    `select id, started_at, version, configuration_revision, heartbeat_at > clock_timestamp() - make_interval(secs => $1) as alive
       from node order by started_at, id`,
    [ALIVE_MS / 1000],
  );
  return rows.map((row) => ({
    id: row.id,
    startedAt: row.started_at,
    version: row.version,
    configurationRevision: row.configuration_revision,
    alive: row.alive,
  }));
}

async function readProjection(db: Database): Promise<InstallationStatus["projection"]> {
  const { rows } = await db.query<{ head: number; applied: number; held: number }>(
    // A held key has an open exception of its own; the state rows are not counted for it.
    `select h.seq::float8 as head, (select min(seq) from projection_position)::float8 as applied,
            (select count(*) from exception where resolved_at is null and code = 'event.not-applied')::float8 as held
       from log_head h`,
  );
  const { head, applied, held } = rows[0]!;
  return { headSeq: head, appliedSeq: applied, lag: Math.max(0, head - applied), heldKeys: held };
}

async function readIntakeToday(db: Database) {
  const { rows } = await db.query<{
    system: string;
    received: number;
    refused: number;
    last_at: Time | null;
  }>(
    `select system, max(last_at) as last_at,
            coalesce(sum(received) filter (where day = (clock_timestamp() at time zone 'UTC')::date), 0)::float8 as received,
            coalesce(sum(conflict + rejected + native_failed) filter (where day = (clock_timestamp() at time zone 'UTC')::date), 0)::float8 as refused
       from intake group by system`,
  );
  return new Map(
    rows.map((row) => [
      row.system,
      { lastReceivedAt: row.last_at, receivedToday: row.received, refusedToday: row.refused },
    ]),
  );
}

async function readIllness(db: Database): Promise<Map<string, Pick<SystemStatus, "state" | "reason">>> {
  const { rows } = await db.query<{ system: string; code: string; title: string }>(
    `select system, code, title from exception where resolved_at is null and code = any($1::text[]) and system is not null order by code desc`,
    [textArray(["system.unavailable", "system.access-refused"])],
  );
  return new Map(
    rows.map((row) => [
      row.system,
      { state: row.code === "system.unavailable" ? "down" : "refused", reason: row.title },
    ]),
  );
}

async function countOrders(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query<{ status: string; count: number }>(
    "select status, count(*)::float8 as count from sales_order group by status order by status",
  );
  return Object.fromEntries(rows.map((row) => [row.status, row.count]));
}

async function countItems(db: Database): Promise<number> {
  const { rows } = await db.query<{ count: number }>("select count(*)::float8 as count from stock_item");
  return rows[0]!.count;
}
