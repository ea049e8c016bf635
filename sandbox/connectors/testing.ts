// What the tests of these connectors share: a context with a real client, messages out, polls read to their end, and
// mappings checked against the contracts.

import { readdirSync, readFileSync } from "node:fs";
import { noCodes } from "../../src/connector/codes.ts";
import { createHttpClient } from "../../src/connector/http-client.ts";
import type {
  Answer,
  Connector,
  ConnectorContext,
  ConnectorSession,
  Found,
  MappedEvent,
  Mapping,
  NativeMessage,
  OutboundMessage,
  OutboundType,
  Poll,
} from "../../src/connector/index.ts";
import { resolveSettings } from "../../src/connector/resolve.ts";
import { canonicalJson } from "../../src/core/json.ts";
import { timeFromEpochMs } from "../../src/core/time.ts";
import { normalise, validateEvent } from "../../src/domains/catalogue.ts";
import { fieldsOf, readFields } from "./native-fields.ts";

export const CALL_MS = 700;

export function testContext(system: string): ConnectorContext & { close(): Promise<void> } {
  const http = createHttpClient({ connections: 8, timeoutMs: 2_000 });
  return {
    system,
    company: "main",
    now: () => timeFromEpochMs(Date.now()),
    http,
    codes: noCodes,
    log: () => undefined,
    close: () => http.close(),
  };
}

type Declaration = Parameters<typeof resolveSettings>[1];

/** As a node opens it: settings checked and filled in. */
export function openDeclared(declaration: Declaration, context: ConnectorContext): ConnectorSession {
  const { connector, settings } = resolveSettings(context.system, declaration, {});
  return (connector as Connector).open(settings, context);
}

let deliveries = 0;

export function outbound(type: OutboundType, key: string, payload: unknown): OutboundMessage {
  deliveries += 1;
  return { deliveryId: String(deliveries), type, key, payload, attempt: 1 };
}

const call = () => ({ timeoutMs: CALL_MS, signal: new AbortController().signal });

export const send = (session: ConnectorSession, messages: OutboundMessage[]): Promise<Answer[]> =>
  session.writers[messages[0]!.type]!.send(messages, call());

export const find = (session: ConnectorSession, message: OutboundMessage) =>
  session.writers[message.type]!.find!(message, call());

/** A look-up that has no answer is made again: nothing is sent before it is certain that nothing is there. */
export async function look(session: ConnectorSession, message: OutboundMessage): Promise<Found> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const found = await find(session, message);
    if (found.kind !== "unknown") return found;
  }
  throw new Error(`${message.type} ${message.key} could not be looked up`);
}

/** Sends until all are done, as lanes do that deliver by look-up. */
export async function deliver(session: ConnectorSession, messages: OutboundMessage[]): Promise<void> {
  let waiting = messages;
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round === 60) throw new Error(`${waiting.length} messages were not delivered`);
    const answers = await send(session, waiting);
    const next: OutboundMessage[] = [];
    for (const [index, answer] of answers.entries()) {
      const message = waiting[index]!;
      if (answer.kind === "done") continue;
      if (answer.kind !== "busy" && answer.kind !== "ill" && answer.kind !== "unknown") {
        throw new Error(`${message.type} ${message.key}: ${JSON.stringify(answer)}`);
      }
      if (answer.kind !== "busy" && (await look(session, message)).kind === "found") continue;
      next.push(message);
    }
    waiting = next;
  }
}

/** All that a poll has, as the receiver reads it, and the cursor that it ends with. */
export async function drain(
  poll: Poll,
  cursor: string | null = null,
): Promise<{ messages: NativeMessage[]; cursor: string }> {
  const messages: NativeMessage[] = [];
  for (let at = cursor; ; ) {
    const read = await poll.read(at, new AbortController().signal);
    messages.push(...read.messages);
    at = read.cursor;
    if (!read.more) return { messages, cursor: at };
  }
}

/** Identities as the log keeps them: of the same one, the same content is a duplicate and another is a conflict. */
export class Receipts {
  readonly messages = new Map<string, NativeMessage>();
  duplicates = 0;
  readonly conflicts: string[] = [];

  take(messages: readonly NativeMessage[]): NativeMessage[] {
    return messages.filter((message) => {
      const identity = `${message.topic}\n${message.id}`;
      const held = this.messages.get(identity);
      if (held === undefined) {
        this.messages.set(identity, message);
        return true;
      }
      if (held.body === message.body) this.duplicates += 1;
      else this.conflicts.push(identity);
      return false;
    });
  }
}

/** The events of a mapping, which must fit their contracts. */
export function eventsOf(session: ConnectorSession, message: NativeMessage): MappedEvent[] {
  const mapping: Mapping = session.map(message, noCodes);
  if (!("events" in mapping)) throw new Error(`${message.topic} ${message.id}: ${JSON.stringify(mapping)}`);
  for (const { type, data } of mapping.events) checkEvent(type, data);
  return mapping.events;
}

export function checkEvent(type: string, data: unknown): void {
  const faults = validateEvent(type, data);
  if (faults.length > 0) throw new Error(`${type}: ${faults[0]!.path} ${faults[0]!.message}`);
  normalise(type, data);
}

export interface FixturePair {
  name: string;
  message: NativeMessage;
  mapping: unknown;
}

/** Native messages and what they are in our words, as files: `{"message": {topic, id, body}, "mapping": …}`. */
export function readPairs(folder: URL): FixturePair[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const file = readFields(readFileSync(new URL(name, folder)), name);
      const { topic, id, body } = fieldsOf(file.message, "message");
      const message = {
        topic: String(topic),
        id: String(id),
        contentType: "application/json",
        body: canonicalJson(body),
      };
      return { name, message, mapping: JSON.parse(canonicalJson(file.mapping)) };
    });
}
