// Where proofs take place: the connector opened as a node opens it, behind a proxy that spoils calls.
import { pino } from "pino";
import type { CallLimits, ConnectorSession } from "../connector/contract.ts";
import { openSystems } from "../connector/open.ts";
import { resolveIntegration } from "../connector/resolve.ts";
import { timeFromEpochMs } from "../core/time.ts";
import { defineIntegration } from "../policy/define.ts";
import type { Integration } from "../policy/integration.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import type { Subject } from "./subject.ts";

export interface Stage {
  proxy: FaultProxy;
  /** As declared, where settings decide too. */
  writes: Integration["systems"][string]["writes"];
  session: ConnectorSession;
  call(): CallLimits;
}

export const timeoutOf = ({ timeoutMs = 2_000 }: Subject): number => timeoutMs;

/** As a node resolves a configuration: settings checked and filled in. */
function resolved(subject: Subject, url: string): Integration {
  const declared = defineIntegration({ systems: { subject: subject.system(url) }, flows: [] });
  return resolveIntegration(declared, process.env).integration;
}

/** What the connector says that it writes, and how. */
export const declaredWrites = (subject: Subject) =>
  resolved(subject, "http://127.0.0.1:9").systems.subject!.writes;

/** Each proof has a stage of its own, so that none finds what another has spoilt. */
export async function onStage(subject: Subject, act: (stage: Stage) => Promise<void>): Promise<void> {
  const proxy = await startFaultProxy(subject.upstream);
  try {
    const integration = resolved(subject, proxy.url);
    const context = { now: () => timeFromEpochMs(Date.now()), log: pino({ level: "silent" }) };
    const open = openSystems(integration, context).get("subject")!;
    const call = () => ({ timeoutMs: timeoutOf(subject), signal: new AbortController().signal });
    try {
      await act({ proxy, writes: integration.systems.subject!.writes, session: open.session, call });
    } finally {
      await open.close();
    }
  } finally {
    await proxy.close();
  }
}
