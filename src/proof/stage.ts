// Where proofs take place: the connector opened as a node opens it, behind a proxy that spoils calls.
import { pino } from "pino";
import { mapWith, systemCodes } from "../connector/codes.ts";
import type { CallLimits, ConnectorSession, Mapping, NativeMessage } from "../connector/contract.ts";
import { openSystems } from "../connector/open.ts";
import { resolveIntegration } from "../connector/resolve.ts";
import { timeFromEpochMs } from "../core/time.ts";
import { seedEntries } from "../policy/codes.ts";
import { defineIntegration } from "../policy/define.ts";
import type { Integration } from "../policy/integration.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import type { Subject } from "./subject.ts";

export interface Stage {
  proxy: FaultProxy;
  /** As declared, where settings decide too. */
  writes: Integration["systems"][string]["writes"];
  session: ConnectorSession;
  /** As a node maps, by the codes that the system begins with. */
  map(message: NativeMessage): Mapping;
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
    const codes = systemCodes(seedEntries("subject", integration.systems.subject!.codes ?? {}));
    const context = {
      now: () => timeFromEpochMs(Date.now()),
      log: pino({ level: "silent" }),
      codes: () => codes,
    };
    const open = openSystems(integration, context).get("subject")!;
    const call = () => ({ timeoutMs: timeoutOf(subject), signal: new AbortController().signal });
    const map = (message: NativeMessage): Mapping => {
      const { mapping, misses } = mapWith(open.session, message, codes);
      const [miss] = misses;
      return miss === undefined ? mapping : { failed: `no code table knows ${miss.table} ${miss.code}` };
    };
    try {
      const { writes } = integration.systems.subject!;
      await act({ proxy, writes, session: open.session, map, call });
    } finally {
      await open.close();
    }
  } finally {
    await proxy.close();
  }
}
