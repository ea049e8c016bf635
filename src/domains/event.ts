// What every domain's events have in common. An event is a fact in the past tense; a decided event is a
// fact that Crossdock itself made true, applied by the transaction that recorded it.
import type { Time } from "../core/time.ts";

/** An event before it has a place in the log. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  type: Type;
  /** The system that said it, as authenticated; `crossdock` for decisions. */
  source: string;
  company: string;
  /** `domain:company/business-key`: what the event is ordered by. See key.ts. */
  key: string;
  /** When it happened, by the source's clock. */
  time: Time;
  data: Data;
}

/** An event in the log. */
export interface RecordedEvent<Type extends string = string, Data = unknown> extends NewEvent<Type, Data> {
  id: string;
  /** Dense, in commit order. */
  seq: number;
  recordedAt: Time;
  decided: boolean;
  receiptId?: string;
  correlationId?: string;
  /** The event that this one follows from. */
  causeSeq?: number;
  traceparent?: string;
}

/** The source of decisions and derived facts. */
export const SELF = "crossdock";
