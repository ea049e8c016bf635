// One look at one system: what it lists of a window that has settled, beside what is held here, both ways. What never
// came is read again at once and is an exception at the next look; what was acknowledged and is gone is one now.
import type { Census } from "../../connector/contract.ts";
import { addMs, type Time } from "../../core/time.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { Integration, WitnessPace } from "../../policy/integration.ts";
import type { Database } from "../../postgres/pool.ts";
import { type Acknowledged, readAcknowledged, readWitnesses, type Witness } from "../../store/census.ts";
import { missingOrders, readExpected, unknownIds } from "../operations/census.ts";
import { missingProblem, restoredProblem, type Stream, surplusProblem } from "./problem.ts";
import { lastHeld, lostRun } from "./restored.ts";

export interface LookOptions {
  db: Database;
  integration: Integration;
  system: string;
  pace: WitnessPace;
  ask(window: { from: Time; to: Time }): Promise<Census[]>;
  /** Reads what a poll brings again, from then on. */
  readAgain(poll: string, since: Time): Promise<unknown>;
}

/** What a look has found of one stream. */
export interface Finding {
  witness: Witness;
  problems: Problem[];
}

interface Window {
  from: Time;
  to: Time;
}

/** Of a time's text: `2026-11-24T07`. */
const HOUR_LENGTH = 13;
const DAY_MS = 86_400_000;
/** A difference that nobody mends keeps its window open no longer. */
const WINDOW_MAX_MS = 7 * DAY_MS;
const ACKNOWLEDGED_MAX = 100_000;

export async function lookAt(options: LookOptions): Promise<Finding[]> {
  const { db, system, pace } = options;
  const { rows } = await db.query<{ now: Time }>("select clock_timestamp() as now");
  const now = rows[0]!.now;
  const to = addMs(now, -pace.settledMs);
  const kept = await readWitnesses(db, system);
  const from = kept.map((witness) => windowStart(witness, to, pace)).sort()[0] ?? addMs(to, -pace.overlapMs);
  // A later look covers what is not old enough for one.
  if (from >= to) return [];
  const listed = await options.ask({ from, to });
  const findings: Finding[] = [];
  for (const [domain, lists] of Map.groupBy(listed, (census) => census.domain)) {
    const ids = [...new Set(lists.flatMap((census) => census.ids))];
    const before = kept.find((witness) => witness.domain === domain);
    const witness = before ?? unwitnessed({ system, domain }, kept.length === 0 ? now : from, now);
    const firstOfHour = witness.lookedAt.slice(0, HOUR_LENGTH) !== now.slice(0, HOUR_LENGTH);
    const look = {
      ...options,
      firstOfHour,
      witness: { ...witness, lookedAt: now, held: ids.length, failure: null },
    };
    // What was there before the first look is not ours to account for.
    if (before === undefined && kept.length === 0) findings.push({ witness: look.witness, problems: [] });
    else findings.push(await compare(look, { ids, polls: pollsOf(lists) }, { from, to }));
  }
  return findings;
}

function windowStart({ since, witnessedUntil }: Witness, to: Time, { overlapMs }: WitnessPace): Time {
  const again = witnessedUntil === null ? since : addMs(witnessedUntil, -overlapMs);
  return [since, again, addMs(to, -WINDOW_MAX_MS)].sort().at(-1)!;
}

const unwitnessed = (stream: Stream, since: Time, now: Time): Witness => ({
  ...stream,
  since,
  witnessedUntil: null,
  lookedAt: now,
  held: 0,
  missing: [],
  surplus: [],
  lostSince: null,
  failure: null,
});

const pollsOf = (lists: readonly Census[]) => [...new Set(lists.flatMap(({ poll }) => poll ?? []))];

interface Look extends LookOptions {
  /** What did not come when it was read again is tried once an hour: all that was made since then is read for it. */
  firstOfHour: boolean;
  /** As it was left by the look before. */
  witness: Witness;
}

async function compare(
  look: Look,
  { ids, polls }: { ids: string[]; polls: string[] },
  window: Window,
): Promise<Finding> {
  const { db, integration, system, witness } = look;
  // What the window no longer reaches is missing until it comes.
  const asked = [...new Set([...witness.missing, ...ids])];
  const missing = await unknownIds(db, integration.company, system, asked);
  const news = missing.some((id) => !witness.missing.includes(id));
  if (news || (missing.length > 0 && look.firstOfHour))
    for (const poll of polls) await look.readAgain(poll, window.from);
  const still = missing.filter((id) => witness.missing.includes(id));
  const { surplus, lostSince } =
    witness.domain === "order" ? await compareAcknowledged(look, ids, window) : NOTHING_LOST;
  const equal = missing.length === 0 && surplus.length === 0;
  return {
    witness: {
      ...witness,
      missing,
      surplus,
      lostSince,
      witnessedUntil: equal ? window.to : witness.witnessedUntil,
    },
    problems: [
      ...(still.length > 0 ? [missingProblem(witness, still)] : []),
      ...(lostSince !== null
        ? [restoredProblem(witness, surplus, lostSince)]
        : surplus.length > 0
          ? [surplusProblem(witness, surplus)]
          : []),
    ],
  };
}

const NOTHING_LOST = { surplus: [] as string[], lostSince: null };

/** What the system must hold, and does not; and since when, where a backup took it. */
async function compareAcknowledged(
  look: Look,
  ids: readonly string[],
  { from, to }: Window,
): Promise<{ surplus: string[]; lostSince: Time | null }> {
  const { db, system, pace, witness } = look;
  // Its clock is not ours: what lies near an end of the window may be beyond it there.
  const within = {
    from: addMs(from, pace.settledMs),
    to: addMs(to, -pace.settledMs),
    limit: ACKNOWLEDGED_MAX,
  };
  const acknowledged = await readAcknowledged(db, system, within);
  const absent = await absentOf(
    look,
    [...acknowledged.map(({ orderId }) => orderId), ...witness.surplus],
    ids,
  );
  if (absent.size === 0) return NOTHING_LOST;
  return {
    surplus: [...absent].sort(),
    lostSince: witness.lostSince ?? (await lossOf(look, acknowledged, absent)),
  };
}

async function lossOf(
  look: Look,
  acknowledged: readonly Acknowledged[],
  absent: ReadonlySet<string>,
): Promise<Time | null> {
  const first = lostRun(acknowledged, absent);
  if (first === undefined) return null;
  if (first > 0) return acknowledged[first - 1]!.settledAt;
  const { db, system, ask, pace, witness } = look;
  const back = {
    db,
    system,
    domain: witness.domain,
    settledMs: pace.settledMs,
    ask,
    absentOf: (older: readonly Acknowledged[], listed: readonly string[]) =>
      absentOf(
        look,
        older.map(({ orderId }) => orderId),
        listed,
      ),
  };
  return (await lastHeld(back, acknowledged[0]!.settledAt)) ?? null;
}

/** An order that is cancelled, or that we know by none of the listed numbers, is not expected to be there. */
async function absentOf(
  { db, integration, system }: LookOptions,
  orders: readonly string[],
  listed: readonly string[],
): Promise<ReadonlySet<string>> {
  if (orders.length === 0) return new Set();
  const expected = await readExpected(db, integration.company, { ids: [...new Set(orders)] });
  return new Set(missingOrders(integration, system, expected, new Set(listed)));
}
