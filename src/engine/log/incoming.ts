// What the recorder is asked to record: canonical events, or native messages with what was mapped from them.

import type { NativeMessage } from "../../connector/contract.ts";
import { canonicalJson } from "../../core/json.ts";
import { isTime, parseTime, timeFromEpochMs } from "../../core/time.ts";
import { catalogue, normalise, validateEvent } from "../../domains/catalogue.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { AppendEvent } from "../../store/event.ts";
import type { Receipt } from "../../store/intake.ts";
import { uuidv7 } from "./event-id.ts";
import { contentHash, identityHash } from "./identities.ts";

export type Incoming =
  | { kind: "event"; system: string; hash: string; content: string; event: AppendEvent }
  | { kind: "rejected"; system: string; reason: Refusal; body: string }
  | {
      kind: "native";
      system: string;
      hash: string;
      content: string;
      receipt: Receipt;
      events: AppendEvent[];
      problems: Problem[];
    };

/** What is wrong and where: a JSON path into the event's data, or a field of the envelope. */
export interface Refusal {
  code: string;
  errors: { path: string; message: string }[];
}

export type Outcome =
  | { status: "recorded"; seq: number }
  | { status: "duplicate" }
  | { status: "conflict"; reason: Refusal }
  | { status: "rejected"; reason: Refusal };

/** A CloudEvent as far as it was read; `data` is not yet known to be anything. */
export interface Envelope {
  id: string;
  type: string;
  time?: string;
  data: unknown;
  correlationId?: string;
  traceparent?: string;
}

/** One canonical event of a system, checked against its contract. The source is who sent it, whatever it says. */
export function incomingEvent(system: string, company: string, envelope: Envelope): Incoming {
  const errors = validateEvent(envelope.type, envelope.data);
  if (errors.length > 0) return rejected(system, { code: "event.invalid", errors }, envelope);
  if (envelope.time !== undefined && !isReadable(envelope.time)) {
    const error = { path: "$.time", message: "is not an RFC 3339 time such as 2026-11-24T07:00:00Z." };
    return rejected(system, { code: "event.invalid", errors: [error] }, envelope);
  }
  if (catalogue[envelope.type]!.decided) {
    return rejected(
      system,
      {
        code: "event.not-accepted",
        errors: [{ path: "$.type", message: `${envelope.type} is a decision that only Crossdock makes.` }],
      },
      envelope,
    );
  }
  const event = canonicalEvent(system, company, envelope);
  return {
    kind: "event",
    system,
    hash: identityHash(system, "event", envelope.id),
    content: contentHash(`${event.type}\n${envelope.time ?? ""}\n${canonicalJson(envelope.data)}`),
    event,
  };
}

export function isReadable(time: string): boolean {
  if (isTime(time)) return true;
  try {
    parseTime(time);
    return true;
  } catch {
    // What is wrong with it is said by the refusal.
    return false;
  }
}

export function rejected(system: string, reason: Refusal, body: unknown): Incoming {
  return {
    kind: "rejected",
    system,
    reason,
    body: JSON.stringify(body)?.replaceAll("\\u0000", "\\ufffd") ?? "",
  };
}

/** A validated event with its key, its time and the text that is stored. */
export function canonicalEvent(
  source: string,
  company: string,
  envelope: Omit<Envelope, "id"> & { id?: string },
): AppendEvent {
  const entry = catalogue[envelope.type]!;
  const data = normalise(envelope.type, envelope.data) as { company?: string };
  const inCompany = data.company ?? company;
  return {
    id: envelope.id !== undefined && isUuid(envelope.id) ? envelope.id.toLowerCase() : uuidv7(),
    type: envelope.type,
    source,
    company: inCompany,
    key: entry.keyOf(inCompany, data),
    // Where neither the data nor the envelope tells, it happened when it was heard of.
    time:
      entry.timeOf(data) ??
      (envelope.time === undefined ? timeFromEpochMs(Date.now()) : parseTime(envelope.time)),
    data,
    text: JSON.stringify(data),
    decided: entry.decided,
    ...(envelope.correlationId === undefined ? {} : { correlationId: envelope.correlationId }),
    ...(envelope.traceparent === undefined ? {} : { traceparent: envelope.traceparent }),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const isUuid = (text: string) => UUID.test(text);

/** A receipt that is kept, and that nothing could be made of, or of one of its lines. */
export function notMapped(receipt: Receipt, reason: string, line?: number): Problem {
  const { system, topic, nativeId } = receipt;
  const where = line === undefined ? "" : `, line ${line},`;
  return {
    code: "receipt.not-mapped",
    fingerprint: `receipt.not-mapped/${system}/${topic}/${nativeId}/${line ?? ""}`,
    title: `${system} ${topic} ${nativeId}${where} could not be mapped: ${reason}`,
    detail: { receiptId: receipt.id, topic, nativeId, reason, ...(line === undefined ? {} : { line }) },
    system,
    key: `receipt:${receipt.id}`,
  };
}

export function nativeIdentity(system: string, message: NativeMessage): { hash: string; content: string } {
  return { hash: identityHash(system, message.topic, message.id), content: contentHash(message.body) };
}
