// A system that was restored from a backup has lost what it acknowledged last: one run of acknowledgements is gone,
// whole, and what is older is there. What somebody takes out here and there is no such run.
import type { Census } from "../../connector/contract.ts";
import { addMs, type Time } from "../../core/time.ts";
import type { Database } from "../../postgres/pool.ts";
import { type Acknowledged, readAcknowledged } from "../../store/census.ts";

const RUN_MIN = 3;
/** Calls overlap, so that at the moment of the backup a few may be on the other side of it. */
const SHARE_MIN = 0.9;
const DAY_MS = 86_400_000;
/** Backups are made at night; one that is older than a week is restored by people who know. */
const LOOK_BACK_MS = [DAY_MS, 7 * DAY_MS];
const LOOK_BACK_MAX = 10_000;

/** Where the run begins among acknowledgements that are sorted by their time; undefined: there is none. */
export function lostRun(
  acknowledged: readonly Acknowledged[],
  absent: ReadonlySet<string>,
): number | undefined {
  const isLost = ({ orderId }: Acknowledged) => absent.has(orderId);
  const first = acknowledged.findIndex(isLost);
  if (first < 0) return undefined;
  const run = acknowledged.slice(first, acknowledged.findLastIndex(isLost) + 1);
  const lost = run.filter(isLost).length;
  return lost >= RUN_MIN && lost >= run.length * SHARE_MIN ? first : undefined;
}

export interface LookBack {
  db: Database;
  system: string;
  domain: string;
  settledMs: number;
  ask(window: { from: Time; to: Time }): Promise<Census[]>;
  /** Which of these the system must hold and does not list. */
  absentOf(acknowledged: readonly Acknowledged[], listed: readonly string[]): Promise<ReadonlySet<string>>;
}

/**
 * The acknowledgement of the newest document before the run that is there: all after it is lost. Undefined where none
 * is, a week back: then the list is not to be believed.
 */
export async function lastHeld(
  { db, system, domain, settledMs, ask, absentOf }: LookBack,
  before: Time,
): Promise<Time | undefined> {
  for (const spanMs of LOOK_BACK_MS) {
    const from = addMs(before, -spanMs);
    const older = await readAcknowledged(db, system, {
      from,
      to: addMs(before, -0.001),
      limit: LOOK_BACK_MAX,
    });
    if (older.length === 0) continue;
    const listed = await ask({ from: addMs(from, -settledMs), to: addMs(before, settledMs) });
    const ids = listed.filter((census) => census.domain === domain).flatMap((census) => census.ids);
    const absent = await absentOf(older, ids);
    const held = older.findLast(({ orderId }) => !absent.has(orderId));
    if (held !== undefined) return held.settledAt;
  }
  return undefined;
}
