// What a record looks like on its way out: its path and its body, as they were declared.
import {
  canonicalJson,
  jsonPath,
  messageShape,
  type OutboundMessage,
  type OutboundType,
  parseJsonPath,
  payloadShapes,
  type Report,
  saysNothing,
  textOf,
  unfit,
} from "../../connector/index.ts";
import { bodyTarget } from "./body-target.ts";
import type { WriteSettings } from "./settings.ts";
import { compile, evaluate, find, type Node, readPath, type Values } from "./template.ts";

export interface Outgoing {
  /** Throws `mapping.unfit` where the payload lacks what the path needs. */
  pathOf(message: OutboundMessage): string;
  lookupPathOf(message: OutboundMessage): string;
  /** Undefined: it has none. Throws `mapping.unfit`. */
  bodyOf(message: OutboundMessage): unknown;
}

export function outgoingOf(type: OutboundType, settings: WriteSettings): Outgoing {
  const body = compileBody(type, settings, [], () => undefined);
  return {
    pathOf: (message) => filled(settings.path, message),
    lookupPathOf: (message) => filled(settings.lookup!.path, message),
    bodyOf: (message) => (body === undefined ? undefined : evaluate(body, valuesOf(message))),
  };
}

/** `$` is the payload, `@` the message: its business `key`, its `type` and its `deliveryId`. */
export function valuesOf({ payload, deliveryId, key, type }: OutboundMessage): Values {
  return { document: payload, entry: { deliveryId, key, type } };
}

export function scopeOf(type: OutboundType) {
  return { document: payloadShapes[type], entry: messageShape, hasEntry: true };
}

export function compileBody(
  type: OutboundType,
  { body }: WriteSettings,
  at: readonly (string | number)[],
  report: Report,
): Node | undefined {
  return body === undefined ? undefined : compile(body, bodyTarget, scopeOf(type), [...at, "body"], report);
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** Reports placeholders that lead nowhere. */
export function checkPath(
  path: string,
  type: OutboundType,
  at: readonly (string | number)[],
  report: Report,
): void {
  for (const [, text] of path.matchAll(PLACEHOLDER)) readPath(text, scopeOf(type), at, report);
}

function filled(path: string, message: OutboundMessage): string {
  return path.replace(PLACEHOLDER, (_, text: string) =>
    encodeURIComponent(wordAt(text, message).toWellFormed()),
  );
}

/** The text that a path finds in a message. Throws `mapping.unfit` where it finds none. */
export function wordAt(text: string, message: OutboundMessage): string {
  const path = parseJsonPath(text);
  const value = find(path, valuesOf(message));
  const word = saysNothing(value) ? undefined : textOf(value);
  // A dot alone would climb to another path.
  if (word === undefined || /^\.{1,2}$/.test(word)) throw unfit(jsonPath(path.segments), value, "is no text");
  return word;
}

export const bodyText = (body: unknown): string => canonicalJson(body);
