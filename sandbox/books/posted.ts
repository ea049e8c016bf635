// Goods that left with an order or came back from one: what the warehouses moved, and what the ERP has posted of it, by
// place, order and SKU.
import type { ErpMovement, Facts, Goods, Location, Warehouse } from "./facts.ts";
import { Tally } from "./tally.ts";
import { named, type Trace } from "./trace.ts";

export const GOODS_ISSUE = "601";
export const GOODS_RETURN = "651";

export interface Posted {
  /** By place, order and SKU. */
  moved: Tally;
  posted: Tally;
  /** By order and SKU: posted, and not to be billed or credited. */
  apart: Tally;
}

/** The order and SKU that goods at a warehouse belong to. */
export const documentOf = (trace: Trace, goods: Goods): string =>
  `${named(trace.findReleased(goods.reference), goods.reference)} ${goods.sku}`;

export function* movedGoods(facts: Facts): Generator<{ warehouse: Warehouse; goods: Goods }> {
  for (const warehouse of facts.warehouses) for (const goods of warehouse.goods) yield { warehouse, goods };
}

/** What one order had of one SKU at one place. */
interface Part {
  location: Location;
  document: string;
  sku: string;
  units: bigint;
}

/**
 * More than an order needed is posted without the order, so that nobody is billed or credited for it: such a posting
 * stands for what is missing of its SKU at its place.
 */
export function comparePosted(facts: Facts, trace: Trace, kind: "issue" | "return"): Posted {
  const parts = collectParts(facts, trace, kind);
  const type = kind === "issue" ? GOODS_ISSUE : GOODS_RETURN;
  const orderOfInvoice = new Map(facts.erp.invoices.map(({ number, order }) => [number, order]));
  const [moved, posted, apart] = [new Tally(), new Tally(), new Tally()];
  const loose = new Tally();
  for (const { movement, line } of movementLines(facts.erp.movements)) {
    if (movement.type !== type) continue;
    const place = `${movement.location} ${line.sku}`;
    const order = movement.order || (orderOfInvoice.get(line.invoice) ?? "");
    if (order === "") {
      loose.add(place, line.quantity);
      continue;
    }
    const document = `${named(trace.find(order), order)} ${line.sku}`;
    posted.add(`${movement.location} ${document}`, line.quantity);
    if (line.billing === "Blocked") apart.add(document, line.quantity);
  }
  for (const [key, { location, document, sku, units }] of parts) {
    moved.add(key, units);
    const missing = units - posted.get(key);
    const left = loose.get(`${location} ${sku}`);
    const taken = missing < left ? missing : left;
    if (taken <= 0n) continue;
    loose.add(`${location} ${sku}`, -taken);
    posted.add(key, taken);
    apart.add(document, taken);
  }
  for (const [place, units] of loose.entries())
    if (units > 0n) posted.add(`${place} ? without an order`, units);
  return { moved, posted, apart };
}

function collectParts(facts: Facts, trace: Trace, kind: "issue" | "return"): Map<string, Part> {
  const parts = new Map<string, Part>();
  for (const { warehouse, goods } of movedGoods(facts)) {
    if (goods.kind !== kind) continue;
    const { location } = warehouse;
    const document = documentOf(trace, goods);
    const key = `${location} ${document}`;
    const size = kind === "issue" ? -goods.quantity : goods.quantity;
    parts.set(key, { location, document, sku: goods.sku, units: (parts.get(key)?.units ?? 0n) + size });
  }
  return parts;
}

export function* movementLines(
  movements: readonly ErpMovement[],
): Generator<{ movement: ErpMovement; line: ErpMovement["lines"][number] }> {
  for (const movement of movements) for (const line of movement.lines) yield { movement, line };
}
