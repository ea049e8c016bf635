// Finds a field of a canonical contract by its path, `order.orderId` or `lines[].sku`, and what kind of value it takes.

import type { SchemaNode } from "../../domains/explain.ts";
import { DecimalText, NonNegativeDecimalText, PositiveDecimalText, TimeText } from "../../domains/schema.ts";

export interface ContractField {
  /** `order`, `orderId`; a list's elements are `[]`. */
  path: readonly string[];
  kind: "text" | "decimal" | "time" | "integer" | "boolean";
  schema: SchemaNode;
}

const decimals: ReadonlySet<unknown> = new Set(
  [DecimalText, NonNegativeDecimalText, PositiveDecimalText].map((schema) => (schema as SchemaNode).pattern),
);

export function pathOf(text: string): string[] {
  return text.split(".").flatMap((part) => (part.endsWith("[]") ? [part.slice(0, -2), "[]"] : [part]));
}

/** Undefined where the contract has no such field, or where it is no single value. */
export function contractField(contract: unknown, text: string): ContractField | undefined {
  const path = pathOf(text);
  let schema: SchemaNode | undefined = contract as SchemaNode;
  for (const name of path) schema = name === "[]" ? schema?.items : schema?.properties?.[name];
  if (schema === undefined) return undefined;
  const kind = kindOf(schema);
  return kind === undefined ? undefined : { path, kind, schema };
}

function kindOf(schema: SchemaNode): ContractField["kind"] | undefined {
  if (schema.anyOf?.every((branch) => "const" in branch)) return "text";
  if (schema.type === "integer" || schema.type === "boolean") return schema.type;
  if (schema.type !== "string") return undefined;
  if (schema.pattern === (TimeText as SchemaNode).pattern) return "time";
  return decimals.has(schema.pattern) ? "decimal" : "text";
}

/** Every field that can be filled, as it is written. */
export function fieldsOf(contract: unknown, before = ""): string[] {
  return Object.entries((contract as SchemaNode).properties ?? {}).flatMap(([name, schema]) => {
    if (schema.properties !== undefined) return fieldsOf(schema, `${before}${name}.`);
    if (schema.items?.properties !== undefined) return fieldsOf(schema.items, `${before}${name}[].`);
    return kindOf(schema) === undefined ? [] : [`${before}${name}`];
  });
}

/** Fields that must be there: of the contract itself, and of each object that the mapping begins. */
export function requiredFields(contract: unknown, mapped: readonly string[], before = ""): string[] {
  const { properties = {}, required = [] } = contract as SchemaNode;
  return Object.entries(properties).flatMap(([name, schema]) => {
    const isList = schema.items?.properties !== undefined;
    const inner = isList ? schema.items : schema.properties === undefined ? undefined : schema;
    if (inner === undefined) return required.includes(name) ? [`${before}${name}`] : [];
    const prefix = `${before}${name}${isList ? "[]" : ""}.`;
    const isBegun = required.includes(name) || mapped.some((path) => path.startsWith(prefix));
    return isBegun ? requiredFields(inner, mapped, prefix) : [];
  });
}
