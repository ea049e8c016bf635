// A list of Relata, read by `modified_since` (whole seconds, inclusive) in pages. A page token goes on
// behind the last row seen, so a record that changes between two pages comes again at the end.

import { fieldsOf } from "../simulation/fields.ts";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest } from "../simulation/router.ts";
import { type Modified, relataTime } from "./records.ts";

const PAGE_MAX = 200;

interface Row<T> {
  record: T;
  modifiedSecond: number;
  /** Where the record stands in the feed: each change moves it to the end. */
  position: number;
}

export class Feed<T extends Modified> {
  readonly rows = new Map<string, Row<T>>();
  // Rows in the order of their last change: a Map keeps insertion order and a change inserts anew.
  private position = 0;

  add(record: T): void {
    this.place(record);
  }

  touch(record: T): void {
    record.revision += 1;
    record.last_modified_date = relataTime(Date.now());
    this.rows.delete(record.id);
    this.place(record);
  }

  get(id: string): T {
    const row = this.rows.get(id);
    if (!row) throw new Refusal(404, "NOT_FOUND", `The requested resource ${id} does not exist`);
    return row.record;
  }

  clear(): void {
    this.rows.clear();
    this.position = 0;
  }

  answer(request: NativeRequest): NativeAnswer {
    const since = readSince(request.query.get("modified_since"));
    const size = readSize(request.query.get("page_size"));
    const after = readToken(request.query.get("page_token"));
    const records: T[] = [];
    let last = after;
    let more = false;
    for (const row of this.rows.values()) {
      if (row.position <= after || row.modifiedSecond < since) continue;
      if (records.length === size) {
        more = true;
        break;
      }
      records.push(row.record);
      last = row.position;
    }
    const token = more ? Buffer.from(JSON.stringify({ after: last })).toString("base64url") : null;
    return { status: 200, body: { records, done: !more, next_page_token: token } };
  }

  private place(record: T): void {
    this.position += 1;
    const modifiedSecond = Math.floor(Date.now() / 1000);
    this.rows.set(record.id, { record, modifiedSecond, position: this.position });
  }
}

function readSince(value: string | null): number {
  if (value === null) return 0;
  const ms = Date.parse(value.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  if (Number.isNaN(ms)) throw new Refusal(400, "INVALID_QUERY", "modified_since must be a time");
  return Math.floor(ms / 1000);
}

function readSize(value: string | null): number {
  if (value === null) return PAGE_MAX;
  const size = Number(value);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_MAX) {
    throw new Refusal(400, "INVALID_QUERY", `page_size must be 1 to ${PAGE_MAX}`);
  }
  return size;
}

function readToken(value: string | null): number {
  if (value === null) return 0;
  try {
    const { after } = fieldsOf(JSON.parse(Buffer.from(value, "base64url").toString()));
    if (typeof after === "number") return after;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof Refusal)) throw error;
  }
  throw new Refusal(400, "INVALID_QUERY_LOCATOR", "page_token is not one that was given out");
}
