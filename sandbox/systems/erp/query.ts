// Answers `GET` on a resource: $filter, $orderby, $top, $skip, $select, $count and server-driven pages
// of at most 500 with @odata.nextLink. In id order a link goes on behind the last id; in any other
// order it counts rows ($skip), so rows that change between two pages can be missed or seen twice.

import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest, Route } from "../simulation/router.ts";
import type { Collection, Entry } from "./collection.ts";
import { type Filter, parseFilter } from "./filter.ts";
import type { Dated } from "./records.ts";

const PAGE_MAX = 500;
const ROOT = "/odata/v4";

interface Query {
  filter: Filter | undefined;
  orderBy: Array<{ field: string; descending: boolean }>;
  top: number | undefined;
  skip: number;
  afterId: number | undefined;
  select: string[] | undefined;
  withCount: boolean;
}

export function readRoutes<T extends Dated>(collection: Collection<T>): Route[] {
  const path = `${ROOT}/${collection.name}`;
  return [
    { method: "GET", path, handle: (request) => answerList(collection, request) },
    {
      method: "GET",
      path: `${path}/$count`,
      handle: (request) => {
        const query = readQuery(collection, request.query);
        return { status: 200, body: String(matches(collection, query.filter).length) };
      },
    },
    {
      method: "GET",
      path: `${path}(:id)`,
      handle: (request) => ({ status: 200, body: requireRecord(collection, request) }),
    },
  ];
}

export function requireRecord<T extends Dated>(collection: Collection<T>, request: NativeRequest): T {
  const record = collection.get(Number(request.params.id));
  if (!record) throw new Refusal(404, "NOT_FOUND", `${collection.name}(${request.params.id}) does not exist`);
  return record;
}

function answerList<T extends Dated>(collection: Collection<T>, request: NativeRequest): NativeAnswer {
  const query = readQuery(collection, request.query);
  const size = Math.min(PAGE_MAX, query.top ?? PAGE_MAX);
  const { rows, more } =
    query.orderBy.length === 0
      ? pageInIdOrder(collection, query, size)
      : pageInOrder(collection, query, size);
  const body: Record<string, unknown> = { "@odata.context": `${ROOT}/$metadata#${collection.name}` };
  if (query.withCount) body["@odata.count"] = matches(collection, query.filter).length;
  body.value = rows.map((entry) => project(entry.record, query.select));
  const left = query.top === undefined ? undefined : query.top - rows.length;
  if (more && left !== 0) body["@odata.nextLink"] = nextLink(request, query, rows, left);
  return { status: 200, body };
}

interface Page<T> {
  rows: Entry<T>[];
  more: boolean;
}

function pageInIdOrder<T extends Dated>(collection: Collection<T>, query: Query, size: number): Page<T> {
  const source = candidates(collection, query.filter);
  const isWhole = source === collection.entries;
  const rows: Entry<T>[] = [];
  let skip = query.skip;
  let at = isWhole && query.afterId !== undefined ? collection.positionAfter(query.afterId) : 0;
  for (; at < source.length; at += 1) {
    const entry = source[at] as Entry<T>;
    if (query.afterId !== undefined && entry.record.ID <= query.afterId) continue;
    if (!passes(query.filter, entry)) continue;
    if (skip > 0) {
      skip -= 1;
      continue;
    }
    if (rows.length === size) return { rows, more: true };
    rows.push(entry);
  }
  return { rows, more: false };
}

function pageInOrder<T extends Dated>(collection: Collection<T>, query: Query, size: number): Page<T> {
  const sorted = matches(collection, query.filter).sort((a, b) => compareBy(query.orderBy, a, b));
  return {
    rows: sorted.slice(query.skip, query.skip + size),
    more: sorted.length > query.skip + size,
  };
}

function compareBy<T extends Dated>(orderBy: Query["orderBy"], a: Entry<T>, b: Entry<T>): number {
  for (const { field, descending } of orderBy) {
    const difference =
      field === "LastChangeDateTime"
        ? a.changedMs - b.changedMs
        : compareValues(a.record[field as keyof T], b.record[field as keyof T]);
    if (difference !== 0) return descending ? -difference : difference;
  }
  return a.record.ID - b.record.ID;
}

function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return (a as string) < (b as string) ? -1 : 1;
}

function candidates<T extends Dated>(collection: Collection<T>, filter: Filter | undefined): Entry<T>[] {
  for (const { field, value } of filter?.equalities ?? []) {
    const found = collection.indexedBy(field, value);
    if (found) return found;
  }
  return collection.entries;
}

function matches<T extends Dated>(collection: Collection<T>, filter: Filter | undefined): Entry<T>[] {
  return candidates(collection, filter).filter((entry) => passes(filter, entry));
}

function passes<T extends Dated>(filter: Filter | undefined, entry: Entry<T>): boolean {
  return filter === undefined || filter.test(entry.record as unknown as Record<string, unknown>);
}

function project<T extends Dated>(record: T, select: string[] | undefined): unknown {
  if (!select) return record;
  return Object.fromEntries(select.map((field) => [field, record[field as keyof T]]));
}

function nextLink<T extends Dated>(
  request: NativeRequest,
  query: Query,
  rows: Entry<T>[],
  left: number | undefined,
): string {
  const next = new URLSearchParams(request.query);
  next.delete("$skip");
  next.delete("$skiptoken");
  if (query.orderBy.length === 0) next.set("$skiptoken", String((rows.at(-1) as Entry<T>).record.ID));
  else next.set("$skip", String(query.skip + rows.length));
  if (left !== undefined) next.set("$top", String(left));
  return `http://${request.headers.host ?? "localhost"}${request.path}?${next.toString()}`;
}

function readQuery<T extends Dated>(collection: Collection<T>, query: URLSearchParams): Query {
  for (const name of query.keys()) {
    if (name.startsWith("$") && !known.has(name)) {
      throw new Refusal(400, "QUERY_INVALID", `${name} is not supported`);
    }
  }
  const filter = query.get("$filter");
  const select = query
    .get("$select")
    ?.split(",")
    .map((field) => field.trim());
  for (const field of select ?? []) requireField(collection, field);
  const orderBy = readOrder(collection, query.get("$orderby"));
  return {
    filter: filter === null ? undefined : parseFilter(filter, collection.fields),
    orderBy,
    top: readCount(query, "$top"),
    skip: readCount(query, "$skip") ?? 0,
    afterId: readCount(query, "$skiptoken"),
    select,
    withCount: query.get("$count") === "true",
  };
}

const known = new Set(["$filter", "$select", "$orderby", "$top", "$skip", "$skiptoken", "$count"]);

function readOrder<T extends Dated>(collection: Collection<T>, source: string | null): Query["orderBy"] {
  if (source === null) return [];
  const parts = source.split(",").map((part) => {
    const [field = "", direction = "asc"] = part.trim().split(/\s+/);
    requireField(collection, field);
    if (direction !== "asc" && direction !== "desc") {
      throw new Refusal(400, "QUERY_INVALID", `${direction} is no direction`);
    }
    return { field, descending: direction === "desc" };
  });
  return parts.length === 1 && parts[0]?.field === "ID" && !parts[0].descending ? [] : parts;
}

function requireField<T extends Dated>(collection: Collection<T>, field: string): void {
  if (!collection.fields.has(field)) throw new Refusal(400, "QUERY_INVALID", `Unknown field ${field}`);
}

function readCount(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (!/^\d+$/.test(value)) throw new Refusal(400, "QUERY_INVALID", `${name} must be a number`);
  return Number(value);
}
