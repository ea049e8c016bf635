// A key that an event could not be applied to waits until a person lets it go on: then what waits of it is applied
// again, in order, and it is held anew where the same event still does not fit.
import { CrossdockError } from "../../core/errors.ts";
import type { Database } from "../../postgres/pool.ts";
import { pageExceptions, solveProblems } from "../../store/exception.ts";
import type { Rules } from "../projection/rules.ts";
import { applyEvents } from "../projection/transaction.ts";

export interface Released {
  key: string;
  /** False: it is held again; its exception says by what. */
  released: boolean;
  applied: number;
}

/** The oldest day of the log: what waits may be as old as the hold. */
const ALL_DAYS = "2000-01-01";
const CODE = "event.not-applied";

/** Throws `key.not-held`. */
export async function releaseKey(db: Database, rules: Rules, key: string): Promise<Released> {
  const held = await pageExceptions(db, { key, code: CODE, open: true, limit: 1 });
  if (held.length === 0) throw new CrossdockError("key.not-held", `${key} is not held.`);
  let released = false;
  const { outcome } = await applyEvents({
    db,
    rules,
    events: [],
    catchUp: true,
    sinceDay: ALL_DAYS,
    release: [key],
    async epilogue(tx, set) {
      const slot = set.items.get(key) ?? set.orders.get(key) ?? set.positions.get(key);
      released = slot !== undefined && slot.heldSeq === null;
      if (released)
        await solveProblems(
          tx,
          held.map(({ fingerprint }) => fingerprint),
          "released",
        );
    },
  });
  return { key, released, applied: outcome.applied };
}
