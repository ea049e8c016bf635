// One page after the other, by number, offset, cursor or link. What goes round in a circle, leaves the system's origin
// or never ends throws.
import {
  CrossdockError,
  excerpt,
  jsonPath,
  parseJsonPath,
  saysNothing,
  textOf,
  valueAt,
} from "../../connector/index.ts";
import type { Page, RestApi } from "./api.ts";
import type { PagingSettings } from "./settings.ts";

export interface Pages {
  /** Pages move when something changes before them: what is numbered or linked has to be looked at again. */
  shifts: boolean;
  /** `token` undefined: the first page. */
  urlOf(path: string, query: Readonly<Record<string, string>>, token: string | undefined): URL;
  /** The token of the page after this one; undefined: it was the last one. */
  next(page: Page, count: number, token: string | undefined): string | undefined;
}

/** Pages of one reading: more is a system that never ends. */
export const PAGES_MAX = 100_000;
/** Pages in a row without any item: a filter may leave some empty, and so many are a system that never ends. */
export const EMPTY_PAGES_MAX = 100;

export function pagesOf(api: RestApi, paging: PagingSettings | undefined): Pages {
  const { page, offset, cursor, link, size } = paging ?? {};
  const sized = size?.parameter === undefined ? {} : { [size.parameter]: String(size.value) };
  const isLast = (count: number) => count === 0 || (size !== undefined && count < size.value);
  const by = (name: string, first: string | undefined, next: Pages["next"], shifts: boolean): Pages => ({
    shifts,
    urlOf(path, query, token = first) {
      return api.urlOf(path, { ...query, ...sized, ...(token === undefined ? {} : { [name]: token }) });
    },
    next,
  });
  if (page !== undefined) {
    const first = String(page.first ?? 1);
    const next = (count: number, token = first) => (isLast(count) ? undefined : String(Number(token) + 1));
    return by(page.parameter, first, (_, count, token) => next(count, token), true);
  }
  if (offset !== undefined) {
    const next = (count: number, token = "0") => (isLast(count) ? undefined : String(Number(token) + count));
    return by(offset.parameter, "0", (_, count, token) => next(count, token), true);
  }
  if (cursor !== undefined) {
    return by(
      cursor.parameter,
      undefined,
      (answer, _, token) => nextCursor(answer, cursor.next, token),
      false,
    );
  }
  return {
    shifts: link === true,
    urlOf: (path, query, token) =>
      token === undefined ? api.urlOf(path, { ...query, ...sized }) : new URL(token),
    next: (answer, _, token) => (link === true ? nextLink(answer, token) : undefined),
  };
}

function nextCursor(page: Page, path: string, token: string | undefined): string | undefined {
  const value = valueAt(page.body, parseJsonPath(path).segments);
  if (saysNothing(value) || value === false) return undefined;
  const next = textOf(value);
  if (next === undefined) {
    throw new CrossdockError(
      "rest.unreadable",
      `${path}: the next cursor must be a text or a number.`,
      LATER,
    );
  }
  if (next === token) throw loop(`the cursor ${excerpt(next)} leads to itself`);
  return next;
}

const LATER = { retry: "later" } as const;

/** RFC 8288: `<…>; rel="next"`, among others. A link elsewhere would carry our credentials there. */
function nextLink(page: Page, token: string | undefined): string | undefined {
  const header = page.headers.link;
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  for (const [, target, parameters] of text.matchAll(
    /<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g,
  )) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters!);
    const relations = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (!relations.includes("next")) continue;
    const url = URL.parse(target!, page.url);
    if (url === null || url.origin !== page.url.origin || url.username !== "") {
      const shown = url === null ? excerpt(target) : url.origin;
      throw new CrossdockError(
        "rest.foreign-link",
        `The next page is said to be at ${shown}, not at ${page.url.origin}.`,
      );
    }
    if (url.href === token || url.href === page.url.href)
      throw loop("the link to the next page leads to itself");
    return url.href;
  }
  return undefined;
}

export function loop(what: string): CrossdockError {
  return new CrossdockError(
    "rest.endless",
    `The pages have no end: ${what}. Is the paging parameter the one that the system knows?`,
  );
}

/** The items of a page. Throws `rest.unreadable` where they are no list. */
export function itemsOf(page: Page, path: string | undefined): unknown[] {
  const items = path === undefined ? page.body : valueAt(page.body, parseJsonPath(path).segments);
  if (Array.isArray(items)) return items;
  // Some leave an empty list out.
  if (items === null && path !== undefined) return [];
  const where = `${page.url.origin}${page.url.pathname}`;
  throw new CrossdockError("rest.unreadable", `${where}: ${path ?? jsonPath([])} is no list.`, LATER);
}
