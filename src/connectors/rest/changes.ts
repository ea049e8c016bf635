// Reads what changed, the oldest first, page by page, each page committed. It goes forward by the items' own times or
// numbers: pages by number move under the reader. Where more items than a page holds have one time, they are gone
// through by page, and again until nothing new is among them. Each reading begins an overlap behind the newest item.
import {
  CrossdockError,
  epochMs,
  type NativeMessage,
  parseDuration,
  type Time,
} from "../../connector/index.ts";
import type { RestApi } from "./api.ts";
import {
  digest,
  type Item,
  identify,
  itemMessage,
  nameless,
  type Position,
  stepOf,
  writePosition,
} from "./item.ts";
import { memoryOf, type Remembered } from "./memory.ts";
import { EMPTY_PAGES_MAX, itemsOf, loop, PAGES_MAX, type Pages } from "./paging.ts";
import type { ReadSettings, SinceSettings } from "./settings.ts";

interface Scan {
  /** Everything from here on; absent: from the beginning. */
  since?: string;
  token?: string;
  /** Pages that were read at this `since`, or by cursor. */
  pages: number;
  /** What was on the page before. */
  before?: string;
  /** Pages without any item, up to the one before. */
  empty?: number;
  /** Something new was among what has the time of `since`. */
  fresh?: boolean;
  rounds: number;
}
export interface ChangesCursor {
  /** The newest item so far; never later than now. */
  at?: string;
  scan?: Scan;
  seen: Remembered[];
}
export interface ChangesRead {
  messages: NativeMessage[];
  cursor: ChangesCursor;
  more: boolean;
}

export interface ChangesSource {
  api: RestApi;
  topic: string;
  settings: ReadSettings & { since: SinceSettings };
  pages: Pages;
  now(): Time;
}

/** Items of one time that never come to rest are gone through so often, then read on from. */
const ROUNDS_MAX = 5;

export async function readChanges(
  source: ChangesSource,
  cursor: ChangesCursor,
  signal: AbortSignal,
): Promise<ChangesRead> {
  const { api, topic, settings, pages } = source;
  const { since } = settings;
  const overlap = overlapOf(since);
  const scan = cursor.scan ?? beginAt(cursor.at === undefined ? undefined : BigInt(cursor.at) - overlap);
  const page = await api.read(pages.urlOf(settings.path, queryOf(settings, scan), scan.token), signal);
  const values = itemsOf(page, settings.items);
  const items = values.map((value) => identify(value, settings));
  const last = lastInOrder(items, settings.path);
  const memory = memoryOf(cursor.seen);
  const messages: NativeMessage[] = [];
  let fresh = scan.fresh ?? false;
  for (const [index, item] of items.entries()) {
    if (item === undefined) messages.push(nameless(topic, values[index]));
    else {
      const mark = memory.note(item);
      if (mark === undefined) continue;
      messages.push(itemMessage(topic, item, mark));
      fresh ||= scan.since !== undefined && item.position! <= BigInt(scan.since) + stepOf(since);
    }
  }
  const at = later(cursor.at, last, source.now(), since);
  const token = pages.next(page, values.length, scan.token);
  const next = nextScan({ scan, token, last, fresh, since, shifts: pages.shifts, before: identityOf(items) });
  const keepFrom = at === undefined ? undefined : at - overlap;
  return {
    messages,
    cursor: {
      ...(at === undefined ? {} : { at: String(at) }),
      ...(next === undefined ? {} : { scan: next }),
      seen: memory.since(least(keepFrom, next?.since)),
    },
    more: next !== undefined,
  };
}

const beginAt = (since: Position | undefined): Scan =>
  since === undefined ? { pages: 0, rounds: 0 } : { since: String(since), pages: 0, rounds: 0 };

interface Step {
  scan: Scan;
  token: string | undefined;
  last: Position | undefined;
  fresh: boolean;
  since: SinceSettings;
  shifts: boolean;
  before: string;
}

/** Undefined where the reading has come to its end. */
function nextScan({ scan, token, last, fresh, since, shifts, before }: Step): Scan | undefined {
  if (token !== undefined && before !== "" && before === scan.before && scan.token !== undefined) {
    throw loop("a page holds what the page before it holds");
  }
  const empty = before === "" ? (scan.empty ?? 0) + 1 : 0;
  if (empty > EMPTY_PAGES_MAX) throw loop(`there were ${EMPTY_PAGES_MAX} empty pages in a row`);
  if (scan.pages >= PAGES_MAX) throw loop(`there were ${PAGES_MAX} pages`);
  const again = shifts && scan.pages > 0 && fresh && scan.rounds < ROUNDS_MAX;
  const forward = last === undefined ? undefined : last - stepOf(since);
  const advances =
    shifts && forward !== undefined && (scan.since === undefined || forward > BigInt(scan.since));
  if (token === undefined || advances) {
    if (again) return { since: scan.since!, pages: 0, rounds: scan.rounds + 1 };
    return token === undefined ? undefined : beginAt(forward);
  }
  const { since: from, rounds, pages } = scan;
  return {
    ...(from === undefined ? {} : { since: from }),
    token,
    pages: pages + 1,
    before,
    empty,
    fresh,
    rounds,
  };
}

export function queryOf({ query, since }: ReadSettings, scan: Pick<Scan, "since">): Record<string, string> {
  if (since === undefined) return { ...query };
  const from = scan.since === undefined ? since.from : writePosition(BigInt(scan.since), since);
  return from === undefined ? { ...query } : { ...query, [since.parameter]: from };
}

/** Throws where a page does not have the oldest first: to go forward by it would leave something behind. */
function lastInOrder(items: readonly (Item | undefined)[], path: string): Position | undefined {
  let last: Position | undefined;
  for (const item of items) {
    if (item?.position === undefined) continue;
    if (last !== undefined && item.position < last) {
      throw new CrossdockError(
        "rest.out-of-order",
        `${path} does not give the oldest change first: have it sorted by a parameter of the query, or say order: "any".`,
      );
    }
    last = item.position;
  }
  return last;
}

/** An item from the future must not take the reader there: what comes until then would be behind it. */
export function later(
  at: string | undefined,
  last: Position | undefined,
  now: Time,
  since: SinceSettings,
): Position | undefined {
  const known = at === undefined ? undefined : BigInt(at);
  if (last === undefined) return known;
  const limit = BigInt(epochMs(now));
  const believed = since.time !== undefined && last > limit ? limit : last;
  return known === undefined || believed > known ? believed : known;
}

const DEFAULT_OVERLAP_MS = 60_000;

/** In milliseconds, or in numbers. */
export function overlapOf({ time, overlap }: SinceSettings): Position {
  if (time === undefined) return BigInt(overlap ?? "0");
  return BigInt(overlap === undefined ? DEFAULT_OVERLAP_MS : parseDuration(overlap));
}

function least(a: Position | undefined, b: string | undefined): Position | undefined {
  const other = b === undefined ? undefined : BigInt(b);
  if (a === undefined || other === undefined) return a ?? other;
  return a < other ? a : other;
}

const identityOf = (items: readonly (Item | undefined)[]): string =>
  items.length === 0 ? "" : digest(items.map((item) => `${item?.id}@${item?.version}`).join("\n"));
