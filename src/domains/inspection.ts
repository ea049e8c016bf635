// What a schema's grammar cannot say: times that the calendar has, currencies that exist, texts that a database
// can hold, lines that are named once. A fault is a value; `withCanonicalTimes` expects data without faults.
import type { TSchema } from "typebox";
import { excerpt } from "../core/excerpt.ts";
import { isStorable } from "../core/json.ts";
import { jsonPath } from "../core/json-path.ts";
import { isCurrency } from "../core/money.ts";
import { isTime, parseTime } from "../core/time.ts";
import type { Fault, SchemaNode } from "./explain.ts";
import { Currency, TimeText } from "./schema.ts";

/** Where in the data something has to be looked at; drawn from the contract once. */
export type Inspection =
  | { kind: "nothing" | "time" | "currency" }
  | { kind: "object"; fields: readonly (readonly [string, Inspection])[] }
  | { kind: "array"; items: Inspection; identity: string | undefined };

const NOTHING: Inspection = { kind: "nothing" };
const timeText = TimeText as SchemaNode;
const currency = Currency as SchemaNode;

export function inspectionOf(schema: TSchema): Inspection {
  const node = schema as SchemaNode;
  if (node.type === "string") {
    if (node.pattern === timeText.pattern) return { kind: "time" };
    return node.description === currency.description ? { kind: "currency" } : NOTHING;
  }
  if (node.type === "array" && node.items !== undefined) {
    const items = inspectionOf(node.items as TSchema);
    const identity = identityOf(node.items);
    return items.kind === "nothing" && identity === undefined ? NOTHING : { kind: "array", items, identity };
  }
  if (node.type === "object" && node.properties !== undefined) {
    const fields = Object.entries(node.properties)
      .map(([name, property]) => [name, inspectionOf(property as TSchema)] as const)
      .filter(([, inspection]) => inspection.kind !== "nothing");
    return fields.length === 0 ? NOTHING : { kind: "object", fields };
  }
  return NOTHING;
}

/** A document that gives its lines a price, or its charges a kind, defines them: once each. Others refer. */
function identityOf(items: SchemaNode): string | undefined {
  const properties = items.properties ?? {};
  if ("price" in properties && "lineId" in properties) return "lineId";
  return "kind" in properties && "chargeId" in properties ? "chargeId" : undefined;
}

interface Found {
  /** From the inside out: no path is built for what is in order. */
  reversed: (string | number)[];
  message: string;
}

export function findFault(inspection: Inspection, data: unknown): Fault | undefined {
  const found = inspect(inspection, data) ?? (isStorable(data) ? undefined : unstorable(data));
  return found && { path: jsonPath(found.reversed.reverse()), message: found.message };
}

function inspect(inspection: Inspection, value: unknown): Found | undefined {
  if (value === undefined) return undefined;
  switch (inspection.kind) {
    case "nothing":
      return undefined;
    case "time":
      if (isTime(value as string) || isInCalendar(value as string)) return undefined;
      return here(`is ${excerpt(value)}, a time that no calendar has.`);
    case "currency":
      return isCurrency(value as string)
        ? undefined
        : here(`is ${excerpt(value)}, which is no ISO 4217 currency.`);
    case "object":
      for (const [name, field] of inspection.fields) {
        const found = inspect(field, (value as Record<string, unknown>)[name]);
        if (found !== undefined) return inside(name, found);
      }
      return undefined;
    case "array":
      return (
        inspectItems(inspection.items, value as unknown[]) ?? repeated(inspection.identity, value as object[])
      );
  }
}

function inspectItems(items: Inspection, values: unknown[]): Found | undefined {
  if (items.kind === "nothing") return undefined;
  for (let index = 0; index < values.length; index++) {
    const found = inspect(items, values[index]);
    if (found !== undefined) return inside(index, found);
  }
  return undefined;
}

function repeated(identity: string | undefined, values: object[]): Found | undefined {
  if (identity === undefined || values.length < 2) return undefined;
  const seen = new Set<unknown>();
  for (let index = 0; index < values.length; index++) {
    const id = (values[index] as Record<string, unknown>)[identity];
    if (seen.has(id)) return inside(index, inside(identity, here(`${excerpt(id)} is used twice.`)));
    seen.add(id);
  }
  return undefined;
}

function isInCalendar(text: string): boolean {
  try {
    parseTime(text);
    return true;
  } catch {
    // parseTime says no only by throwing; the schema's pattern let the text through, so the calendar did not.
    return false;
  }
}

function unstorable(value: unknown): Found | undefined {
  if (typeof value === "string") {
    if (value.includes("\u0000")) return here("holds a NUL character.");
    return value.isWellFormed() ? undefined : here("holds half of a surrogate pair.");
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const found = unstorable(item);
    if (found !== undefined) return inside(Array.isArray(value) ? Number(name) : name, found);
  }
  return undefined;
}

const here = (message: string): Found => ({ reversed: [], message });

function inside(segment: string | number, found: Found): Found {
  found.reversed.push(segment);
  return found;
}

/** The same data where every time is canonical already; otherwise a copy of what has to change. */
export function withCanonicalTimes<Data>(inspection: Inspection, data: Data): Data {
  if (data === undefined) return data;
  switch (inspection.kind) {
    case "time":
      return parseTime(data as string) as Data;
    case "object": {
      let copy: Record<string, unknown> | undefined;
      for (const [name, field] of inspection.fields) {
        const value = (data as Record<string, unknown>)[name];
        const canonical = withCanonicalTimes(field, value);
        if (canonical === value) continue;
        copy ??= { ...(data as Record<string, unknown>) };
        copy[name] = canonical;
      }
      return (copy ?? data) as Data;
    }
    case "array": {
      let copy: unknown[] | undefined;
      for (const [index, value] of (data as unknown[]).entries()) {
        const canonical = withCanonicalTimes(inspection.items, value);
        if (canonical === value) continue;
        copy ??= [...(data as unknown[])];
        copy[index] = canonical;
      }
      return (copy ?? data) as Data;
    }
    default:
      return data;
  }
}
