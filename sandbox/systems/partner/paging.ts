// Parcelworks' pages: numbered from 1, with the total of the list as it is now. The list is not frozen
// between two pages.

import { Refusal } from "../simulation/refusal.ts";
import type { NativeRequest } from "../simulation/router.ts";

const PAGE_SIZE_MAX = 500;

export function pageOf<Value, Body>(
  request: NativeRequest,
  values: Map<string, Value>,
  toBody: (value: Value) => Body,
): { page: number; pageSize: number; total: number; items: Body[] } {
  const page = readNumber(request, "page", 1, Number.MAX_SAFE_INTEGER);
  const pageSize = readNumber(request, "pageSize", PAGE_SIZE_MAX, PAGE_SIZE_MAX);
  const from = (page - 1) * pageSize;
  const items: Body[] = [];
  let at = 0;
  for (const value of values.values()) {
    if (at >= from + pageSize) break;
    if (at >= from) items.push(toBody(value));
    at += 1;
  }
  return { page, pageSize, total: values.size, items };
}

export function readNumber(request: NativeRequest, name: string, otherwise: number, max: number): number {
  const value = request.query.get(name);
  if (value === null) return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > max) {
    throw new Refusal(400, "invalidField", `${name} must be 1 to ${max}`);
  }
  return number;
}
