// Full sets of a location: what was in the set is read from the log, what is known there from the state, and the
// pure decision says what absence means.
import type { RecordedEvent } from "../../domains/event.ts";
import type { SetObserved } from "../../domains/inventory/contract.ts";
import { decideSet } from "../../domains/inventory/set.ts";
import type { Transaction } from "../../postgres/pool.ts";
import { readKnownLevels, readSetMembers } from "../../store/stock-set.ts";
import type { SetDecisions } from "./compute.ts";
import type { Rules } from "./rules.ts";

export async function readSets(
  tx: Transaction,
  events: readonly RecordedEvent[],
  rules: Rules,
): Promise<SetDecisions> {
  const decisions: SetDecisions = new Map();
  for (const event of events) {
    const set = event.data as SetObserved;
    const members = await readSetMembers(tx, {
      company: event.company,
      source: event.source,
      setId: set.setId,
      location: set.location,
      seq: event.seq,
    });
    const known = await readKnownLevels(tx, event.company, set.location);
    const decision = decideSet(
      { ...set, source: event.source, company: event.company, recordedAt: event.recordedAt },
      { recordedLevels: members.length, inSet: members, known },
      rules.sourceOf(event.source),
    );
    decisions.set(event.id, decision);
  }
  return decisions;
}
