// JSON that keeps what it was told: numbers as their source text, keys in one order, depth bounded before
// anything recurses. What JSON cannot say, or says too deep, throws.
import { CrossdockError } from "./errors.ts";

/** Deeper values are refused by `canonicalJson` and, by default, by `parseExact`. */
export const DEPTH_MAX = 256;

/** A JSON number exactly as it was written: `1.10`, `12345678901234567890`. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** JSON text with sorted keys (by UTF-16 unit) and no spaces: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw unsupported(String(value));
    case "object":
      break;
    default:
      throw unsupported(`a value of type ${typeof value}`);
  }
  if (value instanceof NumberText) return value.text;
  if (depth >= DEPTH_MAX) throw tooDeep(DEPTH_MAX);
  if (Array.isArray(value)) {
    return `[${value.map((item) => (item === undefined ? "null" : write(item, depth + 1))).join(",")}]`;
  }
  return writeObject(value, depth);
}

function writeObject(value: object, depth: number): string {
  const prototype = Object.getPrototypeOf(value);
  // A Map or a Date would become `{}` and make unlike values look alike.
  if (prototype !== null && prototype !== Object.prototype) {
    throw unsupported(`a ${prototype.constructor?.name ?? "class"} object`);
  }
  const record = value as Record<string, unknown>;
  let text = "";
  for (const key of Object.keys(record).sort()) {
    const item = record[key];
    if (item === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${write(item, depth + 1)}`;
  }
  return `{${text}}`;
}

/** `JSON.parse` with every number as a `NumberText`. */
export function parseExact(text: string, depthMax: number = DEPTH_MAX): unknown {
  assertDepth(text, depthMax);
  try {
    return JSON.parse(text, keepNumber);
  } catch (error) {
    throw new CrossdockError("json.invalid", `The text is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? new NumberText(context?.source ?? String(value)) : value;
}

/** Throws `json.too-deep` where objects and arrays nest deeper than `limit`. */
export function assertDepth(text: string, limit: number): void {
  maxDepth(text, limit);
}

/** How deep objects and arrays nest, in one pass without recursion; broken JSON is left to the parser. */
export function maxDepth(text: string, limit: number = Number.POSITIVE_INFINITY): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22:
        index = endOfString(text, index);
        break;
      case 0x5b:
      case 0x7b:
        depth++;
        if (depth > deepest) {
          if (depth > limit) throw tooDeep(limit);
          deepest = depth;
        }
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return deepest;
}

/** The index of the quote that closes the string opened at `open`, or the end of the text. */
function endOfString(text: string, open: number): number {
  for (let index = open + 1; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0x22) return index;
    if (unit === 0x5c) index++;
  }
  return text.length;
}

/** Whether any string or key holds U+0000, which no PostgreSQL text can hold. */
export function hasNul(value: unknown): boolean {
  return someText(value, (text) => text.includes("\u0000"));
}

/** Whether every string and key can be stored as `text` and `jsonb`: no U+0000 and no lone surrogate. */
export function isStorable(value: unknown): boolean {
  return !someText(value, (text) => text.includes("\u0000") || !text.isWellFormed());
}

function someText(value: unknown, test: (text: string) => boolean): boolean {
  if (typeof value === "string") return test(value);
  if (typeof value !== "object" || value === null) return false;
  const waiting: object[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const named = !Array.isArray(next);
    for (const [key, item] of Object.entries(next)) {
      if (named && test(key)) return true;
      if (typeof item === "string") {
        if (test(item)) return true;
      } else if (typeof item === "object" && item !== null) waiting.push(item);
    }
  }
  return false;
}

function tooDeep(limit: number): CrossdockError {
  return new CrossdockError("json.too-deep", `The JSON nests deeper than ${limit} levels.`, {
    details: { limit },
  });
}

function unsupported(what: string): CrossdockError {
  return new CrossdockError("json.unsupported", `JSON cannot hold ${what}.`);
}
