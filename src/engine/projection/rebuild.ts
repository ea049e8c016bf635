// All state again from the log alone: facts in order, each decision after the event it follows from, evolved by
// the same pure functions. Nothing is decided, nothing is sent; a held key stops where it is held.
import type { RecordedEvent } from "../../domains/event.ts";
import { evolveStock } from "../../domains/inventory/evolve.ts";
import { parseKey, stockKey } from "../../domains/key.ts";
import type { OrderEvent } from "../../domains/order/contract.ts";
import { evolveOrder, opensOrder } from "../../domains/order/evolve.ts";
import type { Database } from "../../postgres/pool.ts";
import { readForRebuild } from "../../store/event.ts";
import type { Rules } from "./rules.ts";
import { takeChange, WorkingSet } from "./working-set.ts";

export interface Rebuilt {
  set: WorkingSet;
  events: number;
  /** Keys that stopped at an event that cannot be applied. */
  held: Map<string, unknown>;
}

export async function rebuild(db: Database, rules: Rules): Promise<Rebuilt> {
  const set = new WorkingSet(rules.integration.stock);
  const held = new Map<string, unknown>();
  let events = 0;
  await db.transaction(
    async (tx) => {
      for await (const page of readForRebuild(tx)) {
        for (const event of page) {
          events += 1;
          // As it is with the state itself: a held key takes no facts, and goes on being promised from.
          if (held.has(event.key) && !event.decided) continue;
          try {
            evolveOne(set, rules, event);
          } catch (error) {
            held.set(event.key, error);
          }
        }
      }
    },
    { isolation: "repeatable read" },
  );
  return { set, events, held };
}

function evolveOne(set: WorkingSet, rules: Rules, event: RecordedEvent): void {
  const { domain, company, id } = parseKey(event.key);
  if (domain === "stock") {
    const slot = set.items.get(event.key) ?? set.addItem(stockKey(company, id), null);
    takeChange(slot, evolveStock(slot.item, slot.rows, event, rules.sourceOf(event.source)));
  } else if (domain === "order") {
    const slot = set.orders.get(event.key) ?? set.addOrder(event.key, null);
    if (slot.order !== null || opensOrder(event.type))
      slot.order = evolveOrder(slot.order, event as unknown as OrderEvent & RecordedEvent);
  }
}
