// Open problems, one row a fingerprint: the same problem again raises its count, not the worklist.
// Fingerprints are touched in byte order, so that two transactions cannot wait for each other.
import { randomUUIDv7 } from "node:crypto";
import { formatDecimal } from "../core/decimal.ts";
import { type Problem, problemCodes } from "../domains/reaction.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";
import { countUnmapped, emptyUnmapped, isUnmapped } from "./unmapped.ts";

const RAISE = `
insert into exception as e (id, fingerprint, code, category, system, domain, key, title, detail, owner,
                            money_at_risk, currency, occurrences, first_at, last_at)
select n.id, n.fingerprint, n.code, n.category, n.system, n.domain, n.key, n.title, n.detail::jsonb, n.owner,
       n.money, n.currency, n.occurrences, clock_timestamp(), clock_timestamp()
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::numeric[], $12::text[], $13::bigint[])
    as n(id, fingerprint, code, category, system, domain, key, title, detail, owner, money, currency, occurrences)
 order by n.fingerprint
on conflict (fingerprint) where resolved_at is null do update
   set occurrences = e.occurrences + excluded.occurrences, last_at = excluded.last_at,
       title = excluded.title, detail = excluded.detail,
       money_at_risk = excluded.money_at_risk, currency = excluded.currency`;

/** What is said last of an open problem stands: title, detail and money at risk are replaced, occurrences added. */
export async function raiseProblems(tx: Transaction, problems: readonly Problem[]): Promise<void> {
  if (problems.length === 0) return;
  const latest = new Map<string, { problem: Problem; occurrences: number }>();
  for (const problem of problems) {
    const fingerprint = storable(problem.fingerprint);
    latest.set(fingerprint, { problem, occurrences: (latest.get(fingerprint)?.occurrences ?? 0) + 1 });
  }
  const rows = [...latest].map(([fingerprint, { problem, occurrences }]) => ({
    fingerprint,
    problem,
    occurrences,
  }));
  await tx.query({
    name: "raise-problems",
    text: RAISE,
    values: [
      plainArray(rows.map(() => randomUUIDv7())),
      textArray(rows.map((r) => r.fingerprint)),
      textArray(rows.map((r) => r.problem.code)),
      textArray(rows.map((r) => problemCodes[r.problem.code].category)),
      textArray(rows.map((r) => r.problem.system)),
      textArray(rows.map((r) => r.problem.code.slice(0, r.problem.code.indexOf(".")))),
      textArray(rows.map((r) => storable(r.problem.key))),
      textArray(rows.map((r) => storable(r.problem.title))),
      textArray(rows.map((r) => detailText(r.problem.detail))),
      textArray(rows.map((r) => problemCodes[r.problem.code].owner)),
      plainArray(rows.map((r) => formatDecimal(r.problem.moneyAtRisk ?? 0n))),
      textArray(rows.map((r) => r.problem.currency)),
      plainArray(rows.map((r) => r.occurrences)),
    ],
  });
  const unmapped = rows.map((r) => r.fingerprint).filter(isUnmapped);
  if (unmapped.length > 0) await countUnmapped(tx, unmapped);
}

/**
 * Closes what is open of these; a fingerprint that is not open is nothing, and a code that still holds something back
 * stays open and says what. Returns how many were closed.
 */
export async function solveProblems(
  tx: Transaction,
  fingerprints: readonly string[],
  resolution = "solved",
): Promise<number> {
  const shared = fingerprints.filter(isUnmapped);
  if (shared.length > 0) {
    const empty = await emptyUnmapped(tx, shared);
    await countUnmapped(tx, shared);
    const single = fingerprints.filter((fingerprint) => !isUnmapped(fingerprint));
    return close(tx, [...single, ...empty], resolution);
  }
  return close(tx, fingerprints, resolution);
}

async function close(tx: Transaction, fingerprints: readonly string[], resolution: string): Promise<number> {
  if (fingerprints.length === 0) return 0;
  const { rowCount } = await tx.query({
    name: "solve-problems",
    text: `with open as (
             select id from exception where fingerprint = any($1::text[]) and resolved_at is null
              order by fingerprint for update
           )
           update exception e set resolved_at = clock_timestamp(), resolution = $2
             from open where e.id = open.id`,
    values: [textArray([...new Set(fingerprints)].map(storable)), resolution],
  });
  return rowCount ?? 0;
}

/** A bigint in a detail is a decimal or a count; JSON has no other way to keep it exact than text. */
function detailText(detail: Record<string, unknown>): string {
  return JSON.stringify(detail, (_key, value) => {
    if (typeof value === "bigint") return value.toString();
    return typeof value === "string" ? storable(value) : value;
  });
}

/** What an outsider said may hold what no PostgreSQL text can. */
export function storable(text: string): string {
  return text.includes("\u0000") ? text.replaceAll("\u0000", "\ufffd").toWellFormed() : text.toWellFormed();
}

export interface ExceptionRow {
  id: string;
  fingerprint: string;
  code: string;
  category: string;
  system: string | null;
  domain: string;
  key: string;
  title: string;
  detail: Record<string, unknown>;
  owner: string;
  moneyAtRisk: string;
  currency: string | null;
  occurrences: number;
  firstAt: string;
  lastAt: string;
  resolvedAt: string | null;
  resolution: string | null;
}

export interface ExceptionFilter {
  open?: boolean;
  category?: string;
  code?: string;
  system?: string;
  owner?: string;
  key?: string;
  /** The id of the last one of the page before. */
  after?: string;
  limit: number;
}

/** Newest first: ids are made in the order of time. */
export async function pageExceptions(db: Database, filter: ExceptionFilter): Promise<ExceptionRow[]> {
  const { rows } = await db.query<Record<string, string | null>>({
    name: "page-exceptions",
    text: `select id, fingerprint, code, category, system, domain, key, title, detail, owner, money_at_risk, currency,
                  occurrences, first_at, last_at, resolved_at, resolution
             from exception
            where ($1::boolean is null or (resolved_at is null) = $1) and ($2::text is null or category = $2)
              and ($3::text is null or code = $3) and ($4::text is null or system = $4)
              and ($5::text is null or owner = $5) and ($6::text is null or key = $6)
              and ($7::uuid is null or id < $7)
            order by id desc limit $8`,
    values: [
      filter.open ?? null,
      filter.category ?? null,
      filter.code ?? null,
      filter.system ?? null,
      filter.owner ?? null,
      filter.key ?? null,
      filter.after ?? null,
      filter.limit,
    ],
  });
  return rows.map((row) => ({
    id: row.id!,
    fingerprint: row.fingerprint!,
    code: row.code!,
    category: row.category!,
    system: row.system!,
    domain: row.domain!,
    key: row.key!,
    title: row.title!,
    detail: JSON.parse(row.detail!) as Record<string, unknown>,
    owner: row.owner!,
    moneyAtRisk: row.money_at_risk!,
    currency: row.currency!,
    occurrences: Number(row.occurrences),
    firstAt: row.first_at!,
    lastAt: row.last_at!,
    resolvedAt: row.resolved_at!,
    resolution: row.resolution!,
  }));
}

/** Open problems by category, for books and dashboards. */
export async function countExceptions(db: Database): Promise<Record<string, number>> {
  const { rows } = await db.query<{ category: string; count: string }>({
    name: "count-exceptions",
    text: "select category, count(*) as count from exception where resolved_at is null group by category order by category",
    values: [],
  });
  return Object.fromEntries(rows.map((row) => [row.category, Number(row.count)]));
}
