// Tradefront's lists: `since` (inclusive, to the millisecond), `page` from 1, `perPage` up to 500.

import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest } from "../simulation/router.ts";

const PER_PAGE_MAX = 500;

/** `rows` stand in the order of their times. */
export function listPage<T>(
  request: NativeRequest,
  name: string,
  rows: T[],
  timeOf: (row: T) => string,
): NativeAnswer {
  const page = readNumber(request.query.get("page"), "page", 1, Number.MAX_SAFE_INTEGER);
  const perPage = readNumber(request.query.get("perPage"), "perPage", 200, PER_PAGE_MAX);
  const first = firstSince(rows, timeOf, request.query.get("since"));
  const from = first + (page - 1) * perPage;
  const total = rows.length - first;
  return {
    status: 200,
    body: { [name]: rows.slice(from, from + perPage), page, pages: Math.ceil(total / perPage), total },
  };
}

function firstSince<T>(rows: T[], timeOf: (row: T) => string, since: string | null): number {
  if (since === null) return 0;
  const ms = Date.parse(since);
  if (Number.isNaN(ms)) throw new Refusal(400, "invalidField", "since must be a time");
  const wanted = new Date(ms).toISOString();
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(rows[middle] as T) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readNumber(value: string | null, name: string, otherwise: number, max: number): number {
  if (value === null) return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > max) {
    throw new Refusal(400, "invalidField", `${name} must be 1 to ${max}`);
  }
  return number;
}
