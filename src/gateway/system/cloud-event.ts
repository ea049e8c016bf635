// Reads one CloudEvent 1.0 of a system. What is wrong with it becomes a rejection with JSON paths, which is
// recorded and counted like any other outcome; nothing here throws for what a message says.
import { parseTime } from "../../core/time.ts";
import { catalogue } from "../../domains/catalogue.ts";
import {
  type Envelope,
  type Incoming,
  incomingEvent,
  type Refusal,
  rejected,
} from "../../engine/log/incoming.ts";

export interface ReadEvent {
  /** As the sender gave it; empty where it gave none that can be used. */
  id: string;
  incoming: Incoming;
}

type Faults = { path: string; message: string }[];

const ATTRIBUTE_MAX = 512;
const TRACE_PARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What CloudEvents forbids in attributes, and no database stores. */
const UNPRINTABLE = /\p{Cc}|\p{Surrogate}/u;

export function readCloudEvent(system: string, company: string, value: unknown): ReadEvent {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(system, value, "", [{ path: "$", message: "must be a CloudEvent: a JSON object." }]);
  }
  const event = value as Record<string, unknown>;
  const faults: Faults = [];
  const id = text(event, "id", faults) ?? "";
  const type = text(event, "type", faults) ?? "";
  text(event, "source", faults);
  if (event.specversion !== "1.0") faults.push({ path: "$.specversion", message: 'must be "1.0".' });
  checkContent(event, faults);
  const envelope: Envelope = { id, type, data: event.data };
  const time = readTime(event, faults);
  if (time !== undefined) envelope.time = time;
  if (event.correlationid !== undefined) envelope.correlationId = text(event, "correlationid", faults) ?? "";
  if (typeof event.traceparent === "string" && TRACE_PARENT.test(event.traceparent))
    envelope.traceparent = event.traceparent;
  if (faults.length > 0) return refuse(system, value, id, faults);
  return { id, incoming: belowData(incomingEvent(system, company, envelope), type) };
}

function refuse(system: string, value: unknown, id: string, errors: Faults): ReadEvent {
  return { id, incoming: rejected(system, { code: "event.invalid", errors }, value) };
}

function text(event: Record<string, unknown>, name: string, faults: Faults): string | undefined {
  const value = event[name];
  const path = `$.${name}`;
  if (value === undefined) faults.push({ path, message: "is required." });
  else if (typeof value !== "string" || value === "")
    faults.push({ path, message: "must be a text that is not empty." });
  else if (value.length > ATTRIBUTE_MAX)
    faults.push({ path, message: `must have at most ${ATTRIBUTE_MAX} characters.` });
  else if (UNPRINTABLE.test(value))
    faults.push({ path, message: "holds a control character or half of a surrogate pair." });
  else return value;
  return undefined;
}

function checkContent(event: Record<string, unknown>, faults: Faults): void {
  const { datacontenttype } = event;
  if (event.data_base64 !== undefined)
    faults.push({ path: "$.data_base64", message: "is not taken; send the data as JSON in data." });
  else if (event.data === undefined) faults.push({ path: "$.data", message: "is required." });
  if (datacontenttype !== undefined && !/^application\/(?:[\w.-]+\+)?json\b/.test(String(datacontenttype))) {
    faults.push({ path: "$.datacontenttype", message: "must be application/json, or left out." });
  }
}

function readTime(event: Record<string, unknown>, faults: Faults): string | undefined {
  if (event.time === undefined) return undefined;
  try {
    return parseTime(event.time as string);
  } catch {
    // parseTime says no only by throwing.
    faults.push({
      path: "$.time",
      message: "must be an RFC 3339 time with an offset, such as 2026-11-24T07:00:00Z.",
    });
    return undefined;
  }
}

/** The contract's faults begin at the data; the sender's document begins at the event. */
function belowData(incoming: Incoming, type: string): Incoming {
  if (
    incoming.kind !== "rejected" ||
    incoming.reason.code !== "event.invalid" ||
    catalogue[type] === undefined
  )
    return incoming;
  const errors = incoming.reason.errors.map(({ path, message }) => ({
    path: `$.data${path.slice(1)}`,
    message,
  }));
  const reason: Refusal = { ...incoming.reason, errors };
  return { ...incoming, reason };
}
