// A REST system in the test's own process, and a session that is opened as an installation opens it.

import { noCodes } from "../../connector/codes.ts";
import { type ClosableHttpClient, createHttpClient } from "../../connector/http-client.ts";
import type {
  ConnectorSession,
  NativeMessage,
  OutboundMessage,
  OutboundType,
  PollResult,
  SettingsInput,
} from "../../connector/index.ts";
import { resolveSettings } from "../../connector/resolve.ts";
import { startTestServer, type TestServer } from "../../connector/testing-server.ts";
import { rest } from "./index.ts";
import type { RestSettings } from "./settings.ts";

export type Input = Partial<SettingsInput<typeof RestSettings>>;

export interface Bench {
  server: TestServer;
  /** Our clock, which a test sets. */
  clock: { now: string };
  logged: string[];
  settle(input: Input, environment?: Record<string, string>): ReturnType<typeof resolveSettings>;
  open(input?: Input, environment?: Record<string, string>): ConnectorSession;
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const server = await startTestServer();
  const client: ClosableHttpClient = createHttpClient({
    connections: 4,
    timeoutMs: 2_000,
    answerBytesMax: 1_000_000,
  });
  const clock = { now: "2026-11-24T07:00:00.000000Z" };
  const logged: string[] = [];
  const settle: Bench["settle"] = (input, environment = {}) =>
    resolveSettings("target", rest({ url: server.url, ...input }), environment);
  return {
    server,
    clock,
    logged,
    settle,
    open(input = {}, environment) {
      return rest.connector.open(settle(input, environment).settings, {
        system: "target",
        company: "main",
        now: () => clock.now,
        http: client,
        codes: noCodes,
        log: (...said) => void logged.push(JSON.stringify(said)),
      });
    },
    async close() {
      await client.close();
      await server.close();
    },
  };
}

/** The faults of settings that do not hold, as `path message` lines. */
export function faultsOf(bench: Bench, input: unknown, environment?: Record<string, string>): string {
  try {
    bench.settle(input as Input, environment);
    return "";
  } catch (error) {
    const { findings } = (error as { details: { findings: { path: string; message: string }[] } }).details;
    return findings.map(({ path, message }) => `${path} ${message}`).join("\n");
  }
}

export const signal = new AbortController().signal;

/** Reads until there is no more, as the engine does. */
export async function readOut(
  session: ConnectorSession,
  topic: string,
  cursor: string | null = null,
): Promise<{ messages: NativeMessage[]; cursor: string; reads: number }> {
  const messages: NativeMessage[] = [];
  let at = cursor;
  for (let reads = 1; reads < 1_000; reads++) {
    const result: PollResult = await session.polls![topic]!.read(at, signal);
    messages.push(...result.messages);
    at = result.cursor;
    if (!result.more) return { messages, cursor: at, reads };
  }
  throw new Error("The stream has no end.");
}

export const outbound = (
  type: OutboundType,
  payload: unknown,
  key = "main/1",
  deliveryId = `d-${key}`,
): OutboundMessage => ({ deliveryId, type, key, payload, attempt: 1 });

/** What of each item was said, the parts of its body that matter. */
export const bodies = (messages: readonly NativeMessage[]) =>
  messages.map(({ body }) => JSON.parse(body as string));
