// The one apply function: lock what the events touch, apply what the log holds of those keys already, evolve and
// decide in memory, save as sets with follow-ups and deliveries, in one transaction. All of it or nothing.
import { CrossdockError } from "../../core/errors.ts";
import type { Time } from "../../core/time.ts";
import type { RecordedEvent } from "../../domains/event.ts";
import { describeShortfall } from "../../domains/inventory/available.ts";
import { parseKey } from "../../domains/key.ts";
import { opensOrder } from "../../domains/order/evolve.ts";
import type { Problem } from "../../domains/reaction.ts";
import { sqlState, violatedConstraint } from "../../postgres/failure.ts";
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
import { insertMovements } from "../../store/movement.ts";
import { type KeyPosition, saveKeyPositions, saveOrders } from "../../store/order.ts";
import { readSkuReservations, removeReservations, saveReservations } from "../../store/reservation.ts";
import { saveItems } from "../../store/stock.ts";
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
  /** Reads in the same transaction, beside the locks; answers that are already known skip their command. */
  prelude?(tx: Transaction): Promise<ReadonlySet<RecordedEvent> | undefined>;
  /** Sees what was loaded, before anything is evolved. */
  loaded?(set: WorkingSet): void;
  /** Its statement is asked for at once and leaves with the state: a command's answer. */
  epilogue?(tx: Transaction, set: WorkingSet): Promise<void>;
}

export interface Applied {
  set: WorkingSet;
  appended: RecordedEvent[];
  deliveries: PendingDelivery[];
  outcome: Outcome;
}

const RACES_MAX = 8;

export async function applyEvents(request: ApplyRequest): Promise<Applied> {
  const known: Known = { keys: new Set(), failed: new Map() };
  for (let races = 0; ; ) {
    try {
      return await request.db.transaction((tx) => applyIn(tx, request, known), { readsFirst: true });
    } catch (error) {
      // Each of the first two says something new, so that this ends.
      if (error instanceof UnlockedKeys && error.keys.some((key) => !known.keys.has(key)))
        for (const key of error.keys) known.keys.add(key);
      else if (error instanceof EventFailed && !known.failed.has(error.seq))
        known.failed.set(error.seq, error.cause);
      else if (isLostRace(error) || isDayMissing(error)) {
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

/** A deadlock, a serialization failure, the same new key or answer: the other transaction went on, so this one can. */
const isLostRace = (error: unknown) =>
  (error instanceof CrossdockError && error.code === "postgres.serialization") ||
  (sqlState(error) === "23505" && CREATED_BY_OTHERS.has(violatedConstraint(error) ?? ""));

const CREATED_BY_OTHERS = new Set(["stock_item_pkey", "sales_order_pkey", "idempotency_pkey"]);

async function applyIn(tx: Transaction, request: ApplyRequest, known: Known): Promise<Applied> {
  const { set, events, all } = await prepare(tx, request, known.keys);
  request.loaded?.(set);
  const duplicates = await loadDuplicates(tx, set, all);
  const sets = await readSets(
    tx,
    all.filter((event) => event.type === "inventory.set.observed"),
    request.rules,
  );
  const outcome = compute({ set, events: all, rules: request.rules, duplicates, sets, failed: known.failed });
  await describeShortfalls(tx, set, outcome.problems);
  return save(tx, request, set, events, outcome);
}

/**
 * All that is written leaves together with the commit. The head of the log is locked behind everything else; only
 * deliveries of commands, which get their seq there, come after it.
 */
async function save(
  tx: Transaction,
  request: ApplyRequest,
  set: WorkingSet,
  events: readonly RecordedEvent[],
  outcome: Outcome,
): Promise<Applied> {
  const commands = events.filter((event) => event.seq === 0);
  const position = new Map(commands.map((event, index) => [event, index]));
  const seqOf = (cause: RecordedEvent) => (cause.seq > 0 ? cause.seq : -1 - position.get(cause)!);
  const appending = toAppend(commands, outcome, seqOf);
  const routed = routeAll(
    request.rules,
    outcome.outbound.map(({ outbound, cause }) => ({
      outbound,
      causeSeq: seqOf(cause),
      correlationId: cause.correlationId,
    })),
  );
  const [, , appended, deliveries] = await tx.finish(() => {
    const saved = saveState(tx, set, outcome);
    const answered = request.epilogue?.(tx, set);
    if (commands.length > 0) {
      const log = append(tx, appending);
      return Promise.all([saved, answered, log, insertDeliveries(tx, routed, appending.length)]);
    }
    const queued = insertDeliveries(tx, routed, 0);
    return Promise.all([saved, answered, append(tx, appending), queued]);
  });
  for (const [index, event] of commands.entries()) {
    event.seq = appended[index]!.seq;
    event.recordedAt = appended[index]!.recordedAt;
  }
  return { set, appended, deliveries, outcome };
}

/**
 * Locks and loads; what the log holds of the locked keys comes before the events. Statements that do not need each
 * other's answers leave together; the server runs them in order, so that orders are locked before SKUs.
 */
async function prepare(
  tx: Transaction,
  request: ApplyRequest,
  extraKeys: ReadonlySet<string>,
): Promise<{ set: WorkingSet; events: readonly RecordedEvent[]; all: RecordedEvent[] }> {
  const set = new WorkingSet(request.rules.integration.stock);
  const asked = request.events;
  const keys = keysByDomain([...asked.map((event) => event.key), ...extraKeys, ...(request.release ?? [])]);
  const [answered] = await Promise.all([
    request.prelude?.(tx),
    readTime(tx, set),
    loadOrders(tx, set, keys.order, asked.length > 0 && asked.every((event) => opensOrder(event.type))),
    loadPositions(tx, set, keys.location),
    loadItems(tx, set, [...new Set([...keys.stock, ...askedItemKeys(asked)])]),
  ]);
  const events = answered === undefined ? asked : asked.filter((event) => !answered.has(event));
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
  return { set, events, all };
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

/** The statements leave together and run in this order. */
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
  await Promise.all([
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
}

/** Commands first, then what was decided and what follows. */
function toAppend(
  commands: readonly RecordedEvent[],
  { drafts, after }: Outcome,
  seqOf: (cause: RecordedEvent) => number,
): AppendEvent[] {
  return [
    ...commands.map((event) => ({
      ...event,
      text: JSON.stringify(event.data),
      afterSeq: after.get(event)!,
    })),
    ...drafts.map(({ event, cause, afterSeq }) => ({
      ...event,
      ...(afterSeq === undefined ? {} : { afterSeq }),
      text: JSON.stringify(event.data),
      causeSeq: seqOf(cause),
    })),
  ];
}

async function append(tx: Transaction, rows: readonly AppendEvent[]): Promise<RecordedEvent[]> {
  return rows.length === 0 ? [] : asRecorded(rows, await appendEvents(tx, rows));
}
