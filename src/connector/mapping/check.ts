// Holds a declared mapping against the canonical contract of its event, when the configuration is checked. Every fault
// is said at its own setting.
import type { TSchema } from "typebox";
import { jsonPath } from "../../core/json-path.ts";
import { catalogue, eventTypes, type Fault } from "../../domains/catalogue.ts";
import { explain, type SchemaNode } from "../../domains/explain.ts";
import { didYouMean } from "../../domains/nearest.ts";
import { type ContractField, contractField, type FieldKind, fieldsOf, missingFields } from "./field.ts";
import { checkTimeRule } from "./time.ts";
import type { ValueRule } from "./value.ts";

export type SettingPath = readonly (string | number)[];
export type Report = (at: SettingPath, message: string) => void;

/** Collects faults. */
export function reporter(faults: Fault[]): Report {
  return (at, message) => void faults.push({ path: jsonPath(at), message });
}

/** The contract of an event that a system may report; undefined where it is none, which is reported. */
export function contractOf(type: string, at: SettingPath, report: Report): SchemaNode | undefined {
  const entry = catalogue[type];
  if (entry !== undefined && !entry.decided) return entry.schema as SchemaNode;
  const open = eventTypes.filter((known) => !catalogue[known]!.decided);
  const what = entry === undefined ? "is no event type." : "is a decision that only Crossdock makes.";
  report(at, `${JSON.stringify(type)} ${what}${didYouMean(type, open)}`);
  return undefined;
}

/** The rule of one field, beside where its value comes from. */
export interface FieldRule extends ValueRule {
  constant?: unknown;
  optional?: boolean | undefined;
  default?: string | undefined;
}

/**
 * Fields by their paths. `filled`: what the stream itself says. Returns the contract's field of each that it knows, so
 * that a connector can hold its own side against them.
 */
export function checkFields(
  type: string,
  fields: Readonly<Record<string, FieldRule>>,
  at: SettingPath,
  report: Report,
  filled: readonly string[] = [],
): Map<string, ContractField> {
  const known = new Map<string, ContractField>();
  const contract = contractOf(type, [...at, "type"], report);
  if (contract === undefined) return known;
  const names = Object.keys(fields);
  for (const name of missingFields(contract, [...names, ...filled]))
    report([...at, "fields"], lacking(name, type));
  for (const [name, rule] of Object.entries(fields)) {
    const place = [...at, "fields", name];
    const field = contractField(contract, name);
    if (field === undefined) {
      report(place, `is no field of ${type}.${didYouMean(name, fieldsOf(contract))}`);
      continue;
    }
    known.set(name, field);
    if (filled.includes(name)) report(place, "is said by the stream itself: leave it out.");
    const others = names.filter((other) => other !== name);
    const isRequired = missingFields(contract, others).some(
      (lost) => name === lost || name.startsWith(`${lost}[`),
    );
    if (rule.optional === true && isRequired && rule.default === undefined)
      report([...place, "optional"], `is true, and ${type} requires ${name}: give a default.`);
    checkRule(field, rule, place, report);
  }
  return known;
}

export const lacking = (name: string, type: string): string =>
  `lacks ${name}, which ${type} requires: say what fills it.`;

/** Whether what is said of a value is of a field of this kind: its constant, its words, its format. */
export function checkRule(
  { kind, schema }: { kind: FieldKind; schema: SchemaNode },
  rule: FieldRule,
  at: SettingPath,
  report: Report,
): void {
  if (rule.constant !== undefined) checkConstant(schema, rule.constant, [...at, "constant"], report);
  for (const [word, ours] of Object.entries(rule.words ?? {}))
    checkConstant(schema, ours, [...at, "words", word], report);
  const isRead = rule.constant === undefined && rule.words === undefined;
  if (kind === "time" && isRead) checkTimeRule(rule, (setting, message) => report([...at, setting], message));
  else refuse(["format", "zone"], rule, "is of times that are read, and this is none.", at, report);
  if (kind !== "decimal" || !isRead)
    refuse(
      ["decimal", "scale", "negate"],
      rule,
      "is of figures that are read, and this is none.",
      at,
      report,
    );
}

function refuse(
  settings: readonly (keyof FieldRule)[],
  rule: FieldRule,
  message: string,
  at: SettingPath,
  report: Report,
): void {
  for (const setting of settings) if (rule[setting] !== undefined) report([...at, setting], message);
}

export function checkConstant(schema: SchemaNode, value: unknown, at: SettingPath, report: Report): void {
  for (const { path, message } of explain(schema as TSchema, value))
    report(at, `${path === "$" ? "" : `${path} `}${message}`);
}
