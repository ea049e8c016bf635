// From a native item to one canonical event, as it was declared. Pure: the item alone decides.
import {
  contractOf,
  jsonPath,
  type MappedEvent,
  parseJsonPath,
  type Report,
  type SettingPath,
  unfitPath,
  validateEvent,
  valueAt,
  wordOf,
} from "../../connector/index.ts";
import { contractTarget } from "./contract-target.ts";
import type { MappedSettings } from "./settings.ts";
import { compile, evaluate, type Node } from "./template.ts";

export type Mapped = { event: MappedEvent } | { ignored: string } | { failed: string; path?: string };
/** `filled`: what the stream itself knows; the item's own word goes before it. */
export type MappingOf = (item: unknown, filled?: Readonly<Record<string, unknown>>) => Mapped;

const UNKNOWN = { document: undefined, entry: undefined, hasEntry: false };

/** `filled`: fields that the stream fills. Reports what the contract does not allow. */
export function compileMapping(
  { event: { type, fields } }: MappedSettings,
  at: SettingPath,
  report: Report,
  filled: readonly string[] = [],
): Node | undefined {
  const place = [...at, "event"];
  const schema = contractOf(type, [...place, "type"], report);
  if (schema === undefined) return undefined;
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    report([...place, "fields"], `must say what fills the fields of ${type}.`);
    return undefined;
  }
  const required = (schema.required ?? []).filter((name) => !filled.includes(name));
  const target = contractTarget({ ...schema, required }, type);
  return compile(fields, target, UNKNOWN, [...place, "fields"], report);
}

export function mappingOf(settings: MappedSettings, filledNames: readonly string[] = []): MappingOf {
  const node = compileMapping(settings, [], ignoreFaults, filledNames)!;
  const where = Object.entries(settings.event.where ?? {}).map(([path, words]) => ({ path, words }));
  return (item, filled = {}) => {
    for (const { path, words } of where) {
      const word = wordOf(valueAt(item, parseJsonPath(path).segments));
      if (word === undefined || !words.includes(word)) {
        return { ignored: `${path} is ${word ?? "absent"}; meant are ${words.join(", ")}` };
      }
    }
    return mapItem(settings.event.type, node, item, filled);
  };
}

/** The settings were checked before: there are none. */
const ignoreFaults: Report = () => undefined;

function mapItem(type: string, node: Node, item: unknown, filled: Readonly<Record<string, unknown>>): Mapped {
  let data: Record<string, unknown>;
  try {
    data = { ...filled, ...(evaluate(node, { document: item }) as Record<string, unknown>) };
  } catch (error) {
    const path = unfitPath(error);
    if (path === undefined) throw error;
    return { failed: (error as Error).message, path };
  }
  const [fault] = validateEvent(type, data);
  if (fault === undefined) return { event: { type, data } };
  const source = sourceOf(node, fault.path);
  const failed = `${type} ${fault.path} ${fault.message}`;
  return source === undefined ? { failed } : { failed, path: source };
}

/** The path in the native item that filled a place of the event, where one alone did. */
function sourceOf(node: Node, faultPath: string): string | undefined {
  let found: Node | undefined = node;
  let prefix: (string | number)[] = [];
  for (const segment of parseJsonPath(faultPath).segments) {
    if (found?.kind === "object") found = found.fields.find(([name]) => name === segment)?.[1];
    else if (found?.kind === "list") found = found.items[Number(segment)];
    else if (found?.kind === "each") {
      prefix = [...placeIn(found, prefix), Number(segment)];
      found = found.item;
    }
  }
  return found?.kind === "path" || found?.kind === "each" ? jsonPath(placeIn(found, prefix)) : undefined;
}

const placeIn = (node: Extract<Node, { kind: "path" | "each" }>, prefix: (string | number)[]) =>
  node.path.root === "$" ? [...node.path.segments] : [...prefix, ...node.path.segments];
