// Tasks: commands of our own that are due at a time. One of a kind and key; a later request replaces it.
import type { Time } from "../core/time.ts";
import type { TaskRequest } from "../domains/reaction.ts";
import type { Database, Transaction } from "../postgres/pool.ts";
import { plainArray, textArray } from "./arrays.ts";

export async function saveTasks(tx: Transaction, requests: readonly TaskRequest[]): Promise<void> {
  const latest = new Map(requests.map((request) => [`${request.kind}/${request.key}`, request]));
  const due = [...latest.values()].filter((request) => request.dueAt !== undefined);
  const gone = [...latest.values()].filter((request) => request.dueAt === undefined);
  await Promise.all([due.length > 0 && upsertTasks(tx, due), gone.length > 0 && removeTasks(tx, gone)]);
}

async function upsertTasks(tx: Transaction, due: readonly TaskRequest[]): Promise<void> {
  await tx.query({
    name: "save-tasks",
    text: `insert into task as t (kind, key, due_at, payload)
           select n.kind, n.key, n.due_at, n.payload::jsonb from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) as n(kind, key, due_at, payload)
            order by n.kind, n.key
           on conflict (kind, key) do update set due_at = excluded.due_at, payload = excluded.payload, attempts = 0`,
    values: [
      textArray(due.map((r) => r.kind)),
      textArray(due.map((r) => r.key)),
      plainArray(due.map((r) => r.dueAt)),
      textArray(due.map((r) => JSON.stringify(r.payload ?? {}))),
    ],
  });
}

async function removeTasks(tx: Transaction, gone: readonly TaskRequest[]): Promise<void> {
  await tx.query({
    name: "remove-tasks",
    text: "delete from task t using unnest($1::text[], $2::text[]) as n(kind, key) where t.kind = n.kind and t.key = n.key",
    values: [textArray(gone.map((r) => r.kind)), textArray(gone.map((r) => r.key))],
  });
}

export interface DueTask {
  kind: TaskRequest["kind"];
  key: string;
  dueAt: Time;
  payload: Record<string, unknown>;
  attempts: number;
}

export async function dueTasks(db: Database, limit: number): Promise<DueTask[]> {
  const { rows } = await db.query<{
    kind: TaskRequest["kind"];
    key: string;
    due_at: Time;
    payload: string;
    attempts: number;
  }>({
    name: "due-tasks",
    text: "select kind, key, due_at, payload, attempts from task where due_at <= clock_timestamp() order by due_at limit $1",
    values: [limit],
  });
  return rows.map((row) => ({
    kind: row.kind,
    key: row.key,
    dueAt: row.due_at,
    payload: JSON.parse(row.payload),
    attempts: row.attempts,
  }));
}

/** Done, unless it was asked for again meanwhile (then its due time has changed). */
export async function finishTasks(db: Database | Transaction, tasks: readonly DueTask[]): Promise<void> {
  await db.query({
    name: "finish-tasks",
    text: `delete from task t using unnest($1::text[], $2::text[], $3::timestamptz[]) as n(kind, key, due_at)
            where t.kind = n.kind and t.key = n.key and t.due_at = n.due_at`,
    values: [
      textArray(tasks.map((t) => t.kind)),
      textArray(tasks.map((t) => t.key)),
      plainArray(tasks.map((t) => t.dueAt)),
    ],
  });
}

export async function postponeTask(db: Database, task: DueTask, byMs: number): Promise<void> {
  await db.query({
    name: "postpone-task",
    text: `update task set due_at = clock_timestamp() + make_interval(secs => $4), attempts = attempts + 1
            where kind = $1 and key = $2 and due_at = $3`,
    values: [task.kind, task.key, task.dueAt, byMs / 1000],
  });
}
