// `crossdock/testing`: proves a connector against a running system. Every claim is tried; one that cannot be is skipped
// with its reason, and one that nobody speaks of fails.
import type { OutboundType } from "../domains/outbound.ts";
import { healthProofs } from "./health-proofs.ts";
import { NotProved, type Proof } from "./proof.ts";
import { readProofs } from "./read-proofs.ts";
import { onStage } from "./stage.ts";
import type { Subject } from "./subject.ts";
import { writeProofs } from "./write-proofs.ts";

export { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
export { NotProved, type Proof } from "./proof.ts";
export type { Expected, ReadSubject, Subject, WriteSubject } from "./subject.ts";

/** What a test runner offers: `test` of vitest, of node:test and of others will do. */
export interface Runner {
  test(title: string, run: () => Promise<void>): unknown;
  skip(title: string): unknown;
}

/** Every claim as a proof of its own. */
export function proofsOf(subject: Subject): Proof[] {
  return [
    everyClaim(subject),
    ...healthProofs(subject),
    ...Object.entries(subject.reads ?? {}).flatMap(([name, read]) => readProofs(subject, name, read)),
    ...Object.entries(subject.writes ?? {}).flatMap(([type, write]) =>
      writeProofs(subject, type as OutboundType, write),
    ),
  ];
}

export function proveConnector(subject: Subject, { test, skip }: Runner): void {
  const proofs = proofsOf(subject);
  const reasons = { ...subject.skip };
  for (const { claim, run } of proofs) {
    const reason = reasonFor(claim, reasons);
    if (reason === undefined) test(claim, run);
    else skip(`${claim} (skipped: ${reason})`);
  }
  const known = [...proofs.map(({ claim }) => claim)];
  for (const named of Object.keys(reasons)) {
    if (known.some((claim) => covers(named, claim)) || /^(reads|writes) \S+$/.test(named)) continue;
    test(`skip: ${named}`, async () => {
      throw new NotProved(`There is no claim "${named}" that could be skipped.`);
    });
  }
}

/** A claim by its whole name, or all of one poll or message type: `reads stock`. */
const covers = (named: string, claim: string): boolean => claim === named || claim.startsWith(`${named}:`);

function reasonFor(claim: string, reasons: Record<string, string>): string | undefined {
  const named = Object.keys(reasons).find((one) => covers(one, claim));
  return named === undefined ? undefined : reasons[named];
}

/** What the connector can do and nobody proves is not proved. */
function everyClaim(subject: Subject): Proof {
  return {
    claim: "every claim is proved, or skipped with a reason",
    run: () =>
      onStage(subject, async ({ session, writes }) => {
        const claims = [
          ...Object.keys(session.polls ?? {}).map(
            (name) => [`reads ${name}`, subject.reads?.[name]] as const,
          ),
          ...Object.keys(writes).map(
            (type) => [`writes ${type}`, subject.writes?.[type as OutboundType]] as const,
          ),
        ];
        const open = claims.filter(([name, proved]) => proved === undefined && !subject.skip?.[name]);
        if (open.length === 0) return;
        throw new NotProved(
          `Nobody proves: ${open.map(([name]) => name).join(", ")}. Say how to change and to count it, or skip it with a reason.`,
        );
      }),
  };
}
