// Sends again what a system should hold. Figures are drawn anew from the state as it is; documents as they were sent,
// looked up in the target first, and only while the process still wants them. What is on its way already is left.
import { outboundKinds } from "../../domains/outbound.ts";
import type { Database, Transaction } from "../../postgres/pool.ts";
import { insertDeliveries, type NewDelivery } from "../../store/delivery.ts";
import { notify } from "../delivery/engine.ts";
import type { Rules } from "../projection/rules.ts";
import { retryDelivery } from "./parked.ts";
import { type Candidate, pageDocuments, pageFigures, readParkedOf, type ReplayScope } from "./replay-candidates.ts";
import { judgeDocuments, type ReplayItem, renderFigures } from "./replay-judge.ts";

export type { ReplayScope } from "./replay-candidates.ts";
export type { ReplayItem } from "./replay-judge.ts";

export interface Replay {
  executed: boolean;
  /** Deliveries that are sent again, or would be. */
  sent: number;
  /** By why they are not: on their way, not wanted any more, cannot be asked. */
  left: Record<string, number>;
  /** The first of them. */
  items: ReplayItem[];
  /** The scope holds more than one replay takes: narrow it by key or time. */
  truncated: boolean;
}

const SHOWN_MAX = 100;
/** Of one replay; the rest is another one, with a narrower scope. */
const CANDIDATES_MAX = 200_000;
const PAGE = 500;

export function previewReplay(db: Database, rules: Rules, scope: ReplayScope): Promise<Replay> {
  return replay(db, rules, scope, false);
}

/** Page by page, each in a transaction of its own under the locks that order its lanes. */
export async function executeReplay(db: Database, rules: Rules, scope: ReplayScope): Promise<Replay> {
  const result = await replay(db, rules, scope, true);
  if (result.sent > 0) await notify(db, scope.target, []);
  return result;
}

async function replay(db: Database, rules: Rules, scope: ReplayScope, execute: boolean): Promise<Replay> {
  const result: Replay = { executed: execute, sent: 0, left: {}, items: [], truncated: false };
  if (scope.exception !== undefined) {
    await replayParked(db, scope, execute, result);
    return result;
  }
  const pages = [
    ...(scope.domain === "order" ? [] : [(after: string) => figures(db, rules, scope, after, execute)]),
    (after: string) => documents(db, rules, scope, after, execute),
  ];
  let seen = 0;
  for (const page of pages) {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const { items, next }: Page = await page(after);
      for (const item of items) add(result, item);
      seen += items.length;
      after = next;
      if (seen >= CANDIDATES_MAX && after !== undefined) {
        result.truncated = true;
        return result;
      }
    }
  }
  return result;
}

interface Page {
  items: ReplayItem[];
  /** Where the next one begins; undefined: this was the last. */
  next: string | undefined;
}

function add(result: Replay, item: ReplayItem): void {
  if (item.left === undefined) result.sent += 1;
  else result.left[item.left] = (result.left[item.left] ?? 0) + 1;
  if (result.items.length < SHOWN_MAX) result.items.push(item);
}

/** Under an exception is what it holds back, and nothing else. */
async function replayParked(db: Database, scope: ReplayScope, execute: boolean, result: Replay): Promise<void> {
  const parked = await readParkedOf(db, scope);
  for (const row of parked) {
    if (execute) await retryDelivery(db, row.id);
    add(result, { type: row.type, key: row.key, lane: row.lane });
  }
}

async function figures(db: Database, rules: Rules, scope: ReplayScope, after: string, execute: boolean): Promise<Page> {
  const run = async (tx: Transaction): Promise<Page> => {
    const { items, next } = await pageFigures(tx, rules, scope, after, PAGE, execute);
    const { rows, items: shown } = await renderFigures(tx, rules, scope, items);
    if (execute) await insertDeliveries(tx, rows);
    return { items: shown, next };
  };
  return db.transaction(run, execute ? {} : { readOnly: true });
}

async function documents(db: Database, rules: Rules, scope: ReplayScope, after: string, execute: boolean): Promise<Page> {
  const run = async (tx: Transaction): Promise<Page> => {
    const { candidates, next } = await pageDocuments(tx, scope, after, PAGE);
    const judged = await judgeDocuments(tx, rules, scope, candidates, execute);
    if (execute) await insertDeliveries(tx, judged.filter(({ item }) => item.left === undefined).map(({ candidate }) => asDelivery(candidate, scope)));
    return { items: judged.map(({ item }) => item), next };
  };
  return db.transaction(run, execute ? {} : { readOnly: true });
}

function asDelivery(candidate: Candidate, { target }: ReplayScope): NewDelivery {
  const merge = outboundKinds[candidate.type].merge === "newest";
  return { ...candidate, target, merge, verify: true };
}
