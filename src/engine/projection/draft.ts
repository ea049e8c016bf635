// An event that a transaction is about to append: a decision, already applied, or a fact for another key.
import type { Time } from "../../core/time.ts";
import type { NewEvent, RecordedEvent } from "../../domains/event.ts";
import { uuidv7 } from "../log/event-id.ts";

export interface Draft {
  event: RecordedEvent;
  cause: RecordedEvent;
  /** Of a decision: the last fact of its key that is applied before it. */
  afterSeq?: number;
}

/** seq 0 until it is appended; `recordedAt` is the transaction's time until then. */
export function draftEvent(event: NewEvent, cause: RecordedEvent, decided: boolean, now: Time): Draft {
  return {
    cause,
    event: {
      ...event,
      id: uuidv7(),
      seq: 0,
      recordedAt: now,
      decided,
      ...(cause.correlationId === undefined ? {} : { correlationId: cause.correlationId }),
      ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
    },
  };
}
