// Maps receipts again that could not be mapped: after the connector, or what it maps by, was mended. What succeeds is
// recorded as if it had come now; what still fails stays as it is.
import { CrossdockError } from "../../core/errors.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { textArray } from "../../store/arrays.ts";
import { appendEvents } from "../../store/event.ts";
import { raiseProblems, solveProblems } from "../../store/exception.ts";
import { addIntake, noIntake, unmappedRows } from "../../store/intake.ts";
import { freeUnmapped, keepUnmapped } from "../../store/unmapped.ts";
import { mapReceipt, type NativeSource } from "../receive/native.ts";

export interface RemapScope {
  source: string;
  /** Received since and until. */
  from?: string;
  to?: string;
  /** Only the one that an exception is about. */
  exception?: string;
  /** Only what these hold back: fingerprints of exceptions about codes. */
  problems?: readonly string[];
}

export interface Remapped {
  executed: boolean;
  mapped: number;
  ignored: number;
  stillFailing: number;
  /** Events that came of it. */
  events: number;
  /** The first that still fail, and why. */
  failures: { receiptId: string; topic: string; nativeId: string; reason: string }[];
}

interface FailedRow {
  id: string;
  day: string;
  topic: string;
  native_id: string;
  content_type: string;
  body: Buffer;
  reason: string | null;
}

const PAGE = 200;
const SHOWN_MAX = 50;

/** Without `execute` nothing is changed. Throws `system.unknown`. */
export async function remapReceipts(
  db: Database,
  sources: ReadonlyMap<string, NativeSource>,
  scope: RemapScope,
  execute: boolean,
): Promise<Remapped> {
  const source = sources.get(scope.source);
  if (source === undefined)
    throw new CrossdockError("system.unknown", `The integration has no system ${scope.source}.`);
  const result: Remapped = {
    executed: execute,
    mapped: 0,
    ignored: 0,
    stillFailing: 0,
    events: 0,
    failures: [],
  };
  for (let after: string | undefined = ""; after !== undefined; ) {
    const rows: FailedRow[] = await readFailed(db, scope, after);
    for (const row of rows) await remapOne(db, source, row, execute, result);
    after = rows.length < PAGE ? undefined : rows.at(-1)!.id;
  }
  return result;
}

async function readFailed(db: Database, scope: RemapScope, after: string): Promise<FailedRow[]> {
  const { rows } = await db.query<FailedRow>({
    name: "failed-receipts",
    text: `select r.id, r.day::text as day, r.topic, r.native_id, r.content_type, r.body, r.reason from receipt r
            where r.system = $1 and r.outcome = 'failed' and ($2 = '' or r.id > $2::uuid)
              and ($3::timestamptz is null or r.received_at >= $3) and ($4::timestamptz is null or r.received_at <= $4)
              and ($5::uuid is null or exists (
                    select from exception e where e.id = $5
                       and (e.key = 'receipt:' || r.id
                            or exists (select from unmapped_receipt u where u.problem = e.fingerprint and u.receipt_id = r.id))))
              and ($6::text[] is null or r.id in (select u.receipt_id from unmapped_receipt u where u.problem = any($6)))
            order by r.id limit $7`,
    values: [
      scope.source,
      after,
      scope.from ?? null,
      scope.to ?? null,
      scope.exception ?? null,
      scope.problems === undefined ? null : textArray(scope.problems),
      PAGE,
    ],
  });
  return rows;
}

async function remapOne(
  db: Database,
  source: NativeSource,
  row: FailedRow,
  execute: boolean,
  result: Remapped,
): Promise<void> {
  const message = { topic: row.topic, id: row.native_id, contentType: row.content_type, body: row.body };
  const mapped = mapReceipt(source, row.id, message);
  const { receipt, events } = mapped;
  if (receipt.outcome === "failed") {
    result.stillFailing += 1;
    const { topic, nativeId, reason } = receipt;
    if (result.failures.length < SHOWN_MAX)
      result.failures.push({ receiptId: row.id, topic, nativeId, reason: reason ?? "" });
    if (execute && reason !== row.reason) await failAgain(db, row, mapped);
    return;
  }
  if (execute && !(await save(db, source.system, row, mapped))) return;
  result[receipt.outcome] += 1;
  result.events += events.length;
}

/** It fails for another reason than before: another code, or what a code had hidden. */
async function failAgain(
  db: Database,
  row: FailedRow,
  { receipt, problems }: ReturnType<typeof mapReceipt>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const { rowCount } = await tx.query({
      name: "refail-receipt",
      text: "update receipt set mapping_revision = $3, reason = $4 where day = $1::date and id = $2 and outcome = 'failed'",
      values: [row.day, row.id, receipt.mappingRevision, receipt.reason ?? null],
    });
    if (rowCount === 0) return;
    const before = [...(await freeUnmapped(tx, row.id)), ...(await openProblemsOf(tx, row.id))];
    await keepUnmapped(tx, unmappedRows([receipt]));
    const now = new Set(problems.map(({ fingerprint }) => fingerprint));
    await raiseProblems(tx, problems);
    await solveProblems(
      tx,
      before.filter((fingerprint) => !now.has(fingerprint)),
      "mapped",
    );
  });
}

/** False where somebody else was faster. */
async function save(
  db: Database,
  system: string,
  row: FailedRow,
  { receipt, events, problems }: ReturnType<typeof mapReceipt>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { rowCount } = await tx.query({
      name: "remap-receipt",
      text: `update receipt set outcome = $3, mapping_revision = $4, events = $5, reason = $6 where day = $1::date and id = $2 and outcome = 'failed'`,
      values: [
        row.day,
        row.id,
        receipt.outcome,
        receipt.mappingRevision,
        receipt.events,
        receipt.reason ?? null,
      ],
    });
    if (rowCount === 0) return false;
    const held = await freeUnmapped(tx, row.id);
    await solveProblems(tx, [...held, ...(await openProblemsOf(tx, row.id))], "mapped");
    // Single rows of it may still be wrong.
    await raiseProblems(tx, problems);
    // The log's head is locked last.
    if (events.length > 0) await appendEvents(tx, events);
    const mapped = receipt.outcome === "mapped" ? 1 : 0;
    const count = {
      ...noIntake(),
      recorded: events.length,
      nativeMapped: mapped,
      nativeIgnored: 1 - mapped,
      nativeFailed: -1,
    };
    await addIntake(tx, new Map([[system, count]]));
    return true;
  });
}

async function openProblemsOf(tx: Transaction, receiptId: string): Promise<string[]> {
  const { rows } = await tx.query<{ fingerprint: string }>({
    name: "problems-of-receipt",
    text: "select fingerprint from exception where key = $1 and code = 'receipt.not-mapped' and resolved_at is null",
    values: [`receipt:${receiptId}`],
  });
  return rows.map(({ fingerprint }) => fingerprint);
}
