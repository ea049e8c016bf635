// How the tests open the connector.
import type { ClosableHttpClient } from "../../src/connector/http-client.ts";
import {
  type ConnectorSession,
  type MappedEvent,
  type NativeMessage,
  noCodes,
  type SettingsInput,
} from "../../src/connector/index.ts";
import { resolveSettings } from "../../src/connector/resolve.ts";
import { tryton } from "../../src/connectors/tryton/index.ts";
import type { TrytonSettings } from "../../src/connectors/tryton/settings.ts";
import { validateEvent } from "../../src/domains/catalogue.ts";
import type { Tryton } from "./server.ts";

type Given = Partial<SettingsInput<typeof TrytonSettings>>;

export const systemOf = (url: string, server: Tryton, more: Given = {}) =>
  tryton({
    url,
    database: server.database,
    user: "crossdock",
    password: "Wq8#crossdock!zT5k",
    locations: { MAIN: "WH", NORTH: "WH2" },
    bookAt: "MAIN",
    units: { u: "EA", kg: "KGM", g: "GRM" },
    charges: { freight: "FREIGHT" },
    everyMs: 20,
    ...more,
  });

export function openSystem(server: Tryton, http: ClosableHttpClient, more: Given = {}): ConnectorSession {
  const now = () => new Date().toISOString().replace("Z", "000Z");
  const context = { system: "erp", company: "main", now, http, codes: noCodes, log: () => undefined };
  return tryton.connector.open(
    resolveSettings("erp", systemOf(server.url, server, more), {}).settings,
    context,
  );
}

/** Reads a poll on from a cursor to its end; what comes must fit its contracts. */
export async function drain(session: ConnectorSession, poll: string, cursor: string | null) {
  const messages: NativeMessage[] = [];
  for (let at = cursor; ; ) {
    const read = await session.polls![poll]!.read(at, new AbortController().signal);
    messages.push(...read.messages);
    at = read.cursor;
    if (!read.more)
      return { messages, events: messages.flatMap((one) => eventsOf(session, one)), cursor: at };
  }
}

function eventsOf(session: ConnectorSession, message: NativeMessage): MappedEvent[] {
  const mapping = session.map(message, noCodes);
  if ("failed" in mapping) throw new Error(`${message.topic} ${message.id}: ${mapping.failed}`);
  if ("ignored" in mapping) return [];
  for (const { type, data } of mapping.events) {
    const [fault] = validateEvent(type, data);
    if (fault !== undefined) throw new Error(`${type}: ${fault.path} ${fault.message}`);
  }
  return mapping.events;
}
