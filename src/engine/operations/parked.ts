// A person decides about a delivery that is parked, or waits for a reference that will not come: it is sent again, or
// given up. What waits behind it goes on; its exception is closed when nothing is left of it.
import { CrossdockError } from "../../core/errors.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { freeBehind, settleDone } from "../../store/delivery-settle.ts";
import { solveProblems } from "../../store/exception.ts";
import { notify } from "../delivery/engine.ts";

export interface Decided {
  id: string;
  target: string;
  lane: string;
  state: "waiting" | "skipped";
}

interface ParkedRow {
  target: string;
  lane: string;
  state: string;
  attempts: number;
  problem: string | null;
}

/** An unknown outcome is looked up before anything is sent, where the target can be asked. */
const UNKNOWN_OUTCOME = "delivery.outcome-unknown/";

/** Throws `delivery.not-found`, `delivery.not-parked`. */
export async function retryDelivery(db: Database, id: string): Promise<Decided> {
  const { target, lane } = await db.transaction(async (tx) => {
    const row = await lockParked(tx, id);
    await tx.query({
      name: "retry-delivery",
      text: `update delivery set state = 'waiting', due_at = null, problem = null, verify = verify or $2 where id = $1`,
      values: [id, row.problem?.startsWith(UNKNOWN_OUTCOME) === true],
    });
    await goOn(tx, row, "sent again");
    return row;
  });
  await notify(db, target, [lane]);
  return { id, target, lane, state: "waiting" };
}

/** Throws `delivery.not-found`, `delivery.not-parked`. `reason` is kept with the delivery. */
export async function skipDelivery(db: Database, id: string, reason: string): Promise<Decided> {
  const { target, lane } = await db.transaction(async (tx) => {
    const row = await lockParked(tx, id);
    const { attempts } = row;
    await settleDone(tx, [{ id: Number(id), outcome: "skipped", attempts, durationMs: null, reference: null, reason }], [], false);
    await goOn(tx, row, "given up");
    return row;
  });
  await notify(db, target, [lane]);
  return { id, target, lane, state: "skipped" };
}

async function lockParked(tx: Transaction, id: string): Promise<ParkedRow> {
  const { rows } = await tx.query<ParkedRow>({
    name: "lock-parked",
    text: "select target, lane, state, attempts, problem from delivery where id = $1 for update",
    values: [id],
  });
  const row = rows[0];
  if (row !== undefined && (row.state === "parked" || row.state === "referring")) return row;
  if (row !== undefined) throw notParked(id, `it is ${row.state}`);
  const { rows: done } = await tx.query<{ outcome: string }>({
    name: "find-done",
    text: "select outcome from delivery_done where id = $1 limit 1",
    values: [id],
  });
  if (done[0] !== undefined) throw notParked(id, `it was ${done[0].outcome}`);
  throw new CrossdockError("delivery.not-found", `There is no delivery ${id}.`);
}

function notParked(id: string, why: string): CrossdockError {
  return new CrossdockError("delivery.not-parked", `Delivery ${id} is not parked: ${why}.`);
}

async function goOn(tx: Transaction, { target, lane, problem }: ParkedRow, resolution: string): Promise<void> {
  await freeBehind(tx, [{ target, lane }]);
  if (problem === null) return;
  const { rows } = await tx.query({
    name: "others-of-problem",
    text: "select 1 from delivery where target = $1 and state in ('parked', 'referring') and problem = $2 limit 1",
    values: [target, problem],
  });
  if (rows.length === 0) await solveProblems(tx, [problem], resolution);
}
