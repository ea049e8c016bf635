// Says in words why a value does not fit a JSON Schema, and where: the slow path behind a compiled validator.
// Knows the keywords that contracts here use; it reports at most FAULTS_MAX faults and never throws.
import type { TSchema } from "typebox";
import { excerpt } from "../core/excerpt.ts";
import { jsonPath } from "../core/json-path.ts";
import { didYouMean } from "./nearest.ts";

export interface Fault {
  /** `$.lines[2].quantity` */
  path: string;
  message: string;
}

export const FAULTS_MAX = 20;

/** The part of JSON Schema that the contracts speak. */
export interface SchemaNode {
  type?: string;
  description?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: SchemaNode[];
  properties?: Record<string, SchemaNode>;
  patternProperties?: Record<string, SchemaNode>;
  required?: string[];
  additionalProperties?: boolean | SchemaNode;
  items?: SchemaNode;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string | RegExp;
  minimum?: number;
  maximum?: number;
}

type Path = readonly (string | number)[];

interface Report {
  faults: Fault[];
}

export function explain(schema: TSchema, value: unknown): Fault[] {
  const report: Report = { faults: [] };
  visit(schema as SchemaNode, value, [], report);
  return report.faults;
}

function visit(schema: SchemaNode, value: unknown, path: Path, report: Report): void {
  if (report.faults.length >= FAULTS_MAX) return;
  const words = wordsOf(schema);
  if (words !== undefined) {
    if (!words.includes(value)) add(report, path, oneOfMessage(words, value));
    return;
  }
  if (schema.anyOf !== undefined) {
    visitUnion(schema.anyOf, value, path, report);
    return;
  }
  if (schema.type !== undefined && !isOfType(schema.type, value)) {
    add(report, path, `must be ${article(schema.type)}, not ${describe(value)}.`);
    return;
  }
  if (typeof value === "string") visitText(schema, value, path, report);
  else if (typeof value === "number") visitNumber(schema, value, path, report);
  else if (Array.isArray(value)) visitArray(schema, value, path, report);
  else if (typeof value === "object" && value !== null) visitObject(schema, value, path, report);
}

function add(report: Report, path: Path, message: string): void {
  if (report.faults.length < FAULTS_MAX) report.faults.push({ path: jsonPath(path), message });
}

/** The values of a schema that is a choice of literals. */
function wordsOf(schema: SchemaNode): unknown[] | undefined {
  if ("const" in schema) return [schema.const];
  if (schema.enum !== undefined) return schema.enum;
  if (schema.anyOf?.every((branch) => "const" in branch)) return schema.anyOf.map((branch) => branch.const);
  return undefined;
}

function oneOfMessage(words: unknown[], value: unknown): string {
  const list = words.map((word) => JSON.stringify(word)).join(", ");
  const hint =
    typeof value === "string"
      ? didYouMean(
          value,
          words.filter((word) => typeof word === "string"),
        )
      : "";
  return `must be ${words.length === 1 ? list : `one of ${list}`}, not ${describe(value)}.${hint}`;
}

/** Reports the branch that the value comes closest to: the one with the right type, then the fewest faults. */
function visitUnion(branches: SchemaNode[], value: unknown, path: Path, report: Report): void {
  let best: Fault[] | undefined;
  for (const branch of branches) {
    const attempt: Report = { faults: [] };
    visit(branch, value, path, attempt);
    if (attempt.faults.length === 0) return;
    const rightType = branch.type === undefined || isOfType(branch.type, value);
    if (best === undefined || (rightType && attempt.faults.length <= best.length)) best = attempt.faults;
  }
  for (const fault of best ?? []) if (report.faults.length < FAULTS_MAX) report.faults.push(fault);
}

function visitText(schema: SchemaNode, value: string, path: Path, report: Report): void {
  const length = schema.minLength === undefined && schema.maxLength === undefined ? 0 : codePoints(value);
  if (schema.minLength !== undefined && length < schema.minLength) {
    add(
      report,
      path,
      length === 0 ? "must not be empty." : `must have ${schema.minLength} characters or more.`,
    );
  } else if (schema.maxLength !== undefined && length > schema.maxLength) {
    add(report, path, `must have at most ${schema.maxLength} characters, and has ${length}.`);
  } else if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) {
    add(report, path, patternMessage(schema, value));
  }
}

function patternMessage(schema: SchemaNode, value: string): string {
  if (schema.description !== undefined) return `is ${excerpt(value)}; expected: ${schema.description}.`;
  const control = [...value].findIndex((character) => character < " ");
  if (control >= 0) return `has a control character at position ${control + 1}.`;
  return `is ${excerpt(value)}, which does not match ${schema.pattern}.`;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function visitNumber(schema: SchemaNode, value: number, path: Path, report: Report): void {
  if (schema.minimum !== undefined && value < schema.minimum) {
    add(report, path, `must be ${schema.minimum} or more, not ${value}.`);
  } else if (schema.maximum !== undefined && value > schema.maximum) {
    add(report, path, `must be ${schema.maximum} or less, not ${value}.`);
  }
}

function visitArray(schema: SchemaNode, value: unknown[], path: Path, report: Report): void {
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    add(report, path, `must have ${schema.minItems} or more entries, and has ${value.length}.`);
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    add(report, path, `must have at most ${schema.maxItems} entries, and has ${value.length}.`);
    return;
  }
  if (schema.items === undefined) return;
  for (let index = 0; index < value.length && report.faults.length < FAULTS_MAX; index++) {
    visit(schema.items, value[index], [...path, index], report);
  }
}

function visitObject(schema: SchemaNode, value: object, path: Path, report: Report): void {
  const record = value as Record<string, unknown>;
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(record, name) || record[name] === undefined)
      add(report, [...path, name], "is required.");
  }
  const names = Object.keys(schema.properties ?? {});
  const patterns = Object.entries(schema.patternProperties ?? {});
  for (const [name, item] of Object.entries(record)) {
    if (report.faults.length >= FAULTS_MAX) return;
    if (item === undefined) continue;
    const at = [...path, name];
    const known = names.includes(name)
      ? schema.properties![name]
      : patterns.find(([pattern]) => new RegExp(pattern, "u").test(name))?.[1];
    if (known !== undefined) visit(known, item, at, report);
    else if (schema.additionalProperties === false) add(report, at, unknownName(name, names, patterns));
    else if (typeof schema.additionalProperties === "object") {
      visit(schema.additionalProperties, item, at, report);
    }
  }
}

function unknownName(name: string, names: string[], patterns: [string, SchemaNode][]): string {
  if (names.length === 0 && patterns.length > 0) return `${excerpt(name)} does not match ${patterns[0]![0]}.`;
  return `is not a field here.${didYouMean(name, names)}`;
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return Number.isFinite(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}

function article(type: string): string {
  if (type === "integer") return "a whole number";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return excerpt(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "an array" : article(typeof value);
}
