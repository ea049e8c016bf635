// The books prove nothing if they are drawn by the code that they are about: outside its tests this folder imports
// from Node and from itself alone.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const FOLDER = dirname(fileURLToPath(import.meta.url));
/** What drives the real systems in tests. */
const TESTING = join(FOLDER, "testing") + sep;

const sources = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .map((name) => join(FOLDER, name))
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.startsWith(TESTING));

/** `from "x"`, `import "x"`, `import("x")`, `require("x")`, whatever the quotes. */
const NAMED = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'`]([^"'`]+)["'`]/g;
/** A module name that is put together at run time. */
const COMPUTED = /\b(?:import|require)\s*\(\s*[^"'`\s)]/;

test("imports nothing but node:*, undici and its own files", () => {
  expect(sources.length).toBeGreaterThan(20);
  const foreign = sources.flatMap((path) => {
    const text = readFileSync(path, "utf8");
    const names = [...text.matchAll(NAMED)].map((match) => match[1]!);
    return names.filter((name) => !isOwn(path, name)).map((name) => `${relative(FOLDER, path)}: ${name}`);
  });
  expect(foreign).toEqual([]);
});

function isOwn(path: string, name: string): boolean {
  if (name === "undici" || name.startsWith("node:")) return true;
  if (!name.startsWith("./")) return false;
  const target = resolve(dirname(path), name);
  return sources.includes(target);
}

test("imports by name alone, so that the rule above sees all of it", () => {
  expect(sources.filter((path) => COMPUTED.test(readFileSync(path, "utf8")))).toEqual([]);
  expect(sources.filter((path) => readFileSync(path, "utf8").includes("node:module"))).toEqual([]);
});

test("would be noticed", () => {
  const names = (text: string) => [...text.matchAll(NAMED)].map((match) => match[1]);
  expect(names(`import { a } from "../retail/orders.ts";`)).toEqual(["../retail/orders.ts"]);
  expect(names(`export * from '../../src/core/decimal.ts'`)).toEqual(["../../src/core/decimal.ts"]);
  expect(names(`const x = await import("pg")`)).toEqual(["pg"]);
  expect(COMPUTED.test("await import(name)")).toBe(true);
  expect(isOwn(join(FOLDER, "books.ts"), "./testing/trade.ts")).toBe(false);
});
