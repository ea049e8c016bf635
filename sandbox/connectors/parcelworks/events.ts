// Parcelworks' numbered events, read behind a cursor. A page may repeat events or show them out of order; each is known
// by its number.
import {
  canonicalJson,
  type Mapping,
  type NativeMessage,
  type Poll,
  readExact,
} from "../../../src/connector/index.ts";
import type { ParcelworksApi } from "./api.ts";
import { countOf, fieldsOf, listOf, textOf } from "./fields.ts";
import { eventMappings, type Place } from "./map-event.ts";
import type { ParcelworksSettings } from "./settings.ts";

export const EVENTS_TOPIC = "events";
const PAGE = 200;

export function eventsPoll(api: ParcelworksApi, { eventsEveryMs }: ParcelworksSettings): Poll {
  return {
    everyMs: eventsEveryMs,
    async read(cursor, signal) {
      const since = cursor === null ? "" : `&since=${encodeURIComponent(cursor)}`;
      const page = await api.read(`/v2/events?limit=${PAGE}${since}`, { signal });
      const events = new Map(
        listOf(page, "events", "$").map((event) => [countOf(event, "eventNo", "$"), event]),
      );
      const messages = [...events]
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(
          ([id, event]): NativeMessage => ({
            topic: EVENTS_TOPIC,
            id,
            contentType: "application/json",
            body: canonicalJson(event),
          }),
        );
      return { messages, cursor: textOf(page, "cursor", "$"), more: page.more === true };
    },
  };
}

export function mapEvent(message: NativeMessage, place: Place): Mapping {
  const event = fieldsOf(readExact(message.body), "$");
  const kind = textOf(event, "kind", "$");
  const map = Object.hasOwn(eventMappings, kind) ? eventMappings[kind] : undefined;
  if (map === undefined)
    return { failed: `Parcelworks has no event ${kind} that is known here.`, path: "$.kind" };
  return map(event, place);
}
