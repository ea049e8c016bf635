// Loads crossdock.config.ts as it is: Node strips its types. `import … from "crossdock"` means the package that runs
// this, installed beside the file or not. What is wrong with the file is said with its line.
import { existsSync, readFileSync, statSync } from "node:fs";
import { registerHooks } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolveIntegration } from "../connector/resolve.ts";
import { CrossdockError } from "../core/errors.ts";
import { checkIntegration, type Finding } from "../policy/check.ts";
import type { Integration } from "../policy/integration.ts";
import { lineOf } from "./config-line.ts";

export const CONFIG_NAMES = [
  "crossdock.config.ts",
  "crossdock.config.mts",
  "crossdock.config.js",
  "crossdock.config.mjs",
];

export interface LoadedConfig {
  path: string;
  /** `.crossdock` beside the file. */
  home: string;
  /** As it is written: settings may still name the environment. */
  declared: Integration;
}

export interface LocatedFinding extends Finding {
  /** Of the file, from 1. */
  line: number;
}

export interface CheckedConfig extends LoadedConfig {
  /** With settings resolved, as far as they could be. */
  integration: Integration;
  findings: LocatedFinding[];
}

/** The file that is meant; throws `configuration.missing`. */
export function findConfig(cwd: string, given: string | undefined): string {
  if (given !== undefined) {
    const path = resolve(cwd, given);
    const folder = existsSync(path) && statSync(path).isDirectory();
    if (existsSync(path) && !folder) return path;
    throw missing(
      folder ? `${given} is a folder; name the configuration file in it.` : `There is no ${given}.`,
    );
  }
  const found = CONFIG_NAMES.map((name) => join(cwd, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw missing(
    `There is no ${CONFIG_NAMES[0]} in ${cwd}; crossdock init writes one, --config names another.`,
  );
}

function missing(message: string): CrossdockError {
  return new CrossdockError("configuration.missing", message);
}

export async function loadConfig(path: string): Promise<LoadedConfig> {
  resolveOwnPackage();
  const exported = await importConfig(path);
  const declared = (exported as { default?: unknown }).default;
  if (!isIntegration(declared)) {
    throw new CrossdockError("configuration.invalid", "It must export default defineIntegration({ … }).", {
      details: { place: `${path}:1` },
    });
  }
  return { path, home: join(dirname(path), ".crossdock"), declared };
}

/** Where findings of a file stand that could not even be read as a whole. */
export function locateFindings(path: string, findings: readonly Finding[]): LocatedFinding[] {
  const text = readFileSync(path, "utf8");
  return findings.map((finding) => ({ ...finding, line: lineOfFinding(text, path, finding) }));
}

/** Settings filled in from the environment, everything proved; findings in the order of the file. */
export function checkConfig(loaded: LoadedConfig, environment: NodeJS.ProcessEnv): CheckedConfig {
  const { integration, findings } = resolveIntegration(loaded.declared, environment);
  const unresolved = new Set(findings.map(({ path }) => path));
  const all = [...findings, ...checkIntegration(integration).filter(({ path }) => !unresolved.has(path))];
  const located = locateFindings(loaded.path, all);
  located.sort((a, b) => Number(a.level === "warning") - Number(b.level === "warning") || a.line - b.line);
  return { ...loaded, integration, findings: located };
}

function lineOfFinding(text: string, path: string, { place, path: at }: Finding): number {
  const declared = placeIn(place, path);
  // A place is that of the system or flow: what follows its name is looked for from there.
  const inner = /^(?:systems|flows)\.[^.[]+\.?/.exec(at)?.[0];
  if (declared !== undefined && inner !== undefined) return lineOf(text, at.slice(inner.length), declared);
  return lineOf(text, at, declared ?? 1);
}

/** The line of a place `file:///…:14:5`, where it lies in the file. */
function placeIn(place: string | undefined, path: string): number | undefined {
  const match = /^(.*?):(\d+)(?::\d+)?$/.exec(place ?? "");
  if (match === null) return undefined;
  const file = match[1]!.startsWith("file:") ? fileURLToPath(match[1]!) : match[1]!;
  return basename(file) === basename(path) ? Number(match[2]) : undefined;
}

function isIntegration(value: unknown): value is Integration {
  return (
    typeof value === "object" && value !== null && "systems" in value && "flows" in value && "stock" in value
  );
}

async function importConfig(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw placed(error, path);
  }
}

/** Says where the file went wrong. An error of ours that knows its place stays as it is. */
function placed(error: unknown, path: string): CrossdockError {
  const { message, stack = "", code } = error as NodeJS.ErrnoException;
  if (error instanceof CrossdockError && error.details.place !== undefined) return error;
  const place = syntaxPlace(stack) ?? framePlace(stack, path) ?? importPlace(error, path) ?? path;
  const errorCode = error instanceof CrossdockError ? error.code : "configuration.invalid";
  const missingModule = /Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1];
  const plain =
    code === "ERR_MODULE_NOT_FOUND" && missingModule !== undefined
      ? `There is no ${missingModule}, which it imports.`
      : message;
  return new CrossdockError(errorCode, plain.split("\n")[0]!, {
    cause: error,
    details: { ...(error instanceof CrossdockError ? error.details : {}), place },
  });
}

/** A stack that begins with a place is that of a text which could not be parsed or linked. */
function syntaxPlace(stack: string): string | undefined {
  const first = stack.split("\n")[0]!;
  return /^(?:file:\/\/|\/|[A-Za-z]:\\).*:\d+$/.test(first) ? first : undefined;
}

function framePlace(stack: string, path: string): string | undefined {
  const url = pathToFileURL(path).href;
  const frame = stack.split("\n").find((line) => line.includes(`${url}:`) || line.includes(`${path}:`));
  return frame === undefined
    ? undefined
    : /((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+):\d+\)?$/.exec(frame.trim())?.[1];
}

/** A module that is not found is named by its resolved address; the import says the end of it. */
function importPlace(error: unknown, path: string): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") return undefined;
  const wanted = /'([^']+)'/.exec(message)?.[1] ?? "";
  const lines = readFileSync(path, "utf8").split("\n");
  const index = lines.findIndex(
    (line) => /\b(?:from|import)\b/.test(line) && line.includes(basename(wanted)),
  );
  return index < 0 ? undefined : `${path}:${index + 1}`;
}

let resolving = false;

/**
 * The configuration must meet the very modules that read it: a second copy of the package would have its own
 * classes, and the sources need no build.
 */
function resolveOwnPackage(): void {
  if (resolving) return;
  resolving = true;
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const own = (file: string) => new URL(`../${file}${extension}`, import.meta.url);
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== "crossdock" && !specifier.startsWith("crossdock/")) return next(specifier, context);
      const file = entryOf(specifier);
      const url = file === undefined ? undefined : own(file);
      if (url !== undefined && existsSync(url)) return { url: url.href, shortCircuit: true };
      throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: "ERR_MODULE_NOT_FOUND" });
    },
  });
}

/** A public entry point → its file. */
function entryOf(specifier: string): string | undefined {
  if (specifier === "crossdock") return "index";
  if (specifier === "crossdock/connector") return "connector/index";
  const connector = /^crossdock\/connectors\/([a-z0-9-]+)$/.exec(specifier)?.[1];
  return connector === undefined ? undefined : `connectors/${connector}/index`;
}
