// Received events, deduplicated and appended in one round trip: the function `record_events` of the schema. It locks
// the head of the log, so what else a transaction writes comes before it, but for the intake's counts.
import { CrossdockError } from "../core/errors.ts";
import type { Time } from "../core/time.ts";
import type { RecordedEvent } from "../domains/event.ts";
import type { Queryable } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { type AppendEvent, asRecorded, columnsOf } from "./event.ts";
import type { Identity } from "./identity.ts";

export interface ReceivedEvent {
  event: AppendEvent;
  /** Absent: nothing but its message says whether it is new. */
  identity?: Identity;
}

export type Reception = "recorded" | "duplicate" | "conflict";

export interface Received {
  /** One per event. */
  receptions: readonly Reception[];
  /** Those that are new, in order. */
  recorded: RecordedEvent[];
}

const RECEPTIONS: Record<string, Reception> = { "0": "recorded", "1": "duplicate", "2": "conflict" };

/**
 * Counts what it records and what is a duplicate; conflicts are left to the caller. Throws `identity.epoch-moved`
 * where an epoch after `lastSealed` was sealed meanwhile: nothing was done.
 */
export async function recordEvents(
  db: Queryable,
  received: readonly ReceivedEvent[],
  lastSealed: number,
): Promise<Received> {
  const events = received.map(({ event }) => event);
  const { rows } = await db.query<{
    unknown_epoch: boolean;
    base: string | null;
    appended_at: Time | null;
    outcomes: string | null;
  }>({
    name: "record-events",
    text: `select unknown_epoch, base, appended_at, outcomes::text as outcomes
             from record_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    values: [
      lastSealed,
      ...columnsOf(events),
      plainArray(events.map((e) => e.receiptId)),
      textArray(events.map((e) => e.correlationId)),
      textArray(events.map((e) => e.traceparent)),
      textArray(events.map((e) => e.text)),
      plainArray(received.map((r) => r.identity?.hash)),
      plainArray(received.map((r) => r.identity?.content)),
    ],
  });
  const { unknown_epoch, base, appended_at, outcomes } = rows[0]!;
  if (unknown_epoch) {
    throw new CrossdockError("identity.epoch-moved", "An identity epoch was sealed meanwhile.", {
      retry: "later",
    });
  }
  const receptions =
    outcomes === null
      ? events.map((): Reception => "recorded")
      : outcomes
          .slice(1, -1)
          .split(",")
          .map((outcome) => RECEPTIONS[outcome]!);
  if (base === null) return { receptions, recorded: [] };
  const fresh = outcomes === null ? events : events.filter((_, index) => receptions[index] === "recorded");
  return {
    receptions,
    recorded: asRecorded(fresh, { firstSeq: Number(base) + 1, recordedAt: appended_at! }),
  };
}
