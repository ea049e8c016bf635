// A stream that is read: changes in their order, changes in any order, or all there is.
import {
  type ConnectorContext,
  CrossdockError,
  epochMs,
  type NativeMessage,
  type Poll,
  parseDuration,
} from "../../connector/index.ts";
import type { RestApi } from "./api.ts";
import { type ChangesCursor, later, overlapOf, queryOf, readChanges } from "./changes.ts";
import { readFullSet } from "./full-set.ts";
import { identify, itemMessage, nameless, type Position } from "./item.ts";
import { memoryOf } from "./memory.ts";
import { pagesOf } from "./paging.ts";
import type { ReadSettings } from "./settings.ts";
import { readSteadily } from "./whole.ts";

const EVERY_MS = 30_000;

export function pollOf(api: RestApi, topic: string, settings: ReadSettings, context: ConnectorContext): Poll {
  const pages = pagesOf(api, settings.paging);
  const everyMs = settings.every === undefined ? EVERY_MS : parseDuration(settings.every);
  const now = () => context.now();
  const { since, full } = settings;
  if (full !== undefined) {
    return {
      everyMs,
      read: (cursor, signal) =>
        readFullSet({ api, topic, settings: { ...settings, full }, pages, now }, cursor, signal),
    };
  }
  if (since !== undefined && since.order !== "any") {
    const source = { api, topic, settings: { ...settings, since }, pages, now };
    return {
      everyMs,
      async read(cursor, signal) {
        const read = await readChanges(source, readCursor(cursor), signal);
        return { ...read, cursor: JSON.stringify(read.cursor) };
      },
    };
  }
  return {
    everyMs,
    async read(cursor, signal) {
      const { messages, next } = await readAll(api, topic, settings, context, readCursor(cursor), signal);
      return { messages, cursor: JSON.stringify(next), more: false };
    },
  };
}

/** Throws where the stream was declared otherwise when the cursor was written: what it means is not known. */
function readCursor(cursor: string | null): ChangesCursor {
  if (cursor === null) return { seen: [] };
  const known = cursor.startsWith("{") ? (JSON.parse(cursor) as Partial<ChangesCursor>) : {};
  if (Array.isArray(known.seen)) return known as ChangesCursor;
  throw new CrossdockError(
    "rest.cursor-unknown",
    "The stream was declared otherwise before: give it another name.",
  );
}

/** In any order: the whole answer, and next time everything since the newest item, or since this reading began. */
async function readAll(
  api: RestApi,
  topic: string,
  settings: ReadSettings,
  context: ConnectorContext,
  cursor: ChangesCursor,
  signal: AbortSignal,
): Promise<{ messages: NativeMessage[]; next: ChangesCursor }> {
  const { since, path, items } = settings;
  const began = context.now();
  const overlap = since === undefined ? 0n : overlapOf(since);
  const from = cursor.at === undefined ? {} : { since: String(BigInt(cursor.at) - overlap) };
  // What changes while it is read is the next reading's: it must not keep this one from coming to rest.
  const startedAt = BigInt(epochMs(began));
  const namesOf = (values: readonly unknown[]) => {
    const old = values
      .map((value) => identify(value, settings))
      .filter(
        (item) => item !== undefined && !(since?.time !== undefined && item.position! > startedAt - overlap),
      );
    return new Set(old.map((item) => `${item!.id}@${item!.version}`));
  };
  const source = { api, pages: pagesOf(api, settings.paging), path, query: queryOf(settings, from), items };
  const { values, steady } = await readSteadily(source, namesOf, "all", signal);
  const memory = memoryOf(cursor.seen);
  const messages = new Map<string, NativeMessage>();
  let newest: Position | undefined;
  for (const value of values) {
    const item = identify(value, settings);
    const mark = item === undefined ? "" : memory.note(item);
    if (mark === undefined) continue;
    const message = item === undefined ? nameless(topic, value) : itemMessage(topic, item, mark);
    messages.set(message.id, message);
    const position = item?.position;
    if (position !== undefined && (newest === undefined || position > newest)) newest = position;
  }
  const reached = since === undefined ? undefined : later(cursor.at, newest, began, since);
  const at = steady ? reached : cursor.at === undefined ? undefined : BigInt(cursor.at);
  const kept = at === undefined ? [] : memory.since(at - overlap);
  return {
    messages: [...messages.values()],
    next: { ...(at === undefined ? {} : { at: String(at) }), seen: kept },
  };
}
