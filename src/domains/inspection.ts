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

type Path = readonly (string | number)[];

/** Where in the data something has to be looked at; drawn from the contract once. */
export type Inspection =
  | { kind: "nothing" | "time" | "currency" }
  | { kind: "object"; fields: readonly (readonly [string, Inspection])[]; times: readonly string[] }
  | { kind: "array"; items: Inspection; identity: string | undefined };

/** Lines and charges are named once per document where the document itself defines them. */
const IDENTITIES: Readonly<Record<string, string>> = { SubmittedLine: "lineId", Charge: "chargeId" };
const NOTHING: Inspection = { kind: "nothing" };

export function inspectionOf(schema: TSchema): Inspection {
  const node = schema as SchemaNode;
  if (node.type === "string") {
    if (node.pattern === TimeText.pattern) return { kind: "time" };
    return node.pattern === Currency.pattern && node.description === Currency.description
      ? { kind: "currency" }
      : NOTHING;
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
    if (fields.length === 0) return NOTHING;
    return { kind: "object", fields, times: fields.filter(([, { kind }]) => kind === "time").map(([name]) => name) };
  }
  return NOTHING;
}

/** An entry that carries its own price or amount defines a line; others only refer to one. */
function identityOf(items: SchemaNode): string | undefined {
  const properties = items.properties ?? {};
  if ("price" in properties && "lineId" in properties) return IDENTITIES.SubmittedLine;
  if ("kind" in properties && "chargeId" in properties) return IDENTITIES.Charge;
  return undefined;
}

export function findFault(inspection: Inspection, data: unknown): Fault | undefined {
  const fault = inspect(inspection, data, []);
  if (fault !== undefined) return fault;
  return isStorable(data) ? undefined : unstorable(data, []);
}

function inspect(inspection: Inspection, value: unknown, path: Path): Fault | undefined {
  if (value === undefined) return undefined;
  switch (inspection.kind) {
    case "nothing":
      return undefined;
    case "time":
      return isTime(value as string) || isCalendarTime(value as string)
        ? undefined
        : at(path, `is ${excerpt(value)}, a time that no calendar has.`);
    case "currency":
      return isCurrency(value as string)
        ? undefined
        : at(path, `is ${excerpt(value)}, which is no ISO 4217 currency.`);
    case "object":
      for (const [name, field] of inspection.fields) {
        const fault = inspect(field, (value as Record<string, unknown>)[name], [...path, name]);
        if (fault !== undefined) return fault;
      }
      return undefined;
    case "array":
      return inspectArray(inspection, value as unknown[], path);
  }
}

function inspectArray(
  inspection: Extract<Inspection, { kind: "array" }>,
  values: unknown[],
  path: Path,
): Fault | undefined {
  const { items, identity } = inspection;
  if (items.kind !== "nothing") {
    for (let index = 0; index < values.length; index++) {
      const fault = inspect(items, values[index], [...path, index]);
      if (fault !== undefined) return fault;
    }
  }
  if (identity === undefined || values.length < 2) return undefined;
  const seen = new Set<unknown>();
  for (let index = 0; index < values.length; index++) {
    const id = (values[index] as Record<string, unknown>)[identity];
    if (seen.has(id)) return at([...path, index, identity], `${excerpt(id)} is used twice.`);
    seen.add(id);
  }
  return undefined;
}

function isCalendarTime(text: string): boolean {
  try {
    parseTime(text);
    return true;
  } catch {
    // The only way that parseTime says no; the schema's pattern has let it through, so the calendar has not.
    return false;
  }
}

function unstorable(value: unknown, path: Path): Fault | undefined {
  if (typeof value === "string") {
    if (value.includes("\u0000")) return at(path, "holds a NUL character.");
    return value.isWellFormed() ? undefined : at(path, "holds half of a surrogate pair.");
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const fault = unstorable(item, [...path, Array.isArray(value) ? Number(name) : name]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function at(path: Path, message: string): Fault {
  return { path: jsonPath(path), message };
}

export function withCanonicalTimes<Data>(inspection: Inspection, data: Data): Data {
  if (data === undefined || data === null) return data;
  if (inspection.kind === "object") return objectWithTimes(inspection, data);
  if (inspection.kind !== "array" || inspection.items.kind === "nothing") return data;
  const values = data as unknown[];
  let copy: unknown[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const item = withCanonicalTimes(inspection.items, values[index]);
    if (item === values[index]) continue;
    copy ??= [...values];
    copy[index] = item;
  }
  return (copy ?? data) as Data;
}

function objectWithTimes<Data>(inspection: Extract<Inspection, { kind: "object" }>, data: Data): Data {
  const record = data as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const [name, field] of inspection.fields) {
    const value = record[name];
    if (value === undefined || field.kind === "currency") continue;
    const canonical = field.kind === "time" ? parseTime(value as string) : withCanonicalTimes(field, value);
    if (canonical === value) continue;
    copy ??= { ...record };
    copy[name] = canonical;
  }
  return (copy ?? data) as Data;
}
