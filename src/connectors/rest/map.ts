// The mapping of every topic, made once. What an item lacks to be known by is said here, where it can be mended.
import {
  CrossdockError,
  type Mapping,
  type NativeMessage,
  readExact,
  unfitPath,
} from "../../connector/index.ts";
import { type FullSettings, mapFullSet } from "./full-set.ts";
import { mustIdentify } from "./item.ts";
import { type MappingOf, mappingOf } from "./mapping.ts";
import type { ReadSettings, RestSettings, WebhookSettings } from "./settings.ts";

type Map = (message: NativeMessage) => Mapping;

export function topicsOf({ reads, webhooks }: RestSettings): Map {
  const topics = new Map<string, Map>();
  for (const [topic, read] of Object.entries(reads))
    topics.set(topic, read.full === undefined ? single(read) : set(read as FullSettings));
  for (const [topic, webhook] of Object.entries(webhooks)) topics.set(topic, single(webhook));
  return (message) =>
    topics.get(message.topic)?.(message) ?? { failed: `There is no topic ${message.topic}.` };
}

/** What the stream itself says of every level of a set. */
export function filledOf({ full }: Pick<ReadSettings, "full">): string[] {
  if (full === undefined) return [];
  return full.locations.length === 1 ? ["observedAt", "setId", "location"] : ["observedAt", "setId"];
}

function set(settings: FullSettings): Map {
  const map = mappingOf(settings, filledOf(settings));
  return (message) => mapFullSet(message, settings, map);
}

function single(settings: ReadSettings | WebhookSettings): Map {
  const map: MappingOf = mappingOf(settings);
  return (message) => {
    const item = readExact(message.body);
    try {
      mustIdentify(item, settings);
    } catch (error) {
      const path = unfitPath(error);
      if (path === undefined || !(error instanceof CrossdockError)) throw error;
      return { failed: error.message, path };
    }
    const mapped = map(item);
    return "event" in mapped ? { events: [mapped.event] } : mapped;
  };
}
