// Documents that must say what the code does: runbooks and the table of errors, compared both ways.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { problemCodes } from "../src/domains/reaction.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");

describe("docs/runbooks", () => {
  it("has a section for every problem code, and none without one", () => {
    const sections = [...read("docs/runbooks/README.md").matchAll(/^### (.+)$/gm)].map((match) => match[1]!);
    expect(sections.sort()).toEqual(Object.keys(problemCodes).sort());
  });
});

describe("docs/errors.md", () => {
  const sources = readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !/testing/.test(name),
  );
  const thrown = new Set(
    sources.flatMap((name) =>
      [...read(`src/${name}`).matchAll(/new CrossdockError\(\s*"([a-z0-9-]+\.[a-z0-9-]+)"/g)].map(
        (match) => match[1]!,
      ),
    ),
  );
  const documented = [...read("docs/errors.md").matchAll(/^\| `([a-z0-9.-]+)` \|/gm)].map(
    (match) => match[1]!,
  );

  it("names every code that is thrown", () => {
    expect([...thrown].filter((code) => !documented.includes(code)).sort()).toEqual([]);
  });

  it("names no code twice", () => {
    expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
  });

  it("names no code that the sources do not know", () => {
    const text = sources.map((name) => read(`src/${name}`)).join("\n");
    expect(documented.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });
});
