// Code cross-references: what a system's own codes mean in ours, and which of its codes ours are sent as. The two
// directions are apart, for a system may have several codes for one meaning, or one for several.

export const codeTables = ["carrier", "reason", "status", "tax", "term", "unit", "warehouse"] as const;
export type CodeTable = (typeof codeTables)[number];

/** `in`: the system's code is looked up; `out`: ours is. */
export const codeDirections = ["in", "out"] as const;
export type CodeDirection = (typeof codeDirections)[number];

/** Which entry is meant: what is looked up, and where. */
export interface CodeKey {
  system: string;
  table: CodeTable;
  direction: CodeDirection;
  code: string;
}
export interface CodeEntry extends CodeKey {
  /** Ours where it comes in, the system's where it goes out. */
  means: string;
}

/** As a person writes it: the system's code beside ours. */
export interface CodePair {
  system: string;
  table: CodeTable;
  native: string;
  canonical: string;
  direction: CodeDirection | "both";
}

/** What a connector or a configuration begins with: table → the system's code → ours. */
export type CodeSeeds = Partial<Record<CodeTable, Readonly<Record<string, string>>>>;

const CODE_MAX = 64;

/** Why no table can hold a code; undefined where one can. */
export function codeFault(code: string): string | undefined {
  if (code === "") return "is empty";
  if (code.length > CODE_MAX) return `is longer than ${CODE_MAX} characters`;
  if (/\p{Cc}/u.test(code) || !code.isWellFormed()) return "holds what is no character of a code";
  return code.trim() === code ? undefined : "begins or ends with a blank";
}

export function entriesOf({ system, table, native, canonical, direction }: CodePair): CodeEntry[] {
  const inward: CodeEntry = { system, table, direction: "in", code: native, means: canonical };
  const outward: CodeEntry = { system, table, direction: "out", code: canonical, means: native };
  if (direction === "both") return [inward, outward];
  return [direction === "in" ? inward : outward];
}

/** Where several of a system's codes mean the same, the first one is sent. */
export function seedEntries(system: string, seeds: CodeSeeds): CodeEntry[] {
  const entries = new Map<string, CodeEntry>();
  for (const table of codeTables) {
    for (const [native, canonical] of Object.entries(seeds[table] ?? {})) {
      for (const entry of entriesOf({ system, table, native, canonical, direction: "both" })) {
        const name = codeName(entry);
        if (!entries.has(name)) entries.set(name, entry);
      }
    }
  }
  return [...entries.values()];
}

/** One text a key. No code holds a line's end. */
export const codeName = ({ system, table, direction, code }: CodeKey): string =>
  `${system}\n${table}\n${direction}\n${code}`;

/** Two seeds of one system: the later one has the last word on each of the system's codes. */
export function mergeSeeds(first: CodeSeeds = {}, second: CodeSeeds = {}): CodeSeeds {
  const tables = new Set([...Object.keys(first), ...Object.keys(second)]) as Set<CodeTable>;
  // What is said later stands first, so that it is what is sent.
  return Object.fromEntries(
    [...tables].map((table) => [table, { ...second[table], ...first[table], ...second[table] }]),
  );
}
