// Reads all pages of a stream at once. Pages that are numbered or linked move when something changes before them, so
// they are read again until a reading of them finds nothing that the one before had not found.
import type { Page, RestApi } from "./api.ts";
import { digest } from "./item.ts";
import { EMPTY_PAGES_MAX, itemsOf, loop, PAGES_MAX, type Pages } from "./paging.ts";

export interface WholeSource {
  api: RestApi;
  pages: Pages;
  path: string;
  query: Readonly<Record<string, string>>;
  items: string | undefined;
}
export interface Reading {
  first: Page;
  values: unknown[];
}

/** One way through all pages, in the order in which they come. */
export async function readPages(
  source: WholeSource,
  signal: AbortSignal,
): Promise<Reading & { count: number }> {
  const { api, pages, path, query, items } = source;
  const values: unknown[] = [];
  let first: Page | undefined;
  let token: string | undefined;
  let before = "";
  let empty = 0;
  for (let count = 1; count <= PAGES_MAX; count++) {
    const page = await api.read(pages.urlOf(path, query, token), signal);
    first ??= page;
    const found = itemsOf(page, items);
    const content = found.length === 0 ? "" : digest(JSON.stringify(found));
    if (content !== "" && content === before) throw loop("a page holds what the page before it holds");
    before = content;
    empty = found.length === 0 ? empty + 1 : 0;
    if (empty > EMPTY_PAGES_MAX) throw loop(`there were ${EMPTY_PAGES_MAX} empty pages in a row`);
    for (const value of found) values.push(value);
    token = pages.next(page, found.length, token);
    if (token === undefined) return { first, values, count };
  }
  throw loop(`there were ${PAGES_MAX} pages`);
}

const READINGS_MAX = 4;

export interface SteadyReading extends Reading {
  /** Two readings agree, or the pages do not move. */
  steady: boolean;
}

/** `namesOf`: what two readings must agree in; `every`: all readings' values, else the last one's. */
export async function readSteadily(
  source: WholeSource,
  namesOf: (values: readonly unknown[]) => ReadonlySet<string>,
  every: "all" | "last",
  signal: AbortSignal,
): Promise<SteadyReading> {
  const { first, values, count } = await readPages(source, signal);
  if (count === 1 || !source.pages.shifts) return { first, values, steady: true };
  let known = namesOf(values);
  let all = values;
  for (let reading = 2; reading <= READINGS_MAX; reading++) {
    const again = await readPages(source, signal);
    const names = namesOf(again.values);
    const agrees = every === "all" ? names.isSubsetOf(known) : equal(names, known);
    all = every === "all" ? [...all, ...again.values] : again.values;
    if (agrees) return { first: again.first, values: all, steady: true };
    known = every === "all" ? known.union(names) : names;
  }
  return { first, values: all, steady: false };
}

const equal = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && a.isSubsetOf(b);
