// One transaction that settles many deliveries of many targets: set by set, facts last because they take the
// lock on the log's head. Repeated after a lost answer it changes nothing twice.
import type { Reference } from "../../domains/outbound.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { Transaction } from "../../postgres/pool.ts";
import { insertDeliveries, type NewDelivery, type PendingDelivery } from "../../store/delivery.ts";
import {
  markReferring,
  occupiedLanes,
  referenceAges,
  referenceId,
  resumeReferring,
} from "../../store/delivery-reference.ts";
import {
  answerClaims,
  type DoneRow,
  findSuperseded,
  freeBehind,
  holdBehind,
  type LaneName,
  parkDeliveries,
  recordFailures,
  settleDone,
} from "../../store/delivery-settle.ts";
import { saveReferences } from "../../store/reference.ts";
import { unmappedProblem } from "../codes/problem.ts";
import type { DeliveryFact, FactSink, ProblemSink } from "./facts.ts";
import type { Entry } from "./lane.ts";
import { missingProblem, outcomeProblem, renderReference } from "./problem.ts";
import type {
  DoneSettlement,
  Failure,
  ParkSettlement,
  ReferSettlement,
  Settlement,
  SettlementClient,
} from "./settlement.ts";

export interface SettleContext {
  facts: FactSink;
  problems: ProblemSink;
  nowMs: number;
}

/** What to do after the commit, besides telling each settlement. */
export interface AfterCommit {
  freed: { client: SettlementClient; lanes: string[] }[];
  inserted: { client: SettlementClient; pending: PendingDelivery[] }[];
  callbacks: (() => void)[];
}

export async function settleTogether(
  tx: Transaction,
  items: readonly Settlement[],
  claims: readonly number[],
  context: SettleContext,
): Promise<AfterCommit> {
  const batch = sort(items);
  const after: AfterCommit = { freed: [], inserted: [], callbacks: [] };
  const raise: Problem[] = batch.notices.flatMap((notice) => notice.raise);
  const solve: string[] = batch.notices.flatMap((notice) => notice.solve);
  const gone = await settleFinished(tx, batch, claims, solve);
  await resume(tx, batch, after);
  for (const id of await park(tx, batch, raise)) gone.add(id);
  await refer(tx, batch, context.nowMs, raise, after);
  await recordFailures(tx, failureRows(batch, context.nowMs));
  await answerClaims(tx, unclaimedRows(batch));
  await holdBehind(tx, laneNames(batch.holds));
  await freeBehind(tx, laneNames(batch.frees));
  for (const { client, lane } of batch.frees) after.freed.push({ client, lanes: [lane] });
  if (raise.length > 0) await context.problems.raise(tx, raise);
  if (solve.length > 0) await context.problems.solve(tx, solve);
  for (const [target, facts] of factsOf(batch, gone)) {
    after.callbacks.push(await context.facts.record(tx, target, facts));
  }
  return after;
}

interface Batch {
  done: DoneSettlement[];
  parked: ParkSettlement[];
  referred: ReferSettlement[];
  others: Settlement[];
  holds: Extract<Settlement, { kind: "hold" | "free" }>[];
  frees: Extract<Settlement, { kind: "hold" | "free" }>[];
  notices: Extract<Settlement, { kind: "notice" }>[];
}

function sort(items: readonly Settlement[]): Batch {
  const batch: Batch = {
    done: [],
    parked: [],
    referred: [],
    others: [],
    holds: [],
    frees: [],
    notices: [],
  };
  for (const item of items) {
    if (item.kind === "done") batch.done.push(item);
    else if (item.kind === "park") batch.parked.push(item);
    else if (item.kind === "refer") batch.referred.push(item);
    else if (item.kind === "hold") batch.holds.push(item);
    else if (item.kind === "free") batch.frees.push(item);
    else if (item.kind === "notice") batch.notices.push(item);
    else batch.others.push(item);
  }
  return batch;
}

export function doneRows(item: DoneSettlement): DoneRow[] {
  return [
    {
      id: item.entry.id,
      outcome: item.outcome,
      attempts: item.entry.attempts,
      durationMs: item.durationMs,
      reference: item.reference,
      reason: item.reason,
    },
    ...mergedRows(item.entry),
  ];
}

function mergedRows(entry: Entry): DoneRow[] {
  return entry.merged.map((id) => mergedRow(id, entry.id, 0));
}

function mergedRow(id: number, by: number, attempts: number): DoneRow {
  return { id, outcome: "merged", attempts, durationMs: null, reference: null, reason: `replaced by ${by}` };
}

/** Returns the ids that were unsettled until now. */
async function settleFinished(
  tx: Transaction,
  batch: Batch,
  claims: readonly number[],
  solve: string[],
): Promise<Set<number>> {
  const rows = [
    ...batch.done.flatMap(doneRows),
    ...batch.parked.flatMap((item) => mergedRows(item.entry)),
    ...batch.referred.flatMap((item) => mergedRows(item.entry)),
  ];
  const superseding = batch.done.filter((item) => item.supersedes);
  if (superseding.length > 0) {
    const found = await findSuperseded(
      tx,
      superseding.map(({ entry, lane, client }) => ({
        id: entry.id,
        target: client.system,
        lane,
        type: entry.type,
        key: entry.key,
      })),
    );
    for (const row of new Map(found.map((f) => [f.id, f])).values())
      rows.push(mergedRow(row.id, row.by, row.attempts));
  }
  if (rows.length === 0 && claims.length === 0) return new Set();
  const gone = await settleDone(tx, rows, claims, { report: true, repeatable: false });
  for (const row of gone) if (row.problem !== null) solve.push(row.problem);
  return new Set(gone.map((row) => row.id));
}

/** A reference that has arrived lets go on what waited for it. */
async function resume(tx: Transaction, batch: Batch, after: AfterCommit): Promise<void> {
  const arrived = batch.done.filter(
    (item) => item.entry.type === "customer.reference" && item.outcome === "delivered",
  );
  if (arrived.length === 0) return;
  const known = arrived.map((item) => ({
    target: item.client.system,
    domain: "customer",
    key: item.entry.key,
  }));
  await saveReferences(
    tx,
    known.map((reference, index) => ({
      ...reference,
      nativeId: arrived[index]!.reference ?? reference.key,
    })),
  );
  const lanes = await resumeReferring(tx, known);
  const clients = new Map(arrived.map((item) => [item.client.system, item.client]));
  for (const [system, client] of clients) {
    const freed = lanes.filter((lane) => lane.target === system).map((lane) => lane.lane);
    if (freed.length > 0) after.freed.push({ client, lanes: freed });
  }
}

/** Returns the ids that were not parked before. */
async function park(tx: Transaction, batch: Batch, raise: Problem[]): Promise<number[]> {
  if (batch.parked.length === 0) return [];
  const fresh = await parkDeliveries(
    tx,
    batch.parked.map((item) => ({
      id: item.entry.id,
      attempts: item.entry.attempts,
      reason: item.reason,
      problem: parkProblem(item).fingerprint,
      claim: item.entry.claim?.id ?? 0,
    })),
  );
  const holding = batch.parked.filter((item) => !item.entry.merge);
  await holdBehind(tx, laneNames(holding));
  for (const item of batch.parked) raise.push(parkProblem(item));
  return fresh;
}

/** Many may wait for one code; every other problem is a delivery's own. */
function parkProblem({ code, miss, client: { system }, lane, entry, reason }: ParkSettlement): Problem {
  if (code === "code.unmapped") return unmappedProblem({ system, direction: "out", ...miss! });
  return outcomeProblem(code, system, lane, entry, reason);
}

/** What the target lacks goes first, in a lane of its own; what came to be known since the attempt is not sent again. */
async function refer(
  tx: Transaction,
  batch: Batch,
  nowMs: number,
  raise: Problem[],
  after: AfterCommit,
): Promise<void> {
  if (batch.referred.length === 0) return;
  const wanted = batch.referred.flatMap((item) =>
    item.references.map((reference) => ({ target: item.client.system, ...reference })),
  );
  const ages = await referenceAges(tx, wanted);
  const messages = new Map<string, { client: SettlementClient; message: NewDelivery }>();
  const waiting: ReferSettlement[] = [];
  const problems = new Map<ReferSettlement, Problem>();
  for (const item of batch.referred) {
    const target = item.client.system;
    const sentAgoMs = nowMs - item.failure.startedAt;
    const lacking = item.references.filter(
      (r) => (ages.get(referenceId({ target, ...r })) ?? Number.POSITIVE_INFINITY) > sentAgoMs,
    );
    item.again = item.references.length > 0 && lacking.length === 0;
    if (item.again) continue;
    waiting.push(item);
    const unsendable: Reference[] = [];
    for (const reference of lacking) {
      const rendered = renderReference(target, item.entry, reference);
      const message = item.client.takes("customer.reference") ? rendered : null;
      if (message === null) unsendable.push(reference);
      else messages.set(`${target}\n${message.lane}`, { client: item.client, message });
    }
    const problem = missingProblem(target, item.lane, item.entry, lacking, unsendable);
    if (problem !== null) problems.set(item, problem);
  }
  await markReferring(
    tx,
    waiting.map((item) => ({
      id: item.entry.id,
      attempts: item.entry.attempts,
      references: item.references,
      reason: item.failure.reason,
      problem: problems.get(item)?.fingerprint ?? null,
      dueInMs: item.dueInMs,
      claim: item.entry.claim?.id ?? 0,
    })),
  );
  raise.push(...problems.values());
  await holdBehind(tx, laneNames(waiting.filter((item) => !item.entry.merge)));
  await insertReferences(tx, messages, after);
}

async function insertReferences(
  tx: Transaction,
  messages: Map<string, { client: SettlementClient; message: NewDelivery }>,
  after: AfterCommit,
): Promise<void> {
  const all = [...messages.values()];
  const occupied = await occupiedLanes(
    tx,
    all.map(({ message }) => ({ target: message.target, lane: message.lane })),
  );
  const fresh = all.filter(({ message }) => !occupied.has(`${message.target}\n${message.lane}`));
  const pending = await insertDeliveries(
    tx,
    fresh.map(({ message }) => message),
  );
  const clients = new Map(fresh.map(({ client }) => [client.system, client]));
  for (const [system, client] of clients)
    after.inserted.push({ client, pending: pending.filter((row) => row.target === system) });
}

function failureRows(batch: Batch, nowMs: number) {
  const row = (id: number, failure: Failure, dueInMs: number | null, claim: number) => ({
    id,
    attempt: failure.attempt,
    answer: failure.answer,
    reason: failure.reason,
    startedAgoMs: nowMs - failure.startedAt,
    durationMs: failure.durationMs,
    dueInMs,
    claim,
  });
  const rows = [
    ...batch.parked.flatMap((item) =>
      item.failure === null ? [] : [row(item.entry.id, item.failure, null, 0)],
    ),
    ...batch.referred.map((item) => row(item.entry.id, item.failure, null, item.entry.claim?.id ?? 0)),
  ];
  for (const item of batch.others) {
    if (item.kind === "fail")
      rows.push(row(item.entryId, item.failure, Math.max(0, item.dueAt - nowMs), item.answered?.id ?? 0));
  }
  return rows;
}

function unclaimedRows(batch: Batch): { id: number; claim: number }[] {
  return batch.others.flatMap((item) =>
    item.kind === "unclaim" ? item.ids.map((id) => ({ id, claim: item.claim.id })) : [],
  );
}

const laneNames = (items: readonly { client: SettlementClient; lane: string }[]): LaneName[] =>
  items.map((item) => ({ target: item.client.system, lane: item.lane }));

/** Only of deliveries that this transaction settled or parked: what another owner settled has brought its facts. */
function factsOf(batch: Batch, gone: Set<number>): Map<string, DeliveryFact[]> {
  const byTarget = new Map<string, DeliveryFact[]>();
  for (const item of [...batch.done, ...batch.parked]) {
    if (item.facts.length === 0 || !gone.has(item.entry.id)) continue;
    const { entry, client, lane } = item;
    const facts = byTarget.getOrInsertComputed(client.system, () => []);
    for (const event of item.facts) {
      facts.push({
        deliveryId: entry.id,
        type: entry.type,
        lane,
        key: entry.key,
        causeSeq: entry.causeSeq,
        correlationId: entry.correlationId,
        event,
      });
    }
  }
  return byTarget;
}
