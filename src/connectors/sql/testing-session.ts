// Opens the connector on a test's server, with a clock that the test sets.
import { noCodes } from "../../connector/codes.ts";
import {
  type ConnectorSession,
  type Mapping,
  type NativeMessage,
  type SettingsInput,
  timeFromEpochMs,
} from "../../connector/index.ts";
import { resolveSettings } from "../../connector/resolve.ts";
import { sql } from "./index.ts";
import type { SqlSettings } from "./settings.ts";
import type { TestedServer } from "./testing.ts";

export type Input = Partial<SettingsInput<typeof SqlSettings>>;

export interface Opened extends ConnectorSession {
  logged: { message: string; facts: Record<string, unknown> | undefined }[];
  /** Moves the clock. */
  pass(ms: number): void;
  /** Reads a stream from a place until nothing more is there, acknowledging as it goes. */
  drain(
    stream: string,
    cursor?: string | null,
  ): Promise<{ messages: NativeMessage[]; cursor: string; pages: number }>;
}

export const NOW_MS = Date.parse("2026-11-24T12:00:00Z");
const never = new AbortController().signal;

export function openOn(
  server: TestedServer,
  input: Input,
  access: Partial<TestedServer["access"]> = {},
): Opened {
  const { dialect } = server;
  const given = { dialect, tls: "off", ...server.access, ...access, ...input } as SettingsInput<
    typeof SqlSettings
  >;
  const { settings } = resolveSettings("erp", sql(given), {});
  let nowMs = NOW_MS;
  const logged: Opened["logged"] = [];
  const session = sql.connector.open(settings, {
    system: "erp",
    company: "main",
    now: () => timeFromEpochMs(nowMs),
    http: undefined as never,
    codes: noCodes,
    log: (_, message, facts) => logged.push({ message, facts }),
  });
  return {
    ...session,
    logged,
    pass(ms) {
      nowMs += ms;
    },
    async drain(stream, cursor = null) {
      const messages: NativeMessage[] = [];
      let at = cursor;
      for (let pages = 1; ; pages++) {
        const result = await session.polls![stream]!.read(at, never);
        await result.acknowledge?.();
        messages.push(...result.messages);
        at = result.cursor;
        if (!result.more) return { messages, cursor: at, pages };
      }
    },
  };
}

export const ids = (messages: readonly NativeMessage[]): string[] => messages.map(({ id }) => id);

export function eventsIn(mapping: Mapping): unknown[] {
  if ("events" in mapping) return mapping.events.map(({ data }) => data);
  throw new Error(JSON.stringify(mapping));
}
