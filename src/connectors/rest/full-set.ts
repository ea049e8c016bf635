// A stock set that is whole: one message holds all of it, and becomes a level for each item and the end of the set at
// each place. A set that cannot be sure to be whole is told with a count that does not fit, so that nothing is zeroed.
import {
  canonicalJson,
  converted,
  type MappedEvent,
  type Mapping,
  type NativeMessage,
  numberText,
  type PollResult,
  parseJsonPath,
  parseTime,
  type RowProblem,
  readExact,
  readTime,
  type Time,
  textOf,
  unfit,
  valueAt,
} from "../../connector/index.ts";
import type { Page, RestApi } from "./api.ts";
import { digest } from "./item.ts";
import type { MappingOf } from "./mapping.ts";
import type { Pages } from "./paging.ts";
import type { ReadSettings } from "./settings.ts";
import { readSteadily } from "./whole.ts";

export type FullSettings = ReadSettings & { full: NonNullable<ReadSettings["full"]> };

export interface FullSource {
  api: RestApi;
  topic: string;
  settings: FullSettings;
  pages: Pages;
  now(): Time;
}

interface SetBody {
  asOf: Time;
  /** Items that were not read, or that nobody can be sure of. */
  lacking: string;
  items: unknown[];
}

export async function readFullSet(
  { api, topic, settings, pages, now }: FullSource,
  cursor: string | null,
  signal: AbortSignal,
): Promise<PollResult> {
  const { path, query = {}, items, full, total } = settings;
  const began = now();
  const idOf = (value: unknown) => textOf(valueAt(value, parseJsonPath(settings.id).segments));
  // One without an id is counted by what it says.
  const nameOf = (value: unknown) => idOf(value) ?? `without/${canonicalJson(value)}`;
  const reading = await readSteadily(
    { api, pages, path, query, items },
    (values) => new Set(values.map(nameOf)),
    "last",
    signal,
  );
  const { first, steady } = reading;
  // The last one of an item that came twice: it moved while the pages were read.
  const values = [...new Map(reading.values.map((value) => [nameOf(value), value])).values()];
  const asOf = full.asOf === undefined ? began : timeOf(first, full.asOf);
  const expected = total === undefined ? values.length : totalOf(first, total);
  const lacking = steady
    ? Math.abs(expected - values.length)
    : Math.max(1, Math.abs(expected - values.length));
  const body = canonicalJson({ asOf, lacking: String(lacking), items: values });
  const id = `${asOf}/${digest(body)}`;
  const message: NativeMessage = { topic, id, contentType: "application/json", body };
  return { messages: id === cursor ? [] : [message], cursor: id, more: false };
}

function timeOf(page: Page, { from, ...format }: NonNullable<FullSettings["full"]["asOf"]>): Time {
  const value = valueAt(page.body, parseJsonPath(from).segments);
  return converted((found) => readTime(found, format), value, from) as Time;
}

function totalOf(page: Page, path: string): number {
  const value = valueAt(page.body, parseJsonPath(path).segments);
  const count = Number(textOf(value) === undefined ? Number.NaN : numberText(value));
  if (!Number.isSafeInteger(count) || count < 0) throw unfit(path, value, "is no count");
  return count;
}

/** Pure: the message alone decides. An item that does not fit is a row's problem, and keeps its set from being whole. */
export function mapFullSet(message: NativeMessage, settings: FullSettings, map: MappingOf): Mapping {
  const { asOf, lacking, items } = readExact(message.body) as SetBody;
  const setId = message.id;
  const { locations } = settings.full;
  const filled = {
    observedAt: parseTime(asOf),
    setId,
    ...(locations.length === 1 ? { location: locations[0] } : {}),
  };
  const levels: MappedEvent[] = [];
  const problems: RowProblem[] = [];
  const named = new Set<string>();
  for (const [index, item] of items.entries()) {
    const reason = addLevel(map(item, filled), locations, named, levels);
    if (reason !== undefined) problems.push({ line: index + 1, reason });
  }
  const short = Number(lacking) + problems.length;
  const sets = locations.map((location): MappedEvent => {
    const count = levels.filter(({ data }) => (data as { location: string }).location === location).length;
    return {
      type: "inventory.set.observed",
      data: { location, setId, observedAt: filled.observedAt, count: count + short },
    };
  });
  return problems.length === 0
    ? { events: [...levels, ...sets] }
    : { events: [...levels, ...sets], problems };
}

/** Why the item is no level of the set; undefined where it is one, or is not meant. */
function addLevel(
  mapped: ReturnType<MappingOf>,
  locations: readonly string[],
  named: Set<string>,
  levels: MappedEvent[],
): string | undefined {
  if ("ignored" in mapped) return undefined;
  if ("failed" in mapped) return mapped.failed;
  const data = mapped.event.data as Record<string, string | undefined>;
  if (!locations.includes(data.location!)) {
    return `is at ${data.location}, which is not among the places of the set: ${locations.join(", ")}.`;
  }
  const { location, sku, status = "available", owner = "", lot = "" } = data;
  const level = JSON.stringify([location, sku, status, owner, lot]);
  if (named.has(level)) return `names ${sku} at ${location} a second time, as ${status}.`;
  named.add(level);
  levels.push(mapped.event);
  return undefined;
}
