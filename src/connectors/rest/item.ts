// What an item of a stream is known by: its id, its version, where it stands in the source's order. What lacks one of
// them is kept all the same, and its mapping says so.
import { createHash } from "node:crypto";
import {
  CrossdockError,
  canonicalJson,
  epochMs,
  type NativeMessage,
  parseJsonPath,
  readTime,
  saysNothing,
  sinceText,
  stepMs,
  textOf,
  timeFromEpochMs,
  unfit,
  valueAt,
  wordOf,
} from "../../connector/index.ts";
import type { ReadSettings, SinceSettings } from "./settings.ts";

/** A place in the source's order: milliseconds since 1970, or its number. */
export type Position = bigint;

export interface Item {
  id: string;
  position: Position | undefined;
  /** What tells this state of it from others; ends with a mark where the product has no version. */
  version: string;
  /** The version is the time and the content: one that comes back is another one. */
  byContent: boolean;
  body: string;
}

type Identified = Pick<ReadSettings, "id" | "version" | "since">;

/** Undefined where the item says not enough to be known by. */
export function identify(value: unknown, settings: Identified): Item | undefined {
  try {
    return mustIdentify(value, settings);
  } catch (error) {
    if (error instanceof CrossdockError) return undefined;
    throw error;
  }
}

/** Throws `mapping.unfit` with the path that says too little. */
export function mustIdentify(value: unknown, { id: idPath, version, since }: Identified): Item {
  const id = required(value, idPath, textOf, "is no text and no number");
  const position = since === undefined ? undefined : positionOf(value, since);
  const body = canonicalJson(value);
  if (version !== undefined) {
    const text = required(value, version, wordOf, "is no text and no number");
    return { id, position, version: text, byContent: false, body };
  }
  if (since?.sequence !== undefined) {
    return { id, position, version: String(position), byContent: false, body };
  }
  const stamp = position === undefined ? "" : String(position);
  return { id, position, version: `${stamp}#${digest(body)}`, byContent: true, body };
}

function required(
  document: unknown,
  path: string,
  read: (value: unknown) => string | undefined,
  rule: string,
): string {
  const value = valueAt(document, parseJsonPath(path).segments);
  const text = saysNothing(value) ? undefined : read(value);
  if (text === undefined) throw unfit(path, value, rule);
  return text;
}

function positionOf(document: unknown, { time, sequence }: SinceSettings): Position {
  const path = time?.from ?? sequence!;
  const value = valueAt(document, parseJsonPath(path).segments);
  try {
    if (time !== undefined) return BigInt(epochMs(readTime(value, time)));
    return readSequence(value);
  } catch (error) {
    const rule = time === undefined ? "is no whole number" : (error as Error).message;
    throw unfit(path, value, rule);
  }
}

/** Longer than a figure may be: some count in steps of a nanosecond. */
function readSequence(value: unknown): Position {
  const text = textOf(value) ?? "";
  if (/^\d{1,30}$/.test(text)) return BigInt(text);
  throw new CrossdockError("native.not-a-number", "It is no whole number.");
}

/** As the system's parameter is written: everything since, that one included. */
export function writePosition(position: Position, { time }: SinceSettings): string {
  return time === undefined ? String(position) : sinceText(timeFromEpochMs(Number(position)), time);
}

/** Positions that are closer than this may be written alike. A number is written as it is. */
export function stepOf({ time }: SinceSettings): Position {
  return time === undefined ? 0n : BigInt(stepMs(time));
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

export function itemMessage(topic: string, item: Item, mark: string): NativeMessage {
  return message(topic, `${item.id}@${item.version}${mark}`, item.body);
}

/** Until it is mended, its content is all that tells it from others. */
export function nameless(topic: string, value: unknown): NativeMessage {
  const body = canonicalJson(value);
  return message(topic, `unidentified/${digest(body)}`, body);
}

function message(topic: string, id: string, body: string): NativeMessage {
  return { topic, id, contentType: "application/json", body };
}
