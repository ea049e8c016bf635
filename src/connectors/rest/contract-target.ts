// What a mapping may make of native values: exactly what the contract of the event takes. The contract's schema says
// what a place needs, so that a mapping need not.
import {
  checkConstant,
  checkRule,
  didYouMean,
  kindOf,
  lacking,
  type Report,
  reader,
  type SchemaNode,
  type SettingPath,
} from "../../connector/index.ts";
import type { Convert, Rule, Target } from "./template.ts";

/** `schema`: undefined where the contract has no such place, which is reported where it is named. */
export function contractTarget(schema: SchemaNode | undefined, type: string): Target {
  return {
    convert: (rule, at, report) => (schema === undefined ? asItIs : converter(schema, rule, at, report)),
    constant(value, at, report) {
      if (schema !== undefined) checkConstant(schema, value, at, report);
    },
    fields: (given, at, report) => checkObject(schema, type, given, at, report),
    field(name) {
      const known = schema?.properties?.[name];
      return contractTarget(known ?? Object.values(schema?.patternProperties ?? {})[0], type);
    },
    item(at, report) {
      if (schema !== undefined && schema.type !== "array")
        report(at, "is a list, where the contract has none.");
      return contractTarget(schema?.items, type);
    },
  };
}

const asItIs: Convert = (value) => value;

function checkObject(
  schema: SchemaNode | undefined,
  type: string,
  given: ReadonlyMap<string, { optional: boolean }>,
  at: SettingPath,
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
    report([...at, name], `is no field of ${type}.${didYouMean(name, known)}`);
  }
  for (const name of schema.required ?? []) {
    const field = given.get(name);
    if (field === undefined) report(at, lacking(name, type));
    else if (field.optional)
      report([...at, name, "optional"], `is true, and ${type} requires ${name}: give a default.`);
  }
}

function converter(schema: SchemaNode, rule: Rule, at: SettingPath, report: Report): Convert {
  const kind = kindOf(schema);
  if (rule.as !== undefined)
    report([...at, "as"], "is of what is sent: the contract says what is needed here.");
  if (kind === "structure") {
    report(at, "cannot be taken whole: map its fields one by one, a list with $each.");
    return asItIs;
  }
  checkRule({ kind, schema }, rule, at, report);
  return reader(kind, rule);
}
