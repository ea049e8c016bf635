// Everything about one order, SKU, delivery or message on one timeline: who said what, what was decided and why,
// what was sent where, what came back, and what went wrong.
import type { Time } from "../../core/time.ts";
import { SELF } from "../../domains/event.ts";
import type { Database } from "../../postgres/pool.ts";
import { type ExceptionRow, pageExceptions } from "../../store/exception.ts";
import { describeEvent, explanationOf } from "./describe-event.ts";
import {
  readTracedAttempts,
  readTracedDeliveries,
  readTracedEvents,
  readTracedReceipts,
  type TracedAttempt,
  type TracedDelivery,
  type TracedEvent,
  type TracedReceipt,
} from "./trace-read.ts";
import { findSubjects, type Subject } from "./trace-subject.ts";

interface Entry {
  at: Time;
  /** One line for a person. */
  summary: string;
}
export interface EventEntry extends Entry {
  kind: "said" | "decided";
  event: TracedEvent;
  explanation: string[];
  receipt?: TracedReceipt;
}
export interface SentEntry extends Entry {
  kind: "sent";
  delivery: TracedDelivery;
}
export interface AttemptEntry extends Entry {
  kind: "attempt";
  target: string;
  attempt: TracedAttempt;
}
export interface AnsweredEntry extends Entry {
  kind: "answered";
  target: string;
  deliveryId: string;
}
export interface ProblemEntry extends Entry {
  kind: "exception" | "solved";
  exception: ExceptionRow;
}
export type TraceEntry = EventEntry | SentEntry | AttemptEntry | AnsweredEntry | ProblemEntry;

export interface Trace {
  term: string;
  subjects: Subject[];
  timeline: TraceEntry[];
  /** More is known than is shown: the oldest of it is left out. */
  truncated: boolean;
}

export interface TraceOptions {
  company: string;
  /** Whose lanes are looked at. */
  systems: readonly string[];
  /** Events and deliveries of a key that are shown, the newest of them. */
  limit?: number;
}

const LIMIT = 500;

/** Null where nothing is known by the term. */
export async function trace(db: Database, term: string, options: TraceOptions): Promise<Trace | null> {
  const subjects = await findSubjects(db, options.company, term);
  if (subjects.length === 0) return null;
  const limit = options.limit ?? LIMIT;
  const keys = [...new Set(subjects.flatMap(({ key }) => (key === null ? [] : [key])))];
  const parts = await Promise.all(keys.map((key) => traceKey(db, key, options.systems, limit)));
  const timeline = parts.flatMap((part) => part.entries);
  timeline.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return { term, subjects, timeline, truncated: parts.some((part) => part.truncated) };
}

async function traceKey(
  db: Database,
  key: string,
  systems: readonly string[],
  limit: number,
): Promise<{ entries: TraceEntry[]; truncated: boolean }> {
  const [events, deliveries, exceptions] = await Promise.all([
    readTracedEvents(db, key, limit),
    readTracedDeliveries(db, key, systems, limit),
    pageExceptions(db, { key, limit: 200 }),
  ]);
  const receiptIds = [...new Set(events.flatMap(({ receiptId }) => (receiptId === null ? [] : [receiptId])))];
  const [attempts, receipts] = await Promise.all([
    readTracedAttempts(
      db,
      deliveries.filter(({ attempts: made }) => made > 0).map(({ id }) => id),
    ),
    readTracedReceipts(db, receiptIds),
  ]);
  const targets = new Map(deliveries.map(({ id, target }) => [id, target]));
  const entries: TraceEntry[] = [
    ...events.map((event) => eventEntry(event, receipts)),
    ...deliveries.flatMap(deliveryEntries),
    ...attempts.map((attempt) => attemptEntry(attempt, targets.get(attempt.deliveryId)!)),
    ...exceptions.flatMap(exceptionEntries),
  ];
  return { entries, truncated: events.length === limit || deliveries.length === limit };
}

function eventEntry(event: TracedEvent, receipts: ReadonlyMap<string, TracedReceipt>): EventEntry {
  const receipt = event.receiptId === null ? undefined : receipts.get(event.receiptId);
  return {
    at: event.recordedAt,
    // A command of a caller is recorded as decided, for it is applied at once; it is said all the same.
    kind: event.source === SELF ? "decided" : "said",
    summary: describeEvent(event.type, event.data),
    event,
    explanation: explanationOf(event.data),
    ...(receipt === undefined ? {} : { receipt }),
  };
}

function deliveryEntries(delivery: TracedDelivery): TraceEntry[] {
  const { id, target, type, createdAt, settledAt, state } = delivery;
  const unsettled =
    settledAt === null ? `, ${state}${delivery.reason === null ? "" : `: ${delivery.reason}`}` : "";
  const sent: SentEntry = {
    at: createdAt,
    kind: "sent",
    summary: `${type} for ${target}${unsettled}`,
    delivery,
  };
  if (settledAt === null) return [sent];
  const words = [
    delivery.reference === null ? "" : `as ${delivery.reference}`,
    delivery.reason === null ? "" : `(${delivery.reason})`,
  ];
  const summary = [`${type} ${state}`, ...words].filter((word) => word !== "").join(" ");
  return [sent, { at: settledAt, kind: "answered", summary, target, deliveryId: id }];
}

function attemptEntry(attempt: TracedAttempt, target: string): AttemptEntry {
  const why = attempt.reason === null ? "" : `: ${attempt.reason}`;
  return {
    at: attempt.startedAt,
    kind: "attempt",
    summary: `attempt ${attempt.attempt} ${attempt.answer}${why}`,
    target,
    attempt,
  };
}

function exceptionEntries(exception: ExceptionRow): ProblemEntry[] {
  const raised: ProblemEntry = {
    at: exception.firstAt,
    kind: "exception",
    summary: exception.title,
    exception,
  };
  if (exception.resolvedAt === null) return [raised];
  return [
    raised,
    {
      at: exception.resolvedAt,
      kind: "solved",
      summary: `${exception.code} ${exception.resolution ?? "solved"}`,
      exception,
    },
  ];
}
