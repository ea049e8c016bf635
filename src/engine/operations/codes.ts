// Changes of code tables as people ask for them: proved first, shown, and made when asked for. A running node reads
// them within a second, and what they held back goes on.
import { type CodeKey, type CodePair, codeFault, codeName, entriesOf } from "../../policy/codes.ts";
import type { Database } from "../../postgres/pool.ts";
import {
  type CodeDifference,
  type CodeWish,
  changeCodes,
  codeDifferences,
  codeVersion,
} from "../../store/code.ts";

export interface CodeRequest {
  set: readonly CodePair[];
  remove: readonly CodeKey[];
}

export interface CodeFault {
  /** Of `set`, or of `remove` where it says so; from 0. */
  list: "set" | "remove";
  index: number;
  field: string;
  message: string;
}

export interface CodesChanged {
  executed: boolean;
  version: number;
  changes: CodeDifference[];
}

/** Pure: what a request wants of which entries, or what is wrong with it. */
export function codeWishes(
  systems: object,
  { set, remove }: CodeRequest,
): { wishes: CodeWish[]; faults: CodeFault[] } {
  const wishes = new Map<string, CodeWish>();
  const faults: CodeFault[] = [];
  const wish = (list: CodeFault["list"], index: number, field: string, entry: CodeWish) => {
    const said = wishes.get(codeName(entry));
    if (said === undefined || said.means === entry.means) wishes.set(codeName(entry), entry);
    else faults.push({ list, index, field, message: contradiction(entry, said) });
  };
  const prove = (list: CodeFault["list"], index: number, field: string, fault: string | undefined) => {
    if (fault !== undefined) faults.push({ list, index, field, message: `${fault}.` });
    return fault === undefined;
  };
  const foreign = (system: string) =>
    Object.hasOwn(systems, system) ? undefined : `names ${system}, which is no system of the integration`;
  for (const [index, pair] of set.entries()) {
    const sound = [
      prove("set", index, "system", foreign(pair.system)),
      prove("set", index, "native", codeFault(pair.native)),
      prove("set", index, "canonical", codeFault(pair.canonical)),
    ];
    if (sound.includes(false)) continue;
    for (const entry of entriesOf(pair))
      wish("set", index, entry.direction === "in" ? "native" : "canonical", entry);
  }
  // A system that left the configuration may still have entries, which can be taken out.
  for (const [index, key] of remove.entries())
    if (prove("remove", index, "code", codeFault(key.code)))
      wish("remove", index, "code", { ...key, means: null });
  return { wishes: [...wishes.values()], faults };
}

function contradiction({ direction, code, means }: CodeWish, said: CodeWish): string {
  const other = said.means === null ? "taken out" : said.means;
  const here = means === null ? "taken out" : means;
  const way = direction === "in" ? "means" : "is sent as";
  return `${code} ${way} ${other} by an earlier row and ${here} by this one; say in or out as its direction where only one is meant.`;
}

/** Without `execute` nothing is changed. `by`: who asks, kept with each change. */
export async function applyCodes(
  db: Database,
  by: string,
  wishes: readonly CodeWish[],
  execute: boolean,
): Promise<CodesChanged> {
  if (execute) return { executed: true, ...(await db.transaction((tx) => changeCodes(tx, by, wishes))) };
  return { executed: false, version: await codeVersion(db), changes: await codeDifferences(db, wishes) };
}
