// Gives every system its settings: values of the environment filled in, defaults added, the connector's schema
// checked. What is missing or wrong becomes findings that name `systems.erp.url`; a secret is shown nowhere.
import { type TSchema, Type } from "typebox";
import { Compile } from "typebox/compile";
import { fromPointer, jsonPath } from "../core/json-path.ts";
import { explain, type SchemaNode } from "../domains/explain.ts";
import { type Finding, invalidConfiguration } from "../policy/finding.ts";
import type { Integration, SystemDeclaration } from "../policy/integration.ts";
import { copyPlaces, notePlace, placeAt, placeOf } from "../policy/place.ts";
import { isFromEnvironment } from "../policy/values.ts";
import type { Connector } from "./contract.ts";
import type { DefinedConnector } from "./define.ts";
import { hideSecrets } from "./secrets.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One system with its settings resolved. Throws `configuration.invalid` with every finding. */
export function resolveSettings(
  system: string,
  declaration: SystemDeclaration,
  environment: Environment,
): SystemDeclaration {
  const { resolved, findings } = resolve(system, declaration, environment);
  if (findings.length > 0) throw invalidConfiguration(findings);
  return resolved;
}

/** Every system with its settings resolved, as far as they could be, and what could not be. */
export function resolveIntegration(
  integration: Integration,
  environment: Environment,
): { integration: Integration; findings: Finding[] } {
  const findings: Finding[] = [];
  const systems: Record<string, SystemDeclaration> = {};
  for (const [name, declaration] of Object.entries(integration.systems)) {
    const outcome = resolve(name, declaration, environment);
    systems[name] = outcome.resolved;
    for (const finding of outcome.findings) {
      const place = placeAt(integration, finding.path);
      findings.push(place === undefined ? finding : { ...finding, place });
    }
  }
  const resolved = { ...integration, systems };
  copyPlaces(integration, resolved);
  return { integration: resolved, findings };
}

type Path = readonly (string | number)[];

/** What was read for one system, by JSON path. */
interface Reading {
  environment: Environment;
  schema: SchemaNode;
  missing: { path: string; variable: string; type: string | undefined }[];
  secrets: Set<string>;
}

function resolve(
  system: string,
  declaration: SystemDeclaration,
  environment: Environment,
): { resolved: SystemDeclaration; findings: Finding[] } {
  const connector = declaration.connector as Connector & Partial<DefinedConnector>;
  const schema = connector?.settings ?? Type.Unknown();
  const reading: Reading = { environment, schema: schema as SchemaNode, missing: [], secrets: new Set() };
  const settings = fillDefaults(schema as SchemaNode, read(declaration.settings ?? {}, [], reading));
  const faults = faultsOf(schema, settings, reading);
  if (faults.length === 0 && reading.missing.length === 0) {
    faults.push(...(connector?.check?.(settings) ?? []));
  }
  const findings: Finding[] = [
    ...reading.missing.map(({ path, variable }) =>
      finding(system, path, `is taken from the environment, where ${variable} is not set: set it.`),
    ),
    ...faults.map(({ path, message }) => finding(system, path, hide(path, message, reading))),
  ];
  // A missing text, such as a password, does not decide what can be sent: the rest can be checked without it.
  const usable = faults.length === 0 && reading.missing.every(({ type }) => type === "string");
  const writes = (usable ? connector?.writesOf?.(settings) : undefined) ?? declaration.writes;
  const resolved = { ...declaration, writes, settings: hideSecrets(settings, reading.secrets) };
  return { resolved: notePlace(resolved, placeOf(declaration)), findings };
}

/** `$.url` of the system erp → `systems.erp.url` */
function finding(system: string, path: string, message: string): Finding {
  return { level: "error", path: `systems.${system}${path.slice(1)}`, message };
}

/** A message about a secret must not quote it. */
function hide(path: string, message: string, reading: Reading): string {
  return reading.secrets.has(path) ? "does not have the form that the connector expects." : message;
}

function read(value: unknown, path: Path, reading: Reading): unknown {
  if (isFromEnvironment(value)) {
    const at = jsonPath(path);
    const type = schemaAt(reading.schema, path)?.type;
    // An empty variable is how a shell or a compose file says that it is not set.
    const found = reading.environment[value.$env] || value.otherwise;
    if (value.secret === true) reading.secrets.add(at);
    if (found === undefined) {
      reading.missing.push({ path: at, variable: value.$env, type });
      return undefined;
    }
    return asTyped(found, type);
  }
  if (Array.isArray(value)) return value.map((item, index) => read(item, [...path, index], reading));
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const found = read(item, [...path, name], reading);
    if (found !== undefined) copy[name] = found;
  }
  return copy;
}

/** The environment knows only text: a number or a truth value is read from it where one is expected. */
function asTyped(text: string, type: string | undefined): unknown {
  if ((type === "number" || type === "integer") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function schemaAt(schema: SchemaNode, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const segment of path) {
    if (typeof segment === "number") node = node?.items;
    else node = node?.properties?.[segment] ?? Object.values(node?.patternProperties ?? {})[0];
  }
  return node;
}

function fillDefaults(schema: SchemaNode & { default?: unknown }, value: unknown): unknown {
  if (value === undefined) return structuredClone(schema.default);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const item = fillDefaults(property, filled[name]);
    if (item !== undefined) filled[name] = item;
  }
  return filled;
}

function faultsOf(schema: TSchema, settings: unknown, reading: Reading): { path: string; message: string }[] {
  const validator = Compile(schema);
  if (validator.Check(settings)) return [];
  const faults = explain(schema, settings);
  // Keywords that `explain` does not know.
  const all =
    faults.length > 0
      ? faults
      : validator.Errors(settings).map(({ instancePath, message }) => ({
          path: fromPointer(instancePath),
          message: `${message}.`,
        }));
  const missing = new Set(reading.missing.map(({ path }) => path));
  return all.filter(({ path }) => !missing.has(path));
}
