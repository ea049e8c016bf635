// Code tables: entries as they are, and every change of them with who made it. Who changes locks the version first, so
// that versions are dense and a change is compared with what it really replaces.
import type { Time } from "../core/time.ts";
import { type CodeEntry, type CodeKey, codeName } from "../policy/codes.ts";
import type { Database, Queryable, Transaction } from "../postgres/pool.ts";
import { textArray } from "./arrays.ts";

/** `means` null: the entry is taken out. */
export interface CodeWish extends CodeKey {
  means: string | null;
}
export interface CodeDifference extends CodeWish {
  was: string | null;
}

export async function codeVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: string }>({
    name: "code-version",
    text: "select version from code_version",
    values: [],
  });
  return Number(rows[0]!.version);
}

/** All of them, at one moment. */
export async function readCodes(db: Database): Promise<{ version: number; entries: CodeEntry[] }> {
  const { rows } = await db.query<{ version: string } & Partial<CodeEntry>>({
    name: "read-codes",
    text: `select v.version, e.system, e.code_table as "table", e.direction, e.code, e.means
             from code_version v left join code_entry e on true`,
    values: [],
  });
  const entries = rows.flatMap(({ version: _version, ...entry }) =>
    entry.system == null ? [] : [entry as CodeEntry],
  );
  return { version: Number(rows[0]!.version), entries };
}

/** What of the wishes is not so already. Of two for one entry the later one stands. */
export async function codeDifferences(db: Queryable, wishes: readonly CodeWish[]): Promise<CodeDifference[]> {
  const wanted = [...new Map(wishes.map((wish) => [codeName(wish), wish])).values()];
  if (wanted.length === 0) return [];
  const { rows } = await db.query<CodeEntry>({
    name: "present-codes",
    text: `select e.system, e.code_table as "table", e.direction, e.code, e.means
             from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as w(system, code_table, direction, code)
             join code_entry e using (system, code_table, direction, code)`,
    values: keyArrays(wanted),
  });
  const present = new Map(rows.map((row) => [codeName(row), row.means]));
  return wanted
    .map((wish) => ({ ...wish, was: present.get(codeName(wish)) ?? null }))
    .filter(({ was, means }) => was !== means);
}

/** Makes the wishes true. Returns what that changed, and the version that it made or found. */
export async function changeCodes(
  tx: Transaction,
  by: string,
  wishes: readonly CodeWish[],
): Promise<{ version: number; changes: CodeDifference[] }> {
  const { rows } = await tx.query<{ version: string }>({
    name: "lock-codes",
    text: "select version from code_version for update",
    values: [],
  });
  const last = Number(rows[0]!.version);
  const changes = await codeDifferences(tx, wishes);
  if (changes.length === 0) return { version: last, changes };
  const version = last + 1;
  const kept = changes.filter(({ means }) => means !== null);
  await tx.query({
    name: "code-version-next",
    text: "update code_version set version = $1",
    values: [version],
  });
  await tx.query({
    name: "remove-codes",
    text: `delete from code_entry e using unnest($1::text[], $2::text[], $3::text[], $4::text[])
             as w(system, code_table, direction, code)
            where (e.system, e.code_table, e.direction, e.code) = (w.system, w.code_table, w.direction, w.code)`,
    values: keyArrays(changes),
  });
  await tx.query({
    name: "insert-codes",
    text: `insert into code_entry (system, code_table, direction, code, means, version)
           select system, code_table, direction, code, means, $6
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as w(system, code_table, direction, code, means)`,
    values: [...keyArrays(kept), textArray(kept.map(({ means }) => means)), version],
  });
  await tx.query({
    name: "note-codes",
    text: `insert into code_change (version, changed_by, system, code_table, direction, code, was, means)
           select $7, $8, system, code_table, direction, code, was, means
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
               as w(system, code_table, direction, code, was, means)`,
    values: [
      ...keyArrays(changes),
      textArray(changes.map(({ was }) => was)),
      textArray(changes.map(({ means }) => means)),
      version,
      by,
    ],
  });
  return { version, changes };
}

/** Of these entries, who changed each last and to what; one that never was is absent. */
export async function lastCodeChanges(
  tx: Transaction,
  keys: readonly CodeKey[],
): Promise<Map<string, { by: string }>> {
  const { rows } = await tx.query<CodeKey & { by: string }>({
    name: "last-code-changes",
    text: `select w.system, w.code_table as "table", w.direction, w.code, c.changed_by as by
             from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as w(system, code_table, direction, code)
            cross join lateral (
              select changed_by from code_change c
               where (c.system, c.code_table, c.direction, c.code) = (w.system, w.code_table, w.direction, w.code)
               order by c.version desc limit 1) c`,
    values: keyArrays(keys),
  });
  return new Map(rows.map((row) => [codeName(row), { by: row.by }]));
}

export interface CodeFilter {
  system?: string;
  table?: string;
  limit: number;
}
export interface CodeRow extends CodeEntry {
  version: number;
}

/** In the order of their keys; `after`: the key of the last one of the page before. */
export async function pageCodes(db: Database, filter: CodeFilter & { after?: CodeKey }): Promise<CodeRow[]> {
  const { after } = filter;
  const { rows } = await db.query<CodeEntry & { version: string }>({
    name: "page-codes",
    text: `select system, code_table as "table", direction, code, means, version from code_entry
            where ($1::text is null or system = $1) and ($2::text is null or code_table = $2)
              and ($3::text is null or (system, code_table, direction, code) > ($3, $4, $5, $6))
            order by system, code_table, direction, code limit $7`,
    values: [
      filter.system ?? null,
      filter.table ?? null,
      after?.system ?? null,
      after?.table ?? null,
      after?.direction ?? null,
      after?.code ?? null,
      filter.limit,
    ],
  });
  return rows.map((row) => ({ ...row, version: Number(row.version) }));
}

export interface CodeChangeRow extends CodeDifference {
  version: number;
  at: Time;
  by: string;
}

/** The last ones first; `before`: a version, whole ones are shown up to `limit` and beyond it. */
export async function pageCodeChanges(
  db: Database,
  filter: CodeFilter & { before?: number },
): Promise<CodeChangeRow[]> {
  const { rows } = await db.query<CodeDifference & { version: string; at: Time; by: string }>({
    name: "page-code-changes",
    text: `select * from (
             select version, changed_at as at, changed_by as by, system, code_table as "table", direction, code, was, means
               from code_change
              where ($1::text is null or system = $1) and ($2::text is null or code_table = $2)
                and ($3::bigint is null or version < $3)
              order by version desc fetch first $4 rows with ties) c
            order by version desc, system, "table", direction, code`,
    values: [filter.system ?? null, filter.table ?? null, filter.before ?? null, filter.limit],
  });
  return rows.map((row) => ({ ...row, version: Number(row.version) }));
}

const keyArrays = (keys: readonly CodeKey[]): string[] => [
  textArray(keys.map(({ system }) => system)),
  textArray(keys.map(({ table }) => table)),
  textArray(keys.map(({ direction }) => direction)),
  textArray(keys.map(({ code }) => code)),
];
