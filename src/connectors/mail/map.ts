// An attachment is a document of canonical events: one CloudEvent in JSON, or a list of them. One that is wrong in a
// list is told by its place, and the others go on.
import {
  assertDepth,
  type MappedEvent,
  type Mapping,
  mapCloudEvent,
  type NativeMessage,
  type RowProblem,
  validateEvent,
} from "../../connector/index.ts";
import { mapRefusal, REFUSED_TOPIC } from "./refusal.ts";

export const ATTACHMENT_TOPIC = "attachments";

const DEPTH_MAX = 32;
const ID_LENGTH_MAX = 512;

export function mapMail(message: NativeMessage): Mapping {
  if (message.topic === REFUSED_TOPIC) return mapRefusal(message);
  if (message.topic !== ATTACHMENT_TOPIC) return { failed: `There is no topic ${message.topic}.` };
  const read = parse(message.body);
  if ("failed" in read) return { failed: read.failed, path: "$" };
  if (!Array.isArray(read.document)) return mapOne(read.document);
  if (read.document.length === 0) return { ignored: "There are no events in it." };
  const events: MappedEvent[] = [];
  const problems: RowProblem[] = [];
  for (const [index, event] of read.document.entries()) {
    const mapping = mapOne(event);
    const reason = faultOf(mapping);
    if (reason !== undefined) problems.push({ line: index + 1, reason });
    else events.push(...(mapping as { events: MappedEvent[] }).events);
  }
  return problems.length === 0 ? { events } : { events, problems };
}

function mapOne(event: unknown): Mapping {
  const mapping = mapCloudEvent(event);
  if (!("events" in mapping)) return mapping;
  const { source, id } = event as { source?: unknown; id: string };
  // Where no source says whose ids they are, they tell apart what is in one document alone.
  if (typeof source !== "string" || !/^\S+$/.test(source)) return mapping;
  const identity = `${source} ${id}`;
  if (identity.length > ID_LENGTH_MAX) {
    return { failed: `is longer than ${ID_LENGTH_MAX} characters together with the source.`, path: "$.id" };
  }
  return { events: mapping.events.map((one) => ({ ...one, id: identity })) };
}

function faultOf(mapping: Mapping): string | undefined {
  if ("failed" in mapping)
    return mapping.path === undefined ? mapping.failed : `${mapping.path} ${mapping.failed}`;
  if ("ignored" in mapping) return mapping.ignored;
  for (const { type, data } of mapping.events) {
    const [fault] = validateEvent(type, data);
    if (fault !== undefined) return `${fault.path} ${fault.message}`;
  }
  return undefined;
}

function parse(body: string | Uint8Array): { document: unknown } | { failed: string } {
  try {
    const text = typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body);
    assertDepth(text, DEPTH_MAX);
    return { document: JSON.parse(text) as unknown };
  } catch (error) {
    return { failed: `The attachment is no JSON in UTF-8: ${(error as Error).message}` };
  }
}
