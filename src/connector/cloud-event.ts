// One canonical event as a CloudEvent in JSON, for every connector whose system speaks canonically. Its contract is
// checked by whoever records it.
import { CrossdockError } from "../core/errors.ts";
import { jsonPath } from "../core/json-path.ts";
import { isTime, parseTime, type Time } from "../core/time.ts";
import { catalogue } from "../domains/catalogue.ts";
import type { Mapping } from "./contract.ts";

export const CLOUD_EVENT_TYPE = "application/cloudevents+json";

/** One CloudEvent, one event: `event` is its JSON, already parsed. */
export function mapCloudEvent(event: unknown): Mapping {
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    return { failed: "An event is an object.", path: "$" };
  }
  const { id, type, time, data, specversion } = event as Record<string, unknown>;
  if (typeof id !== "string" || id === "")
    return { failed: "is required and must be a text.", path: jsonPath(["id"]) };
  if (specversion !== undefined && specversion !== "1.0")
    return { failed: 'must be "1.0".', path: jsonPath(["specversion"]) };
  if (typeof type !== "string")
    return { failed: "is required and must be a text.", path: jsonPath(["type"]) };
  if (catalogue[type]?.decided === true) {
    return { failed: `${type} is a decision that only Crossdock makes.`, path: jsonPath(["type"]) };
  }
  const at = time === undefined ? undefined : timeOf(time);
  if (time !== undefined && at === undefined)
    return { failed: "is no RFC 3339 time.", path: jsonPath(["time"]) };
  return { events: [at === undefined ? { type, data } : { type, data, time: at }] };
}

function timeOf(value: unknown): Time | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return isTime(value) ? value : parseTime(value);
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}
