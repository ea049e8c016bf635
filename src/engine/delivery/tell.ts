// How a node, or the command line beside it, tells the owner of a target that there is something to deliver. The
// owner looks by itself as well: a lost word costs time only.
import type { Database } from "../../postgres/pool.ts";
import type { PendingDelivery } from "../../store/delivery.ts";

export const CHANNEL = "crossdock_delivery";
/** PostgreSQL bounds a notification's length. */
const LENGTH_MAX = 7_000;

/** Whoever delivers, or tells who does. */
export interface DeliveryOwner {
  /** After the commit. */
  handOver(pending: readonly PendingDelivery[]): void;
  /** Lanes that were freed or filled; none: something new; null: anything. */
  wake(system: string, lanes: readonly string[] | null): Promise<void>;
}

/** Outside of data transactions: a notification takes a lock of the whole server until its commit. */
export async function tell(db: Database, system: string, lanes: readonly string[] | null): Promise<void> {
  const full = JSON.stringify({ system, lanes });
  const payload = full.length > LENGTH_MAX ? JSON.stringify({ system, lanes: null }) : full;
  await db.query({ name: "tell-delivery", text: "select pg_notify($1, $2)", values: [CHANNEL, payload] });
}

export const toldOf = (payload: string): { system: string; lanes: string[] | null } => JSON.parse(payload);

/** For a process that delivers nothing itself. `failed` hears of words that could not be sent. */
export function distantOwner(db: Database, failed: (error: unknown) => void): DeliveryOwner {
  return {
    handOver(pending) {
      for (const system of new Set(pending.map((row) => row.target))) tell(db, system, []).catch(failed);
    },
    wake: (system, lanes) => tell(db, system, lanes),
  };
}
