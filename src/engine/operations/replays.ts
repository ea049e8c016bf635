// Replays and decisions about stuck deliveries, for the gateway of a node and for the command line beside it.

import type { ConnectorSession } from "../../connector/contract.ts";
import { CrossdockError } from "../../core/errors.ts";
import type { Integration } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { Replays } from "../delivery/replay.ts";
import { type DeliveryOwner, distantOwner } from "../delivery/tell.ts";
import { compileRules } from "../projection/rules.ts";
import { readDelivery } from "./deliveries.ts";
import { replaySource } from "./replay-source.ts";

export interface ReplaysOfOptions {
  db: Database;
  /** With settings resolved: what a system can be sent depends on them. */
  integration: Integration;
  sessions: ReadonlyMap<string, ConnectorSession>;
  /** Absent: this process delivers nothing itself. */
  owner?: DeliveryOwner;
}

export function openReplays({ db, integration, sessions, owner }: ReplaysOfOptions): Replays {
  return new Replays({
    db,
    // Who is not told looks by itself within a second.
    owner: owner ?? distantOwner(db, () => undefined),
    targets: [...sessions].map(([system, session]) => ({ system, session, ...integration.systems[system]! })),
    problems: { raise: raiseProblems, solve: solveProblems },
    source: replaySource(compileRules(integration)),
  });
}

/** For what needs no session: stuck deliveries are released or skipped whatever the settings. */
export function openStuck(db: Database, integration: Integration): Replays {
  return openReplays({ db, integration, sessions: new Map() });
}

/** Throws `delivery.not-found`, `delivery.not-parked`. */
export async function retryDelivery(db: Database, replays: Replays, id: string): Promise<void> {
  if ((await replays.release({ ids: [Number(id)] })) === 0) throw await whyNot(db, id);
}

/** Throws `delivery.not-found`, `delivery.not-parked`. `reason` is kept with the delivery. */
export async function skipDelivery(
  db: Database,
  replays: Replays,
  id: string,
  reason: string,
): Promise<void> {
  if ((await replays.skip({ ids: [Number(id)] }, reason)) === 0) throw await whyNot(db, id);
}

async function whyNot(db: Database, id: string): Promise<CrossdockError> {
  const found = await readDelivery(db, id);
  if (found === null) return new CrossdockError("delivery.not-found", `There is no delivery ${id}.`);
  return new CrossdockError("delivery.not-parked", `Delivery ${id} is not parked: it is ${found.state}.`);
}

/** The fingerprint of an exception, by which its deliveries are found. Throws `exception.not-found`. */
export async function fingerprintOf(db: Database, exceptionId: string): Promise<string> {
  const { rows } = await db.query<{ fingerprint: string }>(
    "select fingerprint from exception where id = $1",
    [exceptionId],
  );
  if (rows[0] === undefined)
    throw new CrossdockError("exception.not-found", `There is no exception ${exceptionId}.`);
  return rows[0].fingerprint;
}
