// EAST's full stock set, read in pages: the set is frozen when its first page is read, and every page
// names the control count. A cursor is good for five minutes.

import { randomUUID } from "node:crypto";
import { Refusal } from "../simulation/refusal.ts";
import type { NativeAnswer, NativeRequest } from "../simulation/router.ts";
import { stockBody } from "./shapes.ts";
import type { Warehouse } from "./warehouse.ts";

const PAGE_MAX = 1000;
const KEPT_MS = 5 * 60 * 1000;

interface Snapshot {
  id: string;
  takenAt: number;
  asOfSeq: number;
  items: Array<ReturnType<typeof stockBody>>;
}

export class StockSnapshots {
  private readonly kept = new Map<string, Snapshot>();
  private readonly warehouse: Warehouse;

  constructor(warehouse: Warehouse) {
    this.warehouse = warehouse;
  }

  clear(): void {
    this.kept.clear();
  }

  answer(request: NativeRequest): NativeAnswer {
    const cursor = request.query.get("cursor");
    const limit = readLimit(request.query.get("limit"));
    const { snapshot, from } = cursor ? this.resume(cursor) : { snapshot: this.freeze(), from: 0 };
    const to = Math.min(snapshot.items.length, from + limit);
    const more = to < snapshot.items.length;
    if (more) this.kept.set(snapshot.id, snapshot);
    return {
      status: 200,
      body: {
        snapshotId: snapshot.id,
        takenAt: new Date(snapshot.takenAt).toISOString(),
        asOfSeq: snapshot.asOfSeq,
        controlCount: snapshot.items.length,
        items: snapshot.items.slice(from, to),
        nextCursor: more ? `${snapshot.id}.${to}` : null,
      },
    };
  }

  private freeze(): Snapshot {
    const now = Date.now();
    for (const [id, old] of this.kept) if (old.takenAt < now - KEPT_MS) this.kept.delete(id);
    return {
      id: randomUUID(),
      takenAt: now,
      asOfSeq: this.warehouse.events.length,
      items: [...this.warehouse.floor.stock.values()].map(stockBody),
    };
  }

  private resume(cursor: string): { snapshot: Snapshot; from: number } {
    const [id = "", from] = cursor.split(".");
    const snapshot = this.kept.get(id);
    if (!snapshot || !/^\d+$/.test(from ?? "")) {
      throw new Refusal(410, "cursor_expired", "Start again without a cursor");
    }
    return { snapshot, from: Number(from) };
  }
}

export function readLimit(value: string | null, max = PAGE_MAX): number {
  if (value === null) return max;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new Refusal(400, "invalid_field", `limit must be 1 to ${max}`);
  }
  return limit;
}
