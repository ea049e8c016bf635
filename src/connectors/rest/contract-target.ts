// What a mapping may make of native values: exactly what the contract of the event takes. The contract's schema says
// what a place needs, so that a mapping need not: decimals stay exact, times become UTC.
import {
  DecimalText,
  explain,
  NonNegativeDecimalText,
  numberText,
  PositiveDecimalText,
  type SchemaNode,
  TimeText,
} from "../../connector/index.ts";
import { readTime } from "./native-time.ts";
import type { Convert, Report, Rule, Target } from "./template.ts";
import { textOf, wordOf } from "./unfit.ts";

type Kind = "decimal" | "time" | "integer" | "boolean" | "text" | "structure" | "anything";

const DECIMALS: ReadonlySet<unknown> = new Set(
  [DecimalText, PositiveDecimalText, NonNegativeDecimalText].map((schema) => (schema as SchemaNode).pattern),
);

/** `schema`: undefined where the contract has no such place, which is reported where it is named. */
export function contractTarget(schema: SchemaNode | undefined): Target {
  const kind = kindOf(schema);
  return {
    convert: (rule, at, report) => converter(schema, kind, rule, at, report),
    constant(value, at, report) {
      if (schema === undefined) return;
      for (const { path, message } of explain(schema as never, value)) {
        report(at, `${path === "$" ? "" : `${path} `}${message}`);
      }
    },
    fields: (given, at, report) => checkFields(schema, given, at, report),
    field(name) {
      const known = schema?.properties?.[name];
      return contractTarget(known ?? Object.values(schema?.patternProperties ?? {})[0]);
    },
    item(at, report) {
      if (schema !== undefined && schema.type !== "array")
        report(at, "is a list, where the contract has none.");
      return contractTarget(schema?.items);
    },
  };
}

function kindOf(schema: SchemaNode | undefined): Kind {
  if (schema === undefined) return "anything";
  if (schema.type === "object" || schema.type === "array") return "structure";
  if (schema.type === "integer" || schema.type === "boolean") return schema.type;
  if (DECIMALS.has(schema.pattern)) return "decimal";
  return schema.pattern === (TimeText as SchemaNode).pattern ? "time" : "text";
}

function checkFields(
  schema: SchemaNode | undefined,
  given: ReadonlyMap<string, { optional: boolean }>,
  at: readonly (string | number)[],
  report: Report,
): void {
  if (schema === undefined) return;
  if (schema.type !== "object") {
    report(at, "is an object, where the contract has none.");
    return;
  }
  const known = Object.keys(schema.properties ?? {});
  for (const name of given.keys()) {
    if (known.includes(name) || schema.patternProperties !== undefined) continue;
    report([...at, name], `is no field of the contract; there are ${known.join(", ")}.`);
  }
  for (const name of schema.required ?? []) {
    const field = given.get(name);
    if (field === undefined) report([...at, name], "is required by the contract, and nothing fills it.");
    else if (field.optional) {
      report([...at, name, "optional"], "the contract requires this field: it cannot be left out.");
    }
  }
}

function converter(
  schema: SchemaNode | undefined,
  kind: Kind,
  rule: Rule,
  at: readonly (string | number)[],
  report: Report,
): Convert {
  if (rule.as !== undefined)
    report([...at, "as"], "is of what is sent: the contract says what is needed here.");
  if (kind !== "time" && (rule.format !== undefined || rule.zone !== undefined)) {
    report([...at, rule.format === undefined ? "zone" : "format"], "is of times, and this is none.");
  }
  if (kind === "structure") {
    report(at, "cannot be taken whole: map its fields one by one, a list with $each.");
    return (value) => value;
  }
  const { words } = rule;
  if (words === undefined) return readerOf(kind, rule);
  for (const [word, meaning] of Object.entries(words)) {
    if (schema === undefined) break;
    for (const { message } of explain(schema as never, meaning)) report([...at, "words", word], message);
  }
  return (value) => decode(words, value);
}

export function decode(words: Readonly<Record<string, unknown>>, value: unknown): unknown {
  const word = wordOf(value);
  if (word !== undefined && Object.hasOwn(words, word)) return words[word];
  throw new Error(`it is not in the table of words (${Object.keys(words).join(", ")}).`);
}

function readerOf(kind: Kind, rule: Rule): Convert {
  switch (kind) {
    case "decimal":
      return numberText;
    case "time":
      return (value) => readTime(value, rule);
    case "integer":
      return readInteger;
    case "boolean":
      return (value) => {
        if (typeof value === "boolean") return value;
        throw new Error("must be true or false; other words need a table of words.");
      };
    default:
      return readText;
  }
}

function readInteger(value: unknown): number {
  const number = Number(numberText(value));
  if (Number.isSafeInteger(number)) return number;
  throw new Error("must be a whole number.");
}

/** A replacement character is what is left of a letter that was not sent in the encoding it was said to be in. */
export function readText(value: unknown): string {
  const text = textOf(value);
  if (text === undefined) throw new Error("must be a text or a number.");
  if (text.includes("\ufffd")) throw new Error("it was not sent in the encoding that it was said to be in.");
  return text;
}
