// Makes of one native value what its field takes, and of one of ours what the other system takes. Exact and pure.
import { NumberText } from "../../core/json.ts";
import { parseTime } from "../../core/time.ts";
import { numberText } from "../exact.ts";
import { type DecimalRule, decimalText, readDecimal } from "./decimal.ts";
import type { FieldKind } from "./field.ts";
import { readTime, type TimeRule, writeTime } from "./time.ts";
import { brokenRule, textOf, wordOf } from "./unfit.ts";

/** What is said of one value beside where it stands. */
export interface ValueRule extends TimeRule, DecimalRule {
  /** Their code words → ours; on the way out ours → theirs. */
  words?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws the rule that a value breaks: `is no number`. */
export type Convert = (value: unknown) => unknown;

/** Native → canonical: a text, a NumberText or a truth value becomes what a field of the kind takes. */
export function reader(kind: FieldKind, rule: ValueRule): Convert {
  const { words } = rule;
  if (words !== undefined) return (value) => decode(words, value);
  switch (kind) {
    case "decimal":
      return (value) => readDecimal(value, rule);
    case "time":
      return (value) => readTime(value, rule);
    case "integer":
      return readInteger;
    case "boolean":
      return readBoolean;
    case "structure":
      throw brokenRule("is no single value");
    default:
      return readText;
  }
}

/** Canonical → native: by its words, as a time or with another decimal mark; else as it is. */
export function writer({ words, format, zone, decimal }: ValueRule): Convert {
  if (words !== undefined) return (value) => decode(words, value);
  if (format !== undefined || zone !== undefined) {
    return (value) => writeTime(parseTime(value as string), { format, zone });
  }
  return decimal === undefined ? (value) => value : (value) => decimalText(value, decimal);
}

function decode(words: Readonly<Record<string, unknown>>, value: unknown): unknown {
  const word = wordOf(value);
  if (word !== undefined && Object.hasOwn(words, word)) return words[word];
  throw brokenRule(`is none of the words ${Object.keys(words).join(", ")}`);
}

function readInteger(value: unknown): number {
  const figure = readDecimal(value, {});
  if (!/^-?\d{1,15}$/.test(figure)) throw brokenRule("is no whole number");
  return Number(figure);
}

function readBoolean(value: unknown): boolean {
  const word = wordOf(value);
  if (word !== "true" && word !== "false") {
    throw brokenRule("is neither true nor false: other words need a table of words");
  }
  return word === "true";
}

/** A replacement character is what is left of a letter that was not sent in the encoding it was said to be in. */
export function readText(value: unknown): string {
  const text = textOf(value);
  if (text === undefined) throw brokenRule("is no text and no number");
  if (text.includes("\ufffd")) throw brokenRule("was not sent in the encoding that it was said to be in");
  return text;
}

/** Figures inside a structure are exact texts, as the contracts have them; null says nothing. */
export function exactTexts(value: unknown): unknown {
  if (value instanceof NumberText) return numberText(value);
  if (Array.isArray(value)) return value.map(exactTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, exactTexts(item)]),
  );
}
