// Answers to commands, kept in the command's own transaction, as text: who is answered again gets the same bytes.
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export interface StoredAnswer {
  client: string;
  key: string;
  /** A signed 64-bit hash of the request, as text. */
  request: string;
  status: number;
  body: unknown;
}

/** By `client NUL key`. */
export async function findAnswers(
  tx: Transaction,
  keys: readonly { client: string; key: string }[],
): Promise<Map<string, StoredAnswer>> {
  const { rows } = await tx.query<{
    client: string;
    key: string;
    request: string;
    status: number;
    answer: string;
  }>({
    name: "find-answers",
    text: `select i.client, i.key, i.request, i.status, i.answer from unnest($1::text[], $2::text[]) as k(client, key)
             join idempotency i on i.client = k.client and i.key = k.key`,
    values: [textArray(keys.map((k) => k.client)), textArray(keys.map((k) => k.key))],
  });
  return new Map(
    rows.map((row) => [
      `${row.client}\u0000${row.key}`,
      {
        client: row.client,
        key: row.key,
        request: row.request,
        status: row.status,
        body: JSON.parse(row.answer),
      },
    ]),
  );
}

/** Two transactions with the same key: the second waits here, and then violates `idempotency_pkey`. */
export async function saveAnswers(tx: Transaction, answers: readonly StoredAnswer[]): Promise<void> {
  await tx.query({
    name: "save-answers",
    text: `insert into idempotency (client, key, request, status, answer)
           select n.client, n.key, n.request, n.status, n.answer
             from unnest($1::text[], $2::text[], $3::bigint[], $4::smallint[], $5::text[]) as n(client, key, request, status, answer)
            order by n.client, n.key`,
    values: [
      textArray(answers.map((a) => a.client)),
      textArray(answers.map((a) => a.key)),
      plainArray(answers.map((a) => a.request)),
      plainArray(answers.map((a) => a.status)),
      textArray(answers.map((a) => JSON.stringify(a.body))),
    ],
  });
}

export async function forgetAnswers(db: Database, olderThanDays: number): Promise<void> {
  await db.query("delete from idempotency where created_at < clock_timestamp() - make_interval(days => $1)", [
    olderThanDays,
  ]);
}
