// Maps what was read: a row of a stream, or a part of a full set.
import { type MappedEvent, type Mapping, type NativeMessage, unfitPath } from "../../connector/index.ts";
import type { Row } from "./columns.ts";
import { eventOf, mapRow } from "./map-row.ts";
import type { SqlSettings } from "./settings.ts";
import type { SetPart } from "./stock-set.ts";

export function mapMessage(settings: SqlSettings, message: NativeMessage): Mapping {
  const name = message.topic;
  const stream = settings.streams[name];
  if (stream === undefined) return { failed: `There is no stream ${name}.` };
  const text = typeof message.body === "string" ? message.body : Buffer.from(message.body).toString("utf8");
  // Every value in it is a text: there is no number that could be rounded.
  const content = JSON.parse(text) as Row | SetPart;
  const context = { name, stream, timeZone: settings.timeZone };
  return stream.set === undefined ? mapRow(context, content as Row) : mapSet(context, content as SetPart);
}

/** A row that fails is a problem of its line; the count then tells that the set is not whole. */
function mapSet(context: Parameters<typeof mapRow>[0], { set, rows = [], count }: SetPart): Mapping {
  const { setId, location, observedAt } = set;
  if (count !== undefined) {
    return { events: [{ type: "inventory.set.observed", data: { location, setId, observedAt, count } }] };
  }
  const events: MappedEvent[] = [];
  const problems: { line: number; reason: string }[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      const event = eventOf(context, row, { observedAt, setId });
      if (!("ignored" in event)) events.push(event);
    } catch (error) {
      if (unfitPath(error) === undefined) throw error;
      problems.push({ line: index + 1, reason: (error as Error).message });
    }
  }
  return problems.length === 0 ? { events } : { events, problems };
}
