// The one language of mappings, both ways: JSON in which a text that begins with `$` or `@` is a path, every other
// text a constant. `$` is the document, `@` the entry of the list that is gone through. Four forms of object say more:
//   { $from: path, optional, default, words, format, zone, decimal, scale, negate, as }
//   { $each: path, item, optional }   { $constant: a value }
// Compiled once; what cannot hold is a fault with its place.
import { Type } from "typebox";
import {
  type Convert,
  converted,
  decimalWords,
  explain,
  InboundWords,
  type JsonPath,
  jsonPath,
  object,
  parseJsonPath,
  type Report,
  type SettingPath,
  saysNothing,
  timeWords,
  unfit,
  type ValueRule,
  valueAt,
} from "../../connector/index.ts";

export type { Convert };

/** What is said of one path beside where it leads. */
export interface Rule extends ValueRule {
  optional?: boolean;
  /** Where nothing is there, as it would have been written. */
  default?: string;
  /** Of what goes out: a decimal text as a JSON number. */
  as?: "number";
}

export type Node =
  | { kind: "constant"; value: unknown }
  | { kind: "path"; path: JsonPath; optional: boolean; otherwise: string | undefined; convert: Convert }
  | { kind: "each"; path: JsonPath; optional: boolean; item: Node }
  | { kind: "list"; items: Node[] }
  | { kind: "object"; fields: [string, Node][] };

/** What a place in the result may hold. The results of a mapping into a contract know; a native body takes anything. */
export interface Target {
  convert(rule: Rule, at: SettingPath, report: Report): Convert;
  constant(value: unknown, at: SettingPath, report: Report): void;
  /** Reports fields that are unknown, and required ones that `given` lacks or may leave out. */
  fields(given: ReadonlyMap<string, { optional: boolean }>, at: SettingPath, report: Report): void;
  field(name: string): Target;
  item(at: SettingPath, report: Report): Target;
}

/** An example of what `$` and `@` may be, so that paths can be checked; undefined where nobody knows. */
export interface Scope {
  document: unknown;
  entry: unknown;
  hasEntry: boolean;
}

const FROM_FIELDS = [
  ...["$from", "optional", "default", "words", "format", "zone"],
  ...["decimal", "scale", "negate", "as"],
];
const RuleWords = object({
  optional: Type.Optional(Type.Boolean()),
  default: Type.Optional(Type.String()),
  words: Type.Optional(InboundWords),
  ...timeWords,
  ...decimalWords,
  as: Type.Optional(Type.Literal("number")),
});
const EACH_WORDS = ["$each", "item", "optional"];

export function compile(
  template: unknown,
  target: Target,
  scope: Scope,
  at: SettingPath,
  report: Report,
): Node {
  if (typeof template === "string" && /^[$@]/.test(template)) {
    return pathNode(template, {}, target, scope, at, report);
  }
  if (typeof template !== "object" || template === null) return constant(template, target, at, report);
  if (Array.isArray(template)) {
    const item = target.item(at, report);
    const items = template.map((entry, index) => compile(entry, item, scope, [...at, index], report));
    return { kind: "list", items };
  }
  if ("$constant" in template) {
    onlyWords(template, ["$constant"], at, report);
    return constant(template.$constant, target, [...at, "$constant"], report);
  }
  if ("$from" in template) return ruleNode(template as { $from: unknown }, target, scope, at, report);
  if ("$each" in template) return eachNode(template as Each, target, scope, at, report);
  return objectNode(template as Record<string, unknown>, target, scope, at, report);
}

function constant(value: unknown, target: Target, at: SettingPath, report: Report): Node {
  target.constant(value, at, report);
  return { kind: "constant", value };
}

function objectNode(
  template: Record<string, unknown>,
  target: Target,
  scope: Scope,
  at: SettingPath,
  report: Report,
): Node {
  const fields = Object.entries(template).map(([name, entry]): [string, Node] => [
    name,
    compile(entry, target.field(name), scope, [...at, name], report),
  ]);
  target.fields(new Map(fields.map(([name, node]) => [name, { optional: isOptional(node) }])), at, report);
  return { kind: "object", fields };
}

const isOptional = (node: Node): boolean => "optional" in node && node.optional;

function ruleNode(
  template: { $from: unknown } & Rule,
  target: Target,
  scope: Scope,
  at: SettingPath,
  report: Report,
): Node {
  const { $from, ...rule } = template;
  onlyWords(template, FROM_FIELDS, at, report);
  for (const { path, message } of explain(RuleWords, rule))
    report([...at, ...parseJsonPath(path).segments], message);
  return pathNode($from, rule, target, scope, at, report);
}

interface Each {
  $each: unknown;
  item?: unknown;
  optional?: boolean;
}

function eachNode(template: Each, target: Target, scope: Scope, at: SettingPath, report: Report): Node {
  onlyWords(template, EACH_WORDS, at, report);
  const path = readPath(template.$each, scope, [...at, "$each"], report);
  if (template.item === undefined) report([...at, "item"], "is required: what becomes of each entry.");
  const list = example(path, scope);
  const inner: Scope = {
    document: scope.document,
    entry: Array.isArray(list) ? list[0] : undefined,
    hasEntry: true,
  };
  const item = compile(template.item, target.item(at, report), inner, [...at, "item"], report);
  return { kind: "each", path, optional: template.optional === true, item };
}

function pathNode(
  text: unknown,
  rule: Rule,
  target: Target,
  scope: Scope,
  at: SettingPath,
  report: Report,
): Node {
  const path = readPath(text, scope, at, report);
  return {
    kind: "path",
    path,
    optional: rule.optional === true && rule.default === undefined,
    otherwise: rule.default,
    convert: target.convert(rule, at, report),
  };
}

const NOWHERE: JsonPath = { root: "$", segments: [] };

/** A path that is written rightly, and leads somewhere as far as that is known. */
export function readPath(text: unknown, scope: Scope, at: SettingPath, report: Report): JsonPath {
  let path: JsonPath;
  try {
    path = parseJsonPath(text as string);
  } catch {
    report(at, "must be a path such as $.lines[0].quantity.");
    return NOWHERE;
  }
  if (path.root === "@" && !scope.hasEntry) {
    report(at, "begins with @, which stands for an entry of a list: use it inside $each, or begin with $.");
  } else if ((path.root === "$" ? scope.document : scope.entry) !== undefined) {
    if (example(path, scope) === undefined) report(at, `leads nowhere: there is no ${String(text)} here.`);
  }
  return path;
}

const example = (path: JsonPath, scope: Scope): unknown =>
  valueAt(path.root === "$" ? scope.document : scope.entry, path.segments);

function onlyWords(template: object, words: string[], at: SettingPath, report: Report): void {
  for (const word of Object.keys(template)) {
    if (!words.includes(word)) report([...at, word], `is not known here; there are ${words.join(", ")}.`);
  }
}

export interface Values {
  document: unknown;
  entry?: unknown;
  /** Where `@` stands in the document. */
  entryAt?: SettingPath;
}

/** The result; undefined where it is optional and nothing is there. Throws `mapping.unfit` with path, value and rule. */
export function evaluate(node: Node, values: Values): unknown {
  switch (node.kind) {
    case "constant":
      return node.value;
    case "list":
      return node.items.map((item) => evaluate(item, values));
    case "object": {
      const filled = node.fields
        .map(([name, field]): [string, unknown] => [name, evaluate(field, values)])
        .filter(([, value]) => value !== undefined);
      return Object.fromEntries(filled);
    }
    case "each":
      return evaluateEach(node, values);
    case "path":
      return evaluatePath(node, values);
  }
}

function evaluatePath(node: Extract<Node, { kind: "path" }>, values: Values): unknown {
  const found = find(node.path, values);
  const value = saysNothing(found) ? node.otherwise : found;
  const path = jsonPath(placeOf(node.path, values));
  if (saysNothing(value)) {
    if (node.optional) return undefined;
    throw unfit(path, found, "is no value, and one is required");
  }
  return converted(node.convert, value, path);
}

function evaluateEach(node: Extract<Node, { kind: "each" }>, values: Values): unknown {
  const list = find(node.path, values);
  if (saysNothing(list) && node.optional) return undefined;
  const place = placeOf(node.path, values);
  if (!Array.isArray(list)) throw unfit(jsonPath(place), list, "is no list");
  return list.map((entry, index) =>
    evaluate(node.item, { document: values.document, entry, entryAt: [...place, index] }),
  );
}

export const find = (path: JsonPath, values: Values): unknown =>
  valueAt(path.root === "$" ? values.document : values.entry, path.segments);

const placeOf = (path: JsonPath, values: Values): SettingPath =>
  path.root === "$" ? path.segments : [...(values.entryAt ?? []), ...path.segments];
