// Finds a field of a canonical contract by its path, and what kind of value it takes. `order.orderId`, `lines[0].sku`;
// `lines[].sku` is of the element that each row fills.
import type { SchemaNode } from "../../domains/explain.ts";
import { DecimalText, NonNegativeDecimalText, PositiveDecimalText, TimeText } from "../../domains/schema.ts";

/** `code`: one of the contract's own words. `structure`: an object or a list, which is no single value. */
export type FieldKind = "decimal" | "time" | "integer" | "boolean" | "code" | "text" | "structure";

/** Names and places in lists; `[]` is the place of the row itself. */
export type FieldPath = readonly (string | number)[];

export interface ContractField {
  path: FieldPath;
  kind: FieldKind;
  schema: SchemaNode;
}

const PATH = /^[A-Za-z]+(\.[A-Za-z]+|\[\d{0,3}\])*$/;
const DECIMALS: ReadonlySet<unknown> = new Set(
  [DecimalText, NonNegativeDecimalText, PositiveDecimalText].map((schema) => (schema as SchemaNode).pattern),
);

/** Undefined where the contract has no such field. */
export function contractField(contract: SchemaNode, text: string): ContractField | undefined {
  if (!PATH.test(text)) return undefined;
  const path = [...text.matchAll(/[A-Za-z]+|\d+|\[\]/g)].map(([part]) =>
    /^\d/.test(part) ? Number(part) : part,
  );
  let schema: SchemaNode | undefined = contract;
  for (const part of path) {
    if (part === "[]" || typeof part === "number") schema = schema?.items;
    else schema = Object.hasOwn(schema?.properties ?? {}, part) ? schema!.properties![part] : undefined;
  }
  return schema === undefined ? undefined : { path, kind: kindOf(schema), schema };
}

export function kindOf(schema: SchemaNode): FieldKind {
  if (schema.const !== undefined || schema.enum !== undefined) return "code";
  if (schema.anyOf?.every((branch) => "const" in branch)) return "code";
  if (schema.type === "integer" || schema.type === "boolean") return schema.type;
  if (schema.type !== "string") return "structure";
  if (schema.pattern === (TimeText as SchemaNode).pattern) return "time";
  return DECIMALS.has(schema.pattern) ? "decimal" : "text";
}

/** Every single value that a contract has, as it is written. */
export function fieldsOf(contract: SchemaNode, before = ""): string[] {
  return Object.entries(contract.properties ?? {}).flatMap(([name, schema]) => {
    if (schema.properties !== undefined) return fieldsOf(schema, `${before}${name}.`);
    if (schema.items?.properties !== undefined) return fieldsOf(schema.items, `${before}${name}[].`);
    return kindOf(schema) === "structure" ? [] : [`${before}${name}`];
  });
}

/** Fields that must be there and are not given: of the contract itself, and of each object that a mapping begins. */
export function missingFields(contract: SchemaNode, given: readonly string[], before = ""): string[] {
  return Object.entries(contract.properties ?? {}).flatMap(([name, schema]) => {
    const path = `${before}${name}`;
    if (given.includes(path)) return [];
    const begun = begunIn(path, given);
    if (begun.length > 0) {
      return begun.flatMap((one) => missingFields(schema.items ?? schema, given, `${one}.`));
    }
    return contract.required?.includes(name) ? [path] : [];
  });
}

/** `lines` → `lines[0]`, `lines[1]`; `customer` → `customer`, where something inside is given. */
function begunIn(path: string, given: readonly string[]): string[] {
  const begun = given.flatMap((other) => {
    if (other.startsWith(`${path}.`)) return [path];
    return other.startsWith(`${path}[`) ? [other.slice(0, other.indexOf("]", path.length) + 1)] : [];
  });
  return [...new Set(begun)];
}

/** Puts a value where its path says, with the objects and lists on the way. `row`: the place that `[]` stands for. */
export function putField(data: object, path: FieldPath, value: unknown, row = 0): void {
  let at = data as Record<string | number, unknown>;
  for (const [depth, part] of path.entries()) {
    const key = part === "[]" ? row : part;
    if (depth === path.length - 1) at[key] = value;
    else {
      const next = path[depth + 1];
      at[key] ??= next === "[]" || typeof next === "number" ? [] : {};
      at = at[key] as Record<string | number, unknown>;
    }
  }
}
