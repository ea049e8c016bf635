// A native message becomes a receipt and, where its mapping succeeds, canonical events. A mapping that fails
// keeps the receipt, so that a mended mapping can map it again.

import { type CodeMiss, mapWith, type SystemCodes } from "../../connector/codes.ts";
import type {
  Connector,
  ConnectorSession,
  MappedEvent,
  Mapping,
  NativeMessage,
} from "../../connector/contract.ts";
import { canonicalJson } from "../../core/json.ts";
import { catalogue, validateEvent } from "../../domains/catalogue.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { AppendEvent } from "../../store/event.ts";
import type { Receipt } from "../../store/intake.ts";
import { unmappedFingerprint } from "../../store/unmapped.ts";
import { unmappedProblem } from "../codes/problem.ts";
import { mappedEventId, uuidv7 } from "../log/event-id.ts";
import { contentHash, identityHash } from "../log/identities.ts";
import { canonicalEvent, type Incoming, isReadable, nativeIdentity, notMapped } from "../log/incoming.ts";

export interface NativeSource {
  system: string;
  company: string;
  connector: Connector;
  session: ConnectorSession;
  /** As they are now. */
  codes(): SystemCodes;
}

export function incomingNative(source: NativeSource, message: NativeMessage): Incoming {
  const receiptId = uuidv7();
  const mapped = mapReceipt(source, receiptId, message);
  return { kind: "native", system: source.system, ...nativeIdentity(source.system, message), ...mapped };
}

export function mapReceipt(
  source: NativeSource,
  receiptId: string,
  message: NativeMessage,
): { receipt: Receipt; events: AppendEvent[]; problems: Problem[] } {
  const revision = source.connector.mappingRevision;
  const receipt: Receipt = {
    id: receiptId,
    system: source.system,
    topic: message.topic,
    nativeId: message.id,
    contentType: message.contentType,
    body: typeof message.body === "string" ? Buffer.from(message.body, "utf8") : message.body,
    outcome: "mapped",
    mappingRevision: revision,
    events: 0,
  };
  const { mapping, misses } = mapSafely(source, message);
  if ("ignored" in mapping)
    return { receipt: { ...receipt, outcome: "ignored", reason: mapping.ignored }, events: [], problems: [] };
  if (misses.length > 0 && "events" in mapping) return keptBack(source, receipt, mapping.events, misses);
  const failure = "failed" in mapping ? mapping : firstInvalid(mapping);
  if (failure !== undefined) {
    const reason = failure.path === undefined ? failure.failed : `${failure.path}: ${failure.failed}`;
    return {
      receipt: { ...receipt, outcome: "failed", reason },
      events: [],
      problems: [notMapped(receipt, reason)],
    };
  }
  const { events, problems: rows = [] } = mapping as Extract<Mapping, { events: unknown }>;
  const canonical = events.map((event, index) => ({
    ...canonicalEvent(source.system, source.company, event),
    id: mappedEventId(receiptId, index, revision),
    receiptId,
    ...(event.id === undefined ? {} : { identity: statementIdentity(source.system, event) }),
  }));
  const problems = rows.map(({ line, reason }) => notMapped(receipt, reason, line));
  return { receipt: { ...receipt, events: canonical.length }, events: canonical, problems };
}

function statementIdentity(system: string, event: MappedEvent): { hash: string; content: string } {
  return {
    hash: identityHash(system, event.type, event.id!),
    content: contentHash(canonicalJson(event.data)),
  };
}

/** A connector's own fault while mapping is a failed mapping of this message, not a failure of the stream. */
function mapSafely(
  { session, codes }: NativeSource,
  message: NativeMessage,
): { mapping: Mapping; misses: CodeMiss[] } {
  try {
    return mapWith(session, message, codes());
  } catch (error) {
    return { mapping: { failed: error instanceof Error ? error.message : String(error) }, misses: [] };
  }
}

/** No table knows some codes of it: it is mapped again when one does, whole and once. */
function keptBack(
  { system, company }: NativeSource,
  receipt: Receipt,
  events: readonly MappedEvent[],
  misses: readonly CodeMiss[],
): ReturnType<typeof mapReceipt> {
  const keys = [...new Set(events.flatMap((event) => keyOf(system, company, event) ?? []))];
  const codes = misses.map((miss) => ({ system, direction: "in" as const, ...miss }));
  const reason = `no code table knows ${codes.map(({ table, code }) => `${table} ${code}`).join(", ")}`;
  const unmapped = codes.map((code) => ({ problem: unmappedFingerprint(code), keys }));
  return {
    receipt: { ...receipt, outcome: "failed", reason, unmapped },
    events: [],
    problems: codes.map(unmappedProblem),
  };
}

/** What an event would be about; one that stands in for a code need not fit its contract. */
function keyOf(system: string, company: string, event: MappedEvent): string | undefined {
  try {
    return canonicalEvent(system, company, event).key;
  } catch {
    // It is told of for people alone.
    return undefined;
  }
}

function firstInvalid(mapping: {
  events: { type: string; data: unknown; time?: string }[];
}): { failed: string; path: string } | undefined {
  for (const [index, event] of mapping.events.entries()) {
    const [error] = validateEvent(event.type, event.data);
    if (error !== undefined) return { failed: error.message, path: `${event.type}[${index}] ${error.path}` };
    if (event.time !== undefined && !isReadable(event.time))
      return { failed: "is no RFC 3339 time", path: `${event.type}[${index}] time` };
    if (catalogue[event.type]!.decided) {
      return { failed: "is a decision that only Crossdock makes", path: `${event.type}[${index}]` };
    }
  }
  return undefined;
}
