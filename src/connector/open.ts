// Opens every system's connector with what it needs: settings, a client, a clock, a log.
import type { Logger } from "pino";
import type { Time } from "../core/time.ts";
import type { Integration } from "../policy/integration.ts";
import { type SystemCodes, writingCodes } from "./codes.ts";
import type { Connector, ConnectorSession } from "./contract.ts";
import { createHttpClient } from "./http-client.ts";

export interface OpenSystem {
  connector: Connector;
  session: ConnectorSession;
  /** Ends the session, then its connections. */
  close(): Promise<void>;
}

export function openSystems(
  integration: Integration,
  context: { now(): Time; log: Logger; codes(system: string): SystemCodes },
): Map<string, OpenSystem> {
  const open = new Map<string, OpenSystem>();
  for (const [system, declaration] of Object.entries(integration.systems)) {
    const connector = declaration.connector as Connector;
    const log = context.log.child({ system });
    const client = createHttpClient({
      connections: declaration.limits.concurrency,
      timeoutMs: declaration.limits.requestTimeoutMs,
    });
    const session = connector.open(declaration.settings, {
      system,
      company: integration.company,
      now: context.now,
      http: client,
      codes: writingCodes(() => context.codes(system)),
      log: (level, message, facts) => log[level](facts ?? {}, message),
    });
    open.set(system, {
      connector,
      session,
      async close() {
        await session.close();
        await client.close();
      },
    });
  }
  return open;
}
