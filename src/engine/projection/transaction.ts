// The one apply function: lock what the events touch, apply what the log holds of those keys already, evolve and
// decide in memory, save as sets with follow-ups and deliveries, in one transaction. All of it or nothing.
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import { describeShortfall } from "../../domains/inventory/available.ts";
import { parseKey } from "../../domains/key.ts";
import type { Problem } from "../../domains/reaction.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { insertDeliveries, type PendingDelivery } from "../../store/delivery.ts";
import {
  type AppendEvent,
  appendEvents,
  asRecorded,
  ensureDays,
  isDayMissing,
  readUnapplied,
} from "../../store/event.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { type KeyPosition, saveKeyPositions, saveOrders } from "../../store/order.ts";
import {
  insertMovements,
  readSkuReservations,
  removeReservations,
  saveItems,
  saveReservations,
} from "../../store/stock.ts";
import { saveTasks } from "../../store/task.ts";
import { compute, EventFailed, type Outcome, UnlockedKeys } from "./compute.ts";
import {
  askedItemKeys,
  loadDuplicates,
  loadItems,
  loadOrders,
  loadPositions,
  loadRows,
  neededItemKeys,
} from "./load.ts";
import { routeAll } from "./route.ts";
import type { Rules } from "./rules.ts";
import { readSets } from "./sets.ts";
import { currentReservations, WorkingSet } from "./working-set.ts";

export interface ApplyRequest {
  db: Database;
  rules: Rules;
  /** Facts of the log, in its order; or commands, which have no seq yet and come last. */
  events: readonly RecordedEvent[];
  /** Keys whose unapplied facts are read from the log first: what a command touches, or a released key. */
  catchUp: boolean;
  /** The oldest day of the log that may hold unapplied facts. */
  sinceDay: string;
  /** Held keys that are tried again. */
  release?: readonly string[];
  /** Runs in the same transaction before anything is locked; answers that are already known skip their command. */
  prelude?(tx: Transaction): Promise<ReadonlySet<RecordedEvent> | undefined>;
  /** Sees what was loaded, before anything is evolved. */
  loaded?(set: WorkingSet): void;
  /** Runs in the same transaction after the state is saved: a command's answer. */
  epilogue?(tx: Transaction, set: WorkingSet): Promise<void>;
}

export interface Applied {
  set: WorkingSet;
  appended: RecordedEvent[];
  deliveries: PendingDelivery[];
  outcome: Outcome;
}

const RACES_MAX = 8;

/** Another transaction created the same new key, or gave the same answer, first. */
export class ConcurrentCreation extends Error {}

export async function applyEvents(request: ApplyRequest): Promise<Applied> {
  const known: Known = { keys: new Set(), failed: new Map() };
  for (let races = 0; ; ) {
    try {
      return await request.db.transaction((tx) => applyIn(tx, request, known));
    } catch (error) {
      // Each of the first two says something new, so that this ends.
      if (error instanceof UnlockedKeys && error.keys.some((key) => !known.keys.has(key)))
        for (const key of error.keys) known.keys.add(key);
      else if (error instanceof EventFailed && !known.failed.has(error.seq))
        known.failed.set(error.seq, error.cause);
      else if (error instanceof ConcurrentCreation || isLostRace(error) || isDayMissing(error)) {
        races += 1;
        if (races >= RACES_MAX) throw lostRace(error);
        if (isDayMissing(error)) await ensureDays(request.db);
      } else throw error;
    }
  }
}

/** What earlier attempts at the transaction found out. */
interface Known {
  keys: Set<string>;
  /** Facts that cannot be applied, by seq: what they had changed before they failed went with the attempt. */
  failed: Map<number, unknown>;
}

const lostRace = (error: unknown) =>
  error instanceof CrossdockError
    ? error
    : new CrossdockError("postgres.serialization", "Other transactions kept creating the same keys first.", {
        retry: "later",
        cause: error,
      });

/** A deadlock or a serialization failure: the other transaction went on, so this one can. */
const isLostRace = (error: unknown) =>
  error instanceof CrossdockError && error.code === "postgres.serialization";

async function applyIn(tx: Transaction, request: ApplyRequest, known: Known): Promise<Applied> {
  const answered = await request.prelude?.(tx);
  const events =
    answered === undefined ? request.events : request.events.filter((event) => !answered.has(event));
  const { set, all } = await prepare(tx, request, events, known.keys);
  request.loaded?.(set);
  const duplicates = await loadDuplicates(tx, set, all);
  const sets = await readSets(
    tx,
    all.filter((event) => event.type === "inventory.set.observed"),
    request.rules,
  );
  const outcome = compute({ set, events: all, rules: request.rules, duplicates, sets, failed: known.failed });
  await describeShortfalls(tx, set, outcome.problems);
  // The head of the log is locked behind everything that was saved.
  const [, appended] = await Promise.all([saveState(tx, set, outcome), append(tx, events, outcome)]);
  const rows = routeAll(
    request.rules,
    outcome.outbound.map(({ outbound, cause }) => ({
      outbound,
      causeSeq: cause.seq,
      correlationId: cause.correlationId,
    })),
  );
  const deliveries = rows.length === 0 ? [] : await insertDeliveries(tx, rows);
  await request.epilogue?.(tx, set);
  return { set, appended, deliveries, outcome };
}

/**
 * Locks and loads; what the log holds of the locked keys comes before the events. Statements that do not need each
 * other's answers leave together; the server runs them in order, so that orders are locked before SKUs.
 */
async function prepare(
  tx: Transaction,
  request: ApplyRequest,
  events: readonly RecordedEvent[],
  extraKeys: ReadonlySet<string>,
): Promise<{ set: WorkingSet; all: RecordedEvent[] }> {
  const set = new WorkingSet(request.rules.integration.stock);
  const keys = keysByDomain([...events.map((event) => event.key), ...extraKeys, ...(request.release ?? [])]);
  await Promise.all([
    readTime(tx, set),
    loadOrders(tx, set, keys.order),
    loadPositions(tx, set, keys.location),
    loadItems(tx, set, [...new Set([...keys.stock, ...askedItemKeys(events)])]),
  ]);
  for (const key of request.release ?? []) release(set, key);
  let all = await withUnapplied(
    tx,
    request,
    set,
    request.catchUp ? slotKeys(set) : decisionKeys(set, keys.stock),
    events,
  );
  const needed = neededItemKeys(set, all).filter((key) => !set.items.has(key));
  if (needed.length > 0) {
    await loadItems(tx, set, needed);
    all = await withUnapplied(tx, request, set, needed, all);
  }
  await loadRows(tx, set, all, request.rules.integration);
  return { set, all };
}

function keysByDomain(keys: Iterable<string>): Record<"order" | "stock" | "location", string[]> {
  const byDomain = { order: [] as string[], stock: [] as string[], location: [] as string[] };
  for (const key of new Set(keys))
    byDomain[key.slice(0, key.indexOf(":")) as "order" | "stock" | "location"].push(key);
  return byDomain;
}

const slotKeys = (set: WorkingSet): string[] => [
  ...set.orders.keys(),
  ...set.items.keys(),
  ...set.positions.keys(),
];
/** SKUs that only decisions touch: the batch need not hold all that was recorded of them. */
function decisionKeys(set: WorkingSet, own: readonly string[]): string[] {
  if (set.items.size === own.length) return [];
  const facts = new Set(own);
  return [...set.items.keys()].filter((key) => !facts.has(key));
}

function release(set: WorkingSet, key: string): void {
  const slot = set.items.get(key) ?? set.orders.get(key) ?? set.positions.get(key);
  if (slot !== undefined) slot.heldSeq = null;
}

async function readTime(tx: Transaction, set: WorkingSet): Promise<void> {
  const { rows } = await tx.query<{ now: Time }>({
    name: "database-time",
    text: "select clock_timestamp() as now",
    values: [],
  });
  set.now = rows[0]!.now;
}

/** Puts facts of the keys that are recorded and not applied before everything, in the order of the log. */
async function withUnapplied(
  tx: Transaction,
  request: ApplyRequest,
  set: WorkingSet,
  keys: string[],
  events: readonly RecordedEvent[],
): Promise<RecordedEvent[]> {
  if (keys.length === 0) return [...events];
  const applied = keys.map(
    (key) => (set.items.get(key) ?? set.orders.get(key) ?? set.positions.get(key))?.appliedSeq ?? 0,
  );
  const behind = await readUnapplied(tx, keys, applied, request.sinceDay);
  if (behind.length === 0) return [...events];
  const bySeq = new Map(
    [...behind, ...events.filter((event) => event.seq > 0)].map((event) => [event.seq, event]),
  );
  const facts = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  return [...facts, ...events.filter((event) => event.seq === 0)];
}

/** Names the orders at risk. Reservations are read as they stood, and what this transaction changed is laid over. */
async function describeShortfalls(tx: Transaction, set: WorkingSet, problems: Problem[]): Promise<void> {
  const short = problems.filter((problem) => problem.code === "inventory.shortfall");
  if (short.length === 0) return;
  const keys = short.map((problem) => parseKey(problem.key));
  const stored = await readSkuReservations(
    tx,
    keys.map((k) => k.company),
    keys.map((k) => k.id),
  );
  for (const problem of short) {
    const slot = set.items.get(problem.key);
    if (slot === undefined) continue;
    const reservations = currentReservations(slot, stored);
    problem.detail = {
      ...problem.detail,
      ordersAtRisk: describeShortfall(slot.item, problem.detail.location as string, reservations, set.now),
    };
  }
}

/** The statements leave together and run in this order; the counts of new rows are looked at when all are back. */
async function saveState(tx: Transaction, set: WorkingSet, outcome: Outcome): Promise<void> {
  const items = [...set.items.values()].filter((slot) => slot.touched);
  const orders = [...set.orders.values()].filter((slot) => slot.touched);
  const existing = orders.flatMap((slot) => (slot.order === null ? [] : [{ ...slot, order: slot.order }]));
  const freshItems = items.filter((slot) => slot.fresh);
  const freshOrders = existing.filter((slot) => slot.fresh);
  const unknown = orders.filter((slot) => slot.order === null);
  const positions: KeyPosition[] = [
    ...unknown,
    ...[...set.positions.values()].filter((slot) => slot.touched),
  ];
  const changes = items.flatMap((slot) =>
    [...slot.changed.values()].map((change) => ({ company: slot.company, ...change })),
  );
  const removed = changes
    .filter((change) => change.reservation === null)
    .map((change) => ({ ...change.key, company: change.company }));
  const kept = changes.flatMap((change) =>
    change.reservation === null ? [] : [{ company: change.company, reservation: change.reservation }],
  );
  const [inserted, created] = await Promise.all([
    saveItems(
      tx,
      items.filter((slot) => !slot.fresh),
      freshItems,
    ),
    saveOrders(
      tx,
      existing.filter((slot) => !slot.fresh),
      freshOrders,
    ),
    positions.length > 0 && saveKeyPositions(tx, positions),
    removed.length > 0 && removeReservations(tx, removed),
    kept.length > 0 && saveReservations(tx, kept),
    outcome.movements.length > 0 && insertMovements(tx, outcome.movements),
    outcome.tasks.length > 0 && saveTasks(tx, outcome.tasks),
    outcome.solved.length > 0 && solveProblems(tx, outcome.solved),
    outcome.problems.length > 0 && raiseProblems(tx, outcome.problems),
  ]);
  if (inserted !== freshItems.length || created !== freshOrders.length) throw new ConcurrentCreation();
}

/** Commands first, then what was decided and what follows; gives every event its seq. */
async function append(
  tx: Transaction,
  events: readonly RecordedEvent[],
  { drafts, after }: Outcome,
): Promise<RecordedEvent[]> {
  const commands = events.filter((event) => event.seq === 0);
  if (commands.length + drafts.length === 0) return [];
  const index = new Map(commands.map((event, position) => [event, position]));
  const rows: AppendEvent[] = [
    ...commands.map((event) => ({
      ...event,
      text: JSON.stringify(event.data),
      afterSeq: after.get(event)!,
    })),
    ...drafts.map(({ event, cause, afterSeq }) => ({
      ...event,
      ...(afterSeq === undefined ? {} : { afterSeq }),
      text: JSON.stringify(event.data),
      causeSeq: cause.seq > 0 ? cause.seq : -1 - index.get(cause)!,
    })),
  ];
  const recorded = asRecorded(rows, await appendEvents(tx, rows));
  for (const [position, event] of commands.entries()) {
    event.seq = recorded[position]!.seq;
    event.recordedAt = recorded[position]!.recordedAt;
  }
  return recorded;
}
