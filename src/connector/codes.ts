// Look-ups of codes as connectors see them. What a mapping asks for and no table knows is noted, not thrown: the engine
// then keeps the message back, whatever was made of it, and knows of every such code and every order in it at once.
import {
  type CodeEntry,
  type CodeKey,
  type CodeSeeds,
  type CodeTable,
  codeFault,
  seedEntries,
} from "../policy/codes.ts";
import type { ConnectorSession, Mapping, NativeMessage, ReadCodes, WriteCodes } from "./contract.ts";

/** One system's tables as they are at some moment. */
export interface SystemCodes {
  in: ReadonlyMap<string, string>;
  out: ReadonlyMap<string, string>;
}

export type CodeMiss = Pick<CodeKey, "table" | "code">;

const nameOf = (table: CodeTable, code: string): string => `${table}\n${code}`;

export function systemCodes(entries: Iterable<CodeEntry>): SystemCodes {
  const codes = { in: new Map<string, string>(), out: new Map<string, string>() };
  for (const { table, direction, code, means } of entries) codes[direction].set(nameOf(table, code), means);
  return codes;
}

export function writingCodes(current: () => SystemCodes): WriteCodes {
  return { native: (table, canonical) => current().out.get(nameOf(table, canonical)) };
}

function readingCodes(codes: SystemCodes, misses: Map<string, CodeMiss>): ReadCodes {
  return {
    canonical(table, native) {
      const name = nameOf(table, native);
      const means = codes.in.get(name);
      if (means === undefined) misses.set(name, { table, code: native });
      return means ?? native;
    },
  };
}

/** A mapping, and what it looked up and did not find. Whatever is thrown passes. */
export function mapWith(
  session: Pick<ConnectorSession, "map">,
  message: NativeMessage,
  codes: SystemCodes,
): { mapping: Mapping; misses: CodeMiss[] } {
  const misses = new Map<string, CodeMiss>();
  const mapping = session.map(message, readingCodes(codes, misses));
  if (!("events" in mapping)) return { mapping, misses: "ignored" in mapping ? [] : [...misses.values()] };
  for (const { table, code } of misses.values()) {
    const fault = codeFault(code);
    if (fault !== undefined)
      return {
        mapping: { failed: `${JSON.stringify(code.slice(0, 80))} as a ${table} code ${fault}` },
        misses: [],
      };
  }
  return { mapping, misses: [...misses.values()] };
}

/** For tests of a connector: what its tables hold, as a configuration would say it. */
export function codesOf(seeds: CodeSeeds): ReadCodes & WriteCodes {
  const codes = systemCodes(seedEntries("test", seeds));
  return { ...readingCodes(codes, new Map()), ...writingCodes(() => codes) };
}

export const noCodes: ReadCodes & WriteCodes = codesOf({});
